/** `list rollouts` and `list experiments`. */
import { type Experiment, experimentType, type Rollout, rolloutType } from '@sluice/api';
import { printExperimentList, printRolloutList, printRolloutRows, rolloutRowKey } from '@sluice/views';
import type { Session } from './session.ts';

export type ListOptions = {
  readonly allNamespaces: boolean;
  readonly watch: boolean;
  readonly timestamps: boolean;
  /** Only the rollout of this name; empty for all. */
  readonly name: string;
};

const nothing = 'No resources found.\n';

/** Rows that change in quick succession are printed together, aligned. */
const flushMs = 500;

export async function listRollouts(session: Session, options: ListOptions): Promise<void> {
  const { client, io } = session;
  const selection = {
    namespace: options.allNamespaces ? undefined : session.namespace,
    ...(options.name === '' ? {} : { fieldSelector: `metadata.name=${options.name}` }),
  };
  const { items } = await client.list<Rollout>(rolloutType, selection);
  if (items.length === 0 && !options.watch) {
    io.err.write(nothing);
    return;
  }
  io.out.write(printRolloutList(items, options, io.clock.now()));
  if (options.watch) await watchRollouts(session, options, items, selection);
}

async function watchRollouts(
  session: Session,
  options: ListOptions,
  listed: readonly Rollout[],
  selection: { readonly namespace: string | undefined; readonly fieldSelector?: string },
): Promise<void> {
  const { io } = session;
  const { createInformer, silentLogger } = await import('./kube-watch.ts');
  const client = await session.watchingClient();
  const keyOf = ({ metadata }: Rollout): string => `${metadata.namespace}/${metadata.name}`;
  const printed = new Map(listed.map((rollout) => [keyOf(rollout), rolloutRowKey(rollout)]));
  const waiting = new Map<string, Rollout>();
  let cancelFlush: (() => void) | undefined;
  const flush = (): void => {
    cancelFlush = undefined;
    if (waiting.size > 0) io.out.write(printRolloutRows([...waiting.values()], options, io.clock.now()));
    waiting.clear();
  };
  const seen = (rollout: Rollout): void => {
    if (printed.get(keyOf(rollout)) === rolloutRowKey(rollout)) return;
    printed.set(keyOf(rollout), rolloutRowKey(rollout));
    waiting.set(keyOf(rollout), rollout);
    cancelFlush ??= io.clock.after(flushMs, flush);
  };
  const informer = createInformer<Rollout>({
    client,
    type: rolloutType,
    clock: io.clock,
    random: io.random,
    logger: silentLogger,
    ...selection,
  });
  informer.addHandler({ added: seen, updated: seen });
  await new Promise<void>((resolve) => {
    io.signal.addEventListener('abort', () => resolve(), { once: true });
    if (io.signal.aborted) resolve();
  });
  cancelFlush?.();
  informer.stop();
}

export async function listExperiments(session: Session, options: Pick<ListOptions, 'allNamespaces'>): Promise<void> {
  const { client, io, namespace } = session;
  const { items } = await client.list<Experiment>(experimentType, { namespace: options.allNamespaces ? undefined : namespace });
  if (items.length === 0) io.err.write(nothing);
  else io.out.write(printExperimentList(items, options, io.clock.now()));
}
