/** A pass as a list of named phases, run in order until one ends it. */
import type { Pass } from './pass.ts';

/** `end`: the pass is over, with or without a status. */
export type Outcome = 'go on' | 'end';
export type Phase = { readonly name: string; readonly run: (pass: Pass) => Outcome };

/** A phase that never ends the pass. */
export function always(act: (pass: Pass) => unknown): Phase['run'] {
  return (pass) => {
    act(pass);
    return 'go on';
  };
}

/** A phase that ends it. */
export function ending(act: (pass: Pass) => void): Phase['run'] {
  return (pass) => {
    act(pass);
    return 'end';
  };
}

export function runPhases(pass: Pass, phases: readonly Phase[]): Outcome {
  for (const phase of phases) if (phase.run(pass) === 'end') return 'end';
  return 'go on';
}
