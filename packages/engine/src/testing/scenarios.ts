/** The table of whole rollouts: what is deployed, and what people do to it in which situation. */
import type { CanaryStrategy } from '@sluice/api';
import {
  abort,
  atStep,
  edit,
  glimpse,
  isSettled,
  phaseIs,
  promote,
  promoteFull,
  retry,
  rollout,
  service,
  setImage,
  sizesAre,
  undo,
  world,
} from './scenario-builders.ts';
import { person, type Scenario } from './transcript.ts';

const fourSteps: CanaryStrategy = { steps: [{ setWeight: 25 }, { pause: {} }, { setWeight: 50 }, { pause: { duration: '3s' } }] };

export const scenarios: readonly Scenario[] = [
  {
    name: 'an update in steps, with a pause that a person ends and one that ends by itself',
    world: world(rollout({ canary: fourSteps })),
    steps: [setImage('app:2'), promote(phaseIs('Paused', atStep(1)))],
  },
  {
    name: 'one replica, aborted at its pause and tried again',
    world: world(rollout({ replicas: 1, canary: { steps: [{ setWeight: 50 }, { pause: { duration: '3s' } }] } })),
    steps: [setImage('app:2'), abort(phaseIs('Paused')), retry(isSettled('Degraded'))],
  },
  {
    name: 'abort, retry, promote in full, undo',
    world: world(rollout({ replicas: 5, canary: { steps: [{ setWeight: 20 }, { pause: {} }, { setWeight: 60 }, { pause: {} }] } })),
    steps: [
      setImage('app:2'),
      abort(phaseIs('Paused')),
      retry(isSettled('Degraded')),
      promoteFull(phaseIs('Paused')),
      undo(phaseIs('Healthy')),
      promoteFull(phaseIs('Paused')),
    ],
  },
  {
    name: 'back to the stable template in the middle of a canary',
    world: world(rollout({ canary: fourSteps })),
    steps: [setImage('app:2'), setImage('app:1', phaseIs('Paused'))],
  },
  {
    name: 'a third version while the second is paused',
    world: world(rollout({ replicas: 5, canary: { ...fourSteps, maxSurge: 1, maxUnavailable: 1 } })),
    steps: [setImage('app:2'), setImage('app:3', phaseIs('Paused')), promote(phaseIs('Paused', atStep(1)))],
  },
  {
    name: 'an image that never gets ready: the deadline degrades, then aborts when asked to',
    world: world(rollout({ replicas: 3, progressDeadlineSeconds: 6, canary: { steps: [{ setWeight: 50 }, { pause: { duration: 2 } }] } })),
    steps: [
      setImage('app:bad'),
      edit('set progressDeadlineAbort', phaseIs('Degraded'), { spec: { progressDeadlineAbort: true } }),
      setImage('app:2', (model) => model.rollout.status?.abort === true && model.sizes().endsWith('=0')),
    ],
  },
  {
    name: 'scaled up and down while paused',
    world: world(rollout({ replicas: 2, canary: { steps: [{ setWeight: 25 }, { pause: {} }] } })),
    steps: [
      setImage('app:2'),
      edit('scale to 8', phaseIs('Paused'), { spec: { replicas: 8 } }),
      edit('scale to 4', (model) => model.availablePods() === 8 && phaseIs('Paused')(model), { spec: { replicas: 4 } }),
      promote((model) => model.availablePods() === 4 && phaseIs('Paused')(model)),
    ],
  },
  {
    name: 'template and replicas changed together',
    world: world(rollout({ replicas: 2, canary: {} })),
    steps: [
      edit('new image and four replicas', phaseIs('Healthy'), {
        spec: { replicas: 4, template: { spec: { containers: [{ name: 'main', image: 'app:2' }] } } },
      }),
    ],
  },
  {
    name: 'paused by hand in the middle of a change of weight',
    world: world(rollout({ replicas: 10, canary: { steps: [{ setWeight: 50 }] } })),
    steps: [
      setImage('app:2'),
      person(
        'pause',
        (model) => model.sizes().includes('=5') || model.availablePods() === 10,
        () => ({ kind: 'pause' }),
      ),
      person('resume', isSettled('Paused'), () => ({ kind: 'resume' })),
    ],
  },
  {
    name: 'other steps in the middle of a canary',
    world: world(rollout({ replicas: 8, canary: { steps: [{ setWeight: 80 }, { pause: {} }], maxSurge: 1, maxUnavailable: 1 } })),
    steps: [
      setImage('app:2'),
      edit('other steps', phaseIs('Paused'), { spec: { strategy: { canary: { steps: [{ setWeight: 10 }, { pause: {} }] } } } }),
      promoteFull((model) => model.nextReady() === undefined && phaseIs('Paused')(model)),
    ],
  },
  {
    name: 'restart of all pods',
    world: world(rollout({ replicas: 3, canary: { maxSurge: 1, maxUnavailable: 1 } })),
    steps: [
      person(
        'restart',
        (model) => isSettled('Healthy')(model),
        (model) => ({ kind: 'restart', at: model.now }),
      ),
    ],
  },
  {
    name: 'history limit 1 over four versions, then no replicas and back',
    world: world(rollout({ replicas: 2, revisionHistoryLimit: 1 })),
    steps: [
      setImage('app:2'),
      setImage('app:3', (model) => isSettled('Healthy')(model) && model.sizes().split(' ').length === 2),
      setImage('app:4', (model) => isSettled('Healthy')(model) && model.rollout.status?.observedGeneration === '3'),
      edit('scale to 0', (model) => isSettled('Healthy')(model) && model.rollout.status?.observedGeneration === '4', {
        spec: { replicas: 0 },
      }),
      edit('scale to 2', (model) => phaseIs('Healthy')(model) && model.rollout.status?.observedGeneration === '5', {
        spec: { replicas: 2 },
      }),
    ],
  },
  {
    name: 'stable and canary service, canary and stable metadata',
    world: world(
      rollout({
        replicas: 2,
        canary: {
          stableService: 'web-stable',
          canaryService: 'web-canary',
          canaryMetadata: { labels: { role: 'canary' }, annotations: { a: 'c' } },
          stableMetadata: { labels: { role: 'stable' } },
          steps: [{ setWeight: 50 }, { pause: {} }],
        },
      }),
      [service('web-stable'), service('web-canary')],
    ),
    steps: [setImage('app:2'), promote(phaseIs('Paused'))],
  },
  {
    name: 'rollback inside the window skips the steps',
    world: world(
      rollout({ replicas: 2, rollbackWindow: { revisions: 2 }, canary: { steps: [{ setWeight: 50 }, { pause: { duration: '1s' } }] } }),
    ),
    steps: [
      setImage('app:2'),
      setImage('app:3', (model) => phaseIs('Healthy')(model) && model.replicaSets.length === 2),
      undo((model) => phaseIs('Healthy')(model) && model.replicaSets.length === 3, 1),
    ],
  },
  {
    name: 'a service that does not exist yet',
    world: world(rollout({ replicas: 1, canary: { stableService: 'web-stable' } })),
    steps: [
      {
        what: 'create service web-stable',
        when: phaseIs('Degraded'),
        act: (model) => model.services.set('web-stable', service('web-stable')),
      },
    ],
  },
  {
    name: 'replicas not set',
    world: world({ ...rollout(), spec: { ...rollout({ canary: fourSteps }).spec, replicas: undefined as unknown as number } }),
    steps: [],
  },
  {
    name: 'no surge: the old version makes room first',
    world: world(
      rollout({ replicas: 4, canary: { maxSurge: 0, maxUnavailable: 1, steps: [{ setWeight: 50 }, { pause: { duration: '1s' } }] } }),
    ),
    steps: [setImage('app:2')],
  },
  {
    name: 'anti-affinity to the stable version',
    world: world(
      rollout({
        replicas: 2,
        canary: {
          antiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: {} },
          steps: [{ setWeight: 50 }, { pause: { duration: '1s' } }],
        },
      }),
    ),
    steps: [setImage('app:2'), setImage('app:3', (model) => phaseIs('Healthy')(model) && model.replicaSets.length === 2)],
  },
  {
    name: 'aborted and left so',
    world: world(rollout({ replicas: 4, canary: { steps: [{ setWeight: 50 }, { pause: {} }] } })),
    steps: [setImage('app:2'), abort(phaseIs('Paused'))],
  },
  {
    name: 'scaled up and down with a surge of all, while the new version never gets ready',
    world: world(rollout({ replicas: 4, canary: { maxSurge: '100%' } })),
    steps: [
      setImage('app:bad'),
      edit('scale to 8, sizes are 3 and 4', sizesAre('3', '4'), { spec: { replicas: 8 } }),
      edit('scale to 4, sizes are 3 and 8', sizesAre('3', '8'), { spec: { replicas: 4 } }),
      glimpse('sizes are 3 and 4 again', sizesAre('3', '4')),
    ],
  },
  {
    name: 'scaled up and down with a surge of two, while the new version never gets ready',
    world: world(rollout({ replicas: 4, canary: { maxSurge: 2, maxUnavailable: 0 } })),
    steps: [
      setImage('app:bad'),
      edit('scale to 8, sizes are 4 and 2', sizesAre('4', '2'), { spec: { replicas: 8 } }),
      edit('scale to 4, sizes are 4 and 6', sizesAre('4', '6'), { spec: { replicas: 4 } }),
      glimpse('sizes are 4 and 2 again', sizesAre('4', '2')),
    ],
  },
  {
    name: 'from all weight to none, with no pod to be missing',
    world: world(
      rollout({
        replicas: 3,
        canary: { maxSurge: 2, maxUnavailable: 0, steps: [{ setWeight: 100 }, { pause: {} }, { setWeight: 0 }, { pause: {} }] },
      }),
    ),
    steps: [
      setImage('app:2'),
      promote((model) => sizesAre('0', '3')(model) && phaseIs('Paused', atStep(1))(model)),
      glimpse('sizes are 2 and 3 at first', sizesAre('2', '3')),
      promote((model) => isSettled('Paused')(model) && sizesAre('3', '0')(model)),
    ],
  },
];
