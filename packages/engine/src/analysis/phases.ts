/** Phases of measurements, metrics and runs: which are final, and which of several decides. */
import type { AnalysisPhase } from '@sluice/api';

const fromBestToWorst: readonly AnalysisPhase[] = ['Successful', 'Running', 'Pending', 'Inconclusive', 'Error', 'Failed'];

/** Whether a phase is final. Absent and empty, as a new run has it, are not. */
export function isCompletedPhase(phase: AnalysisPhase | '' | undefined): boolean {
  return phase === 'Successful' || phase === 'Failed' || phase === 'Error' || phase === 'Inconclusive';
}

/** The phase that decides among several, by the order Successful < Running < Pending < Inconclusive < Error < Failed. */
export function worstPhase(phases: Iterable<AnalysisPhase>): AnalysisPhase | undefined {
  let worst: AnalysisPhase | undefined;
  for (const phase of phases) if (worst === undefined || isWorsePhase(phase, worst)) worst = phase;
  return worst;
}

/** Whether `phase` is worse than `than`; false when they are the same. */
export function isWorsePhase(phase: AnalysisPhase, than: AnalysisPhase): boolean {
  return fromBestToWorst.indexOf(phase) > fromBestToWorst.indexOf(than);
}
