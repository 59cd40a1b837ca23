/** What a container's command says about its life: how long it sleeps and with which code it ends. A reading of text, not a shell. */

import { parseDurationMs } from '../shapes/durations.ts';
import type { Container, Handler } from '../shapes/pod.ts';

export function commandLine(container: Container): string {
  return [...(container.command ?? []), ...(container.args ?? [])].join(' ');
}

/**
 * When and how a command ends. `undefined` when it never does (`sleep infinity`).
 *
 * @example `sh -c "sleep 3; exit 2"` ends after 3 s with code 2; `true` at once with 0; anything with the word `false` with 1
 */
export function commandEnd(container: Container): { afterMs: number; code: number } | undefined {
  const line = commandLine(container);
  if (/\bsleep inf(inity)?\b/.test(line)) return undefined;
  const exit = /\bexit (\d+)/.exec(line);
  const code = exit !== null ? Number(exit[1]) : /\bfalse\b/.test(line) ? 1 : 0;
  return { afterMs: sleepMs(line), code };
}

/** The pause that a lifecycle hook makes: its `sleep` action, or the `sleep N` of its command. */
export function hookMs(hook: Handler | undefined): number {
  if (hook?.sleep !== undefined) return hook.sleep.seconds * 1000;
  return sleepMs((hook?.exec?.command ?? []).join(' '));
}

function sleepMs(line: string): number {
  const sleep = /\bsleep (\d+(?:\.\d+)?[smhd]?)(?![\w.])/.exec(line);
  return parseDurationMs(sleep?.[1]) ?? 0;
}
