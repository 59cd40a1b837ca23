/**
 * What a Rollout refers to, as far as the same file holds it: services, ingresses, VirtualServices. An object that is not in the file is
 * no finding, since it may be in the cluster.
 */
import { annotations, type FieldError, type KubeObject, labels, type Rollout, type Service } from '@sluice/api';
import { objectKey } from '@sluice/engine';

export type References = { readonly services: Service[]; readonly ingresses: KubeObject[]; readonly virtualServices: KubeObject[] };

/** Findings in the order of the file: services, ingresses, VirtualServices. */
export async function referenceErrors(rollout: Rollout, references: References): Promise<readonly FieldError[]> {
  const errors = [
    ...references.services.flatMap((service) => serviceErrors(rollout, service)),
    ...references.ingresses.flatMap((ingress) => ingressErrors(rollout, ingress)),
  ];
  for (const virtualService of references.virtualServices) errors.push(...(await virtualServiceErrors(rollout, virtualService)));
  return errors;
}

/** The field that names a service. One that several fields name is judged under the last of them, as upstream does. */
function serviceField({ spec }: Rollout, name: string): string | undefined {
  const { canary, blueGreen } = spec.strategy ?? {};
  const fields: readonly (readonly [path: string, name: string | undefined])[] = [
    ['canary.canaryService', canary?.canaryService],
    ['canary.stableService', canary?.stableService],
    ['canary.pingPong.pingService', canary?.pingPong?.pingService],
    ['canary.pingPong.pongService', canary?.pingPong?.pongService],
    ['blueGreen.activeService', blueGreen?.activeService],
    ['blueGreen.previewService', blueGreen?.previewService],
  ];
  const found = fields.findLast(([, named]) => named === name);
  return found === undefined ? undefined : `spec.strategy.${found[0]}`;
}

function serviceErrors(rollout: Rollout, service: Service): readonly FieldError[] {
  const { name = '' } = service.metadata;
  const path = name === '' ? undefined : serviceField(rollout, name);
  if (path === undefined) return [];
  const podLabels = rollout.spec.template?.metadata?.labels ?? {};
  return Object.entries(service.spec?.selector ?? {})
    .filter(([key, value]) => key !== labels.podTemplateHash && podLabels[key] !== value)
    .map(([key]) => ({ path, type: 'Invalid', value: name, detail: `Service "${name}" has unmatch label "${key}" in rollout` }));
}

const routing = 'spec.strategy.canary.trafficRouting';

/**
 * An ingress belongs to a Rollout when a rule of it leads to the Rollout's service, or when it says so itself; only the latter can be
 * wrong.
 */
function ingressErrors(rollout: Rollout, ingress: KubeObject): readonly FieldError[] {
  if (ingress.metadata.annotations?.[annotations.managedBy] !== rollout.metadata.name) return [];
  const { stableService = '', trafficRouting } = rollout.spec.strategy?.canary ?? {};
  const { nginx, alb } = trafficRouting ?? {};
  const { name = '' } = ingress.metadata;
  const finding = (
    field: string,
    several: readonly string[] | undefined,
    one: string | undefined,
    service: string,
  ): readonly FieldError[] => {
    if (leadsTo(ingress, service)) return [];
    const isListed = several?.includes(name) === true;
    const detail = `ingress \`${name}\` has no rules using service ${service} backend`;
    return [{ path: `${routing}.${field}${isListed ? 'es' : ''}`, type: 'Invalid', value: isListed ? name : (one ?? ''), detail }];
  };
  if (nginx !== undefined) return finding('nginx.stableIngress', nginx.stableIngresses, nginx.stableIngress, stableService);
  if (alb !== undefined) return finding('alb.ingress', alb.ingresses, alb.ingress, alb.rootService || stableService);
  return [];
}

type Backend = { readonly serviceName?: string; readonly service?: { readonly name?: string } };
type IngressSpec = {
  readonly backend?: Backend;
  readonly defaultBackend?: Backend;
  readonly rules?: readonly { readonly http?: { readonly paths?: readonly { readonly backend?: Backend }[] } }[];
};

/** Both forms of a backend: that of networking.k8s.io/v1 and that of the versions before it. */
function leadsTo(ingress: KubeObject, service: string): boolean {
  const spec = (ingress.spec ?? {}) as IngressSpec;
  const inRules = (spec.rules ?? []).flatMap(({ http }) => (http?.paths ?? []).map(({ backend }) => backend));
  return [spec.backend, spec.defaultBackend, ...inRules].some((one) => (one?.service?.name ?? one?.serviceName) === service);
}

/** The Istio router judges a VirtualService that the Rollout names, one at a time: others that it names may not be in the file. */
async function virtualServiceErrors(rollout: Rollout, virtualService: KubeObject): Promise<readonly FieldError[]> {
  const { name = '', annotations: notes = {} } = virtualService.metadata;
  const canary = rollout.spec.strategy?.canary;
  const istio = canary?.trafficRouting?.istio;
  if (istio === undefined) {
    if (notes[annotations.managedBy] !== rollout.metadata.name) return [];
    const detail = 'Rollout object is not configured with Istio traffic routing';
    return [{ path: `${routing}.istio`, type: 'Invalid', value: rollout.metadata.name ?? '', detail }];
  }
  const several = istio.virtualServices ?? [];
  const isNamed = (several.length > 0 ? several : [istio.virtualService]).some((one) => one?.name === name);
  if (!isNamed) return [];
  const alone = several.length > 0 ? { ...istio, virtualServices: several.filter((one) => one.name === name) } : istio;
  const narrowed: Rollout = {
    ...rollout,
    spec: { ...rollout.spec, strategy: { canary: { ...canary, trafficRouting: { ...canary?.trafficRouting, istio: alone } } } },
  };
  // Loaded where a file has a VirtualService: routers are many.
  const { trafficRouters } = await import('@sluice/providers');
  const router = trafficRouters().find((one) => one.name === 'Istio');
  const ref = router?.references(narrowed, new Map()).find((one) => one.type.kind === 'VirtualService');
  const error = ref === undefined ? undefined : router?.validate(narrowed, new Map([[objectKey(ref), virtualService]]));
  return error === undefined ? [] : [error];
}
