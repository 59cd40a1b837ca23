import type { AnalysisRunInfo, ReplicaSetInfo, RolloutInfo } from '@sluice/views';
import { type JSX, useState } from 'react';
import { useAction } from '../hooks/use-action.ts';
import { ageText } from '../model/age.ts';
import { shortImage } from '../model/image.ts';
import { Confirm } from '../parts/confirm.tsx';
import { AnalysisRuns } from './analysis-runs.tsx';
import { ReplicaSetRow } from './replica-set-row.tsx';

/** Versions, newest first. Those without pods fold together after the newest few. */
export function Revisions({ info, now }: { readonly info: RolloutInfo; readonly now: number }): JSX.Element {
  const numbers = [...new Set([...info.replicaSets, ...info.analysisRuns].map(({ revision }) => revision))].sort((a, b) => b - a);
  const [isAllShown, setIsAllShown] = useState(false);
  const shown = isAllShown ? numbers : numbers.slice(0, revisionsShown);
  return (
    <section className="panel" aria-labelledby="revisions">
      <h2 id="revisions">Revisions</h2>
      {numbers.length === 0 ? <p className="quiet">None yet: no pods were ever made for it.</p> : null}
      {shown.map((number) => (
        <Revision
          key={number}
          info={info}
          number={number}
          isNewest={number === numbers[0]}
          sets={info.replicaSets.filter(({ revision }) => revision === number)}
          runs={info.analysisRuns.filter(({ revision }) => revision === number)}
          now={now}
        />
      ))}
      {numbers.length > shown.length ? (
        <button type="button" className="plain" onClick={() => setIsAllShown(true)}>
          Show {numbers.length - shown.length} older
        </button>
      ) : null}
    </section>
  );
}

const revisionsShown = 5;

type RevisionProps = {
  readonly info: RolloutInfo;
  readonly number: number;
  readonly isNewest: boolean;
  readonly sets: readonly ReplicaSetInfo[];
  readonly runs: readonly AnalysisRunInfo[];
  readonly now: number;
};

function Revision({ info, number, isNewest, sets, runs, now }: RevisionProps): JSX.Element {
  const { name = '', namespace = '' } = info.objectMeta;
  const action = useAction(namespace, name);
  const [isAsked, setIsAsked] = useState(false);
  const images = [...new Set(sets.flatMap((set) => set.images))];
  return (
    <article className="revision" aria-label={`Revision ${number}`}>
      <div className="revision-head">
        <h3>Revision {number}</h3>
        <span className="quiet">{ageText(sets[0]?.objectMeta.creationTimestamp, now)}</span>
        {isNewest || sets.length === 0 ? null : (
          <button type="button" disabled={action.isBusy} aria-label={`Roll back to revision ${number}`} onClick={() => setIsAsked(true)}>
            Roll back
          </button>
        )}
      </div>
      {images.length === 0 ? null : (
        <p className="revision-images">
          {images.map((image) => (
            <code key={image} title={image}>
              {shortImage(image)}
            </code>
          ))}
        </p>
      )}
      {sets.map((set) => (
        <ReplicaSetRow key={set.objectMeta.uid} set={set} now={now} />
      ))}
      <AnalysisRuns runs={runs} now={now} />
      {isAsked ? (
        <Confirm
          title={`Roll back to revision ${number}?`}
          verb="Roll back"
          onCancel={() => setIsAsked(false)}
          onConfirm={() => {
            setIsAsked(false);
            void action.run({ kind: 'undo', revision: number });
          }}
        >
          The pod template of revision {number} ({images.map(shortImage).join(', ')}) becomes that of {name}. It is an update like any
          other.
        </Confirm>
      ) : null}
    </article>
  );
}
