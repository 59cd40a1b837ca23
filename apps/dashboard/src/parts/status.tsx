import type { JSX } from 'react';
import { Sign } from './sign.tsx';
import { toneOf } from './tone.ts';

/** The phase of anything: sign, word and colour. The colour alone never says it. */
export function Status({ status }: { readonly status: string }): JSX.Element {
  const tone = toneOf(status);
  return (
    <span className="status" data-tone={tone}>
      <Sign of={tone} />
      {status === '' ? 'Unknown' : wordsOf(status)}
    </span>
  );
}

function wordsOf(status: string): string {
  return status === 'ScaledDown' ? 'Scaled down' : status;
}
