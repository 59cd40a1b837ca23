/**
 * CustomResourceDefinitions of the routers' kinds with open schemas of our own: enough to store and watch such objects where the real mesh is not
 * installed, in tests and on a laptop. They validate nothing.
 */
import type { KubeObject } from '@sluice/api';

type Kind = {
  readonly group: string;
  readonly kind: string;
  readonly plural: string;
  /** The first is the one that is stored. */
  readonly versions: readonly string[];
};

const kinds: readonly Kind[] = [
  { group: 'networking.istio.io', kind: 'VirtualService', plural: 'virtualservices', versions: ['v1alpha3', 'v1beta1', 'v1'] },
  { group: 'networking.istio.io', kind: 'DestinationRule', plural: 'destinationrules', versions: ['v1alpha3', 'v1beta1', 'v1'] },
  { group: 'split.smi-spec.io', kind: 'TrafficSplit', plural: 'trafficsplits', versions: ['v1alpha1', 'v1alpha2', 'v1alpha3'] },
  { group: 'getambassador.io', kind: 'Mapping', plural: 'mappings', versions: ['v2', 'v3alpha1'] },
  { group: 'x.getambassador.io', kind: 'AmbassadorMapping', plural: 'ambassadormappings', versions: ['v3alpha1'] },
  { group: 'appmesh.k8s.aws', kind: 'VirtualService', plural: 'virtualservices', versions: ['v1beta2'] },
  { group: 'appmesh.k8s.aws', kind: 'VirtualRouter', plural: 'virtualrouters', versions: ['v1beta2'] },
  { group: 'appmesh.k8s.aws', kind: 'VirtualNode', plural: 'virtualnodes', versions: ['v1beta2'] },
  { group: 'traefik.io', kind: 'TraefikService', plural: 'traefikservices', versions: ['v1alpha1'] },
  { group: 'apisix.apache.org', kind: 'ApisixRoute', plural: 'apisixroutes', versions: ['v2'] },
  { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', plural: 'httproutes', versions: ['v1', 'v1beta1'] },
  { group: 'gateway.networking.k8s.io', kind: 'GRPCRoute', plural: 'grpcroutes', versions: ['v1'] },
  { group: 'gateway.networking.k8s.io', kind: 'TCPRoute', plural: 'tcproutes', versions: ['v1alpha2'] },
  { group: 'gateway.networking.k8s.io', kind: 'TLSRoute', plural: 'tlsroutes', versions: ['v1alpha2'] },
  { group: 'elbv2.k8s.aws', kind: 'TargetGroupBinding', plural: 'targetgroupbindings', versions: ['v1beta1'] },
];

export const trafficRouterCrds: readonly KubeObject[] = kinds.map(({ group, kind, plural, versions }) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${plural}.${group}`,
    // Groups under k8s.io are kept for Kubernetes; definitions that are not theirs have to say so.
    ...(group.endsWith('.k8s.io') ? { annotations: { 'api-approved.kubernetes.io': 'unapproved, open schemas for development' } } : {}),
  },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
    versions: versions.map((name, at) => ({
      name,
      served: true,
      storage: at === 0,
      schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
    })),
  },
}));
