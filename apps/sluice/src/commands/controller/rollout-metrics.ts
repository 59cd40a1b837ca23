/** The numbers of the rollouts side in Prometheus' text form, under the names that upstream's dashboards and alerts ask for. Pure. */
import type { Histogram, RolloutGauges, RolloutMetrics } from '@sluice/controller';

type Labels = Readonly<Record<string, string>>;

const progressWords = ['Completed', 'Progressing', 'Paused', 'Timeout', 'Error', 'Abort'];

/** @see argoproj/argo-rollouts controller/metrics: names, labels and meaning */
export function rolloutMetricsText(metrics: RolloutMetrics): string {
  const lines: string[] = [];
  const family = (
    name: string,
    type: 'gauge' | 'counter' | 'histogram',
    help: string,
    series: readonly (readonly [Labels, number | Histogram])[],
  ): void => {
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`);
    for (const [labels, value] of series) {
      if (typeof value === 'number') lines.push(`${name}${labelText(labels)} ${value}`);
      else lines.push(...histogramLines(name, labels, value));
    }
  };
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
  family(
    'rollout_reconcile',
    'histogram',
    'Duration of passes in seconds',
    passes.map((pass) => [named(pass), pass.seconds]),
  );
  family(
    'rollout_reconcile_error',
    'counter',
    'Passes that failed',
    passes.map((pass) => [named(pass), pass.errors]),
  );
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
  return `${lines.join('\n')}\n`;
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
