/**
 * What a DaemonSet needs next: one pod on every node that takes it, updated a few at a time, then its status. Pure.
 * Behaves as the daemonset controller of Kubernetes 1.34 (daemon_controller.go, update.go).
 */
import type { Instant } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { revisionHashLabel, surplusRevisions } from '../../control/history.ts';
import { inOrder, nothing, type Plan, statusWrite, type Write } from '../../control/plan.ts';
import { podFromTemplate } from '../../control/pod-template.ts';
import { scaledValue } from '../../shapes/int-or-percent.ts';
import type { Pod, PodSpec } from '../../shapes/pod.ts';
import { isPodAvailable, isPodReady, nextAvailabilityMs } from '../../shapes/pod-conditions.ts';
import { nodeOf } from '../../shapes/pod-placement.ts';
import type { Node } from '../../shapes/services.ts';
import type { ControllerRevision, DaemonSet, DaemonSetStatus } from '../../shapes/workloads.ts';

const generationLabel = 'pod-template-generation';
export const generationAnnotation = 'deprecated.daemonset.template.generation';

export type DaemonSetFacts = {
  readonly set: DaemonSet;
  readonly nodes: readonly Node[];
  /** Claimed, those being deleted included. */
  readonly pods: readonly Pod[];
  readonly revisions: readonly ControllerRevision[];
  readonly update: ControllerRevision;
};

/** A node takes the pods unless its labels are not those that the template selects. */
function takes(node: Node, set: DaemonSet): boolean {
  const selector = (set.spec.template.spec?.nodeSelector ?? {}) as Readonly<Record<string, string>>;
  return Object.entries(selector).every(([key, value]) => node.metadata.labels?.[key] === value);
}

export function decideDaemonPods(seen: DaemonSetFacts, now: Instant): Plan {
  const { set, pods } = seen;
  if (set.metadata.deletionTimestamp !== undefined) return nothing('being deleted');
  const creations: Write[] = [];
  const removals: Write[] = [];
  const wanted = new Set<string>();
  for (const node of seen.nodes) {
    const name = node.metadata.name ?? '';
    const here = pods.filter((pod) => nodeOf(pod) === name);
    if (!takes(node, set)) {
      removals.push(...here.filter((pod) => !isGoing(pod)).map((pod) => removal(set, pod)));
      continue;
    }
    wanted.add(name);
    const failed = here.filter((pod) => pod.status?.phase === 'Failed' && !isGoing(pod));
    removals.push(...failed.map((pod) => removal(set, pod)));
    const alive = here.filter((pod) => !failed.includes(pod));
    if (alive.length === 0 && failed.length === 0) creations.push(creation(seen, name));
    const staying = alive.filter((pod) => !isGoing(pod)).sort(oldestFirst);
    removals.push(...staying.slice(1).map((pod) => removal(set, pod)));
  }
  removals.push(
    ...pods
      .filter((pod) => !isGoing(pod) && !seen.nodes.some((node) => node.metadata.name === nodeOf(pod)))
      .map((pod) => removal(set, pod)),
  );
  if (creations.length + removals.length > 0) {
    const steps = [
      ...(creations.length === 0 ? [] : [{ writes: creations, isSlowStart: true }]),
      ...(removals.length === 0 ? [] : [{ writes: removals }]),
    ];
    return { steps, notes: [], reason: 'nodes without a pod, or with one too many' };
  }
  return update(seen, wanted.size, now);
}

/** Old pods go while the number of unavailable ones allows it; those that are not available go first and for free. */
function update(seen: DaemonSetFacts, desired: number, now: Instant): Plan {
  const { set, pods } = seen;
  const { type = 'RollingUpdate', rollingUpdate } = set.spec.updateStrategy ?? {};
  if (type !== 'RollingUpdate') return nothing('updated on delete');
  const unavailableMax = Math.max(1, scaledValue(rollingUpdate?.maxUnavailable ?? 1, desired, 'up'));
  const isUp = (pod: Pod): boolean => !isGoing(pod) && isPodAvailable(pod, set.spec.minReadySeconds ?? 0, now);
  const old = pods.filter((pod) => !isGoing(pod) && !isCurrent(seen, pod));
  if (old.length === 0) return nothing('pods are as they should be');
  const broken = old.filter((pod) => !isUp(pod));
  const unavailable = desired - pods.filter(isUp).length;
  const room = Math.max(0, unavailableMax - Math.max(0, unavailable - broken.length));
  const going = [...broken, ...old.filter(isUp)].slice(0, Math.max(room, broken.length));
  if (going.length === 0) return nothing('wait for pods of the new template');
  return { steps: [{ writes: going.map((pod) => removal(set, pod)) }], notes: [], reason: 'pods have an old template' };
}

function isCurrent({ update: revision }: DaemonSetFacts, pod: Pod): boolean {
  return pod.metadata.labels?.[revisionHashLabel] === hashOf(revision);
}

function hashOf(revision: ControllerRevision): string {
  return revision.metadata.labels?.[revisionHashLabel] ?? '';
}

