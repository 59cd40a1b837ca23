/**
 * Moving traffic: which weight the routers are to give the new version in this pass, and telling them. Routers are pure (see
 * `ports/traffic-router.ts`), so their objects change in the world of the pass and are written with the rest of the plan.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting.go
 */
import type { TrafficWeights, WeightDestination } from '@sluice/api';
import { areCountsReached, meetsThreshold } from './counts.ts';
import { canaryOf, desiredReplicas, maxWeight, stepsOf } from './defaults.ts';
import { notes } from './events.ts';
import { because, type Pass } from './pass.ts';
import { isAborted } from './pause.ts';
import { objectWrite } from './plan.ts';
import { objectKey, type RouterOutcome, type RouterView, type TrafficRouter, type WeightTarget } from './ports/traffic-router.ts';
import { availableOf, hashOf, reliablyAvailableOf, revisionOf, sizeOf } from './replica-sets.ts';
import { withdrawCanaryService } from './services.ts';
import { isFullyPromoted, isSame } from './status.ts';
import { currentSetWeight, currentStep, currentStepIndex, setWeightBefore } from './steps.ts';
import { hashRolledBackFrom, isStableUnsettled, weightOf, weightOnTheWayBack } from './weights.ts';

/** How long until a router that has not taken a weight over yet is asked again. */
const verifyRetryMs = 10_000;

/** What one pass wants of every router. */
type Wish = {
  readonly weight: number;
  readonly canaryHash: string;
  readonly stableHash: string;
  readonly targets: readonly WeightTarget[];
  /** Routes that steps have set are taken away. */
  readonly removesRoutes: boolean;
};

/** A problem of a router ends the pass: nothing after it may rest on a weight that was not set. */
export function reconcileTraffic(pass: Pass): void {
  const { routers } = pass.ground;
  if (routers.length === 0) {
    pass.draft.weights = undefined;
    return;
  }
  const isGoingBack = isAborted(pass.previous, pass.wish);
  if (isGoingBack && isStableUnsettled(pass.world.rollout, pass.roles)) return;
  const wish = wishOf(pass);
  for (const router of routers) {
    if (wish.removesRoutes && !carry(pass, router.removeManagedRoutes?.(viewOf(pass)))) return;
    // Traffic is never sent to pods that are not there: this router and all after it wait.
    if (!canStableCarry(pass, maxWeight(pass.world.rollout.spec) - wish.weight)) return;
    if (!route(pass, router, wish)) return;
    recordWeights(pass, wish);
    if (!isVerified(pass, wish)) return;
  }
}

function wishOf(pass: Pass): Wish {
  const { world, roles, previous } = pass;
  const { rollout } = world;
  const { spec } = rollout;
  const { current, stable } = roles;
  const all = maxWeight(spec);
  const steps = stepsOf(spec);
  const index = currentStepIndex(spec, previous);
  const base = { canaryHash: hashOf(current), stableHash: hashOf(stable), targets: [] as readonly WeightTarget[], removesRoutes: false };

  const rolledBackFrom = hashRolledBackFrom(rollout, roles);
  if (rolledBackFrom !== undefined) {
    return { ...base, weight: weightOnTheWayBack(rollout, roles, previous.canary?.weights), canaryHash: rolledBackFrom };
  }
  if (isFullyPromoted(previous)) return { ...base, weight: 0, removesRoutes: true };
  if (isAborted(previous, pass.wish)) {
    const weight = weightOnTheWayBack(rollout, roles, previous.canary?.weights);
    if (canaryOf(spec).dynamicStableScale !== true || weight === 0) withdrawCanaryService(pass);
    return { ...base, weight, removesRoutes: true };
  }
  if (current === undefined || availableOf(current) === 0)
    return { ...base, weight: 0, targets: experimentTargets(pass), removesRoutes: true };
  if (previous.promoteFull === true) {
    const isDynamic = canaryOf(spec).dynamicStableScale === true;
    const weight = isDynamic ? Math.min(all, weightOf(spec, availableOf(current))) : (previous.canary?.weights?.canary.weight ?? 0);
    return { ...base, weight, removesRoutes: true };
  }
  if (index === undefined) return { ...base, weight: 0 };
  if (!areCountsReached(rollout, roles, undefined)) {
    return { ...base, weight: setWeightBefore(steps, index) ?? 0, targets: experimentTargets(pass) };
  }
  return index === steps.length
    ? { ...base, weight: all }
    : { ...base, weight: currentSetWeight(spec, previous), targets: experimentTargets(pass) };
}

/** Shares of a running experiment's templates, if an experiment step lies at or before the current one. */
function experimentTargets(pass: Pass): readonly WeightTarget[] {
  const { spec } = pass.world.rollout;
  const index = currentStepIndex(spec, pass.previous) ?? 0;
  const step = stepsOf(spec)
    .slice(0, index + 1)
    .findLast(({ experiment }) => experiment !== undefined)?.experiment;
  if (step === undefined || pass.experiment?.status?.phase !== 'Running') return [];
  return (pass.experiment.status.templateStatuses ?? []).flatMap(({ name, serviceName, podTemplateHash }) => {
    const weight = step.templates?.find((template) => template.name === name)?.weight;
    return weight === undefined ? [] : [{ weight, serviceName: serviceName ?? '', podTemplateHash: podTemplateHash ?? '' }];
  });
}

