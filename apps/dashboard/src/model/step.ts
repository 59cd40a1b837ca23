/** Steps of a canary in words for people. */
import type { RolloutInfo } from '@sluice/views';

type Step = RolloutInfo['steps'][number];
export type StepKind = 'weight' | 'pause' | 'analysis' | 'experiment' | 'scale' | 'route' | 'plugin';

/** @param text - what the commands call the step; used for what has no words of its own here */
export function stepTitle(step: Step | undefined, text: string, maxWeight: number): { readonly kind: StepKind; readonly title: string } {
  if (step?.setWeight !== undefined) return { kind: 'weight', title: `Set weight to ${share(step.setWeight, maxWeight)}` };
  if (step?.pause !== undefined) {
    const { duration } = step.pause;
    return { kind: 'pause', title: duration === undefined ? 'Pause until promoted' : `Pause for ${durationText(duration)}` };
  }
  if (step?.analysis !== undefined) {
    const names = (step.analysis.templates ?? []).map(({ templateName = '' }) => templateName).filter((name) => name !== '');
    return { kind: 'analysis', title: names.length === 0 ? 'Analysis' : `Analysis: ${names.join(', ')}` };
  }
  if (step?.experiment !== undefined) return { kind: 'experiment', title: 'Experiment' };
  if (step?.setCanaryScale !== undefined) return { kind: 'scale', title: text.replace(/^setCanaryScale\{(.*)\}$/, 'Canary scale: $1') };
  if (step?.plugin !== undefined) return { kind: 'plugin', title: `Plugin: ${step.plugin.name}` };
  return { kind: 'route', title: text };
}

function share(weight: number, maxWeight: number): string {
  return maxWeight === 100 ? `${weight} %` : `${weight} of ${maxWeight}`;
}

function durationText(duration: number | string): string {
  return /^\d+$/.test(String(duration)) ? `${duration}s` : String(duration);
}
