/** Kinds that are served in a second form but stored once: Events of two groups, HorizontalPodAutoscalers of two versions. */
import { apiVersionOf, type KubeObject } from '@sluice/api';
import type { ServedResource } from '../ports.ts';
import type { Storage } from '../registry.ts';
import { fieldsOf, itemsOf } from './fields.ts';

/** An object in a served version as the stored one. */
export function toStorage(storage: Storage, object: KubeObject): KubeObject {
  if (storage.id === '/events') return toCoreEvent(object);
  if (storage.id === 'autoscaling/horizontalpodautoscalers') return toAutoscalerV2(object);
  return { ...object, apiVersion: storage.apiVersion };
}

/** A stored object in a served version. */
export function fromStorage(served: ServedResource, object: KubeObject): KubeObject {
  if (served.custom === undefined && served.group === 'events.k8s.io') return fromCoreEvent(object);
  if (served.custom === undefined && served.group === 'autoscaling' && served.version === 'v1') return toAutoscalerV1(object);
  const { kind, apiVersion: _stored, ...rest } = object;
  return { kind, apiVersion: apiVersionOf(served), ...rest };
}

/** Field names of the core Event and what events.k8s.io/v1 calls them. */
const eventFields: readonly (readonly [core: string, events: string])[] = [
  ['involvedObject', 'regarding'],
  ['message', 'note'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
  ['reportingComponent', 'reportingController'],
];

function toCoreEvent(object: KubeObject): KubeObject {
  return renamed(object, 'v1', new Map(eventFields.map(([core, events]) => [events, core])));
}

function fromCoreEvent(object: KubeObject): KubeObject {
  return renamed(object, 'events.k8s.io/v1', new Map(eventFields));
}

function renamed(object: KubeObject, apiVersion: string, names: ReadonlyMap<string, string>): KubeObject {
  const result: Record<string, unknown> = { kind: object.kind, apiVersion };
  for (const [field, value] of Object.entries(object)) {
    if (field === 'kind' || field === 'apiVersion') continue;
    result[names.get(field) ?? field] = value;
  }
  return result as KubeObject;
}

type Metric = {
  readonly type?: string;
  readonly resource?: { readonly name?: string; readonly target?: Record<string, unknown>; readonly current?: Record<string, unknown> };
};

const otherMetrics = 'autoscaling.alpha.kubernetes.io/metrics';
const otherBehavior = 'autoscaling.alpha.kubernetes.io/behavior';

function isCpuUtilization(metric: Metric): boolean {
  return metric.type === 'Resource' && metric.resource?.name === 'cpu' && metric.resource.target?.averageUtilization !== undefined;
}

function toAutoscalerV2(object: KubeObject): KubeObject {
  if (object.apiVersion === 'autoscaling/v2') return object;
  const { targetCPUUtilizationPercentage, ...spec } = (object.spec ?? {}) as Record<string, unknown>;
  const { currentCPUUtilizationPercentage, ...status } = (object.status ?? {}) as Record<string, unknown>;
  const annotations = { ...object.metadata.annotations };
  const metrics: unknown[] = [];
  if (targetCPUUtilizationPercentage !== undefined)
    metrics.push({
      type: 'Resource',
      resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: targetCPUUtilizationPercentage } },
    });
  metrics.push(...((parsed(annotations[otherMetrics]) as unknown[] | undefined) ?? []));
  const behavior = parsed(annotations[otherBehavior]);
  delete annotations[otherMetrics];
  delete annotations[otherBehavior];
  if (currentCPUUtilizationPercentage !== undefined)
    status.currentMetrics = [
      { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: currentCPUUtilizationPercentage } } },
    ];
  return {
    ...object,
    apiVersion: 'autoscaling/v2',
    metadata: withAnnotations(object.metadata, annotations),
    spec: { ...spec, ...(metrics.length === 0 ? {} : { metrics }), ...(behavior === undefined ? {} : { behavior }) },
    ...(object.status === undefined ? {} : { status }),
  };
}

function toAutoscalerV1(object: KubeObject): KubeObject {
  const { metrics: wanted, behavior, ...spec } = fieldsOf(object.spec);
  const { currentMetrics: measured, conditions: _conditions, ...status } = fieldsOf(object.status);
  const metrics = itemsOf(wanted) as readonly Metric[];
  const currentMetrics = itemsOf(measured) as readonly Metric[];
  const cpu = metrics.find(isCpuUtilization);
  const others = metrics.filter((metric) => metric !== cpu);
  const current = currentMetrics.find((metric) => metric.type === 'Resource' && metric.resource?.name === 'cpu');
  const annotations = { ...object.metadata.annotations };
  if (others.length > 0) annotations[otherMetrics] = JSON.stringify(others);
  if (behavior !== undefined) annotations[otherBehavior] = JSON.stringify(behavior);
  const target = cpu?.resource?.target?.averageUtilization;
  const used = current?.resource?.current?.averageUtilization;
  const { kind, apiVersion: _stored, metadata, ...rest } = object;
  return {
    kind,
    apiVersion: 'autoscaling/v1',
    metadata: withAnnotations(metadata, annotations),
    ...rest,
    spec: { ...spec, ...(target === undefined ? {} : { targetCPUUtilizationPercentage: target }) },
    status: { currentReplicas: 0, ...status, ...(used === undefined ? {} : { currentCPUUtilizationPercentage: used }) },
  };
}

function withAnnotations(metadata: KubeObject['metadata'], annotations: Record<string, string>): KubeObject['metadata'] {
  const { annotations: _old, ...rest } = metadata;
  return Object.keys(annotations).length === 0 ? rest : { ...rest, annotations };
}

function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
