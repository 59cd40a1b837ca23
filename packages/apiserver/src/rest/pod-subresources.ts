/** What one can do to a pod besides writing it: bind it to a node, evict it under its disruption budget, read its logs. */
import { formatTime, type KubeObject, type LabelSelector, matches, requirementsOf, type StatusError } from '@sluice/api';
import { fieldsOf, itemsOf, numberOf, textOf } from '../kinds/fields.ts';
import type { ServerResponse } from '../ports.ts';
import type { Draft } from '../store/store.ts';
import { type Call, writeOf } from './answers.ts';
import { decodeBody } from './body.ts';
import { clone } from './clone.ts';
import { type RestContext, type Target, targetOf } from './context.ts';
import { deleteObject, deleteOptions } from './deletion.ts';
import { badRequest, conflict, internalError, invalid, methodNotAllowed, required, tooManyRequests, unreasoned } from './errors.ts';
import { updateObject } from './object-writer.ts';
import { isTrue, writeOptions } from './options.ts';
import { readObject } from './reads.ts';

function success(): ServerResponse {
  return { kind: 'object', status: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } };
}

function podsIn(context: RestContext, namespace: string): Target {
  const served = context.registry.find('', 'v1', 'pods');
  if (served === undefined) throw internalError('pods are not served');
  return targetOf(context, served, namespace);
}

/** `pods/binding`, and the older `bindings`: puts a pod on a node, once. */
export async function bindPod(call: Call): Promise<ServerResponse> {
  const { context, info, request } = call;
  if (info.verb !== 'create') throw methodNotAllowed();
  const binding = decodeBody(request.body, request.headers['content-type'], 'Binding');
  const name = info.name === '' ? textOf(fieldsOf(binding.metadata).name) : info.name;
  const node = textOf(fieldsOf(binding.target).name);
  if (node === '') throw invalid({ group: '', kind: 'Binding' }, name, [required('target.name')]);
  const annotations = fieldsOf(fieldsOf(binding.metadata).annotations) as Record<string, string>;
  const now = formatTime(context.clock.now());
  await updateObject(
    context,
    podsIn(context, info.namespace),
    name,
    (live) => {
      const present = textOf(fieldsOf(live.spec).nodeName);
      if (present !== '')
        throw conflict({ group: '', resource: 'pods/binding' }, name, `pod ${name} is already assigned to node ${JSON.stringify(present)}`);
      if (live.metadata.deletionTimestamp !== undefined)
        throw conflict({ group: '', resource: 'pods/binding' }, name, `pod ${name} is being deleted, cannot be assigned to a host`);
      const draft = clone(live) as Draft;
      draft.spec = { ...fieldsOf(draft.spec), nodeName: node };
      if (Object.keys(annotations).length > 0) draft.metadata.annotations = { ...draft.metadata.annotations, ...annotations };
      const others = itemsOf(fieldsOf(live.status).conditions).filter(({ type }) => type !== 'PodScheduled');
      const scheduled = { type: 'PodScheduled', status: 'True', lastProbeTime: null, lastTransitionTime: now };
      draft.status = { ...fieldsOf(live.status), conditions: [...others, scheduled] };
      return draft;
    },
    { ...writeOf(call, writeOptions(request.query)), subresource: 'binding' },
  );
  return success();
}

const violation = "Cannot evict pod as it would violate the pod's disruption budget.";

/** `pods/eviction`: a deletion that a PodDisruptionBudget may refuse with 429. */
export async function evictPod(call: Call): Promise<ServerResponse> {
  const { context, info, request, target } = call;
  if (info.verb !== 'create') throw methodNotAllowed();
  const eviction = decodeBody(request.body, request.headers['content-type'], 'Eviction');
  const given = deleteOptions(request.query, eviction.deleteOptions, 'application/json');
  const pod = readObject(context, target, info.name, new URLSearchParams()).object;
  const phase = textOf(fieldsOf(pod.status).phase);
  const isSafe = ['Pending', 'Succeeded', 'Failed'].includes(phase) || pod.metadata.deletionTimestamp !== undefined;
  if (!isSafe) await spendBudget(call, pod, given.dryRun);
  await deleteObject(context, target, info.name, given, request.user);
  return success();
}

