/** Programs that are no plugins, as shell scripts: what real ones do is tried with Go in tests/e2e. */
import { chmod, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, systemClock } from '@sluice/kube';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type PluginLimits, type PluginProcess, pluginProcess } from './process.ts';

describe('a process that is to be a plugin', () => {
  let folder: string;
  let made: PluginProcess[];
  const servers: Server[] = [];
  const lines: string[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-process-'));
    made = [];
    lines.length = 0;
  });
  afterEach(async () => {
    await Promise.all(made.map((plugin) => plugin.stop()));
    for (const server of servers.splice(0)) server.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function program(script: string, limits: Partial<PluginLimits> = {}): Promise<PluginProcess> {
    const path = join(folder, 'plugin');
    await writeFile(path, `#!/bin/sh\n${script}\n`);
    await chmod(path, 0o700);
    return at(path, limits);
  }

  function at(path: string, limits: Partial<PluginLimits> = {}): PluginProcess {
    const plugin = pluginProcess({
      name: 'a/b',
      kind: 'step',
      path,
      args: ['one', 'two words'],
      environment: { OWN: 'x' },
      clock: systemClock,
      logger: createLogger({ level: 'debug', format: 'json', clock: systemClock, write: (line) => void lines.push(line) }),
      limits: { startMs: 10_000, answerMs: 300, stopMs: 200, ...limits },
      initialize: async () => undefined,
    });
    made.push(plugin);
    return plugin;
  }

  const problemOf = (plugin: PluginProcess): Promise<string> =>
    plugin.use().then(
      () => '',
      (problem: Error) => problem.message,
    );

  /** A socket behind which somebody answers with these bytes, or not at all. */
  async function listen(answer: string | undefined): Promise<string> {
    const path = join(folder, 's');
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      if (answer !== undefined) socket.write(Buffer.from(answer, 'hex'));
    });
    servers.push(server);
    await new Promise<void>((resolve) => void server.listen(path, resolve));
    return path;
  }

  it('gets its arguments, its cookie, and nothing else of ours', async () => {
    const plugin = await program('echo "$0 $# $1 $2" >&2; env >&2; exit 5');
    expect(await problemOf(plugin)).toBe('ended with code 5 before its handshake');
    const printed = lines.join('\n');
    expect(printed).toContain('/plugin 2 one two words');
    const names = [...printed.matchAll(/"line":"([A-Z_]+)=/g)]
      .map(([, name]) => name)
      .filter((name) => !['PWD', '_', 'SHLVL'].includes(name ?? ''));
    expect(names.sort()).toEqual(
      [
        'ARGO_ROLLOUTS_RPC_PLUGIN',
        'OWN',
        'PLUGIN_MAX_PORT',
        'PLUGIN_MIN_PORT',
        'PLUGIN_PROTOCOL_VERSIONS',
        'PLUGIN_UNIX_SOCKET_DIR',
      ].sort(),
    );
    expect(printed).toContain('ARGO_ROLLOUTS_RPC_PLUGIN=step');
  });

  it.each<[string, string, RegExp]>([
    ['ends at once', 'exit 0', /^ended with code 0 before its handshake$/],
    ['is killed', 'kill -9 $$', /^ended with SIGKILL before its handshake$/],
    ['says nothing', 'exec sleep 60', /^no handshake within 0.5 s$/],
    ['says half of it', 'printf "1|1|unix"; exec sleep 60', /^no handshake within 0.5 s$/],
    ['says something else', 'echo hello; exec sleep 60', /^its first line is not a handshake of go-plugin: "hello"$/],
    ['listens nowhere', 'echo "1|1|unix|/nonexistent/s|netrpc"; exec sleep 60', /^unable to get plugin client \(a\/b\): connect ENOENT/],
  ])('that %s is told of, each time anew', async (_, script, problem) => {
    const plugin = await program(script, { startMs: 500 });
    expect(await problemOf(plugin)).toMatch(problem);
    expect(await problemOf(plugin)).toMatch(problem);
  });

  it('that is not there, or no program, is told of', async () => {
    expect(await problemOf(at(join(folder, 'gone')))).toMatch(/^spawn .*\/gone ENOENT$/);
    await writeFile(join(folder, 'data'), 'no program');
    expect(await problemOf(at(join(folder, 'data')))).toMatch(/EACCES/);
  });

  it('behind whose socket nobody speaks is given up', async () => {
    const plugin = await program(`echo "1|1|unix|${await listen(undefined)}|netrpc"; exec sleep 60`);
    expect(await problemOf(plugin)).toBe('unable to dispense plugin (a/b): no answer within 0.3 s');
  });

  it('behind whose socket another protocol is spoken is given up', async () => {
    const plugin = await program(`echo "1|1|unix|${await listen('485454502f312e3120323030')}|netrpc"; exec sleep 60`);
    expect(await problemOf(plugin)).toBe('unable to dispense plugin (a/b): version 72 of yamux is not known');
  });

  it('is started once for several that ask', async () => {
    const plugin = await program('echo started >&2; sleep 0.2; exit 1');
    expect(await Promise.all([problemOf(plugin), problemOf(plugin)])).toEqual(Array(2).fill('ended with code 1 before its handshake'));
    expect(lines.filter((line) => line.includes('started'))).toHaveLength(1);
  });

  it('ends when it is stopped while it starts, and cannot be started then', async () => {
    const plugin = await program('exec sleep 60');
    const using = problemOf(plugin);
    await expect.poll(async () => (await readdir(folder)).length).toBe(1);
    await plugin.stop();
    expect(await using).toMatch(/^(plugins are being stopped|ended with SIGKILL before its handshake)$/);
    expect(await problemOf(plugin)).toBe('plugins are being stopped');
  });
});
