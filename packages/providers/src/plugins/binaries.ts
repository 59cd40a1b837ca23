/**
 * Puts the programs of plugins where they are started from: `<folder>/<namespace>/<name>`, mode 0700. A program is whole, checked and
 * executable before it has its name, so that a kill in between leaves the one from before.
 *
 * @see argoproj/argo-rollouts utils/plugin/downloader.go
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Logger } from '@sluice/kube';
import { type ConfiguredPlugin, pluginFile } from './configuration.ts';

export type InstallOptions = {
  /** Upstream's is `plugin-bin` in the folder that the controller was started in. */
  readonly folder: string;
  /** The decoded entries of a Secret in the controller's namespace. Throws where it cannot be read. */
  readSecret(name: string): Promise<ReadonlyMap<string, string>>;
  readonly logger: Logger;
  readonly limits?: Partial<DownloadLimits>;
};

export type DownloadLimits = { readonly timeMs: number; readonly bytesMax: number };

const downloadLimits: DownloadLimits = { timeMs: 10 * 60_000, bytesMax: 2 ** 30 };

/**
 * Installs all plugins, one after the other.
 *
 * @throws Error with one sentence that names the plugin's place: the controller is not to start then. Headers never show in it
 */
export async function installPlugins(plugins: readonly ConfiguredPlugin[], options: InstallOptions): Promise<void> {
  for (const plugin of plugins) await install(plugin, options);
}

/** Where the program of a plugin lies. */
export function pluginPath(folder: string, name: string): string {
  const file = pluginFile(name);
  if (file === undefined) throw new Error(`plugin repository (${name}) must be in the format of <namespace>/<name>`);
  return join(resolve(folder), file.folder, file.file);
}

async function install(plugin: ConfiguredPlugin, options: InstallOptions): Promise<void> {
  const { name, location, sha256 } = plugin;
  const { logger } = options;
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(location)?.[1]?.toLowerCase();
  if (scheme === undefined) throw new Error(`failed to parse plugin location: ${JSON.stringify(location)} of plugin ${name} is no URL`);
  if (scheme !== 'file' && scheme !== 'http' && scheme !== 'https') {
    throw new Error(`plugin location must be of http(s) or file scheme: ${JSON.stringify(shown(location))} of plugin ${name}`);
  }
  const path = pluginPath(options.folder, name);
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  const draft = `${path}.new`;
  await rm(draft, { force: true });
  try {
    const sum = scheme === 'file' ? await copy(location, path, draft) : await download(plugin, draft, options);
    if (sha256 !== '' && sum !== sha256.toLowerCase()) {
      logger.error('plugin has another checksum', { plugin: name, expected: sha256, actual: sum });
      throw new Error(`sha256 hash of downloaded plugin (${shown(location)}) does not match expected hash`);
    }
    await chmod(draft, 0o700);
    await rename(draft, path);
  } catch (problem) {
    await rm(draft, { force: true });
    throw problem;
  }
  logger.info('plugin is in place', { plugin: name, location: shown(location), path });
}

async function copy(location: string, path: string, draft: string): Promise<string> {
  // Host and path together, so that `file://./plugin` is relative.
  const source = resolve(decodeURI(location.slice('file://'.length)));
  try {
    const { isFile } = await stat(source).then((found) => ({ isFile: found.isFile() }));
    if (!isFile) throw new Error(`${source} is not a regular file`);
    return await write(createReadStream(source), draft, Number.POSITIVE_INFINITY);
  } catch (problem) {
    throw new Error(`failed to copy plugin from ${source} to ${path}: ${messageOf(problem)}`, { cause: problem });
  }
}

async function download({ location, headersFrom }: ConfiguredPlugin, draft: string, options: InstallOptions): Promise<string> {
  const { timeMs, bytesMax } = { ...downloadLimits, ...options.limits };
  const url = URL.canParse(location) ? new URL(location) : undefined;
  if (url === undefined) throw new Error(`failed to parse plugin location: ${JSON.stringify(shown(location))}`);
  const headers = new Headers();
  if (url.username !== '' || url.password !== '') {
    // As Go's client does; `fetch` takes no such URL, and repeats it in its refusal.
    const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.set('Authorization', `Basic ${Buffer.from(user, 'utf8').toString('base64')}`);
    url.username = '';
    url.password = '';
  }
  for (const secret of headersFrom) {
    let entries: ReadonlyMap<string, string>;
    try {
      entries = await options.readSecret(secret);
    } catch (problem) {
      throw new Error(`failed to get secret in secretRef: ${messageOf(problem)}`, { cause: problem });
    }
    for (const [key, value] of entries) {
      try {
        headers.append(key, value.trim());
      } catch {
        // The reason would repeat the value.
        throw new Error(`failed to download plugin from ${shown(location)}: entry ${JSON.stringify(key)} of secret ${secret} is no header`);
      }
    }
  }
  try {
    const response = await fetch(url, { headers, signal: AbortSignal.timeout(timeMs) });
    if (response.status < 200 || response.status >= 400 || response.body === null) {
      await response.body?.cancel();
      throw new Error(`response code ${response.status} ${response.statusText}`.trim());
    }
    return await write(response.body, draft, bytesMax);
  } catch (problem) {
    throw new Error(`failed to download plugin from ${shown(location)}: ${causeOf(problem)}`, { cause: problem });
  }
}

/** @returns the checksum in hexadecimal digits */
async function write(source: AsyncIterable<Uint8Array>, draft: string, bytesMax: number): Promise<string> {
  const hash = createHash('sha256');
  const file = await open(draft, 'wx', 0o600);
  try {
    let length = 0;
    for await (const chunk of source) {
      length += chunk.length;
      if (length > bytesMax) throw new Error(`it is larger than ${bytesMax} bytes`);
      hash.update(chunk);
      await file.writeFile(chunk);
    }
  } finally {
    await file.close();
  }
  return hash.digest('hex');
}

/** A location without the password that it may hold. */
function shown(location: string): string {
  return location.replace(/^([a-zA-Z]+:\/\/)[^/@]*@/, '$1***@').replace(/\?.*$/, '?***');
}

function messageOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}

/** `fetch failed` alone says nothing; its cause does. */
function causeOf(problem: unknown): string {
  return problem instanceof Error && problem.cause instanceof Error ? messageOf(problem.cause) : messageOf(problem);
}
