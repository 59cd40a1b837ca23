/** What is wrong with a Rollout, and what this version does not carry out. The first finding counts. */
import { annotations, type FieldError, formatFieldError, labels, type Rollout, type Service, validateRollout } from '@sluice/api';
import { referencedServices } from './services.ts';

/** The first finding about the spec, or about what it refers to, as `path: Invalid value: "x": sentence`; `undefined` when there is none. */
export function invalidSpec(rollout: Rollout, services: ReadonlyMap<string, Service>): string | undefined {
  const [first] = validateRollout(rollout);
  const finding = first ?? serviceProblem(rollout, services);
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
