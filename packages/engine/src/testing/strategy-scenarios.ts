/** Whole rollouts of what is more than a basic canary: blue-green, routed traffic, analyses, experiments, referenced workloads. */
import type { BlueGreenStrategy, CanaryStrategy, KubeObject, Rollout } from '@sluice/api';
import {
  abort,
  atStep,
  edit,
  isSettled,
  phaseIs,
  promote,
  promoteFull,
  retry,
  rollout,
  service,
  setImage,
  undo,
  world,
} from './scenario-builders.ts';
import { split, splitRouter, splitType } from './split-router.ts';
import type { Scenario, ScenarioStep } from './transcript.ts';
import type { Outcome, Surroundings, WorldModel } from './world-model.ts';

function blueGreen(strategy: Partial<BlueGreenStrategy>, replicas = 3): Rollout {
  const base = rollout({ replicas });
  return {
    ...base,
    spec: { ...base.spec, strategy: { blueGreen: { activeService: 'active', previewService: 'preview', ...strategy } } },
  };
}
const pair = [service('active'), service('preview')];

function routed(canary: CanaryStrategy, replicas = 4): Rollout {
  return rollout({
    replicas,
    canary: {
      canaryService: 'web-canary',
      stableService: 'web-stable',
      trafficRouting: { istio: { virtualService: { name: 'web' } }, managedRoutes: [{ name: 'hdr' }] },
      scaleDownDelaySeconds: 5,
      abortScaleDownDelaySeconds: 5,
      ...canary,
    },
  });
}
const services = [service('web-canary'), service('web-stable')];
const routing: Surroundings = { routers: [splitRouter('istio')], routed: [{ type: splitType, object: split() }] };

const templates: Surroundings['templates'] = {
  template: (name) => ({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisTemplate',
    metadata: { name, namespace: 'demo' },
    spec: { args: [{ name: 'hash' }], metrics: [{ name: 'ok', provider: { web: { url: 'http://localhost/{{args.hash}}' } } }] },
  }),
  clusterTemplate: () => undefined,
};
const analysis = {
  templates: [{ templateName: 'check' }],
  args: [{ name: 'hash', valueFrom: { podTemplateHashValue: 'Latest' as const } }],
};
const ends =
  (phases: Readonly<Record<string, Outcome['phase']>>): NonNullable<Surroundings['outcomes']> =>
  (name) => {
    const [, phase = 'Successful'] = Object.entries(phases).find(([suffix]) => name.endsWith(suffix)) ?? [];
    return { afterMs: 2000, phase, ...(phase === 'Failed' ? { message: 'Metric "ok" assessed Failed' } : {}) };
  };

const nothingRuns = (model: WorldModel): boolean => model.nextReady() === undefined;
const settled = (phase: string): ScenarioStep['when'] => isSettled(phase);
const runs =
  (count: number): ScenarioStep['when'] =>
  (model) =>
    model.analysisRuns.length === count;

