/** Rows of Services, their endpoints, Ingresses and NetworkPolicies. */
import { formatLabelSelector, type LabelSelector } from '@sluice/api';
import { age, firstThree, labelText } from './cells.ts';
import { type Printers, printer } from './printer.ts';

type LoadBalancer = { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };

type Service = {
  readonly spec: {
    readonly type?: string;
    readonly clusterIPs?: readonly string[];
    readonly clusterIP?: string;
    readonly externalIPs?: readonly string[];
    readonly externalName?: string;
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly { readonly port: number; readonly protocol?: string; readonly nodePort?: number }[];
  };
  readonly status: { readonly loadBalancer?: LoadBalancer };
};

type Endpoints = {
  readonly subsets: readonly {
    readonly addresses?: readonly { readonly ip: string }[];
    readonly ports?: readonly { readonly port: number }[];
  }[];
};

type EndpointSlice = {
  readonly addressType: string;
  readonly ports: readonly { readonly name?: string; readonly port?: number }[];
  readonly endpoints: readonly { readonly addresses?: readonly string[] }[];
};

type Ingress = {
  readonly spec: {
    readonly ingressClassName?: string;
    readonly rules?: readonly { readonly host?: string }[];
    readonly tls?: readonly unknown[];
  };
  readonly status: { readonly loadBalancer?: LoadBalancer };
};

type IngressClass = {
  readonly spec: {
    readonly controller?: string;
    readonly parameters?: { readonly kind: string; readonly apiGroup?: string; readonly name: string };
  };
};

export const networkingPrinters: Printers = {
  '/services': printer<Service>('Name|Type|Cluster-IP|External-IP|Port(s)|Age|Selector!', (service, now) => [
    service.metadata.name,
    service.spec?.type ?? '',
    service.spec?.clusterIPs?.[0] ?? service.spec?.clusterIP ?? '<none>',
    externalAddress(service),
    ports(service.spec?.ports ?? []),
    age(service, now),
    labelText(service.spec?.selector),
  ]),
  '/endpoints': printer<Endpoints>('Name|Endpoints|Age', (object, now) => [object.metadata.name, endpoints(object), age(object, now)]),
  'discovery.k8s.io/endpointslices': printer<EndpointSlice>('Name|AddressType|Ports|Endpoints|Age', (slice, now) => [
    slice.metadata.name,
    slice.addressType ?? '',
    firstThree(
      (slice.ports ?? []).map(({ port, name }) => (port === undefined ? (name ?? '*') : String(port))),
      '<unset>',
    ),
    firstThree(
      (slice.endpoints ?? []).flatMap(({ addresses }) => addresses ?? []),
      '<unset>',
    ),
    age(slice, now),
  ]),
  'networking.k8s.io/ingresses': printer<Ingress>('Name|Class|Hosts|Address|Ports|Age', (ingress, now) => [
    ingress.metadata.name,
    ingress.spec?.ingressClassName ?? '<none>',
    hosts(ingress.spec?.rules ?? []),
    addresses(ingress.status?.loadBalancer).join(','),
    (ingress.spec?.tls ?? []).length === 0 ? '80' : '80, 443',
    age(ingress, now),
  ]),
  'networking.k8s.io/ingressclasses': printer<IngressClass>('Name|Controller|Parameters|Age', (ingressClass, now) => {
    const { controller = '', parameters } = ingressClass.spec ?? {};
    const kind = parameters?.apiGroup === undefined ? parameters?.kind : `${parameters.kind}.${parameters.apiGroup}`;
    return [
      ingressClass.metadata.name,
      controller,
      parameters === undefined ? '<none>' : `${kind}/${parameters.name}`,
      age(ingressClass, now),
    ];
  }),
  'networking.k8s.io/networkpolicies': printer<{ readonly spec: { readonly podSelector?: LabelSelector } }>(
    'Name|Pod-Selector|Age',
    (policy, now) => [policy.metadata.name, formatLabelSelector(policy.spec?.podSelector), age(policy, now)],
  ),
};

/** Sorted, each once. */
function addresses(balancer: LoadBalancer | undefined): readonly string[] {
  const found = (balancer?.ingress ?? []).flatMap(({ ip = '', hostname = '' }) => (ip !== '' ? [ip] : hostname !== '' ? [hostname] : []));
  return [...new Set(found)].sort();
}

function externalAddress({ spec = {}, status = {} }: Partial<Service>): string {
  const external = spec.externalIPs ?? [];
  switch (spec.type) {
    case 'ClusterIP':
    case 'NodePort':
      return external.length === 0 ? '<none>' : external.join(',');
    case 'LoadBalancer': {
      const all = [...addresses(status.loadBalancer), ...external];
      return all.length === 0 ? '<pending>' : all.join(',');
    }
    case 'ExternalName':
      return spec.externalName ?? '';
    default:
      return '<unknown>';
  }
}

function ports(list: NonNullable<Service['spec']['ports']>): string {
  if (list.length === 0) return '<none>';
  return list
    .map(({ port, protocol = 'TCP', nodePort = 0 }) => (nodePort > 0 ? `${port}:${nodePort}/${protocol}` : `${port}/${protocol}`))
    .join(',');
}

function endpoints({ subsets = [] }: Partial<Endpoints>): string {
  if (subsets.length === 0) return '<none>';
  const all = subsets.flatMap((subset) => {
    const found = subset.addresses ?? [];
    const numbers = subset.ports ?? [];
    if (numbers.length === 0) return found.map(({ ip }) => ip);
    return numbers.flatMap(({ port }) => found.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)));
  });
  return firstThree(all, '');
}

/** Hosts after the third rule are only counted. */
function hosts(rules: readonly { readonly host?: string }[]): string {
  const named = rules.flatMap(({ host = '' }) => (host === '' ? [] : [host])).slice(0, 3);
  if (named.length === 0) return '*';
  return named.length === 3 && rules.length > 3 ? `${named.join(',')} + ${rules.length - 3} more...` : named.join(',');
}
