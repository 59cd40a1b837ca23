import type { JSX } from 'react';
import type { StepKind } from '../model/step.ts';
import type { Tone } from './tone.ts';

/** Drawn rather than written: not every machine has letters for these. */
const paths: Readonly<Record<Tone | StepKind, string>> = {
  good: 'M3.5 8.5l3 3 6-7',
  busy: 'M8 2.5a5.5 5.5 0 1 1-5.5 5.5',
  waiting: 'M5.5 3.5v9M10.5 3.5v9',
  bad: 'M4 4l8 8M12 4l-8 8',
  quiet: 'M5 8h6',
  weight: 'M2.5 5.5h10l-2.5-2.5M13.5 10.5h-10l2.5 2.5',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  analysis: 'M2.5 12.5l3.5-5 3 2.5 4.5-6.5',
  experiment: 'M6 2.5v4l-3.5 6.5h11L10 6.500v-4M5 2.5h6',
  scale: 'M3 6.500h6.500v6.500h-6.500zM6.5 6.500v-3.500h6.500v6.500h-3.5',
  route: 'M3 13V8.500a2 2 0 0 1 2-2h8M10.5 3.500l3 3-3 3',
  plugin: 'M6 2.500v3M10 2.500v3M4 5.500h8v3a4 4 0 0 1-8 0zM8 12.500v1.5',
};

type SignProps = { readonly of: Tone | StepKind; readonly size?: number };

/** A small sign in the colour of the text around it. The word for it stands beside; screen readers pass it over. */
export function Sign({ of, size = 13 }: SignProps): JSX.Element {
  return (
    <svg className={of === 'busy' ? 'sign sign-busy' : 'sign'} viewBox="0 0 16 16" width={size} height={size} aria-hidden="true">
      <path d={paths[of]} />
    </svg>
  );
}
