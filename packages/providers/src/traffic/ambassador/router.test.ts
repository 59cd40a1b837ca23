import type { KubeObject } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { annotationsOf, fieldAt, withAnnotations, withField } from '../fields.ts';
import { routerConformance } from '../testing/conformance.ts';
import { applied, type Call, routedRollout, World } from '../testing/world.ts';
import { ambassadorRouter } from './router.ts';

const router = ambassadorRouter('getambassador.io/v2');
const rollout = routedRollout({ ambassador: { mappings: ['web', 'admin'] } });
const mapping = (name: string, more: object = {}): KubeObject =>
  applied(
    'getambassador.io/v2',
    'Mapping',
    name,
    { prefix: `/${name}/`, service: 'http://web-stable.shop:8080', ...more },
    { labels: { a: 'b' } },
  );
const setWeight = (weight: number): Call => ({ kind: 'SetWeight', weight, targets: [] });

routerConformance({
  title: 'Ambassador',
  router,
  rollout,
  objects: [mapping('web'), mapping('admin')],
  golden: 'ambassador',
  takesTargets: false,
  missing: '2 errors found: [mappings.getambassador.io "web" not found][mappings.getambassador.io "admin" not found]',
  reads: ['Mapping'],
  // The base mapping has no weight: it gets what the canary leaves.
  weights: () => [],
  others: (object) => object,
});

describe('a canary mapping', () => {
  const one = routedRollout({ ambassador: { mappings: ['web'] } });

  it('leads to the canary service and goes some seconds after its weight', () => {
    const world = new World(router, one, [mapping('web')]);
    expect(world.act(setWeight(0))).toEqual({ changed: [], notes: [], wakeAt: undefined });
    expect(world.act(setWeight(20)).notes).toEqual([
      { type: 'Normal', reason: 'CanaryMappingWeightUpdate', message: 'Set canary mapping weight to 20' },
    ]);
    expect(world.object('Mapping', 'web-canary')).toEqual({
      apiVersion: 'getambassador.io/v2',
      kind: 'Mapping',
      metadata: { name: 'web-canary', namespace: 'shop' },
      spec: { prefix: '/web/', service: 'http://web-canary.shop:8080', weight: 20 },
    });

    world.now += 300;
    const { wakeAt = 0, notes } = world.act(setWeight(0));
    expect(notes).toHaveLength(1);
    expect(wakeAt - world.now).toBeGreaterThanOrEqual(5_000);
    expect(wakeAt - world.now).toBeLessThanOrEqual(6_000);
    expect(fieldAt(world.object('Mapping', 'web-canary'), 'spec', 'weight')).toBe(0);
    world.now = wakeAt - 1;
    expect(world.act(setWeight(0))).toEqual({ changed: [], notes: [], wakeAt });
    world.now = wakeAt;
    expect(world.act(setWeight(0)).changed).toEqual(['getambassador.io/mappings/shop/web-canary']);
    expect([...world.objects.keys()]).toEqual(['getambassador.io/mappings/shop/web']);
  });

  it('stays when the canary gets traffic again in time', () => {
    const world = new World(router, one, [mapping('web')]);
    world.act(setWeight(20));
    world.act(setWeight(0));
    world.act(setWeight(30));
    const canary = world.object('Mapping', 'web-canary');
    expect(annotationsOf(canary)).toEqual({});
    world.now += 60_000;
    expect(world.act(setWeight(30)).changed).toEqual([]);
  });

  it.each(['never', '2999-01-01T00:00:00Z'])('is not kept for ever by an instant that somebody else wrote: %s', (text) => {
    const world = new World(router, one, [mapping('web')]);
    world.act(setWeight(20));
    world.act(setWeight(0));
    world.objects = new Map(
      [...world.objects].map(([key, object]) => [
        key,
        object.metadata.name === 'web' ? object : withAnnotations(object, { 'sluice.dev/remove-after': text }),
      ]),
    );
    const { wakeAt = 0 } = world.act(setWeight(0));
    world.now = wakeAt;
    world.act(setWeight(0));
    expect(world.objects.size).toBe(1);
  });

  it('that is being deleted is not deleted again', () => {
    const world = new World(router, one, [mapping('web')]);
    world.act(setWeight(20));
    const { wakeAt = 0 } = world.act(setWeight(0));
    world.now = wakeAt;
    world.objects = new Map(
      [...world.objects].map(([key, object]) => [key, withField(object, ['metadata', 'deletionTimestamp'], '2026-01-01T00:00:00Z')]),
    );
    expect(world.act(setWeight(0)).changed).toEqual([]);
  });

  it('is not made from a base with a weight', () => {
    const detail = 'Ambassador mapping "web" can not define weight';
    const world = new World(router, one, [mapping('web', { weight: 5 })]);
    expect(world.ask(setWeight(5))).toEqual({
      ok: false,
      problem: detail,
      notes: [{ type: 'Warning', reason: 'AmbassadorMappingConfigError', message: detail }],
    });
    expect(router.validate(one, world.objects)).toEqual({ path: 'spec.weight', type: 'Invalid', value: 'web', detail });
  });

  it('is named by at most 253 characters, and of the kind that the API version has', () => {
    const long = routedRollout({ ambassador: { mappings: ['m'.repeat(253)] } });
    expect(router.references(long, new Map())[1]?.name).toBe(`${'m'.repeat(246)}-canary`);
    const newer = ambassadorRouter('x.getambassador.io/v3alpha1').references(one, new Map())[0]?.type;
    expect(newer).toEqual({
      group: 'x.getambassador.io',
      version: 'v3alpha1',
      kind: 'AmbassadorMapping',
      resource: 'ambassadormappings',
      namespaced: true,
    });
  });

  it('is asked for', () => {
    const path = 'spec.strategy.canary.trafficRouting.ambassador.mappings';
    expect(router.validate(routedRollout({ ambassador: { mappings: [] } }), new Map())).toMatchObject({
      path,
      detail: 'must provide at least one mapping',
    });
    expect(router.validate(one, new Map())).toMatchObject({ path, value: 'web', detail: 'mappings.getambassador.io "web" not found' });
  });
});
