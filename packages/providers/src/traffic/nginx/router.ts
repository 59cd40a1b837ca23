/**
 * NGINX: each stable Ingress gets a canary Ingress of its own, whose annotations carry the weight.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/nginx/nginx.go
 */
import { apiVersionOf, type FieldError, type KubeObject, type ResourceType, type Rollout } from '@sluice/api';
import { type ObjectRef, objectKey, type RouterView, type TrafficRouter } from '@sluice/engine';
import { drafted, normal, notFoundText, RoutingProblem } from '../draft.ts';
import { annotationsOf, type Fields, fieldAt, isFields, withAnnotations, withField } from '../fields.ts';
import { classAnnotation, leadsTo, pathsOf, rulesOf, serviceOf, withService } from '../ingress.ts';
import { isOwnedBy, nameOf, namespaceOf, ownerReference, routingOf, servicesOf } from '../rollout.ts';

const nginxPath = 'spec.strategy.canary.trafficRouting.nginx';
const suffix = '-canary';

export function nginxRouter(type: ResourceType): TrafficRouter {
  const ref = (rollout: Rollout, name: string): ObjectRef => ({ type, namespace: namespaceOf(rollout), name });
  return {
    name: 'Nginx',
    field: 'nginx',
    isUsedBy: (rollout) => routingOf(rollout).nginx !== undefined,
    references: (rollout) =>
      stableIngresses(rollout).flatMap((name) => [ref(rollout, name), ref(rollout, canaryIngressName(rollout, name))]),
    validate: (rollout, objects) => validate(rollout, objects, (name) => ref(rollout, name)),
    setWeight: (view, weight) =>
      drafted(view, (draft) => {
        const { rollout } = view;
        for (const stableName of stableIngresses(rollout)) {
          const name = canaryIngressName(rollout, stableName);
          const stable = draft.find(ref(rollout, stableName));
          if (stable === undefined)
            throw new RoutingProblem(
              `error retrieving stableIngress \`${stableName}\` from cache: ${notFoundText(ref(rollout, stableName))}`,
            );
          const present = draft.find(ref(rollout, name));
          const wanted = canaryIngress(rollout, stable, name, weight, type);
          if (present === undefined) {
            draft.write(
              ref(rollout, name),
              wanted,
              normal('CreatingCanaryIngress', `Creating canary ingress \`${name}\` with weight \`${weight}\``),
            );
            continue;
          }
          if (!isOwnedBy(present, rollout)) throw new RoutingProblem(`canary ingress \`${name}\` controlled by different object`);
          draft.write(
            ref(rollout, name),
            laidOver(present, wanted),
            normal('PatchingCanaryIngress', `Updating Ingress \`${name}\` to desiredWeight '${weight}'`),
          );
        }
      }),
  };
}

function stableIngresses(rollout: Rollout): readonly string[] {
  const { stableIngresses: several = [], stableIngress = '' } = routingOf(rollout).nginx ?? {};
  return several.length > 0 ? several : [stableIngress].filter((name) => name !== '');
}

/** Names of objects end at 253 characters. */
function canaryIngressName(rollout: Rollout, stableName: string): string {
  return `${`${nameOf(rollout)}-${stableName}`.slice(0, 253 - suffix.length)}${suffix}`;
}

/** A copy of the rules that lead to the stable service, leading to the canary. Other paths of such a rule are copied as they are. */
function canaryIngress(rollout: Rollout, stable: KubeObject, name: string, weight: number, type: ResourceType): KubeObject {
  const { stable: stableService, canary: canaryService } = servicesOf(rollout);
  const rules = rulesOf(stable).flatMap((rule) => {
    const paths = pathsOf(rule);
    if (!isFields(rule) || !paths.some(({ backend }) => serviceOf(backend) === stableService)) return [];
    return [
      withField(
        rule,
        ['http', 'paths'],
        paths.map((path) => (serviceOf(path.backend) === stableService ? withService(path, canaryService) : path)),
      ),
    ];
  });
  if (rules.length === 0) {
    const { stableIngress = '' } = routingOf(rollout).nginx ?? {};
    throw new RoutingProblem(`ingress \`${stableIngress}\` has no rules using service ${stableService} backend`);
  }
  const tls = fieldAt(stable, 'spec', 'tls');
  const ingressClassName = fieldAt(stable, 'spec', 'ingressClassName');
  return {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: {
      name,
      namespace: namespaceOf(rollout),
      annotations: annotationsFor(rollout, stable, weight),
      ownerReferences: [ownerReference(rollout)],
    },
    spec: {
      rules,
      ...(tls === undefined ? {} : { tls }),
      ...(ingressClassName === undefined ? {} : { ingressClassName }),
    },
  };
}

function annotationsFor(rollout: Rollout, stable: KubeObject, weight: number): Readonly<Record<string, string>> {
  const { nginx, maxTrafficWeight } = routingOf(rollout);
  const prefix = nginx?.annotationPrefix || 'nginx.ingress.kubernetes.io';
  const ingressClass = annotationsOf(stable)[classAnnotation];
  const additional = Object.entries(nginx?.additionalIngressAnnotations ?? {});
  return {
    ...(ingressClass === undefined ? {} : { [classAnnotation]: ingressClass }),
    ...Object.fromEntries(additional.map(([key, value]) => [key.startsWith(prefix) ? key : `${prefix}/${key}`, value])),
    ...nginx?.canaryIngressAnnotations,
    [`${prefix}/canary`]: 'true',
    [`${prefix}/canary-weight`]: String(weight),
    ...(maxTrafficWeight === undefined ? {} : { [`${prefix}/canary-weight-total`]: String(maxTrafficWeight) }),
  };
}

/** What others put on the canary Ingress stays; rules, TLS and class follow the stable one. */
function laidOver(present: KubeObject, wanted: KubeObject): KubeObject {
  const spec = wanted.spec as Fields;
  let next = withAnnotations(present, annotationsOf(wanted));
  for (const field of ['rules', 'tls', 'ingressClassName']) next = withField(next, ['spec', field], spec[field]);
  return next;
}

function validate(rollout: Rollout, objects: RouterView['objects'], refOf: (name: string) => ObjectRef): FieldError | undefined {
  const { stableIngresses: several = [], stableIngress = '' } = routingOf(rollout).nginx ?? {};
  const configured = [several.length > 0, stableIngress !== ''].filter(Boolean).length;
  if (configured !== 1) {
    const which = configured === 2 ? 'Both' : 'Neither';
    return {
      path: nginxPath,
      type: 'Internal',
      detail: `Either StableIngress or StableIngresses must be configured. ${which} are configured.`,
    };
  }
  for (const name of stableIngresses(rollout)) {
    if (objects.has(objectKey(refOf(name)))) continue;
    const path = `${nginxPath}.${several.length > 0 ? 'StableIngresses' : 'stableIngress'}`;
    return { path, type: 'Invalid', value: name, detail: notFoundText(refOf(name)) };
  }
  for (const name of stableIngresses(rollout)) {
    const ingress = objects.get(objectKey(refOf(name)));
    const { stable } = servicesOf(rollout);
    if (ingress === undefined || leadsTo(ingress, stable)) continue;
    const path = `${nginxPath}.${several.length > 0 ? 'stableIngresses' : 'stableIngress'}`;
    return { path, type: 'Invalid', value: name, detail: `ingress \`${name}\` has no rules using service ${stable} backend` };
  }
  return undefined;
}
