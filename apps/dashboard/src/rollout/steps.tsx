import type { RolloutInfo } from '@sluice/views';
import type { JSX } from 'react';
import { stepTitle } from '../model/step.ts';
import { Sign } from '../parts/sign.tsx';

const states = { done: 'done', current: 'now', ahead: '' } as const;

export function Steps({ info }: { readonly info: RolloutInfo }): JSX.Element | null {
  if (info.view.steps.length === 0) return null;
  return (
    <section className="panel" aria-labelledby="steps">
      <h2 id="steps">
        Steps <span className="count">{info.step}</span>
      </h2>
      <ol className="steps">
        {info.view.steps.map(({ text, state }, at) => {
          const { kind, title } = stepTitle(info.steps[at], text, info.view.maxWeight);
          return (
            // biome-ignore lint/suspicious/noArrayIndexKey: a step is its place
            <li key={at} className="step" data-state={state} aria-current={state === 'current' ? 'step' : undefined}>
              <span className="step-sign">
                <Sign of={state === 'done' ? 'good' : kind} />
              </span>
              <span className="step-title">{title}</span>
              <span className="step-state">{states[state]}</span>
            </li>
          );
        })}
      </ol>
    </section>
  );
}
