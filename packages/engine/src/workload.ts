/**
 * `spec.workloadRef`: the pod template of another object takes the place of one of the Rollout's own, and the other object is scaled down when
 * the Rollout has taken over.
 *
 * @see argoproj/argo-rollouts rollout/temlateref.go, rollout/scale_utils.go
 */
import {
  annotations,
  type FieldError,
  formatFieldError,
  type KubeObject,
  type LabelSelector,
  type PodTemplateSpec,
  parseApiVersion,
  type ResourceType,
  type Rollout,
} from '@sluice/api';
import type { RolloutFacts } from './facts.ts';
import { because, type Pass } from './pass.ts';
import { objectWrite } from './plan.ts';
import { revisionOf, sizeOf } from './replica-sets.ts';

const kinds: readonly ResourceType[] = [
  { group: 'apps', version: 'v1', kind: 'Deployment', resource: 'deployments', namespaced: true },
  { group: 'apps', version: 'v1', kind: 'ReplicaSet', resource: 'replicasets', namespaced: true },
  { group: '', version: 'v1', kind: 'PodTemplate', resource: 'podtemplates', namespaced: true },
];

/** How a kind that may be referred to is served; `undefined` for any other. */
export function workloadTypeOf(object: { readonly apiVersion?: string; readonly kind?: string }): ResourceType | undefined {
  const { group } = parseApiVersion(object.apiVersion ?? '');
  return kinds.find((type) => type.group === group && type.kind === object.kind);
}

export type Resolved =
  | { readonly ok: true; readonly rollout: Rollout; readonly isTemplateResolved: boolean }
  | { readonly ok: false; readonly problem: string };

/**
 * The Rollout with template and selector of what it refers to, for this decision only: they are never written back. Its annotation gets the
 * generation that was looked at.
 */
export function withWorkload({ rollout, workload }: RolloutFacts): Resolved {
  const { workloadRef } = rollout.spec;
  if (workloadRef === undefined) return { ok: true, rollout: withoutGeneration(rollout), isTemplateResolved: false };
  // A template beside it is told as a problem of the spec.
  if (rollout.spec.template !== undefined) return { ok: true, rollout, isTemplateResolved: false };
  const refused = (detail: string): Resolved => {
    const error: FieldError = { path: 'spec.workloadRef', type: 'Invalid', value: workloadRef, detail };
    return { ok: false, problem: formatFieldError(error) };
  };
  if (workloadTypeOf(workloadRef) === undefined) {
    return refused(`workload of type ${parseApiVersion(workloadRef.apiVersion ?? '').group}/${workloadRef.kind ?? ''} is not supported`);
  }
  if (workload === undefined || typeof workload === 'string') return refused(workload ?? 'the referenced workload is not known yet');
  const { template, selector } = templateOf(workload);
  if (template === undefined) return refused(`${workload.kind} ${workload.metadata.name ?? ''} has no pod template`);
  const generation = String(workload.metadata.generation ?? 0);
  return {
    ok: true,
    isTemplateResolved: true,
    rollout: {
      ...rollout,
      metadata: { ...rollout.metadata, annotations: { ...rollout.metadata.annotations, [annotations.workloadGeneration]: generation } },
      spec: {
        ...rollout.spec,
        template,
        ...(rollout.spec.selector === undefined && selector !== undefined ? { selector } : {}),
      },
    },
  };
}

function withoutGeneration(rollout: Rollout): Rollout {
  if (rollout.metadata.annotations?.[annotations.workloadGeneration] === undefined) return rollout;
  const { [annotations.workloadGeneration]: _, ...kept } = rollout.metadata.annotations;
  return { ...rollout, metadata: { ...rollout.metadata, annotations: kept } };
}

function templateOf(workload: KubeObject): {
  readonly template: PodTemplateSpec | undefined;
  readonly selector: LabelSelector | undefined;
} {
  const holder = (workload.kind === 'PodTemplate' ? workload : workload.spec) as
    | { readonly template?: PodTemplateSpec; readonly selector?: LabelSelector }
    | undefined;
  return { template: holder?.template, selector: holder?.selector };
}

/** Names the state of the workload that a reading of the spec is about. */
export function workloadState({ workload }: RolloutFacts): string {
  return typeof workload === 'object' ? `${workload.metadata.uid ?? ''}/${workload.metadata.generation ?? 0}` : (workload ?? '');
}

/** `onsuccess`: the first version of the Rollout is up, so the Deployment's pods are not needed any more. */
export function scaleDownOnSuccess(pass: Pass): void {
  const { rollout } = pass.world;
  if (rollout.spec.workloadRef?.scaleDown !== 'onsuccess') return;
  if (revisionOf(rollout) === 1 && pass.previous.phase === 'Healthy') scaleWorkload(pass, 0);
}

/** `progressively`: one pod of the Deployment less for each that the first version of the Rollout has ready. */
export function scaleDownProgressively(pass: Pass, size: number): void {
  const { rollout, workload } = pass.world;
  if (rollout.spec.workloadRef?.scaleDown !== 'progressively' || revisionOf(rollout) !== 1 || workload === undefined) return;
  const ready = pass.previous.readyReplicas ?? 0;
  if (pass.previous.phase === 'Healthy') scaleWorkload(pass, 0);
  else if (ready > 0 || sizeOf(pass.roles.current) > size) scaleWorkload(pass, Math.max(0, (rollout.spec.replicas ?? 1) - ready));
}

function scaleWorkload(pass: Pass, replicas: number): void {
  const { workload } = pass.world;
  if (workload?.kind !== 'Deployment') return;
  const type = workloadTypeOf(workload);
  const spec = workload.spec as { readonly replicas?: number };
  // Never up: other hands may have taken it further down.
  if (type === undefined || (spec.replicas ?? 1) <= replicas) return;
  pass.world = { ...pass.world, workload: { ...workload, spec: { ...spec, replicas } } };
  pass.hasActed = true;
  const { namespace = '', name = '' } = workload.metadata;
  because(pass, objectWrite(type, namespace, name), `the Rollout has taken over its pods, ${replicas} are left to it`);
}
