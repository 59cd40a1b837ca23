/**
 * The same scenarios with the order of things drawn by lot: who acts next, how old the view of the cache is, where the process is killed,
 * which pass comes twice. After every step the promises are checked. A seed replays a run.
 */
import { parseTime, type ReplicaSet, type Rollout } from '@sluice/api';
import { type Action, decideRollout, desiredReplicas, fenceposts, hashOf, type RolloutFacts, rolloutPhase } from '../index.ts';
import { remember, type Scenario, type ShellMemory } from './transcript.ts';
import { Conflict, type WorldModel } from './world-model.ts';

/** What a controller sees: possibly older than the world, never older than its own last write. */
type View = RolloutFacts;

export type DisorderResult = { readonly end: string; readonly broken: readonly string[]; readonly unhappened: readonly string[] };

/** Turns with faults, before the world is left in peace. */
const faultyTurns = 150;
const turnsMax = 3000;

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

export function runInDisorder(scenario: Scenario, seed: number): DisorderResult {
  const random = seeded(seed);
  const world = scenario.world();
  const steps = scenario.steps.filter(({ isGlimpse }) => isGlimpse !== true);
  const broken: string[] = [];
  let memory: ShellMemory = { countsWaitSince: undefined, checked: new Set() };
  let view = look(world);
  let quiet = 0;
  for (let turn = 0; turn < turnsMax && quiet < (steps.length === 0 ? 40 : 400); turn++) {
    const isFaulty = turn < faultyTurns;
    const lot = random();
    if (!isFaulty || random() < 0.5) view = look(world);
    if (lot < 0.45) {
      const outcome = pass(world, view, memory, isFaulty ? random : () => 1, broken);
      if (outcome === 'killed') memory = { countsWaitSince: undefined, checked: new Set() };
      quiet = outcome === 'idle' ? quiet + 1 : 0;
    } else if (lot < 0.75) {
      if (world.live()) quiet = 0;
    } else if (steps[0]?.when(world) === true && (!isFaulty || random() < 0.5)) {
      steps.shift()?.act(world);
      quiet = 0;
    } else {
      // Never far: what is due must be noticed when it is.
      const ready = world.nextReady();
      world.now = ready !== undefined && random() < 0.5 ? ready : world.now + 250;
      const isMoving = ready !== undefined || isDelayPending(world);
      if (isMoving) quiet = 0;
      else if (steps.length === 0 && rolloutPhase(world.rollout).phase !== 'Healthy') quiet = Math.min(quiet, 20);
    }
  }
  return { end: summary(world), broken, unhappened: steps.map(({ what }) => what) };
}

/** The end of a run as far as the order of things may not matter: phase, size of the new version, and of all others together. */
export function summary(world: WorldModel): string {
  const hash = world.rollout.status?.currentPodHash;
  const size = (isMeant: (set: ReplicaSet) => boolean): number =>
    world.replicaSets.filter(isMeant).reduce((total, set) => total + (set.spec?.replicas ?? 1), 0);
  const { phase, message } = rolloutPhase(world.rollout);
  return `${phase} ${message} ${size((set) => hashOf(set) === hash)} new, ${size((set) => hashOf(set) !== hash)} old`;
}

function look(world: WorldModel): View {
  return world.facts();
}

function pass(world: WorldModel, seen: View, memory: ShellMemory, random: () => number, broken: string[]): 'idle' | 'acted' | 'killed' {
  const view: { -readonly [K in keyof View]: View[K] } = seen;
  const facts = {
    ...view,
    podMetadataChecked: memory.checked,
    ...(memory.countsWaitSince === undefined ? {} : { countsWaitSince: memory.countsWaitSince }),
  };
  let plan = decideRollout(facts, world.now);
  if (plan.needs !== undefined) plan = decideRollout({ ...facts, pods: world.podList() }, world.now);
  const own = new Set<string>();
  for (const action of plan.actions.flatMap((one) => (one.kind === 'Together' ? one.actions : [one]))) {
    if (random() < 0.05) return 'killed';
    if ((action.kind === 'PatchRollout' || action.kind === 'WriteStatus') && !own.has('rollout')) {
      if (view.rollout.metadata.resourceVersion !== world.rollout.metadata.resourceVersion) return 'acted';
    }
    const check = promises(world, action);
    try {
      world.carryOut(action.kind === 'PatchReplicaSet' && own.has(action.name) ? { ...action, resourceVersion: undefined } : action);
    } catch (error) {
      if (!(error instanceof Conflict)) throw error;
      return 'acted';
    }
    broken.push(...check());
    own.add(
      action.kind === 'PatchReplicaSet' ? action.name : action.kind === 'PatchRollout' || action.kind === 'WriteStatus' ? 'rollout' : '',
    );
    // Answers of own writes are laid over the cache.
    if (action.kind === 'PatchRollout' || action.kind === 'WriteStatus') view.rollout = world.rollout;
    else if (action.kind === 'PatchReplicaSet') view.replicaSets = view.replicaSets.map((set) => freshOf(world, set, action.name));
    else if (action.kind === 'CreateReplicaSet') view.replicaSets = [...view.replicaSets, ...world.replicaSets.slice(-1)];
    else if (action.kind === 'DeleteReplicaSet')
      view.replicaSets = view.replicaSets.filter(({ metadata }) => metadata.name !== action.name);
    else if (action.kind === 'PatchService') view.services = new Map(world.services);
    else if (action.kind === 'CreateObject' || action.kind === 'PatchObject' || action.kind === 'DeleteObject') {
      const { analysisRuns = [], experiments = [], routed = new Map(), workload } = world.facts();
      Object.assign(view, { analysisRuns, experiments, routed, ...(workload === undefined ? {} : { workload }) });
    }
  }
  remember(memory, plan, world.now);
  return plan.actions.length > 0 || plan.holdsCounts === true ? 'acted' : 'idle';
}

