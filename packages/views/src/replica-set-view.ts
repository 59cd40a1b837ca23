/** A ReplicaSet of a rollout or an experiment with its part in it, its images and its pods. */
import { annotations, formatHumanDuration, type Instant, labels, type Pod, parseTime, type ReplicaSet, type Rollout } from '@sluice/api';
import { ageOf, ownerAmong, revisionAnnotation } from './age.ts';
import { replicaSetIcon } from './icons.ts';
import { type PodView, podView } from './pod-view.ts';

export type ReplicaSetTag = 'stable' | 'canary' | 'active' | 'preview' | 'ping' | 'pong';

export type ReplicaSetView = {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: string;
  readonly revision: number;
  readonly status: string;
  readonly icon: string;
  readonly age: string;
  /** In the order in which they are shown. */
  readonly tags: readonly ReplicaSetTag[];
  /** Template of the experiment that it belongs to; empty for a rollout's own. */
  readonly template: string;
  /** Pods there are, and pods available. */
  readonly replicas: number;
  readonly available: number;
  /** `25s` or `passed` while a delay is set, else empty. */
  readonly scaleDownDelay: string;
  readonly scaleDownDeadline: string;
  readonly images: readonly string[];
  readonly initContainerImages: readonly string[];
  readonly pods: readonly PodView[];
};

/** The ReplicaSets that `ownerUid` owns, newest revision first, each with its pods in order of creation. */
export function replicaSetViews(
  ownerUid: string,
  rollout: Rollout | undefined,
  replicaSets: readonly ReplicaSet[],
  pods: readonly Pod[],
  now: Instant,
): readonly ReplicaSetView[] {
  const owner = new Set([ownerUid]);
  const owned = replicaSets.filter((set) => ownerAmong(set, owner) !== undefined);
  const podsByOwner = groupPods(owned, pods, now);
  return owned
    .map((set) => replicaSetView(set, rollout, podsByOwner.get(set.metadata.uid ?? '') ?? [], now))
    .sort((a, b) => b.revision - a.revision || compareText(a.name, b.name));
}

function groupPods(sets: readonly ReplicaSet[], pods: readonly Pod[], now: Instant): ReadonlyMap<string, readonly PodView[]> {
  const uids = new Set(sets.map((set) => set.metadata.uid ?? ''));
  const groups = new Map<string, PodView[]>();
  for (const pod of pods) {
    const uid = ownerAmong(pod, uids);
    if (uid === undefined) continue;
    const group = groups.get(uid) ?? [];
    group.push(podView(pod, now));
    groups.set(uid, group);
  }
  for (const group of groups.values()) group.sort((a, b) => compareText(a.createdAt, b.createdAt) || compareText(a.name, b.name));
  return groups;
}

function replicaSetView(set: ReplicaSet, rollout: Rollout | undefined, pods: readonly PodView[], now: Instant): ReplicaSetView {
  const status = healthOf(set);
  const deadline = set.metadata.annotations?.[annotations.scaleDownDeadline] ?? '';
  const spec = set.spec?.template?.spec;
  return {
    name: set.metadata.name ?? '',
    uid: set.metadata.uid ?? '',
    createdAt: set.metadata.creationTimestamp ?? '',
    revision: revisionAnnotation(set),
    status,
    icon: replicaSetIcon(status),
    age: ageOf(set, now),
    tags: rollout === undefined ? [] : tagsOf(rollout, set.metadata.labels?.[labels.podTemplateHash] ?? ''),
    template: set.metadata.annotations?.[annotations.experimentTemplateName] ?? '',
    replicas: set.status?.replicas ?? 0,
    available: set.status?.availableReplicas ?? 0,
    scaleDownDelay: delayText(deadline, now),
    scaleDownDeadline: deadline,
    images: (spec?.containers ?? []).map((container) => container.image ?? ''),
    initContainerImages: (spec?.initContainers ?? []).map((container) => container.image ?? ''),
    pods,
  };
}

function healthOf(set: ReplicaSet): string {
  const { spec, status } = set;
  if ((set.metadata.generation ?? 0) > (status?.observedGeneration ?? 0)) return 'Progressing';
  const failure = status?.conditions?.find((condition) => condition.type === 'ReplicaFailure');
  if (failure?.status === 'True') return 'ReplicaFailure';
  if ((status?.availableReplicas ?? 0) < (spec?.replicas ?? 0)) return 'Progressing';
  return spec?.replicas === 0 ? 'ScaledDown' : 'Healthy';
}

function tagsOf(rollout: Rollout, hash: string): readonly ReplicaSetTag[] {
  const { spec, status } = rollout;
  const tags: ReplicaSetTag[] = [];
  const isStable = (status?.stableRS ?? '') === hash;
  const canary = spec.strategy?.canary;
  if (canary !== undefined) {
    const isCanary = !isStable && (status?.currentPodHash ?? '') === hash;
    if (isStable) tags.push('stable');
    if (isCanary) tags.push('canary');
    if (canary.pingPong !== undefined && (isStable || isCanary)) {
      const isStablePing = status?.canary?.stablePingPong === 'ping';
      tags.push(isStable === isStablePing ? 'ping' : 'pong');
    }
  }
  if (spec.strategy?.blueGreen !== undefined) {
    if (isStable) tags.push('stable');
    if ((status?.blueGreen?.activeSelector ?? '') === hash) tags.push('active');
    else if ((status?.blueGreen?.previewSelector ?? '') === hash) tags.push('preview');
  }
  return tags;
}

function delayText(deadline: string, now: Instant): string {
  const instant = parseTime(deadline);
  if (instant === undefined) return '';
  return instant < now ? 'passed' : formatHumanDuration(instant - now);
}

export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
