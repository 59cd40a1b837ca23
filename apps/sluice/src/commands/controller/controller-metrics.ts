/** The numbers of the rollouts side in Prometheus' text form, under the names that upstream's dashboards and alerts ask for. Pure. */
import type { AnalysisPhase } from '@sluice/api';
import {
  type AnalysisMetrics,
  type AnalysisTemplateGauges,
  type ControllerMetrics,
  type ExperimentMetrics,
  experimentPhaseSeries,
  type Histogram,
  type NotificationMetrics,
  type PassCounts,
  type RolloutGauges,
  type RolloutMetrics,
} from '@sluice/controller';

type Labels = Readonly<Record<string, string>>;

type Family = (
  name: string,
  type: 'gauge' | 'counter' | 'histogram',
  help: string,
  series: readonly (readonly [Labels, number | Histogram])[],
) => void;

const analysisPhases: readonly AnalysisPhase[] = ['Pending', 'Running', 'Successful', 'Failed', 'Error', 'Inconclusive'];
const progressWords = ['Completed', 'Progressing', 'Paused', 'Timeout', 'Error', 'Abort'];

/** @see argoproj/argo-rollouts controller/metrics: names, labels and meaning */
export function controllerMetricsText({ rollouts, analysis, templates, experiments, notifications }: ControllerMetrics): string {
  const lines: string[] = [];
  const family: Family = (name, type, help, series) => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of series) {
      if (typeof value === 'number') lines.push(`${name}${labelText(labels)} ${value}`);
      else lines.push(...histogramLines(name, labels, value));
    }
  };
  rolloutFamilies(rollouts, family);
  analysisFamilies(analysis, templates, family);
  experimentFamilies(experiments, family);
  notificationFamilies(notifications, family);
  return `${lines.join('\n')}\n`;
}

function passFamilies(of: string, passes: readonly PassCounts[], family: Family): void {
  family(
    `${of}_reconcile`,
    'histogram',
    'Duration of passes in seconds',
    passes.map((pass) => [named(pass), pass.seconds]),
  );
  family(
    `${of}_reconcile_error`,
    'counter',
    'Passes that failed',
    passes.map((pass) => [named(pass), pass.errors]),
  );
}

function analysisFamilies({ runs, passes }: AnalysisMetrics, templates: readonly AnalysisTemplateGauges[], family: Family): void {
  family(
    'analysis_run_info',
    'gauge',
    'Information about analysis runs',
    runs.map((run) => [{ ...named(run), phase: run.phase }, 1]),
  );
  family(
    'analysis_run_phase',
    'gauge',
    'Phase of an analysis run; use analysis_run_info instead',
    runs.flatMap((run) => analysisPhases.map((phase) => [{ ...named(run), phase }, run.phase === phase ? 1 : 0] as const)),
  );
  family(
    'analysis_run_metric_type',
    'gauge',
    'Provider of a metric of an analysis run',
    runs.flatMap((run) => run.metrics.map(({ name, type }) => [{ ...named(run), metric: name, type }, 1] as const)),
  );
  family(
    'analysis_run_metric_phase',
    'gauge',
    'Phase of a metric of an analysis run',
    runs.flatMap((run) =>
      run.metrics.flatMap(({ name, type, isDryRun, phase: now }) =>
        analysisPhases.map((phase) => {
          const labels = { ...named(run), metric: name, type, dry_run: String(isDryRun), phase };
          return [labels, now === phase ? 1 : 0] as const;
        }),
      ),
    ),
  );
  passFamilies('analysis_run', passes, family);
  family(
    'analysis_template_info',
    'gauge',
    'Information about analysis templates',
    templates.map((template) => [named(template), 1]),
  );
  family(
    'analysis_template_metric_info',
    'gauge',
    'Metrics of analysis templates',
    templates.flatMap((template) => template.metrics.map(({ name, type }) => [{ ...named(template), type, metric: name }, 1] as const)),
  );
}

