/**
 * Recorded conversations about Experiments, replayed against our decisions: the same objects, the same Events in the same order, and from every
 * state that upstream left on the way the same end. The recordings lie in the folder that SLUICE_TEST_INPUTS names.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { AnalysisTemplate, KubeObject } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { hashOf } from '../replica-sets.ts';
import { decideExperiment } from './decide.ts';
import { experimentOfStep } from './experiment-step.ts';
import {
  type RecordedExperiment,
  type RecordedExperimentState,
  recordedExperiments,
  recordedRollout,
} from './testing/experiment-recording.ts';
import { continueExperiment, type ExperimentScenarioStep } from './testing/experiment-run.ts';
import { ExperimentWorld } from './testing/experiment-world.ts';

const folder = `${process.env.SLUICE_TEST_INPUTS ?? ''}/argo-rollouts/recorded`;
const isThere = existsSync(`${folder}/experiment.ndjson.gz`);
if (!isThere) console.warn('skipped: recorded experiments; set SLUICE_TEST_INPUTS to the folder that has argo-rollouts/recorded');

const conversations = (isThere ? ['experiment', 'experiment-analysis'] : []).map((name) => {
  const text = gunzipSync(readFileSync(`${folder}/${name}.ndjson.gz`)).toString();
  return { name, text, experiments: recordedExperiments(text) };
});

describe.runIf(isThere)('a recorded experiment', () => {
  for (const { name: conversation, experiments } of conversations) {
    for (const recorded of experiments) {
      const title = `${conversation} ${recorded.name}`;
      const [first] = recorded.states;
      const last = recorded.states.at(-1);
      if (first === undefined || last === undefined) continue;

      it(`rests where upstream rested, ${title}`, () => {
        const { actions } = decideExperiment(worldOf(last, recorded).facts(), last.at);
        expect(actions).toEqual([]);
      });

      it(`goes on to the same end from each state that upstream left, ${title}`, () => {
        const end = continueExperiment(worldOf(last, recorded)).world.summary();
        for (const state of recorded.states) {
          expect(continueExperiment(worldOf(state, recorded), stepsOf(state, recorded)).world.summary()).toBe(end);
        }
      });

      it(`tells the same Events in the same order, ${title}`, () => {
        const { notes } = continueExperiment(
          worldOf({ ...first, replicaSets: [], services: [], runs: [] }, recorded),
          stepsOf(first, recorded),
        );
        const ours = notes.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
        // Two recordings end before the pods go.
        expect(ours.slice(0, recorded.events.length)).toEqual(recorded.events);
        expect(ours.slice(recorded.events.length).filter((text) => !text.includes('Scaled down'))).toEqual([]);
      });

      it(`creates the same objects, ${title}`, () => {
        const { world } = continueExperiment(
          worldOf({ ...first, replicaSets: [], services: [], runs: [] }, recorded),
          stepsOf(first, recorded),
        );
        const ours = [...world.replicaSets, ...world.services, ...world.runs];
        for (const object of recorded.created) {
          if (object.kind === 'Service') continue;
          const own = ours.find(({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name);
          expect(identity(own), object.metadata.name).toEqual(identity(object));
        }
      });
    }
  }

  it('takes fewer writes of the Experiment than upstream', () => {
    const counts = conversations.flatMap(({ experiments }) =>
      experiments.map((recorded): [string, number, number] => {
        const [first] = recorded.states;
        if (first === undefined) throw new Error('not recorded');
        const world = worldOf({ ...first, replicaSets: [], services: [], runs: [] }, recorded);
        const { statusWrites } = continueExperiment(world, stepsOf(first, recorded));
        return [recorded.name, statusWrites, recorded.states.length - 1];
      }),
    );
    // Two recordings (ex, web) end before the pods go; ours go on.
    expect(Object.fromEntries(counts.map(([name, ours, upstream]) => [name, `${ours} for ${upstream}`]))).toEqual({
      ex: '7 for 9',
      'web-6668b4d7b6-2-0': '8 for 9',
      good: '8 for 10',
      bad: '8 for 11',
      never: '6 for 7',
      ended: '6 for 9',
    });
  });

  it('creates the same services', () => {
    const created = conversations.flatMap(({ experiments }) =>
      experiments.flatMap((recorded) => recorded.created.filter(({ kind }) => kind === 'Service')),
    );
    expect(created.length).toBe(5);
    for (const { experiments } of conversations) {
      for (const recorded of experiments) {
        const service = recorded.created.find(({ kind }) => kind === 'Service');
        const [first] = recorded.states;
        if (service === undefined || first === undefined) continue;
        const plan = decideExperiment(worldOf({ ...first, replicaSets: [], services: [], runs: [] }, recorded).facts(), first.at);
        const own = plan.actions.find(({ kind }) => kind === 'CreateService');
        if (own?.kind !== 'CreateService') throw new Error(`no service for ${recorded.name}`);
        const { selector, ports } = service.spec as { readonly selector: unknown; readonly ports: unknown };
        expect(own.service.spec).toEqual({ selector, ports });
        expect(own.service.metadata).toEqual(metadataOf(service));
      }
    }
  });

  it('of a step is the one that upstream created', () => {
    const [{ text, experiments } = { text: '', experiments: [] }] = conversations;
    const created = experiments.find(({ name }) => name.startsWith('web-'))?.states[0]?.experiment;
    const seen = recordedRollout(text);
    const [stable, current] = seen?.replicaSets ?? [];
    const step = seen?.rollout.spec.strategy?.canary?.steps?.[0]?.experiment;
    if (seen === undefined || stable === undefined || current === undefined || step === undefined) throw new Error('not recorded');
    const answer = experimentOfStep({ rollout: seen.rollout, step, stepIndex: 0, revision: 2, current, stable, hash: hashOf(current) });
    if (!answer.ok) throw new Error(answer.problem);
    const { metadata, spec, status } = answer.value;
    expect({ metadata, spec, status }).toEqual({
      metadata: created === undefined ? {} : metadataOf(created),
      spec: created?.spec,
      status: created?.status,
    });
  });
});

/** The world goes on as the recorded one did: the runs end as they ended, the pods of `never` and its like do not get ready. */
function worldOf(state: RecordedExperimentState, recorded: RecordedExperiment): ExperimentWorld {
  const isNever = recorded.name === 'never';
  return new ExperimentWorld({
    ...state,
    start: state.at,
    templates: recorded.created.filter(({ kind }) => kind === 'AnalysisRun').map((run) => templateOfRun(run, state)),
    pods: { readyAfterMs: (image, ordinal) => (isNever ? undefined : image.endsWith(':2') ? 1000 + 900 * ordinal : 1450) },
    lives: {
      'good-x': { afterMs: 5000, phase: 'Successful' },
      'bad-x': { afterMs: 4000, phase: 'Failed', message: 'Metric "m" assessed Failed due to failed (1) > failureLimit (0)' },
    },
  });
}

