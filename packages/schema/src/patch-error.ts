/** A patch that cannot be read or does not fit its document. */
export class PatchError extends Error {
  /** `Invalid` is an answer 422 (the patch does not fit), `BadRequest` 400 (it cannot be read), `Internal` 500 (as a real server answers). */
  readonly code: 'Invalid' | 'BadRequest' | 'Internal';

  constructor(code: 'Invalid' | 'BadRequest' | 'Internal', message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PatchError';
    this.code = code;
  }
}
