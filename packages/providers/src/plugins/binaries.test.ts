import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, systemClock } from '@sluice/kube';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DownloadLimits, installPlugins } from './binaries.ts';
import type { ConfiguredPlugin } from './configuration.ts';

const program = Buffer.from('#!/bin/sh\nexit 0\n');
const sum = createHash('sha256').update(program).digest('hex');

describe('programs of plugins', () => {
  let root: string;
  let folder: string;
  let server: Server;
  let address: string;
  const asked: (readonly (string | undefined)[])[] = [];
  const lines: string[] = [];

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'sluice-binaries-'));
    await writeFile(join(root, 'program'), program);
    server = createServer((request, response) => {
      asked.push([request.url ?? '', request.headers['x-token'] as string | undefined, request.headers.authorization]);
      if (request.url === '/missing') response.writeHead(404);
      if (request.url === '/stuck') return void response.write('half');
      if (request.url === '/torn') {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half', () => response.destroy());
        return;
      }
      response.end(program);
    });
    await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  beforeEach(async () => {
    folder = await mkdtemp(join(root, 'bin-'));
    lines.length = 0;
  });
  afterAll(async () => {
    server.closeAllConnections();
    server.close();
    await rm(root, { recursive: true, force: true });
  });

  const plugin = (location: string, more: Partial<ConfiguredPlugin> = {}): ConfiguredPlugin => ({
    kind: 'step',
    name: 'a/b',
    location,
    sha256: '',
    args: [],
    headersFrom: [],
    isDisabled: false,
    ...more,
  });
  const install = (plugins: readonly ConfiguredPlugin[], limits: Partial<DownloadLimits> = {}): Promise<void> =>
    installPlugins(plugins, {
      folder,
      limits,
      logger: createLogger({ level: 'debug', format: 'json', clock: systemClock, write: (line) => void lines.push(line) }),
      readSecret: async (name) => {
        if (name !== 'token') throw new Error(`secrets "${name}" not found`);
        return new Map([['X-Token', 'secret-value\n']]);
      },
    });
  const problemOf = (work: Promise<void>): Promise<string> =>
    work.then(
      () => '',
      (problem: Error) => problem.message,
    );

  it('are copied, fetched, checked, and made executable for us alone', async () => {
    await install([
      plugin(`file://${root}/program`),
      plugin(`${address.replace('//', '//u:p@')}/program`, { name: 'a/c', sha256: sum, headersFrom: ['token'] }),
      plugin(`FILE://${root}/program`, { name: 'd/e', sha256: sum.toUpperCase() }),
    ]);
    for (const name of ['a/b', 'a/c', 'd/e']) {
      expect(await readFile(join(folder, name))).toEqual(program);
      expect((await stat(join(folder, name))).mode & 0o777).toBe(0o700);
    }
    expect(asked.at(-1)).toEqual(['/program', 'secret-value', 'Basic dTpw']);
    expect(lines.join('')).not.toContain('secret-value');
  });

  it('replace those from before only when they are good', async () => {
    await install([plugin(`file://${root}/program`)]);
    const wrong = plugin(`${address}/torn`);
    expect(await problemOf(install([wrong]))).toMatch(/^failed to download plugin from http:\/\/127.0.0.1:\d+\/torn: ./);
    expect(await readFile(join(folder, 'a/b'))).toEqual(program);
    await expect(stat(join(folder, 'a/b.new'))).rejects.toThrow('ENOENT');
  });

  it.each<[string, (root: string, address: string) => ConfiguredPlugin, RegExp]>([
    [
      'another checksum',
      (r) => plugin(`file://${r}/program`, { sha256: 'ab'.repeat(32) }),
      /^sha256 hash of downloaded plugin \(file:\/\/.*\) does not match expected hash$/,
    ],
    ['no checksum at all', (_, a) => plugin(`${a}/program`, { sha256: 'short' }), /does not match expected hash$/],
    ['no file', (r) => plugin(`file://${r}/gone`), /^failed to copy plugin from .*\/gone to .*\/a\/b: ENOENT/],
    ['a folder', (r) => plugin(`file://${r}`), /is not a regular file$/],
    ['an answer of 404', (_, a) => plugin(`${a}/missing`), /^failed to download plugin from .*\/missing: response code 404 Not Found$/],
    [
      'nobody there',
      () => plugin('http://user:password@127.0.0.1:1/x?key=value'),
      /^failed to download plugin from http:\/\/\*\*\*@127.0.0.1:1\/x\?\*\*\*: /,
    ],
    ['an answer without end', (_, a) => plugin(`${a}/stuck`), /^failed to download plugin from .*\/stuck: .*timeout/],
    [
      'a missing secret',
      (_, a) => plugin(`${a}/program`, { headersFrom: ['gone'] }),
      /^failed to get secret in secretRef: secrets "gone" not found$/,
    ],
    ['another scheme', () => plugin('ftp://x'), /^plugin location must be of http\(s\) or file scheme: "ftp:\/\/x" of plugin a\/b$/],
    ['no address', () => plugin('https://[x'), /^failed to parse plugin location: "https:\/\/\[x"$/],
    ['no scheme', () => plugin('plugin'), /^failed to parse plugin location: "plugin" of plugin a\/b is no URL$/],
  ])('keep the controller from starting: %s', async (_, of, problem) => {
    const message = await problemOf(install([of(root, address)], { timeMs: 500 }));
    expect(message).toMatch(problem);
    expect(message).not.toMatch(/password|key=value/);
    await expect(stat(join(folder, 'a/b'))).rejects.toThrow('ENOENT');
  });

  it('have an end', async () => {
    expect(await problemOf(install([plugin(`${address}/program`)], { bytesMax: 4 }))).toMatch(/it is larger than 4 bytes$/);
  });
});
