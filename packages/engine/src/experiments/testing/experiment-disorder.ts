/**
 * The same scenarios with the order of things drawn by lot: who acts next, how old the view of the cache is, where the process is killed.
 * After every write the promises are checked. A seed replays a run.
 */
import { annotations, parseTime } from '@sluice/api';
import { Conflict } from '../../testing/world-model.ts';
import { decideExperiment } from '../decide.ts';
import type { ExperimentAction, ExperimentFacts } from '../plan.ts';
import { isTerminating } from '../status.ts';
import type { ExperimentScenario } from './experiment-run.ts';
import { type ExperimentWorld, Taken } from './experiment-world.ts';

export type ExperimentDisorder = { readonly end: string; readonly broken: readonly string[]; readonly unhappened: readonly string[] };

/** Turns with faults, before the world is left in peace. */
const faultyTurns = 200;
const turnsMax = 4000;

/** Numbers in [0, 1) from a seed: mulberry32. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function runExperimentInDisorder(scenario: ExperimentScenario, seed: number): ExperimentDisorder {
  const random = seeded(seed);
  const world = scenario.world();
  const steps = [...(scenario.steps ?? [])];
  const broken: string[] = [];
  let view = world.facts();
  let quiet = 0;
  for (let turn = 0; turn < turnsMax && quiet < 60; turn++) {
    const isFaulty = turn < faultyTurns;
    const lot = random();
    if (!isFaulty || random() < 0.5) view = world.facts();
    if (lot < 0.5) {
      const outcome = pass(world, view, isFaulty ? random : () => 1, broken);
      if (outcome.isBusy) quiet = 0;
      else quiet++;
      view = outcome.view;
    } else if (lot < 0.75) {
      if (world.live()) quiet = 0;
    } else if (steps[0]?.when(world) === true) {
      steps.shift()?.act(world);
      quiet = 0;
    } else {
      // Never far: what is due must be noticed when it is. Later, in strides, since nothing else happens.
      const next = world.nextChange();
      world.now = next !== undefined && random() < 0.5 ? next : world.now + (isFaulty ? 100 : 500);
      if (next !== undefined || steps.length > 0 || decideExperiment(world.facts(), world.now).requeueAfterMs !== undefined) quiet = 0;
    }
  }
  return { end: world.summary(), broken, unhappened: steps.map(({ what }) => what) };
}

type Outcome = { readonly isBusy: boolean; readonly view: ExperimentFacts };

/** One pass on what is seen, killed at some write by lot. Answers of own writes are laid over the view, as the shell does with its caches. */
function pass(world: ExperimentWorld, seen: ExperimentFacts, random: () => number, broken: string[]): Outcome {
  const plan = decideExperiment(seen, world.now);
  let view = seen;
  for (const action of plan.actions) {
    if (random() < 0.4) return { isBusy: true, view: world.facts() };
    const check = promises(world, action);
    try {
      world.carryOut(action, view.experiment);
    } catch (error) {
      if (error instanceof Taken) return { isBusy: true, view: world.facts() };
      if (error instanceof Conflict) return { isBusy: true, view };
      throw error;
    }
    broken.push(...check());
    view = laidOver(view, world, action);
  }
  return { isBusy: plan.actions.length > 0 || plan.requeueAfterMs === 0, view };
}

function laidOver(view: ExperimentFacts, world: ExperimentWorld, action: ExperimentAction): ExperimentFacts {
  switch (action.kind) {
    case 'WriteStatus':
      return { ...view, experiment: world.experiment };
    case 'CreateReplicaSet':
      return { ...view, replicaSets: [...view.replicaSets, ...world.replicaSets.slice(-1)] };
    case 'PatchReplicaSet': {
      const fresh = (name: string | undefined): (typeof view.replicaSets)[number] | undefined =>
        name === action.name ? world.replicaSets.find(({ metadata }) => metadata.name === name) : undefined;
      return { ...view, replicaSets: view.replicaSets.map((set) => fresh(set.metadata.name) ?? set) };
    }
    case 'CreateService':
    case 'DeleteService':
      return { ...view, services: [...world.services] };
    case 'CreateAnalysisRun':
    case 'TerminateAnalysisRun':
      return { ...view, analysisRuns: [...world.runs] };
  }
}

const final = new Set(['Successful', 'Failed', 'Error', 'Inconclusive']);

/** Looks at the world before a write; the answer looks again and names the promises that the write broke. */
function promises(world: ExperimentWorld, action: ExperimentAction): () => readonly string[] {
  const { phase: before = '' } = world.experiment.status ?? {};
  const set = action.kind === 'PatchReplicaSet' ? world.replicaSets.find(({ metadata }) => metadata.name === action.name) : undefined;
  return () => {
    const broken: string[] = [];
    const { phase = '', availableAt, analysisRuns = [] } = world.experiment.status ?? {};
    if (final.has(before) && phase !== before) broken.push(`${before} became ${phase}`);
    if (action.kind === 'PatchReplicaSet' && action.size === 0) {
      if (!isTerminating(world.experiment) && !areDone(world, action.of))
        broken.push(`${action.name} lost its pods before the status says why`);
      const deadline = parseTime(set?.metadata.annotations?.[annotations.scaleDownDeadline]);
      if (deadline !== undefined && world.now < deadline) broken.push(`${action.name} lost its pods before ${deadline}`);
    }
    const largest = Math.max(0, ...world.experiment.spec.templates.map(({ replicas = 1 }) => replicas));
    if (action.kind === 'PatchReplicaSet' && (action.size ?? 0) > largest) broken.push(`${action.name} grew to ${action.size}`);
    if (action.kind === 'CreateAnalysisRun') {
      if (availableAt === undefined) broken.push('a run was created before the templates were available');
      const mine = world.runs.filter(({ metadata }) => metadata.ownerReferences?.[0]?.uid === world.experiment.metadata.uid);
      const known = analysisRuns.filter(({ analysisRun }) => analysisRun !== '').length;
      const wanted = world.experiment.spec.analyses?.length ?? 0;
      if (mine.length > wanted || known > wanted) broken.push(`${mine.length} runs for ${wanted} analyses`);
    }
    return broken;
  };
}

function areDone(world: ExperimentWorld, template: string): boolean {
  const entry = world.experiment.status?.templateStatuses?.find(({ name }) => name === template);
  return final.has(entry?.status ?? '');
}
