/** What an analysis has measured, metric by metric, as the table and the little chart show it. */
import type { AnalysisRunInfo, MetricInfo } from '@sluice/views';

export type MetricRows = {
  readonly metric: MetricInfo;
  readonly phase: string;
  readonly message: string;
  readonly isDryRun: boolean;
  readonly rows: readonly MeasurementRow[];
  /** The measured numbers in order, where every value is one. */
  readonly numbers: readonly number[] | undefined;
};

type MeasurementRow = { readonly phase: string; readonly value: string; readonly message: string; readonly startedAt: string };

export function metricRows({ metrics, specAndStatus }: AnalysisRunInfo): readonly MetricRows[] {
  const results = specAndStatus.status?.metricResults ?? [];
  return metrics.map((metric) => {
    const result = results.find(({ name }) => name === metric.name);
    const rows = (result?.measurements ?? []).map(({ phase, value = '', message = '', startedAt = '' }) => ({
      phase,
      value,
      message,
      startedAt,
    }));
    return {
      metric,
      phase: result?.phase ?? 'Pending',
      message: result?.message ?? '',
      isDryRun: result?.dryRun === true,
      rows,
      numbers: numbersOf(rows),
    };
  });
}

/** Values are texts: a number, or a list such as `[0.97]` of which the first counts. */
function numbersOf(rows: readonly MeasurementRow[]): readonly number[] | undefined {
  const measured = rows
    .filter(({ value }) => value !== '')
    .map(({ value }) => Number(/^\[?\s*(-?[\d.eE+-]+)/.exec(value)?.[1] ?? Number.NaN));
  return measured.length < 2 || measured.some((number) => !Number.isFinite(number)) ? undefined : measured;
}
