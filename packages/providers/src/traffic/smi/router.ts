/**
 * Service Mesh Interface: one TrafficSplit, made and owned by the Rollout.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/smi/smi.go
 */
import { apiVersionOf, canonicalQuantity, type ResourceType, type Rollout } from '@sluice/api';
import type { ObjectRef, TrafficRouter, WeightTarget } from '@sluice/engine';
import { drafted, normal, RoutingProblem, warning } from '../draft.ts';
import { type Fields, fieldAt, isFields, isSame, listOf, withField } from '../fields.ts';
import { isOwnedBy, nameOf, namespaceOf, ownerReference, routingOf, servicesOf } from '../rollout.ts';

/** @param version - of `split.smi-spec.io`: v1alpha1 (weights are quantities), v1alpha2 or v1alpha3 */
export function smiRouter(version: string): TrafficRouter {
  const type: ResourceType = { group: 'split.smi-spec.io', version, kind: 'TrafficSplit', resource: 'trafficsplits', namespaced: true };
  const refOf = (rollout: Rollout): ObjectRef => ({
    type,
    namespace: namespaceOf(rollout),
    name: routingOf(rollout).smi?.trafficSplitName || nameOf(rollout),
  });
  return {
    name: 'SMI',
    field: 'smi',
    isUsedBy: (rollout) => routingOf(rollout).smi !== undefined,
    references: (rollout) => [refOf(rollout)],
    validate: () => undefined,
    setWeight: (view, weight, targets) =>
      drafted(view, (draft) => {
        if (!['v1alpha1', 'v1alpha2', 'v1alpha3'].includes(version))
          throw new RoutingProblem(`Unsupported TrafficSplit API version \`${version}\``);
        const { rollout } = view;
        const ref = refOf(rollout);
        const present = draft.find(ref);
        const spec = {
          service: routingOf(rollout).smi?.rootService || servicesOf(rollout).stable,
          backends: backendsOf(rollout, weight, targets, version),
        };
        if (present === undefined) {
          const metadata = { name: ref.name, namespace: ref.namespace, ownerReferences: [ownerReference(rollout)] };
          draft.write(
            ref,
            { apiVersion: apiVersionOf(type), kind: type.kind, metadata, spec },
            normal('TrafficSplitCreated', `TrafficSplit \`${ref.name}\` created`),
            (error) => warning('TrafficSplitNotCreated', `TrafficSplit \`${ref.name}\` failed creation: ${error}`),
          );
          return;
        }
        if (!isOwnedBy(present, rollout)) throw new RoutingProblem(`Rollout does not own TrafficSplit \`${ref.name}\``);
        const isRight = isSame(normalized(fieldAt(present, 'spec', 'backends')), normalized(spec.backends));
        let next = withField(present, ['spec', 'service'], spec.service);
        if (!isRight) next = withField(next, ['spec', 'backends'], spec.backends);
        draft.write(ref, next, normal('TrafficSplitModified', `TrafficSplit \`${ref.name}\` modified`));
      }),
  };
}

/** Canary, experiments in their order, and what is left for the stable version. */
function backendsOf(rollout: Rollout, weight: number, targets: readonly WeightTarget[], version: string): readonly Fields[] {
  const { stable, canary } = servicesOf(rollout);
  const shown = (share: number): string | number => (version === 'v1alpha1' ? String(share) : share);
  const rest = targets.reduce((left, target) => left - target.weight, 100 - weight);
  return [
    { service: canary, weight: shown(weight) },
    ...targets.map((target) => ({ service: target.serviceName, weight: shown(target.weight) })),
    { service: stable, weight: shown(rest) },
  ];
}

/** The API may give a quantity back as a number or in another spelling. */
function normalized(backends: unknown): unknown {
  return listOf(backends)?.map((backend) => {
    if (!isFields(backend)) return backend;
    const { weight } = backend;
    return typeof weight === 'number' || typeof weight === 'string' ? { ...backend, weight: canonicalQuantity(weight) } : backend;
  });
}
