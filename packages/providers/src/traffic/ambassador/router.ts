/**
 * Ambassador: each base mapping gets a canary mapping beside it while the canary has traffic.
 *
 * A mapping whose weight has come down to 0 is taken away some seconds later, so that the proxy lets go of it first. When it may go is written
 * on the mapping itself, since nothing is remembered between passes; upstream sleeps instead, and holds up every other Rollout.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/ambassador/ambassador.go
 */
import { type FieldError, formatTime, type KubeObject, parseApiVersion, parseTime, type ResourceType, type Rollout } from '@sluice/api';
import { type ObjectRef, objectKey, type RouterView, type TrafficRouter } from '@sluice/engine';
import { type Draft, drafted, normal, notFoundText, RoutingProblem, warning } from '../draft.ts';
import { annotationsOf, fieldAt, isFields, textOf, withAnnotations, withField } from '../fields.ts';
import { namespaceOf, routingOf, servicesOf } from '../rollout.ts';

const mappingsPath = 'spec.strategy.canary.trafficRouting.ambassador.mappings';
const removeAfterAnnotation = 'sluice.dev/remove-after';
const removalDelayMs = 5_000;
const baseNameMax = 246;

/** @param apiVersion - group and version; the kind of `x.getambassador.io` is `AmbassadorMapping` */
export function ambassadorRouter(apiVersion: string): TrafficRouter {
  const { group, version } = parseApiVersion(apiVersion);
  const isNew = group === 'x.getambassador.io';
  const type: ResourceType = {
    group: group === '' ? 'getambassador.io' : group,
    version,
    kind: isNew ? 'AmbassadorMapping' : 'Mapping',
    resource: isNew ? 'ambassadormappings' : 'mappings',
    namespaced: true,
  };
  const refOf = (rollout: Rollout, name: string): ObjectRef => ({ type, namespace: namespaceOf(rollout), name });

  return {
    name: 'Ambassador',
    field: 'ambassador',
    isUsedBy: (rollout) => routingOf(rollout).ambassador !== undefined,
    references: (rollout) => mappingsOf(rollout).flatMap((name) => [refOf(rollout, name), refOf(rollout, canaryMappingName(name))]),
    validate: (rollout, objects) => validate(rollout, objects, (name) => refOf(rollout, name)),
    setWeight: (view, weight) =>
      drafted(view, (draft) => {
        const problems: RoutingProblem[] = [];
        const changed: boolean[] = [];
        for (const name of mappingsOf(view.rollout)) {
          try {
            changed.push(setMapping(draft, refOf(view.rollout, name), refOf(view.rollout, canaryMappingName(name)), weight));
          } catch (problem) {
            if (!(problem instanceof RoutingProblem)) throw problem;
            problems.push(problem);
          }
        }
        const [first, ...others] = problems;
        if (first !== undefined && others.length === 0) throw first;
        if (first !== undefined)
          throw new RoutingProblem(
            `${problems.length} errors found: ${problems.map(({ message }) => `[${message}]`).join('')}`,
            ...problems.flatMap(({ notes }) => notes),
          );
        if (changed.includes(true)) draft.tell(normal('CanaryMappingWeightUpdate', `Set canary mapping weight to ${weight}`));
      }),
  };
}

function mappingsOf(rollout: Rollout): readonly string[] {
  return routingOf(rollout).ambassador?.mappings ?? [];
}

function canaryMappingName(name: string): string {
  return `${name.slice(0, baseNameMax)}-canary`;
}

/** @returns whether the weight becomes another */
function setMapping(draft: Draft, base: ObjectRef, canary: ObjectRef, weight: number): boolean {
  const present = draft.find(canary);
  if (present === undefined) {
    if (weight === 0) return false;
    return draft.write(canary, canaryMapping(draft, base, canary, weight), undefined, (error) =>
      warning('CanaryMappingCreationError', `Error creating canary mapping: ${error}`),
    );
  }
  if (!isFields(present.spec)) throw new RoutingProblem(`ambassador mapping ${JSON.stringify(canary.name)} has no spec`);
  if (weight === 0) return retire(draft, canary, present);
  const weighed = withField(withAnnotations(present, { [removeAfterAnnotation]: undefined }), ['spec', 'weight'], weight);
  return update(draft, canary, weighed);
}

