/** AnalysisRuns and Experiments of a Rollout as objects: a free name or one of ours to go on with, ending them, and how many are kept. */
import {
  type AnalysisRun,
  analysisRunType,
  controllerOf,
  type Experiment,
  experimentType,
  type KubeObject,
  labels,
  parseTime,
  type ReplicaSet,
} from '@sluice/api';
import { isCompletedPhase } from './analysis/phases.ts';
import { because, type Pass } from './pass.ts';
import { objectWrite } from './plan.ts';
import { createdAt, hashOf } from './replica-sets.ts';

type Owned = AnalysisRun | Experiment;

function isRunning(object: Owned): boolean {
  return !isCompletedPhase(object.status?.phase);
}

/** The Rollout's instance label, which its runs and experiments carry too. */
export function instanceIdOf({ world }: Pass): string | undefined {
  const id = world.rollout.metadata.labels?.[labels.instanceId];
  return id === '' ? undefined : id;
}

function writeOf(object: KubeObject): string {
  const type = object.kind === 'Experiment' ? experimentType : analysisRunType;
  return objectWrite(type, object.metadata.namespace ?? '', object.metadata.name ?? '');
}

/**
 * The object as it will be created, or one that an earlier pass has created and could not record: ours, with the same spec, not ended, or
 * begun in this attempt. Were an ended one passed over, a kill in the wrong moment would lose its verdict (upstream's rule does).
 *
 * @param suffixed - the name of the n-th try after the first
 * @see argoproj/argo-rollouts utils/analysis/helpers.go CreateWithCollisionCounter
 */
export function claimOrCreate<T extends Owned>(
  pass: Pass,
  present: readonly T[],
  wanted: T,
  suffixed: (base: string, attempt: number) => string,
  isSame: (present: T, wanted: T) => boolean,
): { readonly object: T; readonly isNew: boolean } {
  const base = wanted.metadata.name ?? '';
  for (let attempt = 0; ; attempt++) {
    const name = attempt === 0 ? base : suffixed(base, attempt);
    const known = present.find(({ metadata }) => metadata.name === name);
    if (known === undefined) {
      if (pass.ground.takenNames.has(`${wanted.kind}/${name}`)) continue;
      return { object: { ...wanted, metadata: { ...wanted.metadata, name } }, isNew: true };
    }
    const isOurs = controllerOf(known)?.uid === pass.world.rollout.metadata.uid;
    if (isOurs && (isRunning(known) || isOfThisAttempt(pass, known)) && isSame(known, wanted)) return { object: known, isNew: false };
  }
}

/** Neither from before a retry or another update, nor one after which a person went on, nor one that was told to end. */
function isOfThisAttempt({ previous }: Pass, object: Owned): boolean {
  const began = parseTime(previous.duration?.finishedAt === undefined ? previous.duration?.rolloutStartedAt : undefined);
  const isRepeated = previous.abortedAt !== undefined || previous.controllerPause === true || object.spec.terminate === true;
  return began !== undefined && !isRepeated && createdAt(object) >= began;
}

/** Asks a run or an experiment to end. */
export function terminate(pass: Pass, object: Owned | undefined): void {
  if (object === undefined || !isRunning(object) || object.spec.terminate === true) return;
  const ended = { ...object, spec: { ...object.spec, terminate: true } } as Owned;
  replaceOwned(pass, object, ended);
  pass.hasActed = true;
  because(pass, writeOf(object), `${object.kind} ${object.metadata.name ?? ''} is no longer wanted`);
}

function replaceOwned(pass: Pass, before: Owned, after: Owned): void {
  const swap = <T extends Owned>(objects: readonly T[]): readonly T[] =>
    objects.map((object) => ((object as Owned) === before ? (after as T) : object));
  pass.world = { ...pass.world, analysisRuns: swap(pass.world.analysisRuns), experiments: swap(pass.world.experiments) };
}

/** Objects that belong to no ReplicaSet any more, and ended ones beyond the limits, the newest kept. */
export function excessOwned<T extends Owned>(
  others: readonly T[],
  replicaSets: readonly ReplicaSet[],
  limits: { readonly successful: number; readonly unsuccessful: number },
): readonly T[] {
  const alive = new Set(replicaSets.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map(hashOf));
  const newestFirst = [...others]
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .sort((a, b) => createdAt(b) - createdAt(a));
  let successful = 0;
  let unsuccessful = 0;
  return newestFirst.filter((object) => {
    const hash = object.metadata.labels?.[labels.podTemplateHash] ?? '';
    if (hash === '' || !alive.has(hash)) return true;
    if (isRunning(object)) return false;
    if (object.status?.phase === 'Successful') return ++successful > limits.successful;
    return ++unsuccessful > limits.unsuccessful;
  });
}

export function removeOwned(pass: Pass, objects: readonly Owned[], reason: string): void {
  for (const object of objects) {
    const { name = '', namespace = '', uid } = object.metadata;
    const type = object.kind === 'Experiment' ? experimentType : analysisRunType;
    pass.actions.push({ kind: 'DeleteObject', type, namespace, name, uid, reason });
  }
  const gone = new Set<KubeObject>(objects);
  if (gone.size === 0) return;
  pass.world = {
    ...pass.world,
    analysisRuns: pass.world.analysisRuns.filter((run) => !gone.has(run)),
    experiments: pass.world.experiments.filter((experiment) => !gone.has(experiment)),
  };
}

export function historyLimits({ world }: Pass): { readonly successful: number; readonly unsuccessful: number } {
  const { analysis } = world.rollout.spec;
  return { successful: analysis?.successfulRunHistoryLimit ?? 5, unsuccessful: analysis?.unsuccessfulRunHistoryLimit ?? 5 };
}
