/**
 * One plugin as a process: started when it is first needed, asked whether it lives before each use, killed and started again when it does
 * not. Nothing that a plugin does may hold the controller up: each wait has a limit, and each end is told to those who wait.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import type { Clock } from '@sluice/api';
import type { Logger } from '@sluice/kube';
import { type PluginConnection, pluginConnection } from './connection.ts';
import { type PluginAddress, printable, readHandshake } from './handshake.ts';
import { lineLogger } from './line-logger.ts';
import type { RpcClient } from './net-rpc/client.ts';

/** How Argo Rollouts and a plugin of a kind recognise each other. */
const pluginKinds = {
  metric: { cookie: 'metricprovider', interfaceName: 'RpcMetricProviderPlugin' },
  traffic: { cookie: 'trafficrouter', interfaceName: 'RpcTrafficRouterPlugin' },
  step: { cookie: 'step', interfaceName: 'RpcStepPlugin' },
} as const;

export type PluginKind = keyof typeof pluginKinds;

/** How long things may take, in milliseconds. */
export type PluginLimits = {
  /** From the start of the process to its handshake: one minute by default, as in go-plugin. */
  readonly startMs: number;
  /** For each answer of the machinery: connect, ping, hand out an interface. */
  readonly answerMs: number;
  /** For each call of a method of the plugin. */
  readonly callMs: number;
  /** From asking a plugin to end to killing it. */
  readonly stopMs: number;
};

const pluginLimits: PluginLimits = { startMs: 60_000, answerMs: 10_000, callMs: 120_000, stopMs: 2_000 };

export type PluginProcessOptions = {
  readonly name: string;
  readonly kind: PluginKind;
  readonly path: string;
  readonly args: readonly string[];
  /** The whole environment of the process, but for what the handshake adds. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<PluginLimits>;
  /** Called on the interface of each new process before anybody else does; an error ends the process. */
  initialize(calls: RpcClient, limits: PluginLimits): Promise<void>;
};

export type PluginProcess = {
  readonly limits: PluginLimits;
  /**
   * The interface of the living plugin.
   *
   * @throws Error that says what failed: start, handshake, initialisation or ping. The next use starts the plugin again.
   */
  use(): Promise<RpcClient>;
  /** Ends the process, kindly and then not, and for good. Never throws. */
  stop(): Promise<void>;
};

/** A process after its handshake. */
type Running = { readonly calls: RpcClient; readonly connection: PluginConnection; readonly child: Child };

type Child = {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  readonly exited: Promise<void>;
  hasExited: boolean;
  /** The connection to it is gone, which is often known a moment before its end. */
  isLost: boolean;
  readonly socketFolder: string;
};

const handshakeBytesMax = 64 * 1024;