function isGoing(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined;
}

function oldestFirst(a: Pod, b: Pod): number {
  return (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1;
}

function creation(seen: DaemonSetFacts, node: string): Write {
  const { set, update: revision } = seen;
  const pod = podFromTemplate(set.spec.template, builtinTypes.daemonSets, set);
  const required = { nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [node] }] }] };
  const affinity = pod.spec.affinity as Record<string, unknown> | undefined;
  const placed: Pod = {
    ...pod,
    metadata: {
      ...pod.metadata,
      labels: {
        ...pod.metadata.labels,
        [revisionHashLabel]: hashOf(revision),
        [generationLabel]: set.metadata.annotations?.[generationAnnotation] ?? String(set.metadata.generation ?? 1),
      },
    },
    spec: {
      ...pod.spec,
      affinity: { ...affinity, nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } },
      tolerations: [...((pod.spec.tolerations as readonly unknown[] | undefined) ?? []), ...daemonTolerations(pod.spec)],
    },
  };
  return {
    verb: 'create',
    type: builtinTypes.pods,
    object: placed,
    note: { about: set, type: 'Normal', reason: 'SuccessfulCreate', message: 'Created pod: {name}' },
    failureNote: { about: set, type: 'Warning', reason: 'FailedCreate', message: 'Error creating: {error}' },
  };
}

/** Daemons stay on nodes in trouble. @see k8s.io/kubernetes pkg/controller/daemon/util/daemonset_util.go */
function daemonTolerations(spec: PodSpec): readonly unknown[] {
  const tolerate = (key: string, effect: string): unknown => ({ key, operator: 'Exists', effect });
  return [
    tolerate('node.kubernetes.io/not-ready', 'NoExecute'),
    tolerate('node.kubernetes.io/unreachable', 'NoExecute'),
    tolerate('node.kubernetes.io/disk-pressure', 'NoSchedule'),
    tolerate('node.kubernetes.io/memory-pressure', 'NoSchedule'),
    tolerate('node.kubernetes.io/pid-pressure', 'NoSchedule'),
    tolerate('node.kubernetes.io/unschedulable', 'NoSchedule'),
    ...(spec.hostNetwork === true ? [tolerate('node.kubernetes.io/network-unavailable', 'NoSchedule')] : []),
  ];
}

function removal(set: DaemonSet, pod: Pod): Write {
  return {
    verb: 'delete',
    type: builtinTypes.pods,
    object: pod,
    note: { about: set, type: 'Normal', reason: 'SuccessfulDelete', message: 'Deleted pod: {name}' },
    failureNote: { about: set, type: 'Warning', reason: 'FailedDelete', message: 'Error deleting: {error}' },
  };
}

export function decideDaemonStatus(seen: DaemonSetFacts, now: Instant): Plan {
  const { set } = seen;
  const minReadySeconds = set.spec.minReadySeconds ?? 0;
  let desired = 0;
  let scheduled = 0;
  let misplaced = 0;
  let ready = 0;
  let available = 0;
  let updated = 0;
  for (const node of seen.nodes) {
    const here = seen.pods.filter((pod) => nodeOf(pod) === node.metadata.name && !isGoing(pod)).sort(oldestFirst);
    const [pod] = here;
    if (!takes(node, set)) {
      if (pod !== undefined) misplaced++;
      continue;
    }
    desired++;
    if (pod === undefined) continue;
    scheduled++;
    if (isPodReady(pod)) ready++;
    if (isPodAvailable(pod, minReadySeconds, now)) available++;
    if (isCurrent(seen, pod)) updated++;
  }
  const unavailable = desired - available;
  const status: DaemonSetStatus = {
    currentNumberScheduled: scheduled,
    desiredNumberScheduled: desired,
    numberMisscheduled: misplaced,
    numberReady: ready,
    observedGeneration: set.metadata.generation ?? 0,
    ...(updated === 0 ? {} : { updatedNumberScheduled: updated }),
    ...(available === 0 ? {} : { numberAvailable: available }),
    ...(unavailable === 0 ? {} : { numberUnavailable: unavailable }),
    ...(set.status?.collisionCount === undefined ? {} : { collisionCount: set.status.collisionCount }),
  };
  const hashes = new Set(seen.pods.map((pod) => pod.metadata.labels?.[revisionHashLabel]));
  const live = new Set(
    seen.revisions
      .filter((revision) => revision === seen.update || hashes.has(hashOf(revision)))
      .map(({ metadata }) => metadata.name ?? ''),
  );
  const cleanUp = surplusRevisions(seen.revisions, live, set.spec.revisionHistoryLimit ?? 10);
  return {
    steps: [...inOrder(statusWrite(builtinTypes.daemonSets, set, status)), ...(cleanUp.length === 0 ? [] : [{ writes: cleanUp }])],
    notes: [],
    reason: 'status',
    requeueAfterMs: nextAvailabilityMs(seen.pods, minReadySeconds, now),
  };
}
