/** Writes log lines: one JSON object or one readable line a call. Where they go is the caller's `write`. */
import { type Clock, StatusError } from '@sluice/api';
import type { LogFields, Logger } from './log.ts';

const levels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof levels)[number];

export type LoggerOptions = {
  readonly format: 'text' | 'json';
  readonly level: LogLevel;
  /** Gets a line without its end. */
  write(line: string): void;
  readonly clock: Clock;
};

/**
 * @example text: `2026-01-02T03:04:05.678Z INFO  leading namespace=sluice identity=pod-1`
 * @example json: `{"time":"2026-01-02T03:04:05.678Z","level":"info","message":"leading","namespace":"sluice"}`
 */
export function createLogger(options: LoggerOptions): Logger {
  return loggerWith(options, {});
}

/** A logger that writes nothing, for tests and for callers that have none. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
};

function loggerWith(options: LoggerOptions, bound: LogFields): Logger {
  const lowest = levels.indexOf(options.level);
  const log = (level: LogLevel, message: string, fields: LogFields | undefined): void => {
    if (levels.indexOf(level) < lowest) return;
    const time = new Date(options.clock.now()).toISOString();
    const all = fields === undefined ? bound : { ...bound, ...fields };
    if (options.format === 'json') {
      options.write(JSON.stringify({ time, level, message, ...mapValues(all, jsonValue) }));
      return;
    }
    let line = `${time} ${level.toUpperCase().padEnd(5)} ${message}`;
    for (const [key, value] of Object.entries(all)) if (value !== undefined) line += ` ${key}=${textValue(value)}`;
    options.write(line);
  };
  return {
    debug: (message, fields) => log('debug', message, fields),
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, fields) => log('error', message, fields),
    with: (fields) => loggerWith(options, { ...bound, ...fields }),
  };
}

/** Failures of a call need no stack; those of our own code do. */
function errorText(error: Error): string {
  const isOurs =
    !(error instanceof StatusError) && (error instanceof TypeError || error instanceof RangeError || error.name === 'AssertionError');
  return isOurs ? (error.stack ?? error.message) : error.message;
}

function jsonValue(value: unknown): unknown {
  return value instanceof Error ? errorText(value) : typeof value === 'bigint' ? value.toString() : value;
}

function textValue(value: unknown): string {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  const text =
    typeof value === 'string' ? value : value instanceof Error ? errorText(value) : JSON.stringify(value, (_, inner) => jsonValue(inner));
  return /^[^\s"=]+$/.test(text) ? text : JSON.stringify(text);
}

function mapValues(fields: LogFields, map: (value: unknown) => unknown): LogFields {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, map(value)]));
}
