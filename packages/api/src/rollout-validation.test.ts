import { describe, expect, it } from 'vitest';
import { formatFieldError } from './field-error.ts';
import { validateRollout } from './rollout-validation.ts';
import recorded from './testdata/invalid-rollouts.json' with { type: 'json' };
import type { CanaryStep, CanaryStrategy, Rollout, RolloutSpec } from './types/rollout.ts';

const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'nginx:1' }] } };

function rollout(spec: Partial<RolloutSpec>): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: 'shop' },
    spec: { selector: { matchLabels: { app: 'web' } }, template, strategy: { canary: {} }, ...spec },
  };
}

function problems(spec: Partial<RolloutSpec>): readonly string[] {
  return validateRollout(rollout(spec)).map(formatFieldError);
}

const canary = (strategy: CanaryStrategy): readonly string[] => problems({ strategy: { canary: strategy } });
const istio: CanaryStrategy = {
  canaryService: 'c',
  stableService: 's',
  trafficRouting: { istio: { virtualService: { name: 'v' } }, managedRoutes: [{ name: 'known' }] },
};
const step = (one: CanaryStep, strategy: CanaryStrategy = istio): readonly string[] => canary({ ...strategy, steps: [one] });

describe('validateRollout', () => {
  it('accepts an ordinary rollout', () => {
    expect(problems({})).toEqual([]);
  });

  // The other three recorded proofs are about references to missing objects.
  const rows = (recorded as unknown as [string, RolloutSpec, string][]).filter(([, , message]) => !/not found$/.test(message));
  it.each(rows)('reports first what upstream reported for %s', (name, spec, message) => {
    const first = validateRollout({ ...rollout({}), spec })[0];
    expect(`The Rollout "${name}" is invalid: ${first === undefined ? '' : formatFieldError(first)}`).toBe(message);
  });

  it('covers all recorded specs that are wrong in themselves', () => {
    expect(rows).toHaveLength(14);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    [
      'no strategy',
      problems({ strategy: {} }),
      ["spec.strategy.strategy: Required value: Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'"],
    ],
    [
      'both strategies',
      problems({ strategy: { canary: {}, blueGreen: { activeService: 'a' } } }),
      ['spec.strategy.strategy: Invalid value: "blueGreen: true canary: true": Multiple Strategies can not be listed'],
    ],
    ['negative replicas', problems({ replicas: -1 }), ['spec.replicas: Invalid value: -1: must be greater than or equal to 0']],
    ['an empty selector', problems({ selector: {} }), ['spec.selector: Invalid value: {}: empty selector is invalid for deployment']],
    [
      'a template beside a workloadRef',
      problems({ workloadRef: { kind: 'Deployment', name: 'd', apiVersion: 'apps/v1' } }),
      ['spec.template: Internal error: template must be empty for workload reference rollout'],
    ],
    [
      'a blue-green rollout without any service',
      problems({ strategy: { blueGreen: {} } }),
      [
        'spec.strategy.activeService: Invalid value: "": This rollout uses the same service for the active and preview services, but two different services are required.',
      ],
    ],
    [
      'a scale-down limit above the history limit',
      problems({ revisionHistoryLimit: 2, strategy: { blueGreen: { activeService: 'a', scaleDownDelayRevisionLimit: 3 } } }),
      [
        "spec.strategy.scaleDownDelayRevisionLimit: Invalid value: 3: This rollout's revision history limit can not be smaller than the rollout's scale down limit",
      ],
    ],
    [
      'a router that needs services',
      canary({ trafficRouting: { nginx: { stableIngress: 'i' } } }),
      [
        'spec.strategy.stableService: Invalid value: "": Canary service and Stable service must to be set to use Traffic Routing',
        'spec.strategy.canaryService: Invalid value: "": Canary service and Stable service must to be set to use Traffic Routing',
      ],
    ],
    [
      'ping-pong with another router',
      canary({
        pingPong: { pingService: 'a', pongService: 'a' },
        trafficRouting: { traefik: { weightedTraefikServiceName: 't' } },
        canaryService: 'c',
        stableService: 's',
      }),
      [
        'spec.strategy.trafficRouting.alb: Invalid value: "null": Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only',
        'spec.strategy.pingPong.pingService: Invalid value: "a": This rollout uses the same service for the ping and pong services, but two different services are required.',
      ],
    ],
    [
      'maxTrafficWeight with Istio',
      canary({ ...istio, trafficRouting: { ...istio.trafficRouting, maxTrafficWeight: 1000 } }),
      [
        'spec.strategy.trafficRouting.maxTrafficWeight: Invalid value: 1000: Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins',
      ],
    ],
    [
      'zero surge and zero unavailable as text',
      canary({ maxSurge: '0%', maxUnavailable: '0' }),
      ['spec.strategy.maxSurge: Invalid value: "0%": MaxSurge and MaxUnavailable both can not be zero'],
    ],
    [
      'a header route that nothing manages',
      step({ setHeaderRoute: { name: 'x', match: [{ headerName: 'h', headerValue: { exact: 'a', regex: 'b' } }] } }),
      [
        'spec.strategy.steps[0].setHeaderRoute.match[0]: Invalid value: {"exact":"a","regex":"b"}: StringMatch match value must have exactly one of the following: exact, regex, prefix',
        'spec.strategy.steps[0].setHeaderRoute: Invalid value: "x": Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes',
      ],
    ],
    [
      'a bad method of a mirror route, twice, as upstream does',
      step({ setMirrorRoute: { name: 'known', match: [{ method: {} }] } }),
      Array(2).fill(
        'spec.strategy.steps[0].setMirrorRoute.match[0]: Invalid value: {}: StringMatch value missed, match value must have one of the following: exact, regex, prefix',
      ),
    ],
    [
      'an experiment weight without routing',
      step({ experiment: { templates: [{ name: 'a', specRef: 'canary', weight: 5 }] } }, {}),
      [
        'spec.strategy.steps[0].experiment.templates[0].weight: Invalid value: 5: Experiment template weight cannot be set unless TrafficRouting is enabled',
      ],
    ],
    [
      'an argument from an unknown metadata field',
      step({ analysis: { args: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'metadata.foo' } } }] } }),
      [
        'spec.strategy.steps[0].analyses: Invalid value: [{"name":"a","valueFrom":{"fieldRef":{"fieldPath":"metadata.foo"}}}]: Analyses arguments must refer to valid object metadata supported by downwardAPI',
      ],
    ],
    [
      'a label of the rollout as argument',
      step({ analysis: { args: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: "metadata.labels['x']" } } }] } }),
      [],
    ],
    ['a pause of zero seconds', step({ pause: { duration: 0 } }), []],
    ['surge above 100 %', canary({ maxSurge: '120%' }), []],
    [
      'a privileged container',
      problems({ template: { ...template, spec: { containers: [{ name: 'c', image: 'i', securityContext: { privileged: true } }] } } }),
      [],
    ],
  ])('finds in %s what upstream finds', (_, found, expected) => {
    expect(found).toEqual(expected);
  });
});
