/** `list rollouts` and `list experiments` as text, as upstream's plugin prints them. */
import { type Experiment, formatHumanDuration, formatTime, type Instant, parseGoDuration, parseTime, type Rollout } from '@sluice/api';
import { currentSetWeight, desiredReplicas, rolloutPhase } from '@sluice/engine';
import { ageOf } from './age.ts';
import { table } from './table.ts';

export type ListOptions = {
  /** Shows the column NAMESPACE. */
  readonly allNamespaces?: boolean;
  /** Shows the column TIMESTAMP: the time of printing. */
  readonly timestamps?: boolean;
};

const rolloutHeader = ['NAME', 'STRATEGY', 'STATUS', 'STEP', 'SET-WEIGHT', 'READY', 'DESIRED', 'UP-TO-DATE', 'AVAILABLE'];
const rolloutWidths = [10, 9, 12, 4, 10, 5, 7, 10, 9];

/** The table with its header. */
export function printRolloutList(rollouts: readonly Rollout[], options: ListOptions, now: Instant): string {
  return table([
    withExtra(rolloutHeader, 'NAMESPACE', 'TIMESTAMP', options),
    ...rollouts.map((rollout) => rolloutRow(rollout, options, now)),
  ]);
}

/** Rows alone, aligned among themselves: what a watch adds below the table. */
export function printRolloutRows(rollouts: readonly Rollout[], options: ListOptions, now: Instant): string {
  return table(rollouts.map((rollout) => rolloutRow(rollout, options, now)));
}

/** What a row shows without the time: a watch prints a rollout again when this has changed. */
export function rolloutRowKey(rollout: Rollout): string {
  return cells(rollout).join('\t');
}

function rolloutRow(rollout: Rollout, options: ListOptions, now: Instant): readonly string[] {
  const row = cells(rollout).map((cell, column) => cell.padEnd(rolloutWidths[column] ?? 0));
  return withExtra(row, (rollout.metadata.namespace ?? '').padEnd(9), formatTime(now).padEnd(20), options);
}

function withExtra(row: readonly string[], namespace: string, timestamp: string, options: ListOptions): readonly string[] {
  return [...(options.timestamps === true ? [timestamp] : []), ...(options.allNamespaces === true ? [namespace] : []), ...row];
}

function cells(rollout: Rollout): readonly string[] {
  const { spec, status = {} } = rollout;
  const canary = spec.strategy?.canary;
  const steps = canary?.steps ?? [];
  const hasStep = status.currentStepIndex !== undefined && steps.length > 0;
  return [
    rollout.metadata.name ?? '',
    canary !== undefined ? 'Canary' : spec.strategy?.blueGreen !== undefined ? 'BlueGreen' : 'unknown',
    rolloutPhase(rollout).phase,
    hasStep ? `${status.currentStepIndex}/${steps.length}` : '-',
    canary === undefined ? '-' : String(currentSetWeight(spec, status)),
    `${status.readyReplicas ?? 0}/${status.replicas ?? 0}`,
    String(desiredReplicas(spec)),
    String(status.updatedReplicas ?? 0),
    String(status.availableReplicas ?? 0),
  ];
}

const experimentHeader = ['NAME', 'STATUS', 'DURATION', 'REMAINING', 'AGE'];
const experimentWidths = [10, 6, 8, 9, 3];

export function printExperimentList(experiments: readonly Experiment[], options: Pick<ListOptions, 'allNamespaces'>, now: Instant): string {
  const rows = experiments.map((experiment) => {
    const { status } = experiment;
    const row = [experiment.metadata.name ?? '', status?.phase ?? '', ...durations(experiment, now), ageOf(experiment, now)];
    const padded = row.map((cell, column) => cell.padEnd(experimentWidths[column] ?? 0));
    return withExtra(padded, (experiment.metadata.namespace ?? '').padEnd(9), '', options);
  });
  return table([withExtra(experimentHeader, 'NAMESPACE', '', options), ...rows]);
}

function durations({ spec, status }: Experiment, now: Instant): readonly [string, string] {
  const duration = parseGoDuration(spec.duration ?? '');
  if (!duration.ok) return ['-', '-'];
  const isDone = ['Successful', 'Failed', 'Error', 'Inconclusive'].includes(status?.phase ?? '');
  const availableAt = parseTime(status?.availableAt);
  const remaining = availableAt === undefined || isDone ? 0 : availableAt + duration.milliseconds - now;
  return [formatHumanDuration(duration.milliseconds), remaining > 0 ? formatHumanDuration(remaining) : '-'];
}
