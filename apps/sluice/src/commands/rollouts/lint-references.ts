/**
 * What a Rollout refers to, as far as the same file holds it: services, ingresses, VirtualServices. An object that is not in the file is
 * no finding, since it may be in the cluster.
 */
import { annotations, type FieldError, type KubeObject, labels, type Rollout, type Service } from '@sluice/api';

export type References = { readonly services: Service[]; readonly ingresses: KubeObject[]; readonly virtualServices: KubeObject[] };

/** Findings in the order of the file: services, ingresses, VirtualServices. */
export function referenceErrors(rollout: Rollout, references: References): readonly FieldError[] {
  return [
    ...references.services.flatMap((service) => serviceErrors(rollout, service)),
    ...references.ingresses.flatMap((ingress) => ingressErrors(rollout, ingress)),
    ...references.virtualServices.flatMap((virtualService) => virtualServiceErrors(rollout, virtualService)),
  ];
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

function virtualServiceErrors(rollout: Rollout, virtualService: KubeObject): readonly FieldError[] {
  const { name = '', annotations: notes = {} } = virtualService.metadata;
  const istio = rollout.spec.strategy?.canary?.trafficRouting?.istio;
  const isMarked = notes[annotations.managedBy] === rollout.metadata.name;
  if (istio === undefined) {
    const detail = 'Rollout object is not configured with Istio traffic routing';
    return isMarked ? [{ path: `${routing}.istio`, type: 'Invalid', value: rollout.metadata.name ?? '', detail }] : [];
  }
  const several = istio.virtualServices ?? [];
  const named = several.length > 0 ? several : istio.virtualService === undefined ? [] : [istio.virtualService];
  if (!named.some((one) => one.name === name)) return [];
  const spec = (virtualService.spec ?? {}) as Readonly<Record<string, unknown>>;
  if (['http', 'tls', 'tcp'].some((kind) => Array.isArray(spec[kind]))) return [];
  const detail = 'Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService';
  return [
    { path: `${routing}.istio.${several.length > 0 ? 'virtualServices' : 'virtualService'}.name`, type: 'Invalid', value: name, detail },
  ];
}
