/** `metrics.k8s.io`: what pods and nodes use now, as `kubectl top` asks for it. Nothing is stored: every answer is made from the runtime. */
import { formatTime, type KubeObject, matches } from '@sluice/api';
import { fieldsOf, textOf } from '../kinds/fields.ts';
import type { ServedResource, ServerResponse } from '../ports.ts';
import type { Call } from './answers.ts';
import { methodNotAllowed, notFound } from './errors.ts';
import { fieldTest } from './field-selectors.ts';
import { listOptions } from './options.ts';

export const metricsGroup = 'metrics.k8s.io';

function resource(kind: string, plural: string, namespaced: boolean): ServedResource {
  return {
    group: metricsGroup,
    version: 'v1beta1',
    kind,
    resource: plural,
    namespaced,
    listKind: `${kind}List`,
    singular: '',
    shortNames: [],
    categories: [],
    verbs: ['get', 'list'],
    subresources: [],
  };
}

/** Served as soon as there is a runtime that knows its usage. */
export const metricsResources: readonly ServedResource[] = [resource('NodeMetrics', 'nodes', false), resource('PodMetrics', 'pods', true)];

type Usage = { readonly cpuNanoCores: number; readonly memoryBytes: number };

const windowSeconds = 15;

/** @throws StatusError 404 for a pod or node that nothing is known of */
export function usageMetrics(call: Call): ServerResponse {
  const { info, request, target } = call;
  const { served } = target;
  if (info.verb === 'get') {
    const found = measured(call).find(({ metadata }) => metadata.name === info.name);
    if (found === undefined) throw notFound(served, info.name);
    return { kind: 'object', status: 200, object: found };
  }
  if (info.verb !== 'list') throw methodNotAllowed();
  const { labelSelector, fieldSelector } = listOptions(request.query);
  const test = fieldTest(fieldSelector, served, target.storage.id);
  const items = measured(call).filter((one) => matches(labelSelector, one.metadata.labels) && (test === undefined || test(one)));
  const metadata = { resourceVersion: String(call.context.store.revision) };
  return { kind: 'object', status: 200, object: { kind: served.listKind, apiVersion: `${metricsGroup}/v1beta1`, metadata, items } };
}

function measured(call: Call): readonly KubeObject[] {
  return call.target.served.resource === 'pods' ? podMetrics(call) : nodeMetrics(call);
}

function podMetrics(call: Call): readonly KubeObject[] {
  const { context, target } = call;
  return context.store
    .kind('/pods')
    .list(target.namespace === '' ? undefined : target.namespace)
    .flatMap(({ object: pod }) => {
      const usage = context.runtime.podMetrics?.(pod);
      if (usage === undefined || usage.length === 0) return [];
      return [
        metricsOf(call, 'PodMetrics', pod, {
          containers: usage.map(({ container, ...used }) => ({ name: container, usage: quantities(used) })),
        }),
      ];
    });
}

function nodeMetrics(call: Call): readonly KubeObject[] {
  const { context } = call;
  const used = new Map<string, { cpuNanoCores: number; memoryBytes: number }>();
  for (const { object: pod } of context.store.kind('/pods').list()) {
    const node = textOf(fieldsOf(pod.spec).nodeName);
    const sum = used.get(node) ?? { cpuNanoCores: 0, memoryBytes: 0 };
    for (const { cpuNanoCores, memoryBytes } of context.runtime.podMetrics?.(pod) ?? []) {
      sum.cpuNanoCores += cpuNanoCores;
      sum.memoryBytes += memoryBytes;
    }
    used.set(node, sum);
  }
  return context.store
    .kind('/nodes')
    .list()
    .map(({ object: node }) => {
      const usage = used.get(node.metadata.name ?? '') ?? { cpuNanoCores: 0, memoryBytes: 0 };
      return metricsOf(call, 'NodeMetrics', node, { usage: quantities(usage) });
    });
}

function metricsOf(call: Call, kind: string, of: KubeObject, fields: Record<string, unknown>): KubeObject {
  const now = formatTime(call.context.clock.now());
  const { name, namespace, labels } = of.metadata;
  return {
    kind,
    apiVersion: `${metricsGroup}/v1beta1`,
    metadata: {
      ...(name === undefined ? {} : { name }),
      ...(namespace === undefined ? {} : { namespace }),
      ...(labels === undefined ? {} : { labels }),
      creationTimestamp: now,
    },
    timestamp: now,
    window: `${windowSeconds}s`,
    ...fields,
  };
}

function quantities({ cpuNanoCores, memoryBytes }: Usage): { readonly cpu: string; readonly memory: string } {
  return { cpu: `${Math.round(cpuNanoCores)}n`, memory: `${Math.round(memoryBytes / 1024)}Ki` };
}
