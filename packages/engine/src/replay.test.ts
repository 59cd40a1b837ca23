/**
 * Recorded conversations of upstream's controller, replayed against our decisions. Where upstream rests, we rest; from every state
 * that upstream left on the way we go on to the same end; what people did leads to the same end.
 * The recordings lie outside this repository, in the folder that SLUICE_TEST_INPUTS names.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import type { AnalysisTemplate, Rollout } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { decideRollout, type TrafficRouter } from './index.ts';
import { canonicalStatus } from './status.ts';
import { firstAndLast, type RecordedState, rolloutsOf, stretchesOf } from './testing/recording.ts';
import { continueRun, type Run } from './testing/transcript.ts';
import { WorldModel } from './testing/world-model.ts';

const folder = `${process.env.SLUICE_TEST_INPUTS ?? ''}/argo-rollouts/recorded`;
const isThere = existsSync(`${folder}/canary-pauses.ndjson.gz`);
if (!isThere) console.warn('skipped: recorded conversations; set SLUICE_TEST_INPUTS to the folder that has argo-rollouts/recorded');

const names = [
  'canary-pauses',
  'canary-abort-retry-undo',
  'canary-bad-image',
  'canary-services',
  'canary-interrupted',
  'history-and-restart',
  'bluegreen',
  'workloadref',
  'bluegreen-analysis',
  'analysis-job',
  'experiment',
  'canary-istio',
  'canary-istio-subset',
  'canary-dynamic-stable',
  'canary-ingress',
];

/** Promoting what is paused both by hand and by a step is two patches; whether a pass falls between them decides the outcome. */
function isRaced(note: string, before: RecordedState): boolean {
  return /plugin promote web$/.test(note) && before.rollout.spec.paused === true;
}

const recordings = (isThere ? names : []).flatMap((name) => {
  const text = gunzipSync(readFileSync(`${folder}/${name}.ndjson.gz`)).toString();
  return rolloutsOf(text).map((rollout) => ({ name: `${name} ${rollout}`, stretches: stretchesOf(text, rollout) }));
});

describe.runIf(isThere)('a recorded conversation', () => {
  for (const { name, stretches } of recordings) {
    for (const [at, stretch] of stretches.entries()) {
      const title = `${name} ${at + 1}: ${stretch.note.slice(0, 90)}`;

      // Upstream's last pass there ended in an error of its router, which waits for all pods.
      const isUnfinished = name === 'canary-istio-subset web' && at === 2;
      it.runIf(stretch.isRest && !isUnfinished && !isWaitingForPods(stretch.end))(`rests where upstream rested, ${title}`, () => {
        const { rollout } = stretch.end;
        const plan = decideRollout(
          { ...modelOf(stretch.end, stretch.end).facts(), pods: [], podMetadataChecked: everything },
          stretch.end.at,
        );
        expect(plan.actions.map((action) => JSON.stringify(action))).toEqual([]);
        expect(timeless(plan.status)).toEqual(timeless(rollout.status));
      });

      it.runIf(
        stretch.isRest &&
          !isWaitingForPods(stretch.end) &&
          !/restart|"replicas":8/.test(stretch.note) &&
          !isRaced(stretch.note, stretch.before),
      )(`goes on from each state that upstream left, ${title}`, () => {
        for (const state of stretch.states)
          expect(endFrom(state, stretch.end), JSON.stringify(state.rollout.status)).toEqual(summary(stretch.end));
      });
    }
  }
});

describe.runIf(isThere)('a recorded spec that is wrong', () => {
  const text = isThere ? gunzipSync(readFileSync(`${folder}/invalid.ndjson.gz`)).toString() : '';
  // Their problem lies with objects that this version does not look at, since it leaves such a Rollout alone.
  const elsewhere = ['bad-h', 'bad-k'];
  for (const { first, last } of isThere ? firstAndLast(text) : []) {
    const name = first.metadata.name ?? '';
    it.skipIf(elsewhere.includes(name))(`gets upstream's status, ${name}: ${(last.status?.message ?? '').slice(0, 120)}`, () => {
      expect(timeless(decideRollout({ rollout: first, replicaSets: [] }, 0).status)).toEqual(timeless(last.status));
    });
  }
});

describe.runIf(isThere)('the Events of a recorded conversation', () => {
  for (const { name, stretches } of recordings) {
    for (const [at, { note, before, changed, reasons, isRest, end }] of stretches.entries()) {
      // The Deployment changes after the Rollout that refers to it.
      const isOfWorkload = before.rollout.spec.workloadRef !== undefined && /set image/.test(note);
      const isClear = !isOfWorkload && isRest && stretches[at - 1]?.isRest !== false && !/restart/.test(note) && !isRaced(note, before);
      it.runIf(isClear && changed !== undefined)(`are told in the same order, ${name} ${at + 1}: ${note.slice(0, 90)}`, () => {
        const ours = withoutSizes(goOn({ ...before, rollout: changed ?? before.rollout }, end).notes.map(({ reason }) => reason));
        const rest = [...ours];
        const told = withoutSizes(reasons).filter((reason) => {
          const found = rest.indexOf(reason);
          rest.splice(0, found + 1);
          return found >= 0;
        });
        expect(told, ours.join(' ')).toEqual(withoutSizes(reasons));
      });
    }
  }
});

