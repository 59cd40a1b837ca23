/** Runs a scenario in the model to its end and writes down each pass that did something, in lines that people can read. */
import type { Rollout, RolloutStatus } from '@sluice/api';
import { type Action, actionPatches, decideRollout, type Note, type RolloutAction, type RolloutPlan, rolloutPhase } from '../index.ts';
import { Conflict, secondsSince, type WorldModel } from './world-model.ts';

/** Something done to the Rollout once its condition holds. Steps are taken in order. */
export type ScenarioStep = {
  readonly when: (world: WorldModel) => boolean;
  readonly what: string;
  readonly act: (world: WorldModel) => void;
  /** Only looks, at something that passes: in disorder it may be missed. */
  readonly isGlimpse?: boolean;
};

export type Scenario = {
  readonly name: string;
  readonly world: () => WorldModel;
  readonly steps: readonly ScenarioStep[];
};

export type Run = {
  readonly lines: readonly string[];
  readonly notes: readonly Note[];
  readonly writes: number;
  readonly rolloutWrites: number;
  readonly world: WorldModel;
};

/** Memory of the shell between passes. */
export type ShellMemory = { countsWaitSince: number | undefined; readonly checked: Set<string> };

/** One pass of the shell in the model: decide, look again where pods are needed, remember what the plan asks to remember. */
function decideIn(world: WorldModel, memory: ShellMemory): RolloutPlan {
  const facts = {
    ...world.facts(),
    podMetadataChecked: memory.checked,
    ...(memory.countsWaitSince === undefined ? {} : { countsWaitSince: memory.countsWaitSince }),
  };
  let plan = decideRollout(facts, world.now);
  if (plan.needs !== undefined) plan = decideRollout({ ...facts, pods: world.podList() }, world.now);
  return plan;
}

export function remember(memory: ShellMemory, plan: RolloutPlan, now: number): void {
  memory.countsWaitSince = plan.holdsCounts === true ? (memory.countsWaitSince ?? now) : undefined;
  for (const key of plan.checks ?? []) memory.checked.add(key);
}

/** Runs until nothing is left to happen: no write, no pod on its way, no wake-up within a minute, no step of the scenario waiting. */
export function run(scenario: Scenario): Run {
  return continueRun(scenario.world(), scenario.steps);
}

/** The same from a world that exists. @param deadline - an instant that must not pass */
export function continueRun(world: WorldModel, waiting: readonly ScenarioStep[] = [], deadline: number = Number.POSITIVE_INFINITY): Run {
  const start = world.now;
  const memory: ShellMemory = { countsWaitSince: undefined, checked: new Set() };
  const lines: string[] = [];
  const notes: Note[] = [];
  const steps = [...waiting];
  let writes = 0;
  let rolloutWrites = 0;
  for (let turn = 0; turn < 5000; turn++) {
    const plan = decideIn(world, memory);
    remember(memory, plan, world.now);
    if (plan.actions.length > 0) {
      lines.push(`${clock(start, world.now)} pass: ${plan.reason}`);
      const own = new Set<string>();
      for (const action of plan.actions.flatMap(flat)) {
        lines.push(`         ${describe(action, world.rollout, start)}`);
        writes++;
        if (action.kind === 'PatchRollout' || action.kind === 'WriteStatus') rolloutWrites++;
        try {
          world.carryOut(action.kind === 'PatchReplicaSet' && own.has(action.name) ? { ...action, resourceVersion: undefined } : action);
          if (action.kind === 'PatchReplicaSet') own.add(action.name);
        } catch (error) {
          if (!(error instanceof Conflict)) throw error;
          lines.push(`         conflict: ${error.message}`);
        }
      }
      for (const note of plan.notes) lines.push(`         event ${note.type} ${note.reason}: ${note.message}`);
      notes.push(...plan.notes);
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
    const wake = plan.requeueAfterMs === undefined || plan.requeueAfterMs > 60_000 ? undefined : world.now + plan.requeueAfterMs;
    const ready = world.nextReady();
    const until = Math.min(wake ?? Number.POSITIVE_INFINITY, ready ?? Number.POSITIVE_INFINITY);
    if (until === Number.POSITIVE_INFINITY || until > deadline) break;
    world.now = Math.max(until, world.now + 1);
    world.live();
  }
  for (const { what } of steps) lines.push(`never happened: ${what}`);
  const { phase, message } = rolloutPhase(world.rollout);
  lines.push(`end      ${phase} ${message} sizes ${world.sizes()} writes ${writes}, of the Rollout ${rolloutWrites}`);
  return { lines, notes, writes, rolloutWrites, world };
}

function flat(action: Action): readonly Action[] {
  return action.kind === 'Together' ? action.actions.flatMap(flat) : [action];
}

function clock(start: number, now: number): string {
  return `${((now - start) / 1000).toFixed(1).padStart(6)}s`;
}

function describe(action: Action, rollout: Rollout, start: number): string {
  switch (action.kind) {
    case 'CreateReplicaSet':
      return `create ReplicaSet ${action.replicaSet.metadata.name} size ${action.replicaSet.spec?.replicas}`;
    case 'PatchReplicaSet':
      return `patch ReplicaSet ${action.name} ${JSON.stringify(action.patch)}`;
    case 'DeleteReplicaSet':
      return `delete ReplicaSet ${action.name}`;
    case 'PatchRollout':
      return `patch Rollout ${JSON.stringify(action.patch)}`;
    case 'PatchService':
      return `patch Service ${action.name} ${JSON.stringify(action.patch)}`;
    case 'PatchPod':
      return `patch Pod ${action.name} ${JSON.stringify(action.patch)}`;
    case 'EvictPod':
      return `evict Pod ${action.name}`;
    case 'CreateObject':
      return `create ${action.object.kind} ${action.object.metadata.name}`;
    case 'PatchObject':
      return `patch ${action.type.kind} ${action.name} ${JSON.stringify(action.patch)}`;
    case 'DeleteObject':
      return `delete ${action.type.kind} ${action.name}`;
    case 'WriteStatus':
      return `status ${describeStatus((action.patch as { status: RolloutStatus }).status, rollout, start)}`;
    case 'Together':
      return '';
  }
}

function describeStatus(patch: RolloutStatus, rollout: Rollout, start: number): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(patch)) {
    if (key === 'conditions') continue;
    parts.push(`${key}=${describeValue(value, start)}`);
  }
  const before = new Map(
    (rollout.status?.conditions ?? []).map((condition) => [condition.type, `${condition.status}/${condition.reason}`]),
  );
  for (const { type, status, reason, lastUpdateTime } of patch.conditions ?? []) {
    const text = `${status}/${reason}`;
    if (before.get(type) !== text) parts.push(`[${type} ${text} ${secondsSince(start, lastUpdateTime)}]`);
  }
  return parts.join(' ');
}

function describeValue(value: unknown, start: number): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, (time) => `@${secondsSince(start, time)}`);
}

/** A person's action as a step of a scenario. */
export function person(what: string, when: ScenarioStep['when'], action: (world: WorldModel) => RolloutAction): ScenarioStep {
  return { what, when, act: (world) => world.perform(actionPatches(world.rollout, action(world))) };
}
