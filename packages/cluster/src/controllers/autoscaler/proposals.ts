/**
 * How many replicas a metric asks for: usage of the ready pods against the target, pods without a reading taken to be as bad for the change
 * as they could be. Pure arithmetic in thousandths; rules of k8s.io/kubernetes pkg/controller/podautoscaler/replica_calculator.go.
 */
import { type Instant, parseQuantity, parseTime } from '@sluice/api';
import type { Container, Pod } from '../../shapes/pod.ts';
import { podCondition } from '../../shapes/pod-conditions.ts';

/** A change of less than a tenth is none. */
export type Tolerances = { readonly up: number; readonly down: number };

/** Since a pod's start; within it an unready pod's reading is not believed. */
const initializationMs = 300_000;
const initialReadinessMs = 30_000;

export type Reading = {
  /** Thousandths of the resource's unit, by pod name. */
  readonly usage: ReadonlyMap<string, number>;
  readonly pods: readonly Pod[];
};

export type Proposal =
  | {
      readonly ok: true;
      readonly replicas: number;
      /** Average over the pods that count. */
      readonly average: number;
      readonly utilization?: number;
    }
  | { readonly ok: false; readonly problem: string };

type Groups = { ready: number; unready: readonly string[]; missing: readonly string[]; counted: ReadonlyMap<string, number> };

function groupPods({ usage, pods }: Reading, resource: string, now: Instant): Groups {
  const unready: string[] = [];
  const missing: string[] = [];
  const counted = new Map<string, number>();
  for (const pod of pods) {
    const name = pod.metadata.name ?? '';
    if (pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === 'Failed') continue;
    const value = usage.get(name);
    if (pod.status?.phase === 'Pending') unready.push(name);
    else if (value === undefined) missing.push(name);
    else if (resource === 'cpu' && !isBelievable(pod, now)) unready.push(name);
    else counted.set(name, value);
  }
  return { ready: counted.size, unready, missing, counted };
}

function isBelievable(pod: Pod, now: Instant): boolean {
  const ready = podCondition(pod, 'Ready');
  const startedAt = parseTime(pod.status?.startTime);
  if (ready === undefined || startedAt === undefined) return false;
  if (startedAt + initializationMs > now) return ready.status === 'True';
  const turnedAt = parseTime(ready.lastTransitionTime) ?? 0;
  return ready.status === 'True' || startedAt + initialReadinessMs <= turnedAt;
}

type Measure = (values: ReadonlyMap<string, number>) => number;

/** The common part: `ratio` says how far the usage of a set of pods is from the target. */
function propose(groups: Groups, current: number, ratio: Measure, fallback: (pod: string) => number, tolerances: Tolerances): number {
  const first = ratio(groups.counted);
  const growsWithUnready = groups.unready.length > 0 && first > 1;
  if (!growsWithUnready && groups.missing.length === 0) {
    return isWithin(first, tolerances) ? current : Math.ceil(first * groups.ready);
  }
  const values = new Map(groups.counted);
  if (first < 1) for (const pod of groups.missing) values.set(pod, fallback(pod));
  if (first > 1) for (const pod of groups.missing) values.set(pod, 0);
  if (growsWithUnready) for (const pod of groups.unready) values.set(pod, 0);
  const second = ratio(values);
  const isTurned = (first < 1 && second > 1) || (first > 1 && second < 1);
  if (isWithin(second, tolerances) || isTurned) return current;
  const replicas = Math.ceil(second * values.size);
  return (second < 1 && replicas > current) || (second > 1 && replicas < current) ? current : replicas;
}

function isWithin(ratio: number, { up, down }: Tolerances): boolean {
  return 1 - down <= ratio && ratio <= 1 + up;
}

/** Towards an average share of what the containers request, in percent. */
export function proposeByUtilization(
  reading: Reading,
  options: { resource: string; container?: string | undefined; target: number; current: number; tolerances: Tolerances },
  now: Instant,
): Proposal {
  const { resource, target, current, tolerances } = options;
  const problem = unusable(reading, resource);
  if (problem !== undefined) return problem;
  const groups = groupPods(reading, resource, now);
  if (groups.counted.size === 0) return { ok: false, problem: 'did not receive metrics for targeted pods (pods might be unready)' };
  const requests = new Map<string, number>();
  for (const pod of reading.pods) {
    const request = requestOf(pod, resource, options.container);
    if (!request.ok) return request;
    requests.set(pod.metadata.name ?? '', request.value);
  }
  const utilizationOf = (values: ReadonlyMap<string, number>): number => {
    let used = 0;
    let requested = 0;
    for (const [pod, value] of values) {
      used += value;
      requested += requests.get(pod) ?? 0;
    }
    return requested === 0 ? 0 : Math.trunc((used * 100) / requested);
  };
  const fallback = (pod: string): number => ((requests.get(pod) ?? 0) * Math.max(100, target)) / 100;
  const replicas = propose(groups, current, (values) => utilizationOf(values) / target, fallback, tolerances);
  return { ok: true, replicas, average: averageOf(groups.counted), utilization: utilizationOf(groups.counted) };
}

/** Towards an average per pod. */
export function proposeByAverage(
  reading: Reading,
  options: { resource: string; target: number; current: number; tolerances: Tolerances },
  now: Instant,
): Proposal {
  const { resource, target, current, tolerances } = options;
  const problem = unusable(reading, resource);
  if (problem !== undefined) return problem;
  const groups = groupPods(reading, resource, now);
  if (groups.counted.size === 0) return { ok: false, problem: 'did not receive metrics for targeted pods (pods might be unready)' };
  const replicas = propose(
    groups,
    current,
    (values) => averageOf(values) / target,
    () => target,
    tolerances,
  );
  return { ok: true, replicas, average: averageOf(groups.counted) };
}

function unusable(reading: Reading, resource: string): Proposal | undefined {
  if (reading.usage.size === 0) {
    return { ok: false, problem: `unable to get metrics for resource ${resource}: no metrics returned from resource metrics API` };
  }
  if (reading.pods.length === 0) return { ok: false, problem: 'no pods returned by selector while calculating replica count' };
  return undefined;
}

function averageOf(values: ReadonlyMap<string, number>): number {
  let total = 0;
  for (const value of values.values()) total += value;
  return values.size === 0 ? 0 : Math.trunc(total / values.size);
}

type Request = { readonly ok: true; readonly value: number } | { readonly ok: false; readonly problem: string };

function requestOf(pod: Pod, resource: string, only: string | undefined): Request {
  const sidecars = (pod.spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  let value = 0;
  for (const container of [...pod.spec.containers, ...sidecars]) {
    if (only !== undefined && container.name !== only) continue;
    const request = thousandths(requestIn(container, resource));
    if (request === undefined) {
      return { ok: false, problem: `missing request for ${resource} in container ${container.name} of Pod ${pod.metadata.name}` };
    }
    value += request;
  }
  return { ok: true, value };
}

/** A limit without a request is one. */
function requestIn(container: Container, resource: string): string | number | undefined {
  return container.resources?.requests?.[resource] ?? container.resources?.limits?.[resource];
}

/** A quantity in thousandths of its unit; `undefined` for what is none. */
export function thousandths(quantity: string | number | undefined): number | undefined {
  const parsed = quantity === undefined ? undefined : parseQuantity(quantity);
  return parsed === undefined ? undefined : Number(parsed.nanos / 1_000_000n);
}
