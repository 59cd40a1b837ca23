/** What a plugin prints, line by line into the log. */
import type { Logger } from '@sluice/kube';
import { printable } from './handshake.ts';

const lineBytesMax = 16 * 1024;

/** Takes chunks as they come. A line without an end is cut; control characters never reach a terminal. */
export function lineLogger(logger: Logger, stream: 'stdout' | 'stderr'): (chunk: Buffer) => void {
  let held = '';
  const tell = (line: string): void => {
    if (line.trim() !== '') logger.info('plugin printed', { stream, line: printable(line, lineBytesMax) });
  };
  return (chunk) => {
    held += chunk.toString('utf8');
    const lines = held.split('\n');
    held = lines.pop() ?? '';
    lines.forEach(tell);
    if (held.length > lineBytesMax) {
      tell(held);
      held = '';
    }
  };
}