async function spendBudget(call: Call, pod: KubeObject, dryRun: boolean): Promise<void> {
  const { context, info } = call;
  const budgets = context.heads.list('policy', 'poddisruptionbudgets', info.namespace).filter((budget) => covers(budget, pod));
  const [budget] = budgets;
  if (budget === undefined) return;
  if (budgets.length > 1)
    throw internalError('This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.');
  const status = fieldsOf(budget.status);
  const name = budget.metadata.name ?? '';
  const cause = (message: string, retryAfterSeconds: number): StatusError =>
    tooManyRequests(violation, retryAfterSeconds, [{ reason: 'DisruptionBudget', message }]);
  const healthy = numberOf(status.currentHealthy) ?? 0;
  const desired = numberOf(status.desiredHealthy) ?? 0;
  if (!isReady(pod)) {
    const always = fieldsOf(budget.spec).unhealthyPodEvictionPolicy === 'AlwaysAllow';
    if (always || (healthy >= desired && desired > 0)) return;
  }
  if ((numberOf(status.observedGeneration) ?? 0) < (budget.metadata.generation ?? 0))
    throw cause(`The disruption budget ${name} is still being processed by the server.`, 10);
  const allowed = numberOf(status.disruptionsAllowed) ?? 0;
  if (allowed < 1) throw cause(`The disruption budget ${name} needs ${desired} healthy pods and has ${healthy} currently`, 0);
  if (dryRun) return;
  const served = context.registry.find('policy', 'v1', 'poddisruptionbudgets');
  if (served === undefined) return;
  const now = formatTime(context.clock.now());
  await updateObject(
    context,
    targetOf(context, served, info.namespace),
    name,
    (live) => {
      const draft = clone(live) as Draft;
      const current = fieldsOf(draft.status);
      current.disruptionsAllowed = allowed - 1;
      current.disruptedPods = { ...fieldsOf(current.disruptedPods), [pod.metadata.name ?? '']: now };
      draft.status = current;
      return draft;
    },
    { user: call.request.user, manager: 'sluice-apiserver', dryRun: false, subresource: 'status' },
  );
}

function covers(budget: KubeObject, pod: KubeObject): boolean {
  const { selector } = fieldsOf(budget.spec);
  return selector !== undefined && matches(requirementsOf(selector as LabelSelector), pod.metadata.labels);
}

function isReady(pod: KubeObject): boolean {
  return itemsOf(fieldsOf(pod.status).conditions).some(({ type, status }) => type === 'Ready' && status === 'True');
}

/** `pods/log`: what the runtime knows of a container's output. */
export async function podLog(call: Call): Promise<ServerResponse> {
  const { context, info, request, target } = call;
  if (info.verb !== 'get') throw methodNotAllowed();
  const pod = readObject(context, target, info.name, new URLSearchParams()).object;
  const container = chosenContainer(pod, request.query.get('container') ?? '');
  const { podLogs } = context.runtime;
  if (podLogs === undefined) throw unreasoned(500, 'no preferred addresses found; known addresses: []');
  const tail = request.query.get('tailLines');
  if (tail !== null && !/^\d+$/.test(tail))
    throw invalid({ group: '', kind: 'PodLogOptions' }, info.name, [
      { path: 'tailLines', type: 'Invalid', value: tail, detail: 'must be greater than or equal to 0' },
    ]);
  const text = await podLogs(pod, {
    container,
    ...(tail === null ? {} : { tailLines: Number(tail) }),
    previous: isTrue(request.query.get('previous')),
    timestamps: isTrue(request.query.get('timestamps')),
  });
  const limit = Number(request.query.get('limitBytes') ?? '') || Number.POSITIVE_INFINITY;
  const bytes = Buffer.from(text, 'utf8');
  return { kind: 'bytes', status: 200, contentType: 'text/plain', bytes: bytes.length > limit ? bytes.subarray(0, limit) : bytes };
}

function chosenContainer(pod: KubeObject, asked: string): string {
  const spec = fieldsOf(pod.spec);
  const names = [...itemsOf(spec.containers), ...itemsOf(spec.initContainers), ...itemsOf(spec.ephemeralContainers)].map(({ name }) =>
    textOf(name),
  );
  const own = itemsOf(spec.containers).map(({ name }) => textOf(name));
  const name = pod.metadata.name ?? '';
  if (asked === '') {
    if (own.length === 1) return own[0] ?? '';
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${own.join(' ')}]`);
  }
  if (!names.includes(asked)) throw badRequest(`container ${asked} is not valid for pod ${name}`);
  return asked;
}
