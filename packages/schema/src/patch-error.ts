/** A patch that cannot be read or does not fit its document. */
export class PatchError extends Error {
  /** `Invalid` is an answer 422 (the patch does not fit), `BadRequest` an answer 400 (the patch cannot be read). */
  readonly code: 'Invalid' | 'BadRequest';

  constructor(code: 'Invalid' | 'BadRequest', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PatchError';
    this.code = code;
  }
}
