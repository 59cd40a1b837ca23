import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type PodRule, parsePodRules } from '@sluice/cluster';
import { createLogger } from '@sluice/kube';
import { type EmbeddedCluster, startEmbeddedCluster } from '../../embedded/embedded-cluster.ts';
import { takeLock } from '../../embedded/lock-file.ts';
import { exitCodes, UserError } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { listenError, requirePort } from '../../listen-error.ts';
import { makeFolder } from '../../make-folder.ts';
import { createAuthentication } from '../../server/authentication.ts';
import { type RunningServer, startHttpServer } from '../../server/http-server.ts';
import { ownRoutes } from '../../server/routes.ts';
import { loadToken } from '../../server/token.ts';
import { untilStopped } from '../../until-stopped.ts';
import type { UpOptions } from './index.ts';

const host = '127.0.0.1';

/** Runs until it is stopped; then everything acknowledged is on disk and the next start goes on from there. */
export async function runUp(options: UpOptions, io: Io): Promise<number> {
  const folder = resolve(io.workingDir, options.dir ?? join(io.homeDir, '.sluice'));
  const rules = options.rules === undefined ? [] : await readRules(resolve(io.workingDir, options.rules));
  await requirePort(host, options.port, '--port');
  const serverPort = await chooseServerPort(options);
  await requireFolder(folder);
  const unlock = await takeLock(join(folder, 'up.lock'), folder);
  try {
    const dataDir = join(folder, 'data');
    if (options.fresh) await rm(dataDir, { recursive: true, force: true });
    const logger = createLogger({
      format: 'text',
      level: options.verbose ? 'info' : 'error',
      write: (line) => io.err.write(`${line}\n`),
      clock: io.clock,
    });
    const cluster = await startEmbeddedCluster({ dataDir, host, port: options.port, rules, logger, io });
    try {
      const server = await startOwnServer(folder, serverPort, cluster, io);
      await writeKubeconfig(folder, cluster.kubeconfig);
      io.out.write(greeting(folder, cluster, server));
      await untilStopped(io.signal);
      await server.close();
    } finally {
      await cluster.stop();
    }
  } finally {
    await unlock();
  }
  return exitCodes.done;
}

/** One above the API's where that is free and nothing else was asked for; its address is printed in any case. */
async function chooseServerPort({ port, serverPort }: UpOptions): Promise<number> {
  if (serverPort !== undefined) {
    await requirePort(host, serverPort, '--server-port');
    return serverPort;
  }
  if (port === 0) return 0;
  return requirePort(host, port + 1, '--server-port').then(
    () => port + 1,
    () => 0,
  );
}

function greeting(folder: string, cluster: EmbeddedCluster, server: RunningServer): string {
  return `The cluster is up at ${cluster.url} (data in ${folder}; Ctrl-C stops it). To use it:
  export KUBECONFIG=${join(folder, 'kubeconfig')}
  kubectl create deployment web --image=example.test/web:1 --replicas=3
  kubectl get pods --watch
The HTTP API is at ${server.url}; its token is in ${join(folder, 'server-token')}
`;
}

async function readRules(path: string): Promise<readonly PodRule[]> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'does not exist' : (cause as Error).message;
    throw new UserError(`rules file ${path}: ${reason}`, { cause });
  }
  try {
    return parsePodRules(text);
  } catch (cause) {
    throw new UserError(`rules file ${path}: ${(cause as Error).message}`, { cause });
  }
}

async function requireFolder(folder: string): Promise<void> {
  try {
    await makeFolder(folder);
    const probe = join(folder, `.probe-${process.pid}`);
    await writeFile(probe, '');
    await rm(probe);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const reasons: Readonly<Record<string, string>> = {
      EACCES: 'permission denied',
      EPERM: 'permission denied',
      EROFS: 'the file system is read-only',
      ENOSPC: 'no space is left',
      ENOENT: 'the system does not allow files there',
      ENOTDIR: 'a part of the path is a file',
      EEXIST: 'it is a file',
    };
    throw new UserError(`the folder ${folder} cannot be written: ${reasons[code ?? ''] ?? (cause as Error).message}`, {
      next: 'choose another with --dir',
      cause,
    });
  }
}

async function startOwnServer(folder: string, port: number, cluster: EmbeddedCluster, io: Io): Promise<RunningServer> {
  const auditFile = join(folder, 'server-audit.log');
  return startHttpServer({
    host,
    port,
    authentication: createAuthentication(await loadToken(join(folder, 'server-token')), cluster.client),
    routes: ownRoutes,
    clock: io.clock,
    audit: (line) => void appendFile(auditFile, `${JSON.stringify(line)}\n`, { mode: 0o600 }).catch(() => undefined),
  }).catch((error: unknown) => {
    throw listenError(error, host, port, '--server-port');
  });
}

/** Complete or not at all: kubectl may read it at any time. */
async function writeKubeconfig(folder: string, text: string): Promise<void> {
  const partial = join(folder, `kubeconfig.${process.pid}`);
  await writeFile(partial, text, { mode: 0o600 });
  await rename(partial, join(folder, 'kubeconfig'));
}
