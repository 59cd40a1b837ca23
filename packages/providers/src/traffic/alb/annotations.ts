/**
 * The annotations through which an AWS load balancer is told where traffic goes, letter by letter as upstream writes them, and the one that
 * records which of them belong to which Rollout.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/alb/alb.go
 */
import { annotations, type KubeObject, type Rollout, type SetHeaderRoute } from '@sluice/api';
import type { WeightTarget } from '@sluice/engine';
import { RoutingProblem } from '../draft.ts';
import { annotationsOf, fieldAt, isFields, listOf, textOf, withAnnotations } from '../fields.ts';
import { nameOf, routingOf, servicesOf } from '../rollout.ts';

type TargetGroup = { readonly ServiceName: string; readonly ServicePort: string; readonly Weight: number };

const stickinessSecondsMax = 604_800;

/** The service whose backend in the rules stands for the split. */
export function rootServiceOf(rollout: Rollout): string {
  return routingOf(rollout).alb?.rootService || servicesOf(rollout).stable;
}

export function actionKey(rollout: Rollout, name: string): string {
  return `${prefixOf(rollout)}/actions.${name}`;
}

export function conditionsKey(rollout: Rollout, name: string): string {
  return `${prefixOf(rollout)}/conditions.${name}`;
}

function prefixOf(rollout: Rollout): string {
  return routingOf(rollout).alb?.annotationPrefix || 'alb.ingress.kubernetes.io';
}

/** The canary at `weight`, experiments in their order, the stable version at what is left. */
export function splitAction(rollout: Rollout, weight: number, targets: readonly WeightTarget[]): string {
  const { stable, canary } = servicesOf(rollout, true);
  const rest = targets.reduce((left, target) => left - target.weight, 100 - weight);
  const groups = [
    { serviceName: canary, weight },
    ...targets.map((target) => ({ serviceName: target.serviceName, weight: target.weight })),
    { serviceName: stable, weight: rest },
  ];
  return forwardAction(rollout, groups);
}

/** All to the canary. */
export function headerAction(rollout: Rollout): string {
  return forwardAction(rollout, [{ serviceName: servicesOf(rollout, true).canary, weight: 100 }]);
}

function forwardAction(rollout: Rollout, groups: readonly { readonly serviceName: string; readonly weight: number }[]): string {
  const { servicePort = 0, stickinessConfig } = routingOf(rollout).alb ?? {};
  const TargetGroups: readonly TargetGroup[] = groups.map(({ serviceName, weight }) => ({
    ServiceName: serviceName,
    ServicePort: String(servicePort),
    Weight: weight,
  }));
  if (stickinessConfig?.enabled !== true) return goJson({ Type: 'forward', ForwardConfig: { TargetGroups } });
  const { durationSeconds } = stickinessConfig;
  if (durationSeconds < 1 || durationSeconds > stickinessSecondsMax)
    throw new RoutingProblem(`TargetGroupStickinessConfig's duration must be between 1 and ${stickinessSecondsMax} seconds (7 days)!`);
  const TargetGroupStickinessConfig = { Enabled: true, DurationSeconds: durationSeconds };
  return goJson({ Type: 'forward', ForwardConfig: { TargetGroups, TargetGroupStickinessConfig } });
}

/** One condition a header, with every value asked of it. */
export function headerConditions({ match = [] }: SetHeaderRoute): string {
  const values = new Map<string, string[]>();
  for (const { headerName, headerValue } of match) {
    const known = values.get(headerName);
    const value = headerValue.exact ?? '';
    if (known === undefined) values.set(headerName, [value]);
    else known.push(value);
  }
  return goJson([...values].map(([name, Values]) => ({ Field: 'http-header', HttpHeaderConfig: { HttpHeaderName: name, Values } })));
}

/** All of a stopped split to its root service, on the port that it had; `undefined` where the annotation tells no port. */
export function resetAction(action: string, service: string): string | undefined {
  const groups = (listOf(fieldAt(parsed(action), 'ForwardConfig', 'TargetGroups')) ?? []).filter(isFields);
  const own = groups.find(({ ServiceName }) => ServiceName === service) ?? groups[0];
  const port = textOf(own?.ServicePort);
  if (port === '') return undefined;
  return goJson({ Type: 'forward', ForwardConfig: { TargetGroups: [{ ServiceName: service, ServicePort: port, Weight: 100 }] } });
}

/** Annotation keys by the Rollout that manages them. */
export type ManagedKeys = Readonly<Record<string, readonly string[]>>;

/** @returns `undefined` when the annotation is something else */
export function managedKeysOf(ingress: KubeObject): ManagedKeys | undefined {
  const text = annotationsOf(ingress)[annotations.managedAlbAnnotations] ?? '';
  if (text === '') return {};
  const value = parsed(text);
  if (!isFields(value) || !Object.values(value).every((keys) => keys === null || isTextList(keys))) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, keys]) => [name, (keys ?? []) as readonly string[]]));
}

export function withManagedKeys(ingress: KubeObject, keys: ManagedKeys): KubeObject {
  const names = Object.keys(keys).sort();
  const text = names.length === 0 ? undefined : goJson(Object.fromEntries(names.map((name) => [name, keys[name]])));
  return withAnnotations(ingress, { [annotations.managedAlbAnnotations]: text });
}

/** Adds keys to those of the Rollout, or takes them away. */
export function manage(ingress: KubeObject, rollout: Rollout, change: 'add' | 'remove', keys: readonly string[]): KubeObject {
  const managed = managedKeysOf(ingress);
  if (managed === undefined)
    throw new RoutingProblem(
      `ingress \`${ingress.metadata.name ?? ''}\`: annotation ${annotations.managedAlbAnnotations} is not a list of keys for each rollout`,
    );
  const present = Object.hasOwn(managed, nameOf(rollout)) ? managed[nameOf(rollout)] : undefined;
  if (change === 'remove' && present === undefined) return ingress;
  const others = (present ?? []).filter((key) => change === 'add' || !keys.includes(key));
  const added = change === 'add' ? keys.filter((key) => !others.includes(key)) : [];
  if (present !== undefined && added.length === 0 && others.length === present.length) return ingress;
  return withManagedKeys(ingress, { ...managed, [nameOf(rollout)]: [...others, ...added] });
}

function isTextList(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** As Go writes JSON: compact, with these characters escaped. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
