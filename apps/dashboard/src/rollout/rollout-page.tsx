/** One rollout: where it is, what it is made of, and what can be done about it. */
import type { RolloutInfo } from '@sluice/views';
import type { JSX } from 'react';
import { useNow } from '../hooks/use-now.ts';
import { Link } from '../hooks/use-place.tsx';
import { useRollout } from '../hooks/use-rollout.ts';
import { ageText } from '../model/age.ts';
import { Actions } from '../parts/actions.tsx';
import { Connection } from '../parts/connection.tsx';
import { Notice } from '../parts/notice.tsx';
import { Status } from '../parts/status.tsx';
import { toneOf } from '../parts/tone.ts';
import { WeightBar } from '../parts/weight-bar.tsx';
import type { Connection as ConnectionState } from '../server/watch.ts';
import { Containers } from './containers.tsx';
import { Experiments } from './experiments.tsx';
import { Revisions } from './revisions.tsx';
import { Steps } from './steps.tsx';
import { Summary } from './summary.tsx';

export function RolloutPage({ namespace, name }: { readonly namespace: string; readonly name: string }): JSX.Element {
  const { info, connection, failure } = useRollout(namespace, name);
  const now = useNow();
  return (
    <>
      <nav className="crumbs" aria-label="Where you are">
        <Link to={{ kind: 'list', namespace }}>← Rollouts in {namespace}</Link>
      </nav>
      {failure === '' ? null : <Notice kind="failed">{failure}</Notice>}
      {info === undefined ? (
        failure === '' && <Notice kind="loading">Loading {name} …</Notice>
      ) : (
        <>
          <Head info={info} now={now} connection={connection} />
          <div className="columns">
            <div className="column">
              <Steps info={info} />
              <Summary info={info} />
              <Containers info={info} />
            </div>
            <div className="column">
              <Revisions info={info} now={now} />
              <Experiments info={info} now={now} />
            </div>
          </div>
        </>
      )}
    </>
  );
}

type HeadProps = { readonly info: RolloutInfo; readonly now: number; readonly connection: ConnectionState };

function Head({ info, now, connection }: HeadProps): JSX.Element {
  const since = info.status === 'Paused' ? ageText(info.view.pausedSince, now) : '';
  return (
    <section className="panel head" data-tone={toneOf(info.status)}>
      <div className="head-line">
        <h1>{info.objectMeta.name}</h1>
        <Status status={info.status} />
        <Connection state={connection} />
      </div>
      {info.message === '' ? null : (
        <p className="head-message">
          {info.message}
          {since === '' ? '' : ` · for ${since}`}
        </p>
      )}
      <WeightBar info={info} isLarge />
      <Actions info={info} />
    </section>
  );
}
