import type { AnalysisRunInfo } from '@sluice/views';
import type { JSX } from 'react';
import { type MetricRows, metricRows } from '../model/measurements.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Status } from '../parts/status.tsx';
import { toneOf } from '../parts/tone.ts';
import { Sparkline } from './sparkline.tsx';

export function AnalysisRunDialog({ run, onClose }: { readonly run: AnalysisRunInfo; onClose(): void }): JSX.Element {
  const message = run.specAndStatus.status?.message ?? '';
  return (
    <Dialog title={run.objectMeta.name ?? ''} isWide onClose={onClose}>
      <p className="head-line">
        <Status status={run.status} />
        <span>{message}</span>
      </p>
      {metricRows(run).map((metric) => (
        <Metric key={metric.metric.name} rows={metric} />
      ))}
    </Dialog>
  );
}

const rowsShown = 50;

function Metric({ rows }: { readonly rows: MetricRows }): JSX.Element {
  const { metric, phase, message, isDryRun } = rows;
  const conditions = [
    metric.successCondition === '' ? '' : `success: ${metric.successCondition}`,
    metric.failureCondition === '' ? '' : `failure: ${metric.failureCondition}`,
    metric.failureLimit > 0 ? `failure limit ${metric.failureLimit}` : '',
  ].filter((text) => text !== '');
  return (
    <section className="metric">
      <div className="revision-head">
        <h3>{metric.name}</h3>
        <Status status={phase} />
        {isDryRun ? <span className="role">dry run</span> : null}
        <span className="quiet">{rows.rows.length === 1 ? '1 measurement' : `${rows.rows.length} measurements`}</span>
      </div>
      {conditions.length === 0 ? null : <code className="conditions">{conditions.join(' · ')}</code>}
      {message === '' ? null : <p className="card-message">{message}</p>}
      {rows.numbers === undefined ? null : <Sparkline numbers={rows.numbers} label={`Values of ${metric.name}`} />}
      {rows.rows.length === 0 ? null : <Measurements rows={rows} />}
    </section>
  );
}

/** The newest first. */
function Measurements({ rows }: { readonly rows: MetricRows }): JSX.Element {
  return (
    <div className="measurements">
      <table>
        <thead>
          <tr>
            <th>Time</th>
            <th>Value</th>
            <th>Result</th>
          </tr>
        </thead>
        <tbody>
          {rows.rows
            .map((row, at) => ({ ...row, at }))
            .reverse()
            .slice(0, rowsShown)
            .map(({ at, startedAt, value, phase, message }) => (
              <tr key={at}>
                <td>{startedAt === '' ? '' : new Date(startedAt).toLocaleTimeString()}</td>
                <td>
                  <code>{value === '' ? '–' : value}</code>
                </td>
                <td data-tone={toneOf(phase)}>
                  {phase}
                  {message === '' ? '' : `: ${message}`}
                </td>
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
