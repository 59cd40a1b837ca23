/**
 * The Experiment that a canary step `experiment` stands for: built from the live ReplicaSets of the Rollout, so that what is compared is
 * what runs. Whether one is to be created, and under which name when the first is taken, is the caller's business.
 */
import {
  annotations,
  type Experiment,
  type ExperimentAnalysis,
  type ExperimentSpec,
  type ExperimentStep,
  type ExperimentStepTemplate,
  type ExperimentTemplate,
  labels,
  podTemplateJson,
  type ReplicaSet,
  type Rollout,
} from '@sluice/api';
import { argumentsOfRollout } from '../analysis/rollout-arguments.ts';
import { hashOf } from '../replica-sets.ts';

export type ExperimentQuestion = {
  readonly rollout: Rollout;
  readonly step: ExperimentStep;
  readonly stepIndex: number;
  readonly revision: number;
  /** ReplicaSet of the new version. */
  readonly current: ReplicaSet;
  readonly stable: ReplicaSet;
  /** Of the present template; part of the name, and the label by which the Experiment is cleaned up with its version. */
  readonly hash: string;
  readonly instanceId?: string;
};

/**
 * The Experiment of a step, with an empty status, named `<rollout>-<hash>-<revision>-<stepIndex>`.
 *
 * The templates are those of the live ReplicaSets: defaults of the API and hash label included. Labels of the step's template metadata go into
 * the pods and into the selector. A weight or a service asks for a Service of its own.
 *
 * @returns the first problem for an unknown `specRef` or an argument that leads nowhere
 * @see argoproj/argo-rollouts rollout/experiment.go, GetExperimentFromTemplate
 */
export function experimentOfStep(
  question: ExperimentQuestion,
): { readonly ok: true; readonly value: Experiment } | { readonly ok: false; readonly problem: string } {
  const { rollout, step, stepIndex, revision, current, stable, hash, instanceId = '' } = question;
  const { name = '', namespace, uid = '' } = rollout.metadata;
  const templates: ExperimentTemplate[] = [];
  for (const template of step.templates ?? []) {
    const source = template.specRef === 'canary' ? current : template.specRef === 'stable' ? stable : undefined;
    if (source === undefined) return { ok: false, problem: 'Invalid template step SpecRef: must be canary or stable' };
    templates.push(templateOf(template, source));
  }
  const analyses: ExperimentAnalysis[] = [];
  for (const { args, ...analysis } of step.analyses ?? []) {
    const values = argumentsOfRollout(args ?? [], rollout, { stable: hashOf(stable), latest: hashOf(current) });
    if (!values.ok) return { ok: false, problem: values.problem.message };
    analyses.push({ ...analysis, ...(values.value.length === 0 ? {} : { args: values.value }) });
  }
  const spec: ExperimentSpec = {
    templates,
    ...(step.duration === undefined ? {} : { duration: step.duration }),
    ...(rollout.spec.progressDeadlineSeconds === undefined ? {} : { progressDeadlineSeconds: rollout.spec.progressDeadlineSeconds }),
    ...(analyses.length === 0 ? {} : { analyses }),
    ...(step.scaleDownDelaySeconds === undefined ? {} : { scaleDownDelaySeconds: step.scaleDownDelaySeconds }),
    ...(step.dryRun === undefined ? {} : { dryRun: step.dryRun }),
    // Go has no way to leave this one out.
    analysisRunMetadata: step.analysisRunMetadata ?? {},
  };
  return {
    ok: true,
    value: {
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'Experiment',
      metadata: {
        name: `${name}-${hash}-${revision}-${stepIndex}`,
        ...(namespace === undefined ? {} : { namespace }),
        labels: {
          ...rollout.metadata.labels,
          [labels.podTemplateHash]: hash,
          ...(instanceId === '' ? {} : { [labels.instanceId]: instanceId }),
        },
        annotations: { [annotations.revision]: String(revision) },
        ownerReferences: [{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name, uid, controller: true, blockOwnerDeletion: true }],
      },
      spec,
      status: {},
    },
  };
}

function templateOf(step: ExperimentStepTemplate, source: ReplicaSet): ExperimentTemplate {
  const { metadata, spec } = source.spec?.template ?? {};
  const podLabels = { ...metadata?.labels, ...step.metadata?.labels };
  const podAnnotations = { ...metadata?.annotations, ...step.metadata?.annotations };
  const selector = step.selector ?? source.spec?.selector ?? {};
  const matchLabels = { ...selector.matchLabels, ...step.metadata?.labels };
  const minReadySeconds = source.spec?.minReadySeconds ?? 0;
  const serviceName = step.service?.name ?? '';
  return {
    name: step.name,
    ...(step.replicas === undefined ? {} : { replicas: step.replicas }),
    ...(minReadySeconds === 0 ? {} : { minReadySeconds }),
    selector: { ...selector, ...(Object.keys(matchLabels).length === 0 ? {} : { matchLabels }) },
    template: {
      metadata: {
        ...(Object.keys(podLabels).length === 0 ? {} : { labels: podLabels }),
        ...(Object.keys(podAnnotations).length === 0 ? {} : { annotations: podAnnotations }),
      },
      ...(spec === undefined ? {} : { spec }),
    },
    ...(step.weight === undefined && step.service === undefined ? {} : { service: serviceName === '' ? {} : { name: serviceName } }),
  };
}

/**
 * Whether two specs ask for the same, so that an Experiment that exists is the one that would be created. A termination asked for since
 * does not count, nor what a writer may leave out.
 */
export function isSameExperimentSpec(a: ExperimentSpec, b: ExperimentSpec): boolean {
  return comparable(a) === comparable(b);
}

function comparable({ terminate: _, templates, ...rest }: ExperimentSpec): string {
  const podTemplates = templates.map(({ template }) => podTemplateJson(template));
  const others = templates.map(({ template: _, ...own }) => own);
  return JSON.stringify([podTemplates, canonical({ ...rest, templates: others })]);
}

/** Keys in order, without members that say nothing. `service: {}` asks for a Service and stays, numbers stay even when 0. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value)
    .map(([key, member]) => [key, canonical(member)] as const)
    .filter(([key, member]) => says(member) || (key === 'service' && member !== undefined && member !== null))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries);
}

function says(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === false) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
