/** Words for scenarios: what is deployed, what people do, and when. */
import { type CanaryStrategy, parseTime, type Rollout, type RolloutSpec, type Service } from '@sluice/api';
import { rolloutPhase } from '../index.ts';
import { person, type ScenarioStep } from './transcript.ts';
import { type Surroundings, WorldModel } from './world-model.ts';

const start = parseTime('2026-01-01T00:00:00Z') ?? 0;

export function rollout(spec: Partial<RolloutSpec> & { readonly canary?: CanaryStrategy; readonly image?: string } = {}): Rollout {
  const { canary, image = 'app:1', ...rest } = spec;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: 'demo' },
    spec: {
      replicas: 4,
      selector: { matchLabels: { app: 'web' } },
      template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image }] } },
      strategy: { canary: canary ?? {} },
      ...rest,
    },
  };
}

export function service(name: string): Service {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'demo' }, spec: { selector: { app: 'web' } } };
}

export function world(object: Rollout, services: readonly Service[] = [], around: Surroundings = {}): () => WorldModel {
  return () => new WorldModel(object, services, start, {}, around);
}

export const phaseIs =
  (phase: string, isMeant: (world: WorldModel) => boolean = () => true): ScenarioStep['when'] =>
  (model) =>
    rolloutPhase(model.rollout).phase === phase && isMeant(model);
export const atStep =
  (index: number): ((model: WorldModel) => boolean) =>
  (model) =>
    model.rollout.status?.currentStepIndex === index;
export const isSettled =
  (phase: string): ScenarioStep['when'] =>
  (model) =>
    rolloutPhase(model.rollout).phase === phase && model.nextReady() === undefined;

/** Sizes of the ReplicaSets in order of age. */
export const sizesAre =
  (...sizes: readonly string[]): ScenarioStep['when'] =>
  (model) =>
    model
      .sizes()
      .split(' ')
      .map((text) => text.split('=')[1])
      .join() === sizes.join();

export function setImage(image: string, when: ScenarioStep['when'] = phaseIs('Healthy')): ScenarioStep {
  return person(`set image ${image}`, when, () => ({ kind: 'set-image', images: { main: image } }));
}

export function edit(what: string, when: ScenarioStep['when'], patch: Readonly<Record<string, unknown>>): ScenarioStep {
  return { what, when, act: (model) => model.patchRollout(patch) };
}

export const promote = (when: ScenarioStep['when']): ScenarioStep => person('promote', when, () => ({ kind: 'promote' }));
export const promoteFull = (when: ScenarioStep['when']): ScenarioStep =>
  person('promote --full', when, () => ({ kind: 'promote', full: true }));
export const abort = (when: ScenarioStep['when']): ScenarioStep => person('abort', when, () => ({ kind: 'abort' }));
export const retry = (when: ScenarioStep['when']): ScenarioStep => person('retry', when, () => ({ kind: 'retry' }));
export const undo = (when: ScenarioStep['when'], toRevision = 0): ScenarioStep =>
  person('undo', when, (model) => ({ kind: 'undo', toRevision, replicaSets: model.replicaSets }));

/** Looks and does nothing. */
export function glimpse(what: string, when: ScenarioStep['when']): ScenarioStep {
  return { what, when, act: () => {}, isGlimpse: true };
}