/** Weight 0 first; gone once the delay is over. */
function retire(draft: Draft, canary: ObjectRef, present: KubeObject): boolean {
  const { now } = draft.view;
  const removeAt = weightOf(present) === 0 ? parseTime(annotationsOf(present)[removeAfterAnnotation]) : undefined;
  if (removeAt !== undefined && removeAt <= now) {
    draft.remove(canary, (error) =>
      warning('CanaryMappingCleanupError', `Error deleting canary mapping ${JSON.stringify(canary.name)}: ${error}`),
    );
    return false;
  }
  // An instant further away than the delay is none of ours.
  if (removeAt !== undefined && removeAt <= now + removalDelayMs + 1_000) {
    draft.wake(removeAt);
    return false;
  }
  // Kubernetes times have whole seconds: up, so that the delay is never shorter.
  const until = Math.ceil((now + removalDelayMs) / 1_000) * 1_000;
  draft.wake(until);
  const isUpdate = weightOf(present) !== 0;
  const next = withField(withAnnotations(present, { [removeAfterAnnotation]: formatTime(until) }), ['spec', 'weight'], 0);
  return update(draft, canary, next) && isUpdate;
}

function update(draft: Draft, canary: ObjectRef, next: KubeObject): boolean {
  return draft.write(canary, next, undefined, (error) =>
    warning('CanaryMappingUpdateError', `Error updating canary mapping ${JSON.stringify(canary.name)}: ${error}`),
  );
}

/** A copy of the base mapping that leads to the canary service. It has no owner, as upstream's. */
function canaryMapping(draft: Draft, base: ObjectRef, canary: ObjectRef, weight: number): KubeObject {
  const mapping = draft.get(base, warning('AmbassadorMappingNotFound', `Ambassador mapping ${JSON.stringify(base.name)} not found`));
  const problem = weightProblem(mapping);
  if (problem !== undefined) throw new RoutingProblem(problem, warning('AmbassadorMappingConfigError', problem));
  if (!isFields(mapping.spec)) throw new RoutingProblem(`ambassador mapping ${JSON.stringify(base.name)} has no spec`);
  const { stable, canary: canaryService } = servicesOf(draft.view.rollout);
  const service = textOf(mapping.spec.service);
  if (service === '') throw new RoutingProblem(`ambassador mapping ${JSON.stringify(base.name)} has no service`);
  const metadata = { name: canary.name, namespace: canary.namespace };
  const { status: _, ...rest } = mapping;
  return {
    ...rest,
    metadata,
    spec: { ...mapping.spec, service: stable === '' ? service : service.replace(stable, () => canaryService), weight },
  };
}

function weightOf(mapping: KubeObject): number {
  const weight = fieldAt(mapping, 'spec', 'weight');
  return typeof weight === 'number' ? weight : 0;
}

function weightProblem(mapping: KubeObject): string | undefined {
  const name = JSON.stringify(mapping.metadata.name ?? '');
  return weightOf(mapping) === 0 ? undefined : `Ambassador mapping ${name} can not define weight`;
}

function validate(rollout: Rollout, objects: RouterView['objects'], refOf: (name: string) => ObjectRef): FieldError | undefined {
  const names = mappingsOf(rollout);
  if (names.length === 0) return { path: mappingsPath, type: 'Invalid', value: [], detail: 'must provide at least one mapping' };
  const missing = names.map(refOf).find((ref) => !objects.has(objectKey(ref)));
  if (missing !== undefined) return { path: mappingsPath, type: 'Invalid', value: missing.name, detail: notFoundText(missing) };
  for (const name of names) {
    const mapping = objects.get(objectKey(refOf(name)));
    const detail = mapping === undefined ? undefined : weightProblem(mapping);
    if (detail !== undefined) return { path: 'spec.weight', type: 'Invalid', value: name, detail };
  }
  return undefined;
}
