/** What is wrong with a Rollout, and what this version does not carry out. The first finding counts. */
import {
  annotations,
  canaryStepHash,
  type FieldError,
  formatFieldError,
  labels,
  type Rollout,
  type Service,
  validateRollout,
} from '@sluice/api';
import type { RolloutFacts, SpecReading } from './facts.ts';
import { templateHash } from './roles.ts';
import { referencedServices } from './services.ts';

/** Reads a spec anew, or takes an earlier reading of the same one: a changed spec has another generation. */
export function readSpec({ rollout, specReading }: RolloutFacts): SpecReading {
  const { uid, generation } = rollout.metadata;
  const collisionCount = rollout.status?.collisionCount;
  const isSameSpec = uid !== undefined && generation !== undefined && specReading?.uid === uid && specReading.generation === generation;
  if (isSameSpec && specReading.collisionCount === collisionCount) return specReading;
  const [finding] = validateRollout(rollout);
  return {
    uid,
    generation,
    collisionCount,
    templateHash: templateHash(rollout),
    stepHash: canaryStepHash(rollout.spec.strategy?.canary?.steps),
    problem: finding === undefined ? undefined : formatFieldError(finding),
  };
}

/** The first finding about the services that a valid spec refers to, as `path: Invalid value: "x": sentence`. */
export function invalidServices(rollout: Rollout, services: ReadonlyMap<string, Service>): string | undefined {
  const finding = serviceProblem(rollout, services);
  return finding === undefined ? undefined : formatFieldError(finding);
}

function serviceProblem(rollout: Rollout, services: ReadonlyMap<string, Service>): FieldError | undefined {
  for (const { name, path } of referencedServices(rollout)) {
    const problem = (detail: string): FieldError => ({ path, type: 'Invalid', value: name, detail });
    const service = services.get(name);
    if (service === undefined) return problem(`service "${name}" not found`);
    const podLabels = rollout.spec.template?.metadata?.labels ?? {};
    const odd = Object.entries(service.spec?.selector ?? {}).find(
      ([key, value]) => key !== labels.podTemplateHash && podLabels[key] !== value,
    );
    if (odd !== undefined) return problem(`Service "${name}" has unmatch label "${odd[0]}" in rollout`);
    const manager = service.metadata.annotations?.[annotations.managedBy];
    if (manager !== undefined && manager !== rollout.metadata.name) return problem(`Service "${name}" is managed by another Rollout`);
  }
  return undefined;
}

/**
 * The part of a valid spec that this version does not carry out; `undefined` when it does all. Such a Rollout is left exactly as it is:
 * half an update would be worse than none.
 */
export function unsupportedPart({ spec }: Rollout): string | undefined {
  if (spec.workloadRef !== undefined) return 'spec.workloadRef';
  const { canary, blueGreen } = spec.strategy ?? {};
  if (blueGreen !== undefined) return 'spec.strategy.blueGreen';
  if (canary?.trafficRouting !== undefined) return 'spec.strategy.canary.trafficRouting';
  if (canary?.analysis !== undefined) return 'spec.strategy.canary.analysis';
  const known = ['setWeight', 'pause'];
  for (const [at, step] of (canary?.steps ?? []).entries()) {
    const other = Object.keys(step).find((key) => !known.includes(key));
    if (other !== undefined) return `spec.strategy.canary.steps[${at}].${other}`;
  }
  return undefined;
}
