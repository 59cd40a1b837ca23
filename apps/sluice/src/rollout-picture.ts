/**
 * A canary as a person follows it: a bar of weight and one line of pods a version, or the same in one sentence. Pure.
 * It shows less than `rollouts get rollout` on purpose: what moves, and nothing else.
 */
import { controllerOf, labels, type Pod, type ReplicaSet, type Rollout } from '@sluice/api';
import { currentSetWeight, currentStep, currentStepIndex, rolloutPhase, stepText } from '@sluice/engine';

type PodDot = 'ready' | 'starting' | 'leaving';

type VersionPicture = {
  /** The tag of the first image. */
  readonly version: string;
  readonly role: 'stable' | 'canary' | 'old';
  readonly pods: readonly PodDot[];
};

export type RolloutPicture = {
  readonly name: string;
  readonly phase: string;
  readonly message: string;
  readonly weightPercent: number;
  /** `3/6 setWeight: 40`; absent without steps. */
  readonly step: string | undefined;
  /** Stable first. */
  readonly versions: readonly VersionPicture[];
};

export function pictureOf(rollout: Rollout, replicaSets: readonly ReplicaSet[], pods: readonly Pod[]): RolloutPicture {
  const status = rollout.status ?? {};
  const { phase, message } = rolloutPhase(rollout);
  const steps = rollout.spec.strategy?.canary?.steps ?? [];
  const index = currentStepIndex(rollout.spec, status);
  // The first version has nothing to be weighed against: it is stable from its first pod.
  const isFirst = (status.stableRS ?? '') === '';
  const stable = isFirst ? status.currentPodHash : status.stableRS;
  const step = currentStep(rollout.spec, status);
  const owned = replicaSets.filter((set) => controllerOf(set)?.uid === rollout.metadata.uid);
  const versions = owned.flatMap((set): readonly VersionPicture[] => {
    const dots = pods.filter((pod) => controllerOf(pod)?.uid === set.metadata.uid).map(dotOf);
    const hash = set.metadata.labels?.[labels.podTemplateHash];
    const role = hash === stable ? 'stable' : hash === status.currentPodHash ? 'canary' : 'old';
    return dots.length === 0 && role === 'old' ? [] : [{ version: versionOf(set), role, pods: dots.sort(byReadiness) }];
  });
  const roles = ['stable', 'canary', 'old'];
  return {
    name: rollout.metadata.name ?? '',
    phase,
    message,
    weightPercent: isFirst ? 100 : Math.round(currentSetWeight(rollout.spec, status)),
    step:
      steps.length === 0 || index === undefined || isFirst
        ? undefined
        : stepLabel(index, steps.length, step === undefined ? undefined : stepText(step)),
    versions: versions.sort((a, b) => roles.indexOf(a.role) - roles.indexOf(b.role)),
  };
}

function stepLabel(index: number, count: number, text: string | undefined): string {
  return text === undefined ? `${count}/${count} done` : `${index + 1}/${count} ${text}`;
}

function versionOf(set: ReplicaSet): string {
  const image = set.spec?.template?.spec?.containers?.[0]?.image ?? '';
  return /:([^:/@]+)(@.*)?$/.exec(image)?.[1] ?? image;
}

const readiness: readonly PodDot[] = ['ready', 'starting', 'leaving'];

function byReadiness(a: PodDot, b: PodDot): number {
  return readiness.indexOf(a) - readiness.indexOf(b);
}

function dotOf(pod: Pod): PodDot {
  if (pod.metadata.deletionTimestamp !== undefined) return 'leaving';
  return pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true ? 'ready' : 'starting';
}

const barWidth = 40;
const dots: Readonly<Record<PodDot, string>> = { ready: '●', starting: '◌', leaving: '·' };

/** Lines for a terminal. The bar fills with the canary's share. */
export function drawPicture(picture: RolloutPicture, color: boolean): readonly string[] {
  const paint = (code: number, text: string): string => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const filled = Math.round((picture.weightPercent * barWidth) / 100);
  const bar = `${paint(36, '█'.repeat(filled))}${paint(90, '░'.repeat(barWidth - filled))}`;
  const phaseColor = { Healthy: 32, Degraded: 31, Paused: 33 }[picture.phase] ?? 36;
  const step = picture.step === undefined ? '' : `step ${picture.step}`;
  const state = picture.message === '' ? picture.phase : `${picture.phase}: ${picture.message}`;
  return [
    `${picture.name}  ${bar} ${String(picture.weightPercent).padStart(3)} %  ${step}`,
    ...picture.versions.map(({ version, role, pods }) => {
      const marks = pods.map((dot) => paint({ ready: 32, starting: 33, leaving: 90 }[dot], dots[dot])).join(' ');
      return `  ${version.padEnd(10)} ${role.padEnd(7)} ${marks}`;
    }),
    `  ${paint(phaseColor, state)}`,
  ];
}

/** One line, without the changing counts of pods on their way: for pipes. */
export function describePicture({ name, phase, message, weightPercent, step, versions }: RolloutPicture): string {
  const counts = versions
    .filter(({ pods }) => pods.length > count(pods, 'leaving'))
    .map(({ version, role, pods }) => `${version} (${role}) ${count(pods, 'ready')}/${pods.length - count(pods, 'leaving')} ready`);
  const parts = [
    `weight ${weightPercent} %`,
    ...(step === undefined ? [] : [`step ${step}`]),
    ...counts,
    message === '' ? phase : `${phase}: ${message}`,
  ];
  return `${name}: ${parts.join(', ')}`;
}

function count(pods: readonly PodDot[], dot: PodDot): number {
  return pods.filter((pod) => pod === dot).length;
}
