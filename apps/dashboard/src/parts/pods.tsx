import type { PodInfo } from '@sluice/views';
import type { JSX } from 'react';
import { ageText } from '../model/age.ts';
import { Sign } from './sign.tsx';
import { toneOf } from './tone.ts';

type PodsProps = { readonly pods: readonly PodInfo[]; readonly now: number };

/** Pods as squares; each says what it is to the pointer and to screen readers. */
export function Pods({ pods, now }: PodsProps): JSX.Element | null {
  if (pods.length === 0) return null;
  return (
    <ul className="pods" aria-label="Pods">
      {pods.map((pod) => (
        <Pod key={pod.objectMeta.uid ?? pod.objectMeta.name} pod={pod} now={now} />
      ))}
    </ul>
  );
}

function Pod({ pod, now }: { readonly pod: PodInfo; readonly now: number }): JSX.Element {
  const { objectMeta, status, ready, restarts } = pod;
  const [isReady, all] = ready.split('/');
  const tone = status === 'Running' && isReady === all ? 'good' : toneOf(status);
  const text = [
    objectMeta.name,
    status,
    `ready ${ready}`,
    restarts > 0 ? `${restarts} restarts` : '',
    ageText(objectMeta.creationTimestamp, now),
  ].filter((part) => part !== '');
  return (
    <li className="pod" data-tone={tone} title={text.join('\n')} aria-label={text.join(', ')}>
      <Sign of={tone} size={11} />
    </li>
  );
}
