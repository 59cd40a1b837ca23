/** A port that cannot be had, in words. */
import { UserError } from './exit-codes.ts';

/** @param flag - the flag that chooses another port */
export function listenError(error: unknown, host: string, port: number, flag: string): unknown {
  switch ((error as NodeJS.ErrnoException | undefined)?.code) {
    case 'EADDRINUSE':
      return new UserError(`port ${port} on ${host} is in use`, {
        next: `stop what listens there, or choose another: ${flag} 0 takes a free one`,
        cause: error,
      });
    case 'EACCES':
      return new UserError(`port ${port} needs more rights than you have`, { next: `choose one above 1023 with ${flag}`, cause: error });
    case 'EADDRNOTAVAIL':
      return new UserError(`${host} is not an address of this machine`, { next: 'use 127.0.0.1', cause: error });
    default:
      return error;
  }
}
