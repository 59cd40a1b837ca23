/**
 * A rollout and everything it owns as one tree of plain values: what the commands print, the dashboard draws and deliveries
 * report. Built from raw objects and the present time; knows nothing of terminals.
 */
import type { AnalysisRun, Experiment, Instant, Pod, ReplicaSet, Rollout, RolloutPhase } from '@sluice/api';
import { currentSetWeight, currentStep, desiredReplicas, rolloutPhase, stepText } from '@sluice/engine';
import { ageOf } from './age.ts';
import { type AnalysisRunView, analysisRunViews } from './analysis-run-view.ts';
import { type ExperimentView, experimentViews } from './experiment-view.ts';
import { rolloutIcon } from './icons.ts';
import { type ImageView, mergeImages } from './images.ts';
import { type ReplicaSetView, replicaSetViews } from './replica-set-view.ts';

export type RolloutObjects = {
  readonly rollout: Rollout;
  /** These may hold objects of others, such as all of the namespace: only what the rollout owns is taken. */
  readonly replicaSets: readonly ReplicaSet[];
  readonly pods: readonly Pod[];
  readonly experiments?: readonly Experiment[];
  readonly analysisRuns?: readonly AnalysisRun[];
};

export type RevisionView = {
  readonly revision: number;
  readonly replicaSets: readonly ReplicaSetView[];
  readonly experiments: readonly ExperimentView[];
  readonly analysisRuns: readonly AnalysisRunView[];
};

export type StepView = { readonly text: string; readonly state: 'done' | 'current' | 'ahead' };

export type RolloutView = {
  readonly name: string;
  readonly namespace: string;
  readonly age: string;
  readonly phase: RolloutPhase;
  readonly icon: string;
  /** Why it is in this phase; empty when there is nothing to say. */
  readonly message: string;
  readonly strategy: 'Canary' | 'BlueGreen' | '';
  /** `2/5`, or empty without steps. */
  readonly step: string;
  readonly steps: readonly StepView[];
  /** Only for canary, else undefined. Weights are in parts of `maxWeight`. */
  readonly setWeight: number | undefined;
  readonly actualWeight: number | undefined;
  readonly maxWeight: number;
  readonly images: readonly ImageView[];
  readonly replicas: {
    readonly desired: number;
    readonly current: number;
    readonly updated: number;
    readonly ready: number;
    readonly available: number;
  };
  /** Newest first. */
  readonly revisions: readonly RevisionView[];
};

export function rolloutView(objects: RolloutObjects, now: Instant): RolloutView {
  const { rollout, pods, experiments = [], analysisRuns = [] } = objects;
  const { spec, status = {} } = rollout;
  const uid = rollout.metadata.uid ?? '';
  const sets = replicaSetViews(uid, rollout, objects.replicaSets, pods, now);
  const trials = experimentViews(uid, experiments, { replicaSets: objects.replicaSets, pods, analysisRuns }, now);
  const runs = analysisRunViews(uid, analysisRuns, now);
  const { phase, message } = rolloutPhase(rollout);
  const canary = spec.strategy?.canary;
  const steps = canary?.steps ?? [];
  const index = status.currentStepIndex;
  const setWeight = canary === undefined ? undefined : currentSetWeight(spec, status);
  return {
    name: rollout.metadata.name ?? '',
    namespace: rollout.metadata.namespace ?? '',
    age: ageOf(rollout, now),
    phase,
    icon: rolloutIcon(phase),
    message,
    strategy: canary !== undefined ? 'Canary' : spec.strategy?.blueGreen !== undefined ? 'BlueGreen' : '',
    step: index !== undefined && steps.length > 0 ? `${index}/${steps.length}` : '',
    steps: steps.map((step, at) => ({ text: stepText(step), state: stateOf(at, index ?? 0, status.abort === true) })),
    setWeight,
    actualWeight: setWeight === undefined ? undefined : actualWeight(rollout, sets, setWeight),
    maxWeight: canary?.trafficRouting?.maxTrafficWeight ?? 100,
    images: imagesOf(sets, trials),
    replicas: {
      desired: desiredReplicas(spec),
      current: status.replicas ?? 0,
      updated: status.updatedReplicas ?? 0,
      ready: status.readyReplicas ?? 0,
      available: status.availableReplicas ?? 0,
    },
    revisions: revisionsOf(sets, trials, runs),
  };
}

function stateOf(at: number, index: number, isAborted: boolean): StepView['state'] {
  if (isAborted) return 'ahead';
  return at < index ? 'done' : at === index ? 'current' : 'ahead';
}

/**
 * The share that the new version really has: of available pods, or what was last given to the router.
 *
 * @see argoproj/argo-rollouts pkg/kubectl-argo-rollouts/info/rollout_info.go
 */
function actualWeight(rollout: Rollout, sets: readonly ReplicaSetView[], setWeight: number): number {
  const { spec, status = {} } = rollout;
  const routing = spec.strategy?.canary?.trafficRouting;
  const maxWeight = routing?.maxTrafficWeight ?? 100;
  if (currentStep(spec, status) === undefined) return maxWeight;
  const available = status.availableReplicas ?? 0;
  if (available === 0) return 0;
  if (routing !== undefined) return status.canary?.weights?.canary.weight ?? setWeight;
  const canary = sets.find((set) => set.tags.includes('canary'));
  return canary === undefined ? 0 : Math.floor((canary.available * maxWeight) / available);
}

const imageTagOrder: readonly string[] = ['canary', 'stable', 'active', 'preview', 'ping', 'pong'];

function imagesOf(sets: readonly ReplicaSetView[], experiments: readonly ExperimentView[]): readonly ImageView[] {
  const own = sets
    .filter((set) => set.replicas > 0)
    .flatMap((set) => {
      const tags = [...set.tags].sort((a, b) => imageTagOrder.indexOf(a) - imageTagOrder.indexOf(b));
      return set.images.map((image) => ({ image, tags }));
    });
  return mergeImages([...own, ...experiments.flatMap((experiment) => experiment.images)]);
}

function revisionsOf(
  replicaSets: readonly ReplicaSetView[],
  experiments: readonly ExperimentView[],
  analysisRuns: readonly AnalysisRunView[],
): readonly RevisionView[] {
  const numbers = new Set([...replicaSets, ...experiments, ...analysisRuns].map((item) => item.revision));
  const of = <T extends { readonly revision: number }>(items: readonly T[], revision: number): readonly T[] =>
    items.filter((item) => item.revision === revision);
  return [...numbers]
    .sort((a, b) => b - a)
    .map((revision) => ({
      revision,
      replicaSets: of(replicaSets, revision),
      experiments: of(experiments, revision),
      analysisRuns: of(analysisRuns, revision),
    }));
}
