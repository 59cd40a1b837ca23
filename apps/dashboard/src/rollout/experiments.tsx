import type { RolloutInfo } from '@sluice/views';
import type { JSX } from 'react';
import { Status } from '../parts/status.tsx';
import { AnalysisRuns } from './analysis-runs.tsx';
import { ReplicaSetRow } from './replica-set-row.tsx';

export function Experiments({ info, now }: { readonly info: RolloutInfo; readonly now: number }): JSX.Element | null {
  if (info.experiments.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="experiments">
      <h2 id="experiments">Experiments</h2>
      {info.experiments.map(({ objectMeta, status, message, revision, replicaSets, analysisRuns }) => (
        <article key={objectMeta.uid} className="revision">
          <div className="revision-head">
            <h3>{objectMeta.name}</h3>
            <Status status={status} />
            <span className="quiet">revision {revision}</span>
          </div>
          {message === '' ? null : <p className="card-message">{message}</p>}
          {replicaSets.map((set) => (
            <ReplicaSetRow key={set.objectMeta.uid} set={set} now={now} />
          ))}
          <AnalysisRuns runs={analysisRuns} now={now} />
        </article>
      ))}
    </section>
  );
}
