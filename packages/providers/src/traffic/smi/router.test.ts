import { describe, expect, it } from 'vitest';
import { type Fields, fieldAt, withField } from '../fields.ts';
import { routerConformance } from '../testing/conformance.ts';
import { applied, ownedBy, routedRollout, World } from '../testing/world.ts';
import { smiRouter } from './router.ts';

const rollout = routedRollout({ smi: { rootService: 'web-root', trafficSplitName: 'split' } });

for (const version of ['v1alpha1', 'v1alpha2', 'v1alpha3']) {
  routerConformance({
    title: `SMI ${version}`,
    router: smiRouter(version),
    rollout,
    objects: [],
    golden: `smi-${version}`,
    takesTargets: true,
    missing: undefined,
    reads: [],
    weights: (world) => [(fieldAt(world.object('TrafficSplit'), 'spec', 'backends') as Fields[]).map(({ weight }) => Number(weight))],
    others: () => undefined,
  });
}

routerConformance({
  title: 'SMI with a split that is there',
  router: smiRouter('v1alpha3'),
  rollout,
  objects: [
    applied(
      'split.smi-spec.io/v1alpha3',
      'TrafficSplit',
      'split',
      { service: 'web-root', backends: [{ service: 'web-canary', weight: 100 }], matches: [{ kind: 'HTTPRouteGroup', name: 'm' }] },
      { ownerReferences: ownedBy(rollout) ?? [], labels: { a: 'b' } },
    ),
  ],
  golden: 'smi-present',
  takesTargets: true,
  missing: undefined,
  reads: [],
  weights: (world) => [(fieldAt(world.object('TrafficSplit'), 'spec', 'backends') as Fields[]).map(({ weight }) => Number(weight))],
  others: (object) => withField(object, ['spec', 'backends'], undefined),
});

describe('a TrafficSplit', () => {
  const call = { kind: 'SetWeight', weight: 10, targets: [] } as const;

  it('is named as the Rollout and rooted in the stable service unless said otherwise', () => {
    const world = new World(smiRouter('v1alpha2'), routedRollout({ smi: {} }), []);
    world.act(call);
    const split = world.object('TrafficSplit', 'web');
    expect(split.metadata.ownerReferences).toEqual(ownedBy(rollout));
    expect(fieldAt(split, 'spec', 'service')).toBe('web-stable');
  });

  it('of another owner is left alone', () => {
    const foreign = applied('split.smi-spec.io/v1alpha1', 'TrafficSplit', 'split', {});
    const outcome = new World(smiRouter('v1alpha1'), rollout, [foreign]).ask(call);
    expect(outcome).toEqual({ ok: false, problem: 'Rollout does not own TrafficSplit `split`', notes: [] });
  });

  it('whose quantities are spelled otherwise is right as it is', () => {
    const world = new World(smiRouter('v1alpha1'), rollout, []);
    world.act(call);
    const backends = (fieldAt(world.object('TrafficSplit'), 'spec', 'backends') as Fields[]).map((item) => ({
      ...item,
      weight: `${String(item.weight)}000m`,
    }));
    world.objects = new Map([...world.objects].map(([key, object]) => [key, withField(object, ['spec', 'backends'], backends)]));
    expect(world.act(call)).toMatchObject({ changed: [], notes: [] });
  });

  it('that the API refuses is told, and an unknown version is refused', () => {
    const outcome = new World(smiRouter('v1alpha1'), rollout, []).ask(call);
    expect(outcome.ok ? outcome.changes[0]?.onFailure?.('forbidden') : undefined).toEqual({
      type: 'Warning',
      reason: 'TrafficSplitNotCreated',
      message: 'TrafficSplit `split` failed creation: forbidden',
    });
    expect(new World(smiRouter('v1beta1'), rollout, []).ask(call)).toMatchObject({
      problem: 'Unsupported TrafficSplit API version `v1beta1`',
    });
  });
});