/** Pods whose metadata nobody needs to look at in a replay. */
const everything: ReadonlySet<string> = { has: () => true } as unknown as ReadonlySet<string>;

function isWaitingForPods({ replicaSets }: RecordedState): boolean {
  return replicaSets.some(({ spec, status }) => {
    const image = spec?.template?.spec?.containers[0]?.image ?? '';
    return !image.endsWith(':error') && (status?.availableReplicas ?? 0) !== (spec?.replicas ?? 1);
  });
}

/**
 * Reasons without those of sizes, whose number depends on when pods get ready. Upstream's recorder drops
 * ordinary Events beyond 25 and lets warnings through, so its list may have holes; ours must hold all of it in its order.
 */
function withoutSizes(reasons: readonly string[]): readonly string[] {
  return reasons.filter((reason) => reason !== 'ScalingReplicaSet' && !routerReasons.has(reason));
}

const anyTemplate = (name: string): AnalysisTemplate => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name },
  spec: { metrics: [{ name: 'any', provider: { web: { url: 'http://localhost' } } }] },
});

const quietRouter = (field: string): TrafficRouter => ({
  name: 'Quiet',
  field,
  isUsedBy: () => true,
  references: () => [],
  validate: () => undefined,
  setWeight: () => ({ ok: true, changes: [], notes: [] }),
});

/** Told by routers, which are not part of a replay. */
const routerReasons: ReadonlySet<string> = new Set([
  'Updated VirtualService',
  'UpdatedDestinationRule',
  'CreatingCanaryIngress',
  'PatchingCanaryIngress',
  'PatchingALBIngress',
  'TrafficRoutingError',
]);

/** Continues in the model, with nobody doing anything, and says where that leads. */
function endFrom(state: RecordedState, end: RecordedState): unknown {
  const { world } = goOn(state, end);
  return summary({ ...state, rollout: world.rollout, replicaSets: world.replicaSets });
}

function goOn(state: RecordedState, end: RecordedState): Run {
  // Pods and runs take a little longer in the model; a delay of half a minute must not pass in it.
  return continueRun(modelOf(state, end), [], end.at + 3000);
}

/** Runs end as they ended in the recording. What a router's objects are is another test's business: here only weights count. */
function modelOf(state: RecordedState, end: RecordedState): WorldModel {
  const { rollout, replicaSets, services, at, analysisRuns, experiments, workload } = state;
  const life = { readyAfterMs: (image: string, ordinal: number) => (image.endsWith(':error') ? undefined : 1000 + 200 * ordinal) };
  return WorldModel.from(rollout, replicaSets, services, at, life, {
    analysisRuns,
    experiments,
    templates: { template: anyTemplate, clusterTemplate: () => undefined },
    routers: Object.keys(rollout.spec.strategy?.canary?.trafficRouting ?? {}).map(quietRouter),
    outcomes: (name) => {
      const { phase, message = '' } =
        [...end.analysisRuns, ...end.experiments].find(({ metadata }) => metadata.name === name)?.status ?? {};
      const isOpen = phase === undefined || phase === '' || phase === 'Running' || phase === 'Pending';
      return isOpen ? undefined : { afterMs: 1500, phase, message };
    },
    ...(workload === undefined ? {} : { workload }),
  });
}

function summary({ rollout, replicaSets }: Pick<RecordedState, 'rollout' | 'replicaSets'>): unknown {
  const { status = {} } = rollout;
  return {
    phase: status.phase,
    message: status.message ?? '',
    step: status.currentStepIndex,
    hash: status.currentPodHash,
    stepHash: status.currentStepHash,
    stable: status.stableRS,
    abort: status.abort === true,
    pauses: (status.pauseConditions ?? []).map(({ reason }) => reason),
    controllerPause: status.controllerPause === true,
    conditions: (status.conditions ?? []).map(({ type, status: holds, reason }) => `${type} ${holds} ${reason}`).sort(),
    completion: status.duration?.completionStatus,
    sizes: replicaSets.map(({ metadata, spec }) => `${metadata.name} ${spec?.replicas}`).sort(),
  };
}

/** A status without its instants. */
function timeless(status: Rollout['status']): unknown {
  const text = JSON.stringify({ canary: {}, blueGreen: {}, ...canonicalStatus(status) });
  return JSON.parse(text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, 'then'));
}
