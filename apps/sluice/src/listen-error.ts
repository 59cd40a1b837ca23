/** A port that cannot be had, in words. */
import { createServer } from 'node:net';
import { UserError } from './exit-codes.ts';

/**
 * Takes the port for a moment and gives it back, so that a start that cannot succeed changes nothing before it is known.
 *
 * @throws UserError when it cannot be had
 */
export async function requirePort(host: string, port: number, flag: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => server.close(() => resolve()));
  }).catch((error: unknown) => {
    throw listenError(error, host, port, flag);
  });
}

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