export function pluginProcess(options: PluginProcessOptions): PluginProcess {
  const { name, kind, path, args, environment, clock } = options;
  const limits: PluginLimits = { ...pluginLimits, ...options.limits };
  const logger = options.logger.with({ plugin: name });
  const { cookie, interfaceName } = pluginKinds[kind];
  let running: Running | undefined;
  let starting: Promise<Running> | undefined;
  let hasStopped = false;
  /** Processes that have not ended yet: what `stop` must not leave behind. */
  const alive = new Set<Child>();

  async function launch(): Promise<Child> {
    // A folder of its own, so that nobody else can put a socket in the way of the plugin's.
    const socketFolder = await mkdtemp(join(tmpdir(), 'sluice-plugin-'));
    const process = spawn(path, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...environment,
        ARGO_ROLLOUTS_RPC_PLUGIN: cookie,
        PLUGIN_PROTOCOL_VERSIONS: '1',
        PLUGIN_MIN_PORT: '10000',
        PLUGIN_MAX_PORT: '25000',
        PLUGIN_UNIX_SOCKET_DIR: socketFolder,
      },
    });
    let tellExit = (): void => undefined;
    const child: Child = {
      process,
      exited: new Promise((resolve) => {
        tellExit = resolve;
      }),
      hasExited: false,
      isLost: false,
      socketFolder,
    };
    alive.add(child);
    const end = (): void => {
      if (child.hasExited) return;
      child.hasExited = true;
      alive.delete(child);
      tellExit();
      rm(socketFolder, { recursive: true, force: true }).catch(() => undefined);
    };
    // `exit`, not `close`: a grandchild may hold the pipes open.
    process.on('exit', (code, signal) => {
      logger.info('plugin process ended', { code, signal });
      end();
    });
    process.on('error', (problem) => {
      // A process that could not be started has no exit.
      if (process.pid === undefined) end();
      logger.warn('plugin process failed', { error: problem.message });
    });
    const stderr = lineLogger(logger, 'stderr');
    process.stderr.on('data', (chunk: Buffer) => stderr(chunk));
    process.stderr.on('error', () => undefined);
    process.stdout.on('error', () => undefined);
    return child;
  }

  /** The first line of the standard output; what follows is logged. */
  function firstLine({ process }: Child): Promise<string> {
    return new Promise((resolve, reject) => {
      let held = Buffer.alloc(0);
      let isRead = false;
      const stdout = lineLogger(logger, 'stdout');
      const settle = (act: () => void): void => {
        if (isRead) return;
        isRead = true;
        stopTimer();
        act();
      };
      const fail = (problem: string): void => settle(() => reject(new Error(problem)));
      const stopTimer = clock.after(limits.startMs, () => fail(`no handshake within ${limits.startMs / 1000} s`));
      process.on('error', (problem) => fail(problem.message));
      // The pipe may still hold the line of a process that is gone: its end is the last word, the exit the one after.
      process.on('close', (code, signal) => fail(`ended with ${signal ?? `code ${code}`} before its handshake`));
      process.stdout.on('data', (chunk: Buffer) => {
        if (isRead) return stdout(chunk);
        held = Buffer.concat([held, chunk]);
        const end = held.indexOf('\n');
        if (end < 0) {
          if (held.length > handshakeBytesMax) fail('its first line has no end');
          return;
        }
        settle(() => resolve(held.subarray(0, end).toString('utf8')));
        stdout(held.subarray(end + 1));
      });
    });
  }

  async function start(): Promise<Running> {
    const child = await launch();
    let connection: PluginConnection | undefined;
    try {
      if (hasStopped) throw new Error('plugins are being stopped');
      const handshake = readHandshake(await firstLine(child));
      if (!handshake.ok) throw new Error(handshake.problem);
      connection = await open(child, handshake.address);
      const calls = await dispense(connection);
      await options.initialize(calls, limits);
      logger.info('plugin is running', { pid: child.process.pid });
      return { child, connection, calls };
    } catch (problem) {
      connection?.close();
      kill(child);
      throw problem;
    }
  }

  async function open(child: Child, address: PluginAddress): Promise<PluginConnection> {
    try {
      return await dial(child, address);
    } catch (problem) {
      throw new Error(`unable to get plugin client (${name}): ${messageOf(problem)}`, { cause: problem });
    }
  }

  async function dispense(connection: PluginConnection): Promise<RpcClient> {
    try {
      return await connection.dispense(interfaceName, limits.answerMs);
    } catch (problem) {
      throw new Error(`unable to dispense plugin (${name}): ${messageOf(problem)}`, { cause: problem });
    }
  }

  function dial(child: Child, address: PluginAddress): Promise<PluginConnection> {
    return new Promise((resolve, reject) => {
      const socket = address.network === 'unix' ? connect(address.path) : connect(address.port, address.host);
      const stopTimer = clock.after(limits.answerMs, () => {
        socket.destroy();
        reject(new Error(`no connection within ${limits.answerMs / 1000} s`));
      });
      const fail = (problem: Error): void => {
        stopTimer();
        reject(problem);
      };
      socket.once('error', fail);
      socket.once('connect', () => {
        stopTimer();
        socket.off('error', fail);
        const lines = { stdout: lineLogger(logger, 'stdout'), stderr: lineLogger(logger, 'stderr') };
        resolve(
          pluginConnection(socket, {
            clock,
            print: (stream, chunk) => lines[stream](chunk),
            onEnd: (problem) => {
              child.isLost = true;
              if (problem !== undefined) logger.debug('connection to plugin ended', { error: printable(problem.message) });
            },
          }),
        );
      });
    });
  }

  function kill(child: Child): void {
    if (!child.hasExited) child.process.kill('SIGKILL');
  }

  async function current(): Promise<Running> {
    if (running !== undefined && !running.child.hasExited && !running.child.isLost) return running;
    running?.connection.close();
    if (running !== undefined) kill(running.child);
    running = undefined;
    // Several may ask at once; one process answers them all.
    starting ??= start().finally(() => {
      starting = undefined;
    });
    running = await starting;
    return running;
  }

  return {
    limits,
    use: async () => {
      if (hasStopped) throw new Error('plugins are being stopped');
      const plugin = await current();
      try {
        await plugin.connection.ping(limits.answerMs);
      } catch (problem) {
        if (running === plugin) running = undefined;
        plugin.connection.close();
        kill(plugin.child);
        throw new Error(`could not ping plugin will cleanup process so we can restart it next reconcile (${messageOf(problem)})`, {
          cause: problem,
        });
      }
      return plugin.calls;
    },
    stop: async () => {
      hasStopped = true;
      const plugin = running;
      running = undefined;
      if (plugin !== undefined && !plugin.child.hasExited) {
        await plugin.connection.quit(limits.stopMs).catch(() => undefined);
        plugin.connection.close();
        await within(plugin.child.exited, limits.stopMs);
      }
      for (const child of [...alive]) kill(child);
      await starting?.catch(() => undefined);
      for (const child of [...alive]) kill(child);
      await within(Promise.all([...alive].map(({ exited }) => exited)), limits.stopMs);
    },
  };

  async function within(wait: Promise<unknown>, timeLimitMs: number): Promise<void> {
    let stopTimer = (): void => undefined;
    const limit = new Promise<void>((resolve) => {
      stopTimer = clock.after(timeLimitMs, resolve);
    });
    await Promise.race([wait, limit]);
    stopTimer();
  }
}

export function messageOf(problem: unknown): string {
  return problem instanceof Error ? problem.message : String(problem);
}
