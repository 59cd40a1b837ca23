import { describe, expect, it } from 'vitest';
import { type Fields, fieldAt, withField } from '../fields.ts';
import { routerConformance } from '../testing/conformance.ts';
import { applied, routedRollout, World } from '../testing/world.ts';
import { traefikRouter } from './router.ts';

const router = traefikRouter('traefik.io/v1alpha1');
const rollout = routedRollout({ traefik: { weightedTraefikServiceName: 'split' } });
const split = (services: unknown): ReturnType<typeof applied> =>
  applied('traefik.io/v1alpha1', 'TraefikService', 'split', { weighted: { sticky: { cookie: {} }, services } });
const stable = { name: 'web-stable', port: 80, weight: 100 };
const canary = { name: 'web-canary', port: 80 };

routerConformance({
  title: 'Traefik',
  router,
  rollout,
  objects: [split([stable, canary])],
  golden: 'traefik',
  takesTargets: false,
  missing: 'traefikservices.traefik.io "split" not found',
  reads: ['TraefikService'],
  weights: (world) => [
    (fieldAt(world.object('TraefikService'), 'spec', 'weighted', 'services') as Fields[]).map(({ weight }) => Number(weight)),
  ],
  others: (object) => [
    withField(object, ['spec', 'weighted', 'services'], undefined),
    (fieldAt(object, 'spec', 'weighted', 'services') as Fields[]).map((service) => withField(service, ['weight'], undefined)),
  ],
});

describe('a TraefikService', () => {
  const call = { kind: 'SetWeight', weight: 10, targets: [] } as const;
  it.each([
    ['no services', undefined, 'spec.weighted.services was not found in traefik service manifest'],
    ['no canary', [stable], 'traefik canary service was not found'],
    ['no stable', [canary], 'traefik stable service was not found'],
  ])('is refused: %s', (_, services, problem) => {
    expect(new World(router, rollout, [split(services)]).ask(call)).toEqual({ ok: false, problem, notes: [] });
  });

  it('that the API refuses is told', () => {
    const outcome = new World(router, rollout, [split([stable, canary])]).ask(call);
    expect(outcome.ok ? outcome.changes[0]?.onFailure?.('conflict').reason : undefined).toBe('TraefikServiceUpdateError');
  });
});
