import type { RolloutInfo } from '@sluice/views';
import { type JSX, useState } from 'react';
import { useAction } from '../hooks/use-action.ts';
import { Confirm } from './confirm.tsx';

type SimpleAction = 'restart' | 'retry' | 'abort' | 'promote' | 'promote-full';

type Choice = {
  readonly kind: SimpleAction;
  readonly label: string;
  readonly explanation: string;
  readonly isDangerous?: boolean;
  isPossible(info: RolloutInfo): boolean;
};

const choices: readonly Choice[] = [
  {
    kind: 'promote',
    label: 'Promote',
    explanation: 'It goes on: a pause ends, or the current step is skipped.',
    isPossible: ({ status, view }) => (view.isDeploying && !view.isAborted) || status === 'Paused',
  },
  {
    kind: 'promote-full',
    label: 'Promote full',
    explanation: 'All steps, pauses and analyses that are left are skipped; the new version gets all traffic.',
    isPossible: ({ view }) => view.isDeploying && !view.isAborted,
  },
  {
    kind: 'abort',
    label: 'Abort',
    explanation: 'The stable version gets all traffic again. The spec keeps the new version.',
    isDangerous: true,
    isPossible: ({ view }) => view.isDeploying && !view.isAborted,
  },
  {
    kind: 'retry',
    label: 'Retry',
    explanation: 'The version that was aborted begins again with the first step.',
    isPossible: ({ status }) => status === 'Degraded',
  },
  {
    kind: 'restart',
    label: 'Restart',
    explanation: 'All pods are replaced by new ones of the same version, as availability allows.',
    isPossible: () => true,
  },
];

type ActionsProps = { readonly info: RolloutInfo; readonly isCompact?: boolean };

/** What can be done to a rollout, each after a question. Compact: only what is possible now, for lists. */
export function Actions({ info, isCompact = false }: ActionsProps): JSX.Element {
  const { name = '', namespace = '' } = info.objectMeta;
  const { isBusy, run } = useAction(namespace, name);
  const [asked, setAsked] = useState<Choice | undefined>();
  const shown = isCompact ? choices.filter((choice) => choice.isPossible(info)) : choices;
  return (
    <div className={isCompact ? 'actions actions-compact' : 'actions'}>
      {shown.map((choice) => (
        <button
          key={choice.kind}
          type="button"
          className={choice.kind === 'promote' && info.status === 'Paused' ? 'primary' : ''}
          disabled={isBusy || !choice.isPossible(info)}
          aria-label={isCompact ? `${choice.label} ${name}` : choice.label}
          onClick={() => setAsked(choice)}
        >
          {choice.label}
        </button>
      ))}
      {asked === undefined ? null : (
        <Confirm
          title={`${asked.label} ${name}?`}
          verb={asked.label}
          isDangerous={asked.isDangerous === true}
          onCancel={() => setAsked(undefined)}
          onConfirm={() => {
            setAsked(undefined);
            void run({ kind: asked.kind });
          }}
        >
          {asked.explanation}
        </Confirm>
      )}
    </div>
  );
}
