/** What can go wrong before or in a delivery, as one class: a stable code, one sentence, and the next thing to try. */

export type DeliveryProblemCode =
  | 'CHART_NOT_FOUND'
  | 'CHART_INVALID'
  | 'LOCK_OUT_OF_DATE'
  | 'VALUES_NOT_FOUND'
  | 'VALUES_INVALID'
  | 'NAME_INVALID'
  | 'APPVERSION_INVALID'
  | 'APPVERSION_UNUSED'
  | 'RENDER_FAILED'
  | 'DUPLICATE_OBJECT'
  | 'OBJECT_INVALID'
  | 'DRYRUN_REJECTED'
  | 'CLUSTER_UNREACHABLE'
  | 'CLUSTER_REFUSED'
  | 'RELEASE_PENDING'
  | 'APPLY_FAILED'
  | 'NOT_READY'
  | 'TIMED_OUT'
  | 'ROLLBACK_FAILED';

/** `message` says what was being done to what and the cause; `next` the way out, when there is one. Never holds a value of a Secret. */
export class DeliveryProblem extends Error {
  readonly code: DeliveryProblemCode;
  readonly next: string | undefined;

  constructor(code: DeliveryProblemCode, message: string, next?: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DeliveryProblem';
    this.code = code;
    this.next = next;
  }
}
