/** The Events of a Rollout: reasons, types and texts exactly as upstream's, since scripts and its own test suite read them. */
import type { TrafficWeights, WeightDestination } from '@sluice/api';
import type { Note } from './plan.ts';

const normal = (reason: string, message: string): Note => ({ type: 'Normal', reason, message });
const warning = (reason: string, message: string): Note => ({ type: 'Warning', reason, message });

export const notes = {
  addedToInformer: (namespace: string, name: string): Note =>
    normal('RolloutAddedToInformer', `Rollout resource added to informer: ${namespace}/${name}`),
  /** Name before namespace, as upstream prints it. */
  deleted: (namespace: string, name: string): Note => normal('RolloutDeleted', `Rollout ${name}/${namespace} is deleted.`),
  updated: (revision: number): Note => normal('RolloutUpdated', `Rollout updated to revision ${revision}`),
  replicaSetCreated: (name: string, revision: number): Note =>
    normal('NewReplicaSetCreated', `Created ReplicaSet ${name} (revision ${revision})`),
  replicaSetCreateError: (name: string, problem: string): Note =>
    warning('ReplicaSetCreateError', `Failed to create new replica set "${name}": ${problem}`),
  notCompleted: (revision: number, hash: string): Note =>
    normal('RolloutNotCompleted', `Rollout not completed, started update to revision ${revision} (${hash})`),
  scaled: (name: string, revision: number, from: number, to: number): Note =>
    normal('ScalingReplicaSet', `Scaled ${from < to ? 'up' : 'down'} ReplicaSet ${name} (revision ${revision}) from ${from} to ${to}`),
  stepCompleted: (done: number, total: number, step: string): Note =>
    normal('RolloutStepCompleted', `Rollout step ${done}/${total} completed (${step})`),
  skipSteps: (why: string): Note => normal('SkipSteps', why),
  switchService: (name: string, from: string, to: string): Note =>
    normal('SwitchService', `Switched selector for service '${name}' from '${from}' to '${to}'`),
  paused: (reason: string): Note => normal('RolloutPaused', `Rollout is paused (${reason})`),
  resumed: (): Note => normal('RolloutResumed', 'Rollout is resumed'),
  aborted: (message: string): Note => warning('RolloutAborted', message),
  completed: (revision: number, hash: string, why: string): Note =>
    normal('RolloutCompleted', `Rollout completed update to revision ${revision} (${hash}): ${why}`),
  /** Weights and shares that changed; nothing after the first words when only versions did (as upstream). */
  weightUpdated: (before: TrafficWeights | undefined, next: TrafficWeights): Note =>
    normal('TrafficWeightUpdated', `Traffic weight updated ${weightChange(before, next)}`),
  trafficRoutingError: (problem: string): Note => warning('TrafficRoutingError', problem),
  experimentCreated: (name: string): Note => normal('ExperimentCreated', `Created Experiment '${name}'`),
  /** @param previous - the phase recorded before; `NoPreviousStatus` where none was */
  analysisRun: (type: string, name: string, phase: string, previous: string): Note => {
    const message = `${type} Analysis Run '${name}' Status New: '${phase}' Previous: '${previous}'`;
    return phase === 'Failed' || phase === 'Error' ? warning(`AnalysisRun${phase}`, message) : normal(`AnalysisRun${phase}`, message);
  },
  /** Ours: upstream has no such Event, because it carries out every part of a spec. */
  unsupported: (what: string): Note =>
    warning('UnsupportedSpec', `This version of sluice does not carry out ${what} yet; the Rollout is left as it is`),
} as const;

function weightChange(before: TrafficWeights | undefined, next: TrafficWeights): string {
  const parts: string[] = [];
  if (before === undefined) parts.push(`to ${next.canary.weight}`);
  else if (before.canary.weight !== next.canary.weight) parts.push(`from ${before.canary.weight} to ${next.canary.weight}`);
  const shares = (weights: TrafficWeights | undefined): string => `[${(weights?.additional ?? []).map(goStruct).join(' ')}]`;
  if (shares(before) !== shares(next)) parts.push(`additional: ${shares(next)}`);
  return parts.join(', ');
}

/** As Go prints the struct. */
function goStruct({ weight, serviceName = '', podTemplateHash = '' }: WeightDestination): string {
  return `{${weight} ${serviceName} ${podTemplateHash}}`;
}
