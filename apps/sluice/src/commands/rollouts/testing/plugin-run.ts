/** Runs commands of the plugin in the process, against an API server in memory on a virtual clock. */
import { crds, type ResourceType } from '@sluice/api';
import { createApiServer } from '@sluice/apiserver';
import { inProcessTransport } from '@sluice/cluster';
import { type Client, createClient, type VirtualClock, virtualClock } from '@sluice/kube';
import type { Io } from '../../../io.ts';
import { createRolloutsProgram } from '../index.ts';

const crdType: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  resource: 'customresourcedefinitions',
  namespaced: false,
};

export type Run = { readonly out: string; readonly err: string; readonly code: number };

export type Launched = { readonly done: Promise<Run>; readonly stop: () => void; readonly text: () => string };

export type Plugin = {
  readonly clock: VirtualClock;
  readonly client: Client;
  /** Words are separated by one blank each; a list takes them as they are. */
  launch(args: string | readonly string[], isTerminal?: boolean): Launched;
  run(args: string | readonly string[]): Promise<Run>;
  close(): Promise<void>;
};

export async function startPlugin(start: number): Promise<Plugin> {
  const clock = virtualClock(start);
  const server = await createApiServer({ durability: 'memory', clock, randomBytes: counterBytes(), tls: false });
  const client = createClient(inProcessTransport(server, { name: 'test', groups: ['system:masters'] }), { fieldManager: 'test' });
  for (const definition of crds()) await client.create(crdType, definition);

  function launch(args: string | readonly string[], isTerminal = false): Launched {
    const stop = new AbortController();
    let out = '';
    let err = '';
    const io: Io = {
      out: {
        write: (text) => {
          out += text;
        },
        isTerminal,
        columns: 80,
      },
      err: {
        write: (text) => {
          err += text;
        },
        isTerminal,
        columns: 80,
      },
      env: {},
      homeDir: '/',
      workingDir: '/',
      clock,
      random: () => 0.5,
      signal: stop.signal,
      readInput: () => Promise.resolve(''),
      exitCode: 0,
    };
    const program = createRolloutsProgram(io, (flags) =>
      Promise.resolve({
        client,
        namespace: flags.namespace ?? 'default',
        io,
        watchingClient: () => Promise.resolve(client),
        close: () => Promise.resolve(),
      }),
    );
    const done = program
      .parseAsync(typeof args === 'string' ? args.split(' ') : args, { from: 'user' })
      .catch((error: { exitCode?: number }) => {
        io.exitCode = error.exitCode ?? 1;
      })
      .then(() => ({ out, err, code: io.exitCode }));
    return { done, stop: () => stop.abort(), text: () => out };
  }

  return { clock, client, launch, run: (args) => launch(args).done, close: () => server.close() };
}

function counterBytes(): (count: number) => Uint8Array {
  let next = 0;
  return (count) => Uint8Array.from({ length: count }, () => next++ % 256);
}