function experimentFamilies({ experiments, passes, writes }: ExperimentMetrics, family: Family): void {
  family(
    'experiment_info',
    'gauge',
    'Information about experiments',
    experiments.map((experiment) => [{ ...named(experiment), phase: experiment.phase }, 1]),
  );
  family(
    'experiment_phase',
    'gauge',
    'Phase of an experiment; use experiment_info instead',
    experiments.flatMap((experiment) =>
      experimentPhaseSeries.map((phase) => [{ ...named(experiment), phase }, experiment.phase === phase ? 1 : 0] as const),
    ),
  );
  passFamilies('experiment', passes, family);
  family(
    'sluice_experiment_writes_total',
    'counter',
    'Writes of the experiments controller by kind, Events not counted',
    Object.entries(writes).map(([kind, count]) => [{ kind }, count]),
  );
}

function notificationFamilies({ sent, durations }: NotificationMetrics, family: Family): void {
  const counted = (of: 'successes' | 'errors'): readonly (readonly [Labels, number])[] =>
    sent.map((entry) => [{ ...named(entry), type: entry.type, reason: entry.reason }, entry[of]]);
  family('notification_send_success', 'counter', 'Notifications that were sent', counted('successes'));
  family('notification_send_error', 'counter', 'Notifications that could not be sent', counted('errors'));
  family(
    'notification_send',
    'histogram',
    'Seconds from an Event until somebody was told, tries included',
    durations.map((entry) => [named(entry), entry.seconds]),
  );
}

function rolloutFamilies(metrics: RolloutMetrics, family: Family): void {
  const { rollouts, passes, events, durations, writes } = metrics;
  const perRollout = (count: (gauges: RolloutGauges) => number): readonly (readonly [Labels, number])[] =>
    rollouts.map((gauges) => [named(gauges), count(gauges)]);

  family(
    'rollout_info',
    'gauge',
    'Information about rollouts',
    rollouts.map((gauges) => [
      { ...named(gauges), strategy: gauges.strategy, traffic_router: gauges.trafficRouter, phase: gauges.phase },
      1,
    ]),
  );
  family(
    'rollout_info_replicas_available',
    'gauge',
    'Available replicas of a rollout',
    perRollout(({ available }) => available),
  );
  family(
    'rollout_info_replicas_unavailable',
    'gauge',
    'Unavailable replicas of a rollout',
    perRollout(({ unavailable }) => unavailable),
  );
  family(
    'rollout_info_replicas_desired',
    'gauge',
    'Wanted replicas of a rollout',
    perRollout(({ desired }) => desired),
  );
  family(
    'rollout_info_replicas_updated',
    'gauge',
    'Updated replicas of a rollout',
    perRollout(({ updated }) => updated),
  );
  family(
    'rollout_phase',
    'gauge',
    'Phase of a rollout; use rollout_info instead',
    rollouts.flatMap((gauges) => {
      const { strategy, progress } = gauges;
      return progressWords.map((phase) => [{ ...named(gauges), strategy, phase }, phase === progress ? 1 : 0] as const);
    }),
  );
  passFamilies('rollout', passes, family);
  family(
    'rollout_events_total',
    'counter',
    'Events of rollouts',
    events.map((event) => [{ ...named(event), type: event.type, reason: event.reason }, event.count]),
  );
  const ended = (of: 'total' | 'progression' | 'manualPause'): readonly (readonly [Labels, Histogram])[] =>
    durations.map((duration) => [{ status: duration.completion }, duration[of]]);
  family('rollout_duration_seconds', 'histogram', 'How long updates took', ended('total'));
  family('rollout_progression_duration_seconds', 'histogram', 'How long updates took without pauses for a person', ended('progression'));
  family('rollout_manual_pause_duration_seconds', 'histogram', 'How long updates waited for a person', ended('manualPause'));
  family(
    'sluice_rollout_writes_total',
    'counter',
    'Writes of the rollouts controller by kind, Events not counted',
    Object.entries(writes).map(([kind, count]) => [{ kind }, count]),
  );
}

function named({ namespace, name }: { readonly namespace: string; readonly name: string }): Labels {
  return { namespace, name };
}

function histogramLines(name: string, labels: Labels, { bounds, counts, sum, count }: Histogram): readonly string[] {
  return [
    ...bounds.map((bound, index) => `${name}_bucket${labelText({ ...labels, le: String(bound) })} ${counts[index] ?? 0}`),
    `${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}`,
    `${name}_sum${labelText(labels)} ${sum}`,
    `${name}_count${labelText(labels)} ${count}`,
  ];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([key, value]) => `${key}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}
