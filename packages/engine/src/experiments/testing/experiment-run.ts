/** Runs a scenario in the model to its end and writes down each pass that did something, in lines that people can read. */
import type { Experiment, ExperimentStatus } from '@sluice/api';
import { secondsSince } from '../../testing/world-model.ts';
import { decideExperiment } from '../decide.ts';
import { type ExperimentAction, type ExperimentNote, experimentWriteKeys } from '../plan.ts';
import type { ExperimentWorld } from './experiment-world.ts';

/** Something done once its condition holds. Steps are taken in order. */
export type ExperimentScenarioStep = {
  readonly when: (world: ExperimentWorld) => boolean;
  readonly what: string;
  readonly act: (world: ExperimentWorld) => void;
};

export type ExperimentScenario = {
  readonly name: string;
  readonly world: () => ExperimentWorld;
  readonly steps?: readonly ExperimentScenarioStep[];
};

export type ExperimentRun = {
  readonly lines: readonly string[];
  readonly notes: readonly ExperimentNote[];
  /** Of the Experiment itself. */
  readonly statusWrites: number;
  readonly world: ExperimentWorld;
};

/** Runs until nothing is left to happen: no write, no pod or run on its way, no wake-up within an hour, no step waiting. */
export function runExperiment(scenario: ExperimentScenario): ExperimentRun {
  return continueExperiment(scenario.world(), scenario.steps);
}

/** The same from a world that exists. */
export function continueExperiment(world: ExperimentWorld, waiting: readonly ExperimentScenarioStep[] = []): ExperimentRun {
  const start = world.now;
  const lines: string[] = [];
  const notes: ExperimentNote[] = [];
  const steps = [...waiting];
  let writes = 0;
  let statusWrites = 0;
  for (let turn = 0; turn < 1000; turn++) {
    const plan = decideExperiment(world.facts(), world.now);
    if (plan.problem !== undefined) lines.push(`${clock(start, world.now)} problem: ${plan.problem}`);
    if (plan.actions.length > 0) {
      lines.push(`${clock(start, world.now)} pass: ${plan.reason}`);
      const done = new Set<string>();
      for (const action of plan.actions) {
        lines.push(`         ${describe(action, world.experiment, start)}`);
        writes++;
        if (action.kind === 'WriteStatus') statusWrites++;
        world.carryOut(action, world.experiment);
        for (const key of experimentWriteKeys(action)) done.add(key);
      }
      for (const note of plan.notes) {
        if (note.write !== undefined && !done.has(note.write)) continue;
        lines.push(
          `         event ${note.type} ${note.reason}: ${note.message}${note.isForRollout === true ? ' (and to the Rollout)' : ''}`,
        );
        notes.push(note);
      }
      world.live();
      continue;
    }
    if (world.live()) continue;
    const [next] = steps;
    if (next?.when(world) === true) {
      steps.shift();
      lines.push(`${clock(start, world.now)} >>> ${next.what}`);
      next.act(world);
      continue;
    }
    const wake = plan.requeueAfterMs === undefined ? undefined : world.now + plan.requeueAfterMs;
    const until = Math.min(wake ?? Number.POSITIVE_INFINITY, world.nextChange() ?? Number.POSITIVE_INFINITY);
    if (until === Number.POSITIVE_INFINITY) break;
    world.now = Math.max(until, world.now + 1);
  }
  for (const { what } of steps) lines.push(`never happened: ${what}`);
  lines.push(`end      ${world.summary()}, writes ${writes}`);
  return { lines, notes, statusWrites, world };
}

function clock(start: number, now: number): string {
  return `${((now - start) / 1000).toFixed(1).padStart(6)}s`;
}

function describe(action: ExperimentAction, experiment: Experiment, start: number): string {
  switch (action.kind) {
    case 'CreateReplicaSet':
      return `create ReplicaSet ${action.replicaSet.metadata.name} size ${action.replicaSet.spec?.replicas}`;
    case 'PatchReplicaSet':
      return `patch ReplicaSet ${action.name} ${timed(JSON.stringify(action.patch), start)}`;
    case 'CreateService':
      return `create Service ${action.service.metadata.name} ${JSON.stringify(action.service.spec)}`;
    case 'DeleteService':
      return `delete Service ${action.name}`;
    case 'CreateAnalysisRun':
      return `create AnalysisRun ${action.run.metadata.name} ${timed(JSON.stringify(action.run.spec.args ?? []), start)}`;
    case 'TerminateAnalysisRun':
      return `patch AnalysisRun ${action.name} ${JSON.stringify(action.patch)}`;
    case 'WriteStatus':
      return `status ${describeStatus((action.patch as { status: ExperimentStatus }).status, experiment, start)}`;
  }
}

function describeStatus(patch: ExperimentStatus, { status = {} }: Experiment, start: number): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(patch)) {
    if (['conditions', 'templateStatuses', 'analysisRuns'].includes(key)) continue;
    parts.push(`${key}=${timed(typeof value === 'string' ? value : JSON.stringify(value), start)}`);
  }
  const said = (condition: { readonly status: string; readonly reason?: string; readonly lastUpdateTime?: string }): string =>
    `${condition.status}/${condition.reason} ${secondsSince(start, condition.lastUpdateTime)}`;
  const before = new Set((status.conditions ?? []).map((condition) => `${condition.type} ${said(condition)}`));
  for (const condition of patch.conditions ?? []) {
    const text = `${condition.type} ${said(condition)}`;
    if (!before.has(text)) parts.push(`[${text}]`);
  }
  for (const { name, ...entry } of patch.templateStatuses ?? []) {
    const { replicas, readyReplicas, availableReplicas, status: code, message, lastTransitionTime, serviceName, collisionCount } = entry;
    const more = [serviceName, collisionCount === undefined ? undefined : `collision ${collisionCount}`, message];
    const extra = more.filter((text) => text !== undefined).join(' ');
    parts.push(
      `${name}:${code} ${replicas}/${readyReplicas}/${availableReplicas} ${secondsSince(start, lastTransitionTime)} ${extra}`.trim(),
    );
  }
  for (const { name, analysisRun, phase, message = '' } of patch.analysisRuns ?? [])
    parts.push(`${name}:${analysisRun}/${phase} ${message}`.trim());
  return parts.join(', ');
}

function timed(text: string, start: number): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, (time) => `@${secondsSince(start, time)}`);
}
