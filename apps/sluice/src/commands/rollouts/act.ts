/** What changes a rollout, an experiment or a run by a patch: promote, abort, retry, pause, restart, terminate. */
import { analysisRunType, experimentType, isStatusError, parseGoDuration, type Rollout, rolloutType } from '@sluice/api';
import { type ActionPatch, actionPatches, type RolloutAction } from '@sluice/engine';
import type { Session } from './session.ts';

/** Sends the patches of an action: status first, and all in one to the object itself where there is no such subresource. */
export async function act(session: Session, rollout: Rollout, action: RolloutAction): Promise<void> {
  const { client, namespace } = session;
  const name = rollout.metadata.name ?? '';
  const patches = actionPatches(rollout, action);
  for (const { subresource, patchType, patch } of patches) {
    try {
      const options = subresource === undefined ? {} : { subresource };
      await client.patch(rolloutType, { namespace, name }, patchType, patch, options);
    } catch (error) {
      if (subresource !== 'status' || !isStatusError(error, 'NotFound')) throw error;
      await client.patch(rolloutType, { namespace, name }, 'merge', united(patches));
      return;
    }
  }
}

function united(patches: readonly ActionPatch[]): unknown {
  return Object.assign({}, ...patches.filter(({ patchType }) => patchType === 'merge').map(({ patch }) => patch));
}

export type PromoteOptions = { readonly full: boolean; readonly skipCurrentStep: boolean; readonly skipAllSteps: boolean };

export async function promote(session: Session, name: string, options: PromoteOptions): Promise<void> {
  const rollout = await session.client.get<Rollout>(rolloutType, { namespace: session.namespace, name });
  await act(session, rollout, { kind: 'promote', ...options });
  session.io.out.write(options.full ? `rollout '${name}' fully promoted\n` : `rollout '${name}' promoted\n`);
}

/** These patches do not depend on the rollout, so that it is not read first. */
export async function actOnEach(session: Session, names: readonly string[], kind: 'abort' | 'retry' | 'pause'): Promise<void> {
  const done = { abort: 'aborted', retry: 'retried', pause: 'paused' } as const;
  for (const name of names) {
    await act(session, { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name }, spec: {} }, { kind });
    session.io.out.write(`rollout '${name}' ${done[kind]}\n`);
  }
}

/** @param wait - a Go duration; empty for now */
export async function restart(session: Session, name: string, wait: string): Promise<void> {
  const parsed = parseGoDuration(wait === '' ? '0s' : wait);
  if (!parsed.ok) throw new Error(parsed.problem);
  const { client, namespace, io } = session;
  const rollout = await client.get<Rollout>(rolloutType, { namespace, name });
  await act(session, rollout, { kind: 'restart', at: io.clock.now() + parsed.milliseconds });
  io.out.write(`rollout '${name}' restarts in ${wait === '' ? '0s' : wait}\n`);
}

/** Clears the status of experiments, whereupon they start again. */
export async function retryExperiments({ client, namespace, io }: Session, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await client.patch(experimentType, { namespace, name }, 'merge', { status: null });
    io.out.write(`experiment '${name}' retried\n`);
  }
}

/** Upstream says `retried` of a terminated experiment, and scripts may look for that. */
export async function terminate(
  { client, namespace, io }: Session,
  kind: 'analysisRun' | 'experiment',
  names: readonly string[],
): Promise<void> {
  const type = kind === 'analysisRun' ? analysisRunType : experimentType;
  for (const name of names) {
    await client.patch(type, { namespace, name }, 'merge', { spec: { terminate: true } });
    io.out.write(kind === 'analysisRun' ? `analysisRun '${name}' terminated\n` : `experiment '${name}' retried\n`);
  }
}
