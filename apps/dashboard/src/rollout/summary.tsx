import type { RolloutInfo } from '@sluice/views';
import type { JSX } from 'react';

export function Summary({ info }: { readonly info: RolloutInfo }): JSX.Element {
  const { maxWeight, workload } = info.view;
  const weight = (text: string): string => (maxWeight === 100 ? `${text} %` : `${text} of ${maxWeight}`);
  const facts: readonly (readonly [string, string])[] = [
    ['Strategy', info.strategy === 'BlueGreen' ? 'Blue-green' : info.strategy],
    ['Step', info.step],
    ['Set weight', info.setWeight === '' ? '' : weight(info.setWeight)],
    ['Actual weight', info.actualWeight === '' ? '' : weight(info.actualWeight)],
    ['Replicas', `${info.available} of ${info.desired} available`],
    ['Updated', info.updated === info.desired && info.current === info.desired ? '' : `${info.updated} updated, ${info.current} in all`],
    ['Restarted', info.restartedAt === 'Never' ? '' : new Date(info.restartedAt).toLocaleString()],
    ['Workload', workload],
  ];
  return (
    <section className="panel" aria-labelledby="summary">
      <h2 id="summary">Summary</h2>
      <dl className="facts">
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
      </dl>
    </section>
  );
}
