/** One thing wrong with one field, and its text exactly as a Kubernetes API server words it (apimachinery `field.Error`). */
import { goQuote, toGoJson } from './go-text.ts';

export type FieldProblemType =
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

export type FieldProblem = {
  readonly path: string;
  readonly type: FieldProblemType;
  /** Shown by Invalid, TypeInvalid, NotSupported, NotFound, Duplicate and TooMany only. */
  readonly value?: unknown;
  readonly detail: string;
  /**
   * For a TypeInvalid value of a built-in kind, what a server says when it cannot decode the body (400):
   * `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`.
   */
  readonly decoding?: string;
};

const words: Readonly<Record<FieldProblemType, string>> = {
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

const valueless: ReadonlySet<FieldProblemType> = new Set(['Required', 'Forbidden', 'TooLong', 'Internal']);

/** The problem without its path, as `Status.details.causes[].message` has it. */
export function formatProblemBody(problem: FieldProblem): string {
  let text = words[problem.type];
  if (!valueless.has(problem.type) && problem.value !== undefined) {
    text += `: ${typeof problem.value === 'string' ? goQuote(problem.value) : toGoJson(problem.value)}`;
  }
  return problem.detail === '' ? text : `${text}: ${problem.detail}`;
}

/** `spec.x: Invalid value: "y": detail`. A problem of the object itself has the path `<nil>`. */
export function formatProblem(problem: FieldProblem): string {
  return `${problem.path === '' ? '<nil>' : problem.path}: ${formatProblemBody(problem)}`;
}

/** Reason of the problem as `Status.details.causes[].reason` has it, such as `FieldValueInvalid`. */
export function problemReason(problem: FieldProblem): string {
  return problem.type === 'Internal' ? 'InternalError' : `FieldValue${problem.type}`;
}

/** `supported values: "a", "b"`: the detail of a value outside an enum. */
export function supportedValues(values: readonly unknown[]): string {
  return `supported values: ${values.map((value) => goQuote(typeof value === 'string' ? value : toGoJson(value))).join(', ')}`;
}