export const strategyScenarios: readonly Scenario[] = [
  {
    name: 'blue-green: an update, and back within the delay',
    world: world(blueGreen({ scaleDownDelaySeconds: 20 }), pair),
    steps: [
      setImage('app:2', settled('Healthy')),
      setImage('app:1', (model) => settled('Healthy')(model) && model.replicaSets.length === 2),
    ],
  },
  {
    name: 'blue-green: held before the switch with a small preview, then promoted',
    world: world(blueGreen({ autoPromotionEnabled: false, previewReplicaCount: 1, scaleDownDelaySeconds: 3 }), pair),
    steps: [setImage('app:2', settled('Healthy')), promote(settled('Paused'))],
  },
  {
    name: 'blue-green: promoted by itself after three seconds',
    world: world(blueGreen({ autoPromotionSeconds: 3, scaleDownDelaySeconds: 3 }), pair),
    steps: [setImage('app:2', settled('Healthy'))],
  },
  {
    name: 'blue-green: aborted before the switch and tried again in full',
    world: world(blueGreen({ autoPromotionEnabled: false, abortScaleDownDelaySeconds: 2 }), pair),
    steps: [setImage('app:2', settled('Healthy')), abort(settled('Paused')), retry(settled('Degraded')), promoteFull(settled('Paused'))],
  },
  {
    name: 'blue-green: analyses before and after the switch',
    world: world(blueGreen({ prePromotionAnalysis: analysis, postPromotionAnalysis: analysis, scaleDownDelaySeconds: 3 }), pair, {
      templates,
    }),
    steps: [setImage('app:2', settled('Healthy'))],
  },
  {
    name: 'blue-green: the analysis after the switch fails, and the active service goes back',
    world: world(blueGreen({ postPromotionAnalysis: analysis, scaleDownDelaySeconds: 8, abortScaleDownDelaySeconds: 3 }), pair, {
      templates,
      outcomes: ends({ '-post': 'Failed' }),
    }),
    steps: [setImage('app:2', settled('Healthy'))],
  },
  {
    name: 'blue-green: an inconclusive analysis waits for a person',
    world: world(blueGreen({ prePromotionAnalysis: analysis, scaleDownDelaySeconds: 3 }), pair, {
      templates,
      outcomes: ends({ '-pre': 'Inconclusive' }),
    }),
    steps: [setImage('app:2', settled('Healthy')), promote((model) => settled('Paused')(model) && runs(1)(model))],
  },
  {
    name: 'routed: weights, a header route, and the delay of the version before',
    world: world(
      routed({
        steps: [
          { setCanaryScale: { replicas: 1 } },
          { setHeaderRoute: { name: 'hdr', match: [{ headerName: 'x', headerValue: { exact: 'y' } }] } },
          { pause: {} },
          { setHeaderRoute: { name: 'hdr' } },
          { setCanaryScale: { matchTrafficWeight: true } },
          { setWeight: 25 },
          { pause: { duration: '2s' } },
          { setWeight: 75 },
        ],
      }),
      services,
      routing,
    ),
    steps: [setImage('app:2', settled('Healthy')), promote(settled('Paused'))],
  },
  {
    name: 'routed: the version before stays for longer than progress may take',
    world: () => {
      const spec = routed({ steps: [{ setWeight: 50 }], scaleDownDelaySeconds: 30 });
      return world({ ...spec, spec: { ...spec.spec, progressDeadlineSeconds: 10 } }, services, routing)();
    },
    steps: [setImage('app:2', settled('Healthy'))],
  },
  {
    name: 'routed: aborted at half of the traffic',
    world: world(routed({ steps: [{ setWeight: 50 }, { pause: {} }] }), services, routing),
    steps: [setImage('app:2', settled('Healthy')), abort(settled('Paused'))],
  },
  {
    name: 'routed: the stable version shrinks with its traffic, and grows again on abort',
    world: world(
      routed({
        dynamicStableScale: true,
        scaleDownDelaySeconds: undefined as never,
        abortScaleDownDelaySeconds: undefined as never,
        steps: [{ setWeight: 25 }, { pause: {} }, { setWeight: 100 }, { pause: {} }],
      }),
      services,
      routing,
    ),
    steps: [
      setImage('app:2', settled('Healthy')),
      promote((model) => settled('Paused')(model) && atStep(1)(model)),
      abort((model) => settled('Paused')(model) && atStep(3)(model)),
    ],
  },
  {
    name: 'routed: promoted in full at a quarter',
    world: world(routed({ steps: [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: {} }] }), services, routing),
    steps: [setImage('app:2', settled('Healthy')), promoteFull(settled('Paused'))],
  },
  {
    name: 'routed: a third version while the second has traffic',
    world: world(routed({ steps: [{ setWeight: 50 }, { pause: {} }] }), services, routing),
    steps: [
      setImage('app:2', settled('Healthy')),
      setImage('app:3', settled('Paused')),
      promote((model) => settled('Paused')(model) && model.replicaSets.length === 3),
    ],
  },
  {
    name: 'routed: ping and pong change places',
    world: world(
      rollout({
        replicas: 2,
        canary: {
          pingPong: { pingService: 'web-ping', pongService: 'web-pong' },
          trafficRouting: { alb: { ingress: 'web', servicePort: 80, rootService: 'web-root' } },
          scaleDownDelaySeconds: 3,
          steps: [{ setWeight: 50 }, { pause: { duration: 2 } }],
        },
      }),
      [service('web-ping'), service('web-pong')],
      { ...routing, routers: [splitRouter('alb')] },
    ),
    steps: [
      setImage('app:2', settled('Healthy')),
      setImage(
        'app:3',
        (model) => settled('Healthy')(model) && model.replicaSets.length === 2 && model.rollout.status?.canary?.stablePingPong === 'pong',
      ),
    ],
  },
  {
    name: 'routed: the object of the router is missing when the weight is to be set',
    world: world(routed({ steps: [{ setWeight: 50 }, { pause: { duration: 1 } }] }), services, { routers: [splitRouter('istio')] }),
    steps: [],
  },
  {
    name: 'analysis: in the background and at a step, both pass',
    world: world(
      rollout({
        replicas: 2,
        canary: { analysis: { ...analysis, startingStep: 1 }, steps: [{ setWeight: 50 }, { analysis }, { pause: { duration: 1 } }] },
      }),
      [],
      { templates, outcomes: (name) => (/-2$/.test(name) ? undefined : { afterMs: 2000, phase: 'Successful' }) },
    ),
    steps: [setImage('app:2', settled('Healthy'))],
  },
  {
    name: 'analysis: a step fails, and the update is tried again',
    world: world(rollout({ replicas: 2, canary: { steps: [{ setWeight: 50 }, { analysis }] } }), [], {
      templates,
      outcomes: ends({ '-2-1': 'Failed' }),
    }),
    steps: [setImage('app:2', settled('Healthy')), retry(settled('Degraded'))],
  },
  {
    name: 'analysis: an inconclusive step is passed by a person',
    world: world(rollout({ replicas: 2, canary: { steps: [{ setWeight: 50 }, { analysis }, { setWeight: 80 }] } }), [], {
      templates,
      outcomes: ends({ '-2-1': 'Inconclusive' }),
    }),
    steps: [setImage('app:2', settled('Healthy')), promote((model) => settled('Paused')(model) && nothingRuns(model))],
  },
  {
    name: 'analysis: more runs than are kept',
    world: world(rollout({ replicas: 1, analysis: { successfulRunHistoryLimit: 1 }, canary: { steps: [{ analysis }] } }), [], {
      templates,
    }),
    steps: [
      setImage('app:2', settled('Healthy')),
      setImage('app:3', (model) => settled('Healthy')(model) && model.replicaSets.length === 2),
      setImage('app:4', (model) => settled('Healthy')(model) && model.replicaSets.length === 3),
    ],
  },
  {
    name: 'analysis: the template comes late',
    world: () => {
      let isThere = false;
      const late: Surroundings['templates'] = {
        template: (name) => (isThere ? templates?.template(name) : undefined),
        clusterTemplate: () => undefined,
      };
      const model = world(rollout({ replicas: 1, canary: { steps: [{ analysis }] } }), [], { templates: late })();
      return Object.assign(model, {
        addTemplate: () => {
          isThere = true;
        },
      });
    },
    steps: [
      {
        what: 'create template check',
        when: phaseIs('Degraded'),
        act: (model) => (model as WorldModel & { addTemplate: () => void }).addTemplate(),
      },
      setImage('app:2', settled('Healthy')),
    ],
  },
  {
    name: 'experiment: a step, then on',
    world: world(
      rollout({
        replicas: 2,
        canary: {
          steps: [{ experiment: { duration: '2s', templates: [{ name: 'a', specRef: 'stable' }] } }, { setWeight: 50 }, { pause: {} }],
        },
      }),
      [],
      { templates },
    ),
    steps: [setImage('app:2', settled('Healthy')), promote((model) => settled('Paused')(model) && atStep(2)(model))],
  },
  {
    name: 'experiment: it fails and aborts',
    world: world(rollout({ replicas: 2, canary: { steps: [{ experiment: { templates: [{ name: 'a', specRef: 'canary' }] } }] } }), [], {
      templates,
      outcomes: ends({ '-2-0': 'Failed' }),
    }),
    steps: [setImage('app:2', settled('Healthy'))],
  },
  {
    name: 'a Deployment is taken over progressively',
    world: () => {
      const base = rollout({ replicas: 3, canary: { steps: [{ setWeight: 50 }, { pause: { duration: 1 } }] } });
      const { template, selector: _, ...spec } = base.spec;
      const workload: KubeObject = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'old', namespace: 'demo', generation: 1, uid: 'deployment', resourceVersion: '1' },
        spec: { replicas: 3, selector: { matchLabels: { app: 'web' } }, template },
      };
      const workloadRef = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'old', scaleDown: 'progressively' };
      return world({ ...base, spec: { ...spec, workloadRef } }, [], { workload })();
    },
    steps: [edit('nothing more', settled('Healthy'), {})],
  },
  {
    name: 'undo of a routed canary after it was through',
    world: world(routed({ steps: [{ setWeight: 50 }, { pause: { duration: 1 } }] }, 2), services, routing),
    steps: [setImage('app:2', settled('Healthy')), undo((model) => settled('Healthy')(model) && model.replicaSets.length === 2)],
  },
];