function canStableCarry(pass: Pass, weight: number): boolean {
  const { spec } = pass.world.rollout;
  const { stable } = pass.roles;
  if (stable === undefined) return false;
  const needed = Math.floor((weight * desiredReplicas(spec)) / maxWeight(spec));
  const available = reliablyAvailableOf(stable);
  return available >= needed || meetsThreshold(spec, sizeOf(stable), available, needed);
}

function route(pass: Pass, router: TrafficRouter, wish: Wish): boolean {
  const { canaryHash, stableHash, targets, weight } = wish;
  const step = currentStep(pass.world.rollout.spec, pass.previous);
  if (revisionOf(pass.world.rollout) > 1) {
    if (step?.setHeaderRoute !== undefined && !carry(pass, router.setHeaderRoute?.(viewOf(pass), step.setHeaderRoute))) return false;
    if (step?.setMirrorRoute !== undefined && !carry(pass, router.setMirrorRoute?.(viewOf(pass), step.setMirrorRoute))) return false;
  }
  const setWeight = (): boolean => carry(pass, router.setWeight(viewOf(pass), weight, targets));
  const updateHash = (): boolean => carry(pass, router.updateHash?.(viewOf(pass), canaryHash, stableHash, targets));
  // A version without pods loses its traffic before anything is pointed at it.
  const isEmptied = availableOf(pass.roles.current) === 0 && (pass.previous.canary?.weights?.canary.weight ?? 0) > 0;
  return isEmptied ? setWeight() && updateHash() && setWeight() : updateHash() && setWeight();
}

function viewOf({ world, now }: Pass): RouterView {
  return { rollout: world.rollout, objects: world.routed, replicaSets: world.replicaSets, now };
}

/** Lays what a router wants over the world. False: the pass is over. */
function carry(pass: Pass, outcome: RouterOutcome | undefined): boolean {
  if (outcome === undefined) return true;
  if (!outcome.ok) {
    for (const note of [...outcome.notes, notes.trafficRoutingError(outcome.problem)]) pass.notes.push(note);
    pass.problem = outcome.problem;
    return false;
  }
  const routed = new Map(pass.world.routed);
  const written: string[] = [];
  for (const { ref, object, onFailure } of outcome.changes) {
    const key = objectKey(ref);
    if (isSame(routed.get(key), object)) continue;
    if (object === undefined) routed.delete(key);
    else routed.set(key, object);
    written.push(objectWrite(ref.type, ref.namespace, ref.name));
    pass.routedRefs.set(key, { ...ref, onFailure });
  }
  if (outcome.wakeAt !== undefined) pass.wakes.push(outcome.wakeAt);
  const [first] = written;
  if (first !== undefined) {
    pass.world = { ...pass.world, routed };
    pass.hasActed = true;
    for (const write of written) because(pass, write, 'traffic is to follow the weight');
  }
  for (const note of outcome.notes) pass.notes.push(first === undefined ? note : { ...note, write: first });
  return true;
}

/** What the status says of weights. It changes only with the weights, the versions or the shares of an experiment. */
function recordWeights(pass: Pass, { weight, canaryHash, stableHash, targets }: Wish): void {
  const { spec } = pass.world.rollout;
  const { canaryService = '', stableService = '' } = canaryOf(spec);
  const given = targets.reduce((total, target) => total + target.weight, 0);
  const side = (share: number, serviceName: string, podTemplateHash: string): WeightDestination => ({
    weight: share,
    ...(podTemplateHash === '' ? {} : { podTemplateHash }),
    ...(serviceName === '' ? {} : { serviceName }),
  });
  const next: TrafficWeights = {
    canary: side(weight, canaryService, canaryHash),
    stable: side(maxWeight(spec) - weight - given, stableService, stableHash),
    ...(targets.length === 0
      ? {}
      : { additional: targets.map((target) => side(target.weight, target.serviceName, target.podTemplateHash)) }),
  };
  const before = pass.previous.canary?.weights;
  const { verified: _, ...compared } = before ?? { verified: undefined };
  if (isSame(compared, next)) {
    pass.draft.weights = before;
    return;
  }
  pass.draft.weights = next;
  because(pass, 'status', `traffic weight ${weight}`, notes.weightUpdated(before, next));
}

/**
 * Whether the router has taken the weight over, where it can tell. The answer is a fact that the shell asks for; until it is there the weight
 * counts as not taken over, and at the end of an update nothing may shrink.
 */
function isVerified(pass: Pass, { weight, canaryHash }: Wish): boolean {
  const { spec } = pass.world.rollout;
  const { verification } = pass.ground;
  if (verification === undefined || !needsVerification(pass, weight)) return true;
  if (verification.weight === weight && verification.canaryHash === canaryHash && verification.isVerified) {
    pass.isWeightVerified = true;
    return true;
  }
  pass.isWeightVerified = false;
  pass.wakes.push(pass.now + verifyRetryMs);
  if (weight === maxWeight(spec) && currentStep(spec, pass.previous) === undefined) {
    pass.problem = `end of rollout, desired weight ${weight} not yet verified`;
    return false;
  }
  return true;
}

function needsVerification(pass: Pass, weight: number): boolean {
  const { previous, world } = pass;
  if ((previous.stableRS ?? '') === '' || isFullyPromoted(previous)) return false;
  const step = currentStep(world.rollout.spec, previous);
  return step === undefined ? weight === maxWeight(world.rollout.spec) : step.setWeight !== undefined;
}