function freshOf(world: WorldModel, set: ReplicaSet, name: string): ReplicaSet {
  if (set.metadata.name !== name) return set;
  return world.replicaSets.find(({ metadata }) => metadata.name === name) ?? set;
}

/** Looks at the world before a write; the answer looks again and names the promises that the write broke. */
function promises(world: WorldModel, action: Action): () => readonly string[] {
  const before = measure(world);
  return () => {
    const after = measure(world);
    const { spec, status = {} } = world.rollout;
    const desired = desiredReplicas(spec);
    const { surge, unavailable } = fenceposts(spec);
    const broken: string[] = [];
    const say = (what: string): void => {
      broken.push(`${what} by ${action.kind} ${'name' in action ? action.name : ''}: ${before.text} became ${after.text}`);
    };
    const isBasic = spec.strategy?.blueGreen === undefined && spec.strategy?.canary?.trafficRouting === undefined;
    if (isBasic && after.total > Math.max(desired + surge, before.total)) say(`above the surge of ${surge}`);
    if (!isBasic && after.canary > desired) say(`more than ${desired} of the new version`);
    for (const wrong of misledTraffic(world, action)) say(wrong);
    const atLeast = desired - (action.kind === 'EvictPod' ? Math.max(unavailable, 1) : unavailable);
    if (after.available < Math.min(atLeast, before.available)) say(`fewer than ${atLeast} available`);
    const steps = spec.strategy?.canary?.steps ?? [];
    const pause = before.status.pauseConditions?.find(({ reason }) => reason === 'CanaryPauseStep');
    const index = before.status.currentStepIndex ?? 0;
    const isSameUpdate = before.status.currentPodHash === status.currentPodHash && before.status.currentStepHash === status.currentStepHash;
    if (pause !== undefined && isSameUpdate && (status.currentStepIndex ?? 0) > index && before.status.promoteFull !== true) {
      const duration = steps[index]?.pause?.duration;
      const seconds = typeof duration === 'number' ? duration : Number.parseInt(duration ?? 'Infinity', 10);
      if (duration === undefined || world.now < (parseTime(pause.startTime) ?? 0) + seconds * 1000) say('past a pause');
    }
    if (before.status.abort === true && status.abort === true && isSameUpdate && after.canary > before.canary)
      say('canary grew while aborted');
    return broken;
  };
}

/** A version is kept for a while after a switch or an abort. */
function isDelayPending(world: WorldModel): boolean {
  return world.replicaSets.some((set) => sizeOf(set) > 0 && set.metadata.annotations?.['scale-down-deadline'] !== undefined);
}

function sizeOf(set: ReplicaSet): number {
  return set.spec?.replicas ?? 1;
}

/** Traffic goes only where pods are: the active service to a complete version, a weight to pods that can carry it. */
function misledTraffic(world: WorldModel, action: Action): readonly string[] {
  const { spec, status = {} } = world.rollout;
  const desired = desiredReplicas(spec);
  const { activeService } = spec.strategy?.blueGreen ?? {};
  if (action.kind === 'PatchService' && action.name === activeService && status.abort !== true) {
    const hash = world.services.get(action.name)?.spec?.selector?.['rollouts-pod-template-hash'];
    if (world.availablePods(hash) < desired) return [`the active service leads to ${world.availablePods(hash)} available pods`];
  }
  if (action.kind !== 'PatchObject' || action.type.kind !== 'Split') return [];
  const [split] = world.routed.values();
  const { weight = 0, canary, stable } = (split ?? {}) as { weight?: number; canary?: string; stable?: string };
  const wrong: string[] = [];
  if (weight > 0 && world.availablePods(canary) === 0) wrong.push(`weight ${weight} without a pod`);
  const needed = Math.floor(((100 - weight) * desired) / 100);
  if (stable !== undefined && world.availablePods(stable) < needed)
    wrong.push(`weight ${weight} leaves more than the stable version carries`);
  return wrong;
}

function measure(world: WorldModel): {
  readonly total: number;
  readonly available: number;
  readonly canary: number;
  readonly status: NonNullable<Rollout['status']>;
  readonly text: string;
} {
  const size = (set: ReplicaSet): number => set.spec?.replicas ?? 1;
  const status = world.rollout.status ?? {};
  const canary = world.replicaSets.filter(({ metadata }) => metadata.labels?.['rollouts-pod-template-hash'] === status.currentPodHash);
  const isUpdate = status.currentPodHash !== status.stableRS;
  return {
    total: world.replicaSets.reduce((total, set) => total + size(set), 0),
    available: world.replicaSets.reduce(
      (total, set) => total + Math.min(size(set), world.availablePods(set.metadata.labels?.['rollouts-pod-template-hash'])),
      0,
    ),
    canary: isUpdate ? canary.reduce((total, set) => total + size(set), 0) : 0,
    status,
    text: `${world.sizes()} (${world.availablePods()} available)`,
  };
}
