/** What a person reads when a command throws: one line, the next thing to try, never a stack trace unless asked for. */
import { exitCodes, UserError } from './exit-codes.ts';

export type FailureText = { readonly text: string; readonly exitCode: number };

/** Told by class name, not by class: the classes live in packages that help and version must not load. */
const usageErrors: ReadonlySet<string> = new Set(['KubeconfigError', 'ConnectionError', 'ToolCacheError']);

export function explainFailure(error: unknown, wasCancelled: boolean, showStack: boolean): FailureText {
  if (!(error instanceof Error)) return { text: `Error: ${String(error)}\n`, exitCode: exitCodes.failed };
  if (wasCancelled && (error.name === 'AbortError' || error.name === 'CancelledError')) return { text: '', exitCode: exitCodes.cancelled };
  const stack = showStack ? `${error.stack ?? ''}\n` : '';
  const line = `Error: ${oneLine(error.message)}\n`;
  if (error instanceof UserError) {
    return { text: `${line}${error.next === undefined ? '' : `  try: ${error.next}\n`}${stack}`, exitCode: error.exitCode };
  }
  const isUnauthorized = error.name === 'StatusError' && (error as { readonly reason?: string }).reason === 'Unauthorized';
  if (isUnauthorized) {
    return {
      text: `Error: the cluster does not know who you are (401 Unauthorized)\n  try: check the credentials of this context in the kubeconfig\n${stack}`,
      exitCode: exitCodes.usage,
    };
  }
  return { text: `${line}${stack}`, exitCode: usageErrors.has(error.name) ? exitCodes.usage : exitCodes.failed };
}

function oneLine(message: string): string {
  return message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}
