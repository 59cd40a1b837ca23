/**
 * Instants and the clock as a value that is passed in. An instant is milliseconds since the Unix epoch.
 * Kubernetes times (`metav1.Time`) are RFC 3339 in UTC cut to whole seconds.
 */

export type Instant = number;

/** Time as a dependency. Everything that waits takes one, so that tests and the simulation run on virtual time. */
export interface Clock {
  now(): Instant;
  /** Calls `run` once after `delayMs` (0 means the next turn). Returns a function that cancels it. */
  after(delayMs: number, run: () => void): () => void;
}

/** `2026-01-02T03:04:05Z`: whole seconds, cut, not rounded. */
export function formatTime(instant: Instant): string {
  return `${new Date(Math.floor(instant / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

/** `2026-01-02T03:04:05.000006Z`: `metav1.MicroTime`. */
export function formatMicroTime(instant: Instant): string {
  return `${new Date(instant).toISOString().slice(0, 23)}000Z`;
}

/** Parses RFC 3339; `undefined` for anything else. */
export function parseTime(text: string | undefined | null): Instant | undefined {
  if (typeof text !== 'string' || !/^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/.test(text)) return undefined;
  const value = Date.parse(text);
  return Number.isNaN(value) ? undefined : value;
}
