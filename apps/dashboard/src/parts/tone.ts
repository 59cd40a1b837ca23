/** Which colour a status has: of rollouts, ReplicaSets, runs and measurements alike. A pod that runs is well; see `pods.tsx`. */

export type Tone = 'good' | 'busy' | 'waiting' | 'bad' | 'quiet';

export function toneOf(status: string): Tone {
  if (/^(Healthy|Successful|Completed|Succeeded)$/.test(status)) return 'good';
  if (/^(Progressing|Running|Pending|ContainerCreating|PodInitializing|Init:\d+\/\d+)$/.test(status)) return 'busy';
  if (/^(Paused|Inconclusive)$/.test(status)) return 'waiting';
  if (/^(Terminating|ScaledDown|Unknown|)$/.test(status)) return 'quiet';
  return 'bad';
}
