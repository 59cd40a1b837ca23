/** Kinds of the traffic routers, and what their objects say about weights. */
import type { KubeObject, ResourceType } from '@sluice/api';
import type { Scenario } from './scenario.ts';

export type Fields = Readonly<Record<string, unknown>>;

const type = (group: string, version: string, kind: string): ResourceType => ({
  group,
  version,
  kind,
  resource: `${kind.toLowerCase()}s`,
  namespaced: true,
});
export const virtualServiceType: ResourceType = type('networking.istio.io', 'v1alpha3', 'VirtualService');
export const destinationRuleType: ResourceType = type('networking.istio.io', 'v1alpha3', 'DestinationRule');
export const trafficSplitType: ResourceType = type('split.smi-spec.io', 'v1alpha1', 'TrafficSplit');
export const apisixRouteType: ResourceType = type('apisix.apache.org', 'v2', 'ApisixRoute');
export const virtualRouterType: ResourceType = type('appmesh.k8s.aws', 'v1beta2', 'VirtualRouter');

export const custom = ({ group, version, kind }: ResourceType, name: string, spec: Fields): KubeObject => ({
  apiVersion: `${group}/${version}`,
  kind,
  metadata: { name },
  spec,
});

/** The spec of an object, or `undefined` while there is none. */
export const specOf = <T extends object>(s: Scenario, { kind }: Pick<ResourceType, 'kind'>, name: string): T | undefined =>
  s.view.objects<KubeObject & { readonly spec: T }>(kind, s.namespace).find(({ metadata }) => metadata.name === name)?.spec;

export const annotationsOf = (s: Scenario, kind: string, name: string): Readonly<Record<string, string>> =>
  s.view.objects(kind, s.namespace).find(({ metadata }) => metadata.name === name)?.metadata.annotations ?? {};

type Action = { readonly ForwardConfig: { readonly TargetGroups: readonly { readonly ServiceName: string; readonly Weight: number }[] } };

/** Weights in the action of an ALB Ingress, in the order in which they stand there. */
export const albWeights = (s: Scenario, ingress: string, action: string): readonly number[] | undefined => {
  const text = annotationsOf(s, 'Ingress', ingress)[`alb.ingress.kubernetes.io/actions.${action}`];
  if (text === undefined) return undefined;
  return (JSON.parse(text) as Action).ForwardConfig.TargetGroups.map(({ Weight }) => Weight);
};

/** The same for two services of the action, by their names. */
export const albWeightsOf = (s: Scenario, ingress: string, action: string, ...services: readonly string[]): readonly unknown[] => {
  const text = annotationsOf(s, 'Ingress', ingress)[`alb.ingress.kubernetes.io/actions.${action}`];
  const groups = text === undefined ? [] : (JSON.parse(text) as Action).ForwardConfig.TargetGroups;
  return services.map((service) => groups.find(({ ServiceName }) => ServiceName === service)?.Weight);
};
