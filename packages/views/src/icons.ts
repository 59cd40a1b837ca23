/** The signs in front of statuses and kinds, the same in every picture of a rollout. */

export const kindIcons = {
  rollout: '⟳',
  revision: '#',
  replicaSet: '⧉',
  pod: '□',
  job: '⊞',
  experiment: 'Σ',
  analysisRun: 'α',
} as const;

export const statusIcons = {
  waiting: '◷',
  progressing: '◌',
  warning: '⚠',
  unknown: '?',
  ok: '✔',
  bad: '✖',
  paused: '॥',
  neutral: '•',
} as const;

const none = ' ';

export function rolloutIcon(phase: string): string {
  switch (phase) {
    case 'Progressing':
      return statusIcons.progressing;
    case 'Error':
    case 'InvalidSpec':
      return statusIcons.warning;
    case 'Paused':
      return statusIcons.paused;
    case 'Healthy':
      return statusIcons.ok;
    case 'Degraded':
      return statusIcons.bad;
    case 'Unknown':
      return statusIcons.unknown;
    case 'ScaledDown':
      return statusIcons.neutral;
    default:
      return none;
  }
}

export function replicaSetIcon(status: string): string {
  switch (status) {
    case 'Progressing':
      return statusIcons.progressing;
    case 'Healthy':
      return statusIcons.ok;
    case 'ReplicaFailure':
      return statusIcons.bad;
    case 'ScaledDown':
      return statusIcons.neutral;
    default:
      return none;
  }
}

/** For AnalysisRuns, Experiments, measurements and Jobs. */
export function analysisIcon(phase: string): string {
  switch (phase) {
    case 'Successful':
      return statusIcons.ok;
    case 'Inconclusive':
      return statusIcons.unknown;
    case 'Failed':
      return statusIcons.bad;
    case 'Error':
      return statusIcons.warning;
    case 'Running':
      return statusIcons.progressing;
    case 'Pending':
      return statusIcons.waiting;
    default:
      return none;
  }
}

export function podIcon(status: string): string {
  if (status.startsWith('Init:')) return statusIcons.progressing;
  if (status.startsWith('Signal:') || status.startsWith('ExitCode:')) return statusIcons.bad;
  if (status.endsWith('Error') || status.startsWith('Err')) return statusIcons.warning;
  switch (status) {
    case 'Pending':
    case 'Terminating':
    case 'ContainerCreating':
      return statusIcons.progressing;
    case 'Running':
    case 'Completed':
      return statusIcons.ok;
    case 'Failed':
    case 'InvalidImageName':
    case 'CrashLoopBackOff':
      return statusIcons.bad;
    case 'ImagePullBackOff':
    case 'RegistryUnavailable':
      return statusIcons.warning;
    case 'Unknown':
      return statusIcons.unknown;
    default:
      return none;
  }
}
