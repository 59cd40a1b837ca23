/** Validation findings in the form and words of Kubernetes' `field.Error`: a path, a kind of error, the bad value and a sentence. */

export type FieldErrorType =
  | 'Required'
  | 'Invalid'
  | 'NotSupported'
  | 'Duplicate'
  | 'TooLong'
  | 'TooMany'
  | 'TypeInvalid'
  | 'Forbidden'
  | 'NotFound'
  | 'Internal';

export type FieldError = {
  readonly path: string;
  readonly type: FieldErrorType;
  /** Absent or null prints as `"null"`, as Go prints a nil pointer. Objects print as JSON in their own key order. */
  readonly value?: unknown;
  readonly detail: string;
};

const words: Readonly<Record<FieldErrorType, string>> = {
  Required: 'Required value',
  Invalid: 'Invalid value',
  NotSupported: 'Unsupported value',
  Duplicate: 'Duplicate value',
  TooLong: 'Too long',
  TooMany: 'Too many',
  TypeInvalid: 'Invalid value',
  Forbidden: 'Forbidden',
  NotFound: 'Not found',
  Internal: 'Internal error',
};

const withoutValue: ReadonlySet<FieldErrorType> = new Set(['Required', 'Forbidden', 'TooLong', 'Internal']);

/** `path: Invalid value: "x": sentence`. */
export function formatFieldError(error: FieldError): string {
  return `${error.path}: ${formatFieldErrorBody(error)}`;
}

/** The same without the path: Go's `ErrorBody()`. */
export function formatFieldErrorBody({ type, value, detail }: FieldError): string {
  const shown = withoutValue.has(type) ? '' : `: ${formatValue(value)}`;
  return `${words[type]}${shown}${detail === '' ? '' : `: ${detail}`}`;
}

function formatValue(value: unknown): string {
  if (value === undefined || value === null) return '"null"';
  return JSON.stringify(value);
}

export function required(path: string, detail = ''): FieldError {
  return { path, type: 'Required', detail };
}

export function invalid(path: string, value: unknown, detail: string): FieldError {
  return { path, type: 'Invalid', value, detail };
}

export function forbidden(path: string, detail: string): FieldError {
  return { path, type: 'Forbidden', detail };
}

export function duplicate(path: string, value: unknown): FieldError {
  return { path, type: 'Duplicate', value, detail: '' };
}

/** The supported values are listed in the order given, each in quotes. */
export function notSupported(path: string, value: unknown, supported: readonly string[]): FieldError {
  return { path, type: 'NotSupported', value, detail: `supported values: ${supported.map((item) => JSON.stringify(item)).join(', ')}` };
}

export function nonNegative(path: string, value: number | undefined): readonly FieldError[] {
  return value !== undefined && value < 0 ? [invalid(path, value, 'must be greater than or equal to 0')] : [];
}
