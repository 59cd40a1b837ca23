/** Failures with the texts and details of a real server. Every function returns the error; callers throw it. */
import { failure, type Status, type StatusCause, StatusError } from '@sluice/api';
import { type FieldProblem, formatProblem, formatProblemBody, problemReason } from '@sluice/schema';

type Named = { readonly group: string; readonly resource: string };

/** `deployments.apps`, or `pods` for the core group. */
function qualifiedResource(type: Named): string {
  return type.group === '' ? type.resource : `${type.resource}.${type.group}`;
}

function detailsOf(type: Named, name?: string): NonNullable<Status['details']> {
  return {
    ...(name === undefined || name === '' ? {} : { name }),
    ...(type.group === '' ? {} : { group: type.group }),
    kind: type.resource,
  };
}

export function notFound(type: Named, name: string): StatusError {
  return new StatusError(failure(404, 'NotFound', `${qualifiedResource(type)} "${name}" not found`, detailsOf(type, name)));
}

export function alreadyExists(type: Named, name: string): StatusError {
  return new StatusError(failure(409, 'AlreadyExists', `${qualifiedResource(type)} "${name}" already exists`, detailsOf(type, name)));
}

export function invalidOptions(kind: string, problem: FieldProblem): StatusError {
  return invalid({ group: 'meta.k8s.io', kind }, '', [problem]);
}

export function conflict(type: Named, name: string, reason: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualifiedResource(type)} "${name}": ${reason}`;
  return new StatusError(failure(409, 'Conflict', message, detailsOf(type, name)));
}

export const staleObject = 'the object has been modified; please apply your changes to the latest version and try again';

export function badRequest(message: string): StatusError {
  return new StatusError(failure(400, 'BadRequest', message));
}

export function internalError(message: string): StatusError {
  return new StatusError(failure(500, 'InternalError', `Internal error occurred: ${message}`, { causes: [{ message }] }));
}

export function forbidden(type: Named, name: string, reason: string, causes?: readonly StatusCause[]): StatusError {
  const target = name === '' ? qualifiedResource(type) : `${qualifiedResource(type)} "${name}"`;
  const details = { ...detailsOf(type, name), ...(causes === undefined ? {} : { causes }) };
  return new StatusError(failure(403, 'Forbidden', `${target} is forbidden: ${reason}`, details));
}

/** A failure for which a real server gives no reason. */
export function unreasoned(code: number, message: string): StatusError {
  return new StatusError({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, code });
}

export function unauthorized(): StatusError {
  return new StatusError(failure(401, 'Unauthorized', 'Unauthorized'));
}

export function methodNotAllowed(): StatusError {
  return new StatusError(failure(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {}));
}

/** For a resource that nobody serves, in a group version that exists. */
export function unknownResource(): StatusError {
  return new StatusError(failure(404, 'NotFound', 'the server could not find the requested resource', {}));
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  const message = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
  return new StatusError(failure(415, 'UnsupportedMediaType', message));
}

export function notAcceptable(): StatusError {
  const accepted = ['application/json', 'application/yaml'];
  return new StatusError(failure(406, 'NotAcceptable', `only the following media types are accepted: ${accepted.join(', ')}`));
}

export function expired(message: string, continueToken?: string): StatusError {
  const status = failure(410, 'Expired', message);
  return new StatusError(continueToken === undefined ? status : { ...status, metadata: { continue: continueToken } });
}

export function tooLargeResourceVersion(asked: number, current: number): StatusError {
  return new StatusError(
    failure(504, 'Timeout', `Timeout: Too large resource version: ${asked}, current: ${current}`, {
      causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
      retryAfterSeconds: 1,
    }),
  );
}

/** With 0 the caller is not told when to come back. */
export function tooManyRequests(message: string, retryAfterSeconds: number, causes?: readonly StatusCause[]): StatusError {
  const details = { ...(causes === undefined ? {} : { causes }), ...(retryAfterSeconds === 0 ? {} : { retryAfterSeconds }) };
  return new StatusError(failure(429, 'TooManyRequests', message, details));
}

/** 422 with one cause a problem. @see apimachinery api/errors NewInvalid */
export function invalid(
  type: { readonly group: string; readonly kind: string },
  name: string,
  problems: readonly FieldProblem[],
): StatusError {
  const qualifiedKind = type.group === '' ? type.kind : `${type.kind}.${type.group}`;
  const texts = [...new Set(problems.map(formatProblem))];
  const causes = problems.map((problem) => ({
    reason: problemReason(problem),
    message: formatProblemBody(problem),
    field: problem.path,
  }));
  const list = texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`;
  return new StatusError(
    failure(422, 'Invalid', `${qualifiedKind} "${name}" is invalid: ${list}`, {
      ...(name === '' ? {} : { name }),
      ...(type.group === '' ? {} : { group: type.group }),
      kind: type.kind,
      causes,
    }),
  );
}

export function required(path: string, detail = ''): FieldProblem {
  return { path, type: 'Required', detail };
}

export function invalidValue(path: string, value: unknown, detail: string): FieldProblem {
  return { path, type: 'Invalid', value, detail };
}

export function duplicate(path: string, value: unknown): FieldProblem {
  return { path, type: 'Duplicate', value, detail: '' };
}

export function forbiddenField(path: string, detail: string): FieldProblem {
  return { path, type: 'Forbidden', detail };
}

export function notSupported(path: string, value: unknown, known: readonly string[]): FieldProblem {
  return {
    path,
    type: 'NotSupported',
    value,
    detail: `supported values: ${known.map((one) => JSON.stringify(one)).join(', ')}`,
  };
}
