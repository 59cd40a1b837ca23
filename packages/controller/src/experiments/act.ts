/**
 * Carries a plan about an Experiment out. Every write is guarded by what the decision saw: a resource version, a uid, or the name that must
 * be free. What the API says to it comes back as an outcome, since most of it is news for the next decision.
 */
import {
  type AnalysisRun,
  analysisRunType,
  type Experiment,
  experimentType,
  isStatusError,
  type KubeObject,
  type ReplicaSet,
  type ResourceType,
  type Service,
  StatusError,
} from '@sluice/api';
import {
  type ExperimentAction,
  type ExperimentNote,
  type ExperimentPlan,
  type ExperimentRefusal,
  experimentWriteKeys,
  type MergePatch,
} from '@sluice/engine';
import { builtinTypes, type Client, type Lane } from '@sluice/kube';
import { LookAgain } from '../act.ts';
import type { ExperimentInformers } from './experiment-informers.ts';

export type ExperimentOutcome =
  | { readonly kind: 'done' }
  /** Decide again with what stands in the way of a creation. */
  | { readonly kind: 'taken'; readonly by: ReplicaSet | Service | AnalysisRun }
  /** Decide again without the write. */
  | { readonly kind: 'refused'; readonly refusal: ExperimentRefusal };

export type ExperimentActOptions = {
  readonly client: Client;
  readonly informers: ExperimentInformers;
  readonly tell: (note: ExperimentNote) => void;
  readonly onServiceDeleted: (uid: string) => void;
  /** Counts writes, for metrics. */
  readonly onWrite: (kind: ExperimentAction['kind']) => void;
};

/**
 * Carries out writes up to the first that does not go as planned.
 *
 * @throws LookAgain when something has moved on; StatusError or ConnectionError for what may work later
 */
export async function carryOutExperiment(
  plan: ExperimentPlan,
  experiment: Experiment,
  options: ExperimentActOptions,
): Promise<ExperimentOutcome> {
  const done = new Set<string>();
  try {
    for (const action of plan.actions) {
      const outcome = await attempt(action, experiment, options);
      if (outcome.kind !== 'done') return outcome;
      for (const key of experimentWriteKeys(action)) done.add(key);
      options.onWrite(action.kind);
    }
    return { kind: 'done' };
  } finally {
    // Events come last and in the plan's order; what was not written is not told.
    for (const note of plan.notes) if (note.write === undefined || done.has(note.write)) options.tell(note);
  }
}

async function attempt(action: ExperimentAction, experiment: Experiment, options: ExperimentActOptions): Promise<ExperimentOutcome> {
  try {
    await write(action, experiment, options);
    return { kind: 'done' };
  } catch (error) {
    const [key = ''] = experimentWriteKeys(action);
    if (isStatusError(error, 'AlreadyExists')) return { kind: 'taken', by: await holderOf(action, experiment, options.client, error) };
    if (isStatusError(error, 'Conflict')) throw new LookAgain(`${key} has changed since it was seen`, { cause: error });
    if (isStatusError(error, 'NotFound') && !action.kind.startsWith('Create')) throw new LookAgain(`${key} is gone`, { cause: error });
    const refusal = refusalOf(action);
    if (refusal === undefined || !isRefused(error)) throw error;
    return { kind: 'refused', refusal: { ...refusal, message: error.message } };
  }
}

/** For good, as opposed to an overload, a lost connection, or credentials that are being renewed. Upstream takes those for refusals too. */
function isRefused(error: unknown): error is StatusError {
  return error instanceof StatusError && error.code >= 400 && error.code < 500 && ![401, 404, 408, 409, 429].includes(error.code);
}

/** `undefined` for writes that are tried until they succeed. */
function refusalOf(action: ExperimentAction): Omit<ExperimentRefusal, 'message'> | undefined {
  switch (action.kind) {
    case 'CreateReplicaSet':
      return { write: 'create-replica-set', of: action.of };
    case 'PatchReplicaSet':
      return action.size === undefined ? undefined : { write: 'scale', of: action.of, size: action.size };
    case 'CreateService':
      return { write: 'create-service', of: action.of };
    case 'DeleteService':
      return { write: 'delete-service', of: action.of };
    case 'CreateAnalysisRun':
      return { write: 'create-run', of: action.of };
    case 'TerminateAnalysisRun':
      return { write: 'terminate-run', of: action.of };
    case 'WriteStatus':
      return undefined;
  }
}

async function write(
  action: ExperimentAction,
  experiment: Experiment,
  { client, informers, onServiceDeleted }: ExperimentActOptions,
): Promise<void> {
  const { namespace, name: experimentName = '', resourceVersion } = experiment.metadata;
  const patched = <T extends KubeObject>(type: ResourceType, name: string, patch: MergePatch, lane: Lane): Promise<T> =>
    client.patch<T>(type, { namespace, name }, 'merge', patch, { lane });
  switch (action.kind) {
    case 'CreateReplicaSet':
      informers.replicaSets.overlay(await client.create<ReplicaSet>(builtinTypes.replicaSets, action.replicaSet, { lane: 'scale' }));
      return;
    case 'PatchReplicaSet':
      informers.replicaSets.overlay(
        await patched<ReplicaSet>(builtinTypes.replicaSets, action.name, guarded(action.patch, action.resourceVersion), 'scale'),
      );
      return;
    case 'CreateService':
      informers.services.overlay(await client.create<Service>(builtinTypes.services, action.service, { lane: 'scale' }));
      return;
    case 'DeleteService': {
      const { name, uid } = action;
      const preconditions = uid === undefined ? {} : { preconditions: { uid } };
      try {
        await client.delete(builtinTypes.services, { namespace, name }, { ...preconditions, lane: 'background' });
      } catch (error) {
        if (!isStatusError(error, 'NotFound')) throw error;
      }
      if (uid !== undefined) onServiceDeleted(uid);
      return;
    }
    case 'CreateAnalysisRun':
      informers.runs.overlay(await client.create<AnalysisRun>(analysisRunType, action.run, { lane: 'scale' }));
      return;
    case 'TerminateAnalysisRun':
      informers.runs.overlay(await patched<AnalysisRun>(analysisRunType, action.name, action.patch, 'scale'));
      return;
    case 'WriteStatus':
      // The kind has no status subresource.
      informers.experiments.overlay(
        await patched<Experiment>(experimentType, experimentName, guarded(action.patch, resourceVersion), 'scale'),
      );
      return;
  }
}

/** @throws LookAgain when it has gone meanwhile */
async function holderOf(
  action: ExperimentAction,
  { metadata: { namespace } }: Experiment,
  client: Client,
  cause: unknown,
): Promise<ReplicaSet | Service | AnalysisRun> {
  try {
    switch (action.kind) {
      case 'CreateReplicaSet':
        return await client.get<ReplicaSet>(builtinTypes.replicaSets, { namespace, name: action.replicaSet.metadata.name ?? '' });
      case 'CreateService':
        return await client.get<Service>(builtinTypes.services, { namespace, name: action.service.metadata.name ?? '' });
      case 'CreateAnalysisRun':
        return await client.get<AnalysisRun>(analysisRunType, { namespace, name: action.run.metadata.name ?? '' });
      default:
        throw cause;
    }
  } catch (error) {
    if (isStatusError(error, 'NotFound')) throw new LookAgain('a name that was taken is free again', { cause });
    throw error;
  }
}

function guarded(patch: MergePatch, resourceVersion: string | undefined): MergePatch {
  const metadata = (patch as { metadata?: object }).metadata;
  return { ...patch, metadata: { ...metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) } };
}
