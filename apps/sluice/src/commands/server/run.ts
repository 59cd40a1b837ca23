import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from '../../cluster-access.ts';
import { exitCodes, UserError } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { listenError } from '../../listen-error.ts';
import { createAuthentication } from '../../server/authentication.ts';
import { startHttpServer } from '../../server/http-server.ts';
import { ownRoutes } from '../../server/routes.ts';
import { loadToken } from '../../server/token.ts';
import { untilStopped } from '../../until-stopped.ts';
import type { ServerOptions } from './index.ts';

/** Serves until it is stopped. Audit lines are its data: JSON on standard output. */
export async function runServer(options: ServerOptions, io: Io): Promise<number> {
  const { client } = connect(options, io);
  try {
    const tls = await readTls(options);
    if (tls === undefined && !isLoopback(options.host)) {
      throw new UserError(`${options.host} can be reached from other machines, and tokens must not travel in the clear`, {
        next: 'give --tls-cert and --tls-key, or leave --host out and listen on 127.0.0.1',
      });
    }
    const tokenFile = options.tokenFile ?? join(io.homeDir, '.sluice', 'server-token');
    const server = await startHttpServer({
      host: options.host,
      port: options.port,
      tls,
      authentication: createAuthentication(await loadToken(tokenFile), client),
      routes: ownRoutes,
      clock: io.clock,
      audit: (line) => io.out.write(`${JSON.stringify(line)}\n`),
    }).catch((error: unknown) => {
      throw listenError(error, options.host, options.port, '--port');
    });
    io.err.write(`Listening on ${server.url}\nThe token is in ${tokenFile}\n`);
    await untilStopped(io.signal);
    await server.close();
    return exitCodes.done;
  } finally {
    await client.close();
  }
}

async function readTls(options: ServerOptions): Promise<{ certificate: string; key: string } | undefined> {
  if (options.tlsCert === undefined && options.tlsKey === undefined) return undefined;
  if (options.tlsCert === undefined || options.tlsKey === undefined) throw new UserError('--tls-cert and --tls-key go together');
  return { certificate: await readPem('--tls-cert', options.tlsCert), key: await readPem('--tls-key', options.tlsKey) };
}

async function readPem(flag: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new UserError(
      `${flag} ${path}: ${(cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : (cause as Error).message}`,
      { cause },
    );
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}
