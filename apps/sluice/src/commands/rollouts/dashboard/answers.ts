/** Errors in the JSON of upstream's gateway, with the HTTP status that fits: in an answer, and at the end of a stream. */
import { isStatusError } from '@sluice/api';
import { ActionError } from '@sluice/engine';
import { ConnectionError } from '@sluice/kube';

export type Failure = { readonly httpStatus: number; readonly code: number; readonly message: string };

/** Codes of gRPC. @see grpc/grpc doc/statuscodes.md */
const codes = {
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  aborted: 10,
  unimplemented: 12,
  unavailable: 14,
  unauthenticated: 16,
} as const;

export const failures = {
  notFound: (message: string): Failure => ({ httpStatus: 404, code: codes.notFound, message }),
  method: (message: string): Failure => ({ httpStatus: 405, code: codes.unimplemented, message }),
  invalid: (message: string): Failure => ({ httpStatus: 400, code: codes.invalidArgument, message }),
  forbidden: (message: string): Failure => ({ httpStatus: 403, code: codes.permissionDenied, message }),
  unavailable: (message: string): Failure => ({ httpStatus: 503, code: codes.unavailable, message }),
} as const;

/** What went wrong as the reader hears of it: the cluster's own words where it has said some. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ActionError) return { httpStatus: 400, code: codes.failedPrecondition, message: error.message };
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const message = error instanceof Error ? error.message : String(error);
  if (isStatusError(cause, 'NotFound')) return failures.notFound(message);
  if (isStatusError(cause, 'Forbidden')) return failures.forbidden(message);
  if (isStatusError(cause, 'Unauthorized')) return { httpStatus: 401, code: codes.unauthenticated, message };
  if (isStatusError(cause, 'Conflict')) return { httpStatus: 409, code: codes.aborted, message };
  if (isStatusError(cause, 'Invalid') || isStatusError(cause, 'BadRequest')) return failures.invalid(message);
  if (error instanceof ConnectionError) return failures.unavailable(message);
  return { httpStatus: 500, code: codes.unknown, message };
}

/** Body of an answer. */
export function failureBody({ code, message }: Failure): unknown {
  return { error: message, message, code };
}

/** Last line of a stream. */
export function streamFailure({ httpStatus, code, message }: Failure): unknown {
  return { error: { grpc_code: code, http_code: httpStatus, message } };
}
