/** Reading and writing the status of an Experiment: its entries by name, whether it is ending, and the merge patch from one to another. */
import {
  type AnalysisPhase,
  type Experiment,
  type ExperimentAnalysisRunStatus,
  type ExperimentStatus,
  type ExperimentTemplate,
  type ExperimentTemplateStatus,
  type Instant,
  parseGoDuration,
  parseTime,
} from '@sluice/api';
import { isCompletedPhase } from '../analysis/phases.ts';
import { isSame } from '../status.ts';

/** An entry that has no run yet has an empty phase on the wire. */
export type RunEntry = Omit<ExperimentAnalysisRunStatus, 'phase'> & { readonly phase: AnalysisPhase | '' };

export function templateEntry(status: ExperimentStatus, name: string): ExperimentTemplateStatus | undefined {
  return status.templateStatuses?.find((entry) => entry.name === name);
}

export function runEntry(status: ExperimentStatus, name: string): RunEntry | undefined {
  return status.analysisRuns?.find((entry) => entry.name === name);
}

/** In its place, or at the end. Entries of names that the spec no longer has stay (as upstream). */
export function withEntry<T extends { readonly name: string }>(entries: readonly T[] | undefined, next: T): readonly T[] {
  const present = entries ?? [];
  if (!present.some(({ name }) => name === next.name)) return [...present, next];
  return present.map((entry) => (entry.name === next.name ? next : entry));
}

/** Pods that a template asks for; absent means 1. */
export function sizeOfTemplate(template: ExperimentTemplate): number {
  return template.replicas ?? 1;
}

export function isCompletedTemplate(entry: ExperimentTemplateStatus | undefined): boolean {
  return entry?.status === 'Successful' || entry?.status === 'Failed' || entry?.status === 'Error';
}

/**
 * Whether pods are to go and runs to end: asked for, over, a template or an analysis that ended badly, or every required analysis that
 * ended well.
 *
 * @see argoproj/argo-rollouts utils/experiment, IsTerminating
 */
export function isTerminating({ spec, status = {} }: Experiment): boolean {
  return (
    spec.terminate === true ||
    isCompletedPhase(status.phase) ||
    (status.templateStatuses ?? []).some((entry) => entry.status === 'Failed' || entry.status === 'Error') ||
    (status.analysisRuns ?? []).some(({ phase }) => phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive') ||
    isRequiredDone(spec, status)
  );
}

export function hasRequired({ analyses = [] }: Experiment['spec']): boolean {
  return analyses.some(({ requiredForCompletion }) => requiredForCompletion === true);
}

/** There is an analysis that is required for completion, and all of those were successful. */
export function isRequiredDone(spec: Experiment['spec'], status: ExperimentStatus): boolean {
  const required = (spec.analyses ?? []).filter(({ requiredForCompletion }) => requiredForCompletion === true);
  return required.length > 0 && required.every(({ name }) => runEntry(status, name)?.phase === 'Successful');
}

/** When the time that the Experiment is to run is over. `undefined` without a duration, with one that cannot be read, and before it runs. */
export function endOf({ spec, status = {} }: Experiment): Instant | undefined {
  const from = parseTime(status.availableAt);
  const duration = parseGoDuration(spec.duration ?? '');
  return from === undefined || !duration.ok ? undefined : from + duration.milliseconds;
}

/** 10 minutes when absent. */
export function progressDeadlineSeconds({ spec }: Experiment): number {
  return spec.progressDeadlineSeconds ?? 600;
}

/** 30 seconds when absent. */
export function scaleDownDelaySeconds({ spec }: Experiment): number {
  return spec.scaleDownDelaySeconds ?? 30;
}

const fields = ['analysisRuns', 'availableAt', 'conditions', 'message', 'phase', 'templateStatuses'] as const;

/** Merge patch from what the server has to what it should have; `undefined` when they say the same. Lists are replaced whole. */
export function experimentStatusPatch(
  present: ExperimentStatus | undefined,
  next: ExperimentStatus,
): Readonly<Record<string, unknown>> | undefined {
  const patch: Record<string, unknown> = {};
  for (const field of fields) {
    const old = said(present?.[field]);
    const value = said(next[field]);
    if (!isSame(old, value)) patch[field] = value ?? null;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

function said(value: unknown): unknown {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0) ? undefined : value;
}
