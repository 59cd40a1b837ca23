/** An AnalysisRun with its counts and the Jobs it has started. */
import type { AnalysisRun, Instant } from '@sluice/api';
import { ageOf, ageSince, ownerAmong, revisionAnnotation } from './age.ts';
import { analysisIcon } from './icons.ts';
import { compareText } from './replica-set-view.ts';

export type JobView = { readonly name: string; readonly status: string; readonly icon: string; readonly age: string };

export type AnalysisRunView = {
  readonly name: string;
  readonly uid: string;
  readonly createdAt: string;
  readonly revision: number;
  readonly status: string;
  readonly icon: string;
  readonly age: string;
  /** Measurements over all metrics. */
  readonly successful: number;
  readonly failed: number;
  readonly inconclusive: number;
  readonly error: number;
  readonly jobs: readonly JobView[];
};

/** The runs that `ownerUid` owns: newest revision first, then oldest first; of one second the later name first. */
export function analysisRunViews(ownerUid: string, runs: readonly AnalysisRun[], now: Instant): readonly AnalysisRunView[] {
  const owner = new Set([ownerUid]);
  return runs
    .filter((run) => ownerAmong(run, owner) !== undefined)
    .map((run) => analysisRunView(run, now))
    .sort((a, b) => b.revision - a.revision || compareText(a.createdAt, b.createdAt) || compareText(b.name, a.name));
}

function analysisRunView(run: AnalysisRun, now: Instant): AnalysisRunView {
  const results = run.status?.metricResults ?? [];
  const sum = (field: 'successful' | 'failed' | 'inconclusive' | 'error'): number =>
    results.reduce((total, result) => total + (result[field] ?? 0), 0);
  const status = run.status?.phase ?? '';
  return {
    name: run.metadata.name ?? '',
    uid: run.metadata.uid ?? '',
    createdAt: run.metadata.creationTimestamp ?? '',
    revision: revisionAnnotation(run),
    status,
    icon: analysisIcon(status),
    age: ageOf(run, now),
    successful: sum('successful'),
    failed: sum('failed'),
    inconclusive: sum('inconclusive'),
    error: sum('error'),
    jobs: results.flatMap((result) =>
      (result.measurements ?? []).flatMap(({ metadata, phase, startedAt }) => {
        const name = metadata?.['job-name'];
        return name === undefined ? [] : [{ name, status: phase, icon: analysisIcon(phase), age: ageSince(startedAt, now) }];
      }),
    ),
  };
}
