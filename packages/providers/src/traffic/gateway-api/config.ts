/**
 * Where users of the Gateway API plugin name their routes: `trafficRouting.plugins["argoproj-labs/gatewayAPI"]`. Read by hand, since the API
 * server lets anything through there.
 *
 * @see argoproj-labs/rollouts-plugin-trafficrouter-gatewayapi pkg/plugin/types.go, docs/features
 */
import { type LabelSelector, type Requirement, type Rollout, requirementsOf, SelectorError } from '@sluice/api';
import { RoutingProblem } from '../draft.ts';
import { type Fields, isFields } from '../fields.ts';
import { namespaceOf, routingOf } from '../rollout.ts';

export const pluginName = 'argoproj-labs/gatewayAPI';

export const gatewayKinds = ['http', 'grpc', 'tcp', 'tls'] as const;
export type GatewayKind = (typeof gatewayKinds)[number];

export type NamedRoute = {
  readonly kind: GatewayKind;
  readonly name: string;
  /** Whether header routes go into it. */
  readonly usesHeaderRoutes: boolean;
  /** Pins the Rollout to one rule. */
  readonly ruleName?: string;
};

export type GatewayConfig = {
  readonly namespace: string;
  readonly routes: readonly NamedRoute[];
  readonly selectors: readonly {
    readonly kind: GatewayKind;
    readonly selector: LabelSelector;
    readonly requirements: readonly Requirement[];
  }[];
  /** Absent: no label while a canary is on its way. */
  readonly inProgress?: { readonly labelKey: string; readonly labelValue: string; readonly annotationKey: string };
};

export function isConfigured(rollout: Rollout): boolean {
  return Object.hasOwn(routingOf(rollout).plugins ?? {}, pluginName);
}

/**
 * The namespace is the Rollout's unless another is named. The route of a single field comes behind those of the list, and takes header routes.
 *
 * @throws RoutingProblem naming the field that is wrong
 */
export function readConfig(rollout: Rollout): GatewayConfig {
  const config = routingOf(rollout).plugins?.[pluginName];
  if (!isFields(config)) throw new RoutingProblem(`configuration of ${pluginName} is not an object`);
  const labelKey = textIn(config, 'inProgressLabelKey') || 'rollouts.argoproj.io/gatewayapi-canary';
  const labelValue = textIn(config, 'inProgressLabelValue') || 'in-progress';
  const annotationKey = textIn(config, 'activeRolloutsAnnotationKey') || 'rollouts.argoproj.io/gatewayapi-active-rollouts';
  return {
    namespace: textIn(config, 'namespace') || namespaceOf(rollout),
    routes: gatewayKinds.flatMap((kind) => routesIn(config, kind)),
    selectors: gatewayKinds.flatMap((kind) => selectorsIn(config, kind)),
    ...(flagIn(config, 'disableInProgressLabel') ? {} : { inProgress: { labelKey, labelValue, annotationKey } }),
  };
}

function routesIn(config: Fields, kind: GatewayKind): readonly NamedRoute[] {
  const field = `${kind}Routes`;
  const list = config[field] ?? [];
  if (!Array.isArray(list)) throw wrong(field, 'a list');
  const listed = list.map((item: unknown, at): NamedRoute => {
    if (!isFields(item)) throw wrong(`${field}[${at}]`, 'an object');
    const name = textIn(item, 'name', `${field}[${at}].`);
    if (name === '') throw wrong(`${field}[${at}].name`, 'the name of a route');
    const ruleName = textIn(item, 'ruleName', `${field}[${at}].`);
    const usesHeaderRoutes = flagIn(item, 'useHeaderRoutes', `${field}[${at}].`);
    return { kind, name, usesHeaderRoutes, ...(ruleName === '' ? {} : { ruleName }) };
  });
  const name = textIn(config, `${kind}Route`);
  const ruleName = textIn(config, `${kind}RouteRuleName`);
  if (name === '') return listed;
  return [...listed, { kind, name, usesHeaderRoutes: true, ...(ruleName === '' ? {} : { ruleName }) }];
}

function selectorsIn(config: Fields, kind: GatewayKind): GatewayConfig['selectors'] {
  const field = `${kind}RouteSelector`;
  const selector = config[field] ?? undefined;
  if (selector === undefined) return [];
  if (!isFields(selector)) throw wrong(field, 'a label selector');
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const isText = (value: unknown): boolean => typeof value === 'string';
  if (!isFields(matchLabels) || !Object.values(matchLabels).every(isText)) throw wrong(`${field}.matchLabels`, 'a map of text');
  const isExpression = (item: unknown): boolean =>
    isFields(item) &&
    isText(item.key) &&
    isText(item.operator) &&
    Array.isArray(item.values ?? []) &&
    ((item.values ?? []) as unknown[]).every(isText);
  if (!Array.isArray(matchExpressions) || !matchExpressions.every(isExpression))
    throw wrong(`${field}.matchExpressions`, 'a list of requirements');
  try {
    return [{ kind, selector: selector as LabelSelector, requirements: requirementsOf(selector as LabelSelector) }];
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    throw new RoutingProblem(`configuration of ${pluginName}: ${field}: ${error.message}`);
  }
}

function textIn(fields: Fields, field: string, prefix = ''): string {
  const value = fields[field] ?? '';
  if (typeof value !== 'string') throw wrong(`${prefix}${field}`, 'text');
  return value;
}

function flagIn(fields: Fields, field: string, prefix = ''): boolean {
  const value = fields[field] ?? false;
  if (typeof value !== 'boolean') throw wrong(`${prefix}${field}`, 'true or false');
  return value;
}

function wrong(field: string, expected: string): RoutingProblem {
  return new RoutingProblem(`configuration of ${pluginName}: ${field} must be ${expected}`);
}
