/** The answer to "is it ready?", and the four ways to say it. */

export type Readiness = {
  /** `waiting`: a person has to say something; neither ready nor failed. `progressing` may become any of the others. */
  readonly state: 'ready' | 'progressing' | 'waiting' | 'failed';
  /** CamelCase, for programs. */
  readonly reason: string;
  /** A sentence without a full stop, for people; empty when ready. */
  readonly message: string;
};

export function ready(reason: string): Readiness {
  return { state: 'ready', reason, message: '' };
}

export function progressing(reason: string, message: string): Readiness {
  return { state: 'progressing', reason, message };
}

export function waiting(reason: string, message: string): Readiness {
  return { state: 'waiting', reason, message };
}

export function failed(reason: string, message: string): Readiness {
  return { state: 'failed', reason, message };
}
