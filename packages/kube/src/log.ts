/** Structured logging as a dependency. A line is a constant message with values as keys; one JSON object or one readable line a call. */
export type LogFields = Readonly<Record<string, unknown>>;

export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same logger with fields added to each line. */
  with(fields: LogFields): Logger;
}
