/** The Events of a Rollout: reasons, types and texts exactly as upstream's, since scripts and its own test suite read them. */
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
  /** Ours: upstream has no such Event, because it carries out every part of a spec. */
  unsupported: (what: string): Note =>
    warning('UnsupportedSpec', `This version of sluice does not carry out ${what} yet; the Rollout is left as it is`),
} as const;