function templateOfRun(run: KubeObject, { experiment }: RecordedExperimentState): AnalysisTemplate {
  const { metrics } = run.spec as AnalysisTemplate['spec'];
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name: experiment.spec.analyses?.[0]?.templateName ?? '' },
    spec: { ...(metrics === undefined ? {} : { metrics }), args: [{ name: 'hash' }] },
  };
}

/** One of them was terminated by a person. */
function stepsOf(state: RecordedExperimentState, { name }: RecordedExperiment): readonly ExperimentScenarioStep[] {
  if (name !== 'ended' || state.experiment.spec.terminate === true) return [];
  const isAvailable: ExperimentScenarioStep['when'] = (world) => world.experiment.status?.availableAt !== undefined;
  return [{ what: 'terminate', when: isAvailable, act: (world) => world.patch({ spec: { terminate: true } }) }];
}

function metadataOf({ metadata: { name, namespace, labels, annotations, ownerReferences } }: KubeObject): KubeObject['metadata'] {
  return {
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
    ...(ownerReferences === undefined ? {} : { ownerReferences }),
  };
}

/** What is decided about an object when it is created; the API's own additions and the later life of it are left out. */
function identity(object: KubeObject | undefined): unknown {
  if (object === undefined) return undefined;
  const { 'scale-down-deadline': _, ...notes } = object.metadata.annotations ?? {};
  const metadata = { ...metadataOf(object), ...(Object.keys(notes).length === 0 ? {} : { annotations: notes }) };
  if (object.kind !== 'ReplicaSet') return { metadata, spec: object.spec };
  const { selector, template } = object.spec as { readonly selector: unknown; readonly template: { readonly metadata: unknown } };
  return { metadata, selector, pods: template.metadata };
}
