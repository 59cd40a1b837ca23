import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestFolder, rollout } from './testing/manifests.ts';
import { type Plugin, startPlugin } from './testing/plugin-run.ts';

let plugin: Plugin;
const folder = manifestFolder();

beforeAll(async () => {
  plugin = await startPlugin(Date.parse('2026-03-01T12:00:00Z'));
});

afterAll(async () => {
  folder.remove();
  await plugin.close();
});

describe('lint', () => {
  const service = (name: string, selector: object = { app: 'web' }, metadata: object = {}): object => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, ...metadata },
    spec: { selector, ports: [{ port: 80 }] },
  });
  const managed = { annotations: { 'argo-rollouts.argoproj.io/managed-by-rollouts': 'web' } };
  const ingress = (name: string, serviceName: string, metadata: object = {}): object => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, ...metadata },
    spec: {
      rules: [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: serviceName, port: { number: 80 } } } }] } }],
    },
  });
  const canary = (fields: object) => rollout({ strategy: { canary: fields } });
  const lint = (...objects: readonly unknown[]) => plugin.run(['lint', '-f', folder.file('lint.yaml', ...objects)]);

  it.each<[string, readonly unknown[]]>([
    [
      'a canary with its services',
      [canary({ canaryService: 'c', stableService: 's' }), service('c'), service('s', { app: 'web', 'rollouts-pod-template-hash': 'x' })],
    ],
    ['blue-green whose services are elsewhere', [rollout({ strategy: { blueGreen: { activeService: 'a', previewService: 'p' } } })]],
    [
      'a workload elsewhere',
      [{ ...rollout(), spec: { workloadRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'old' }, strategy: { canary: {} } } }],
    ],
    [
      'an ingress that leads to the stable service',
      [canary({ canaryService: 'c', stableService: 's', trafficRouting: { nginx: { stableIngress: 'i' } } }), ingress('i', 's', managed)],
    ],
    ['other kinds, and empty documents', ['', { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, dat: {} }, '# nothing']],
    ['services of others', [rollout(), service('x', { app: 'other' })]],
  ])('is silent about %s', async (_, objects) => {
    expect(await lint(...objects)).toEqual({ out: '', err: '', code: 0 });
  });

  it.each<[string, readonly unknown[], readonly string[], string]>([
    [
      'all that is wrong with a spec, the first one with its path',
      [canary({ maxSurge: 0, maxUnavailable: 0, canaryService: 'c', stableService: 'c' })],
      [
        'Invalid value: 0: MaxSurge and MaxUnavailable both can not be zero',
        'Invalid value: "c": This rollout uses the same service for the stable and canary services, but two different services are required.',
      ],
      'spec.strategy.maxSurge: Invalid value: 0: MaxSurge and MaxUnavailable both can not be zero',
    ],
    [
      'a service that selects other pods',
      [service('c', { app: 'web', role: 'x' }), canary({ canaryService: 'c', stableService: 's' }), service('s')],
      ['Invalid value: "c": Service "c" has unmatch label "role" in rollout'],
      'spec.strategy.canary.canaryService: Invalid value: "c": Service "c" has unmatch label "role" in rollout',
    ],
    [
      'an ingress that says it is ours and does not lead to us',
      [
        canary({ canaryService: 'c', stableService: 's', trafficRouting: { alb: { ingress: 'i', rootService: 'r', servicePort: 80 } } }),
        ingress('i', 's', managed),
      ],
      ['Invalid value: "i": ingress `i` has no rules using service r backend'],
      'spec.strategy.canary.trafficRouting.alb.ingress: Invalid value: "i": ingress `i` has no rules using service r backend',
    ],
    [
      'a VirtualService without routes',
      [
        canary({ canaryService: 'c', stableService: 's', trafficRouting: { istio: { virtualService: { name: 'v' } } } }),
        { apiVersion: 'networking.istio.io/v1', kind: 'VirtualService', metadata: { name: 'v' }, spec: { hosts: ['a'] } },
      ],
      ['Invalid value: "v": Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService'],
      'spec.strategy.canary.trafficRouting.istio.virtualService.name: Invalid value: "v": Unable to get any of the HTTP, TCP or TLS routes for the Istio VirtualService',
    ],
    [
      'a route of a VirtualService that does not lead to both services',
      [
        canary({
          canaryService: 'c',
          stableService: 's',
          trafficRouting: { istio: { virtualServices: [{ name: 'elsewhere' }, { name: 'v', routes: ['main'] }] } },
        }),
        {
          apiVersion: 'networking.istio.io/v1beta1',
          kind: 'VirtualService',
          metadata: { name: 'v' },
          spec: { http: [{ name: 'main', route: [{ destination: { host: 's' } }] }] },
        },
      ],
      [`Invalid value: "v": Istio VirtualService has invalid HTTP routes. Error: Canary Service 'c' not found in route`],
      `spec.strategy.canary.trafficRouting.istio.virtualServices.name: Invalid value: "v": Istio VirtualService has invalid HTTP routes. Error: Canary Service 'c' not found in route`,
    ],
  ])('tells %s', async (_, objects, bodies, first) => {
    expect(await lint(...objects)).toEqual({ out: bodies.map((body) => `${body}\n`).join(''), err: `Error: ${first}\n`, code: 1 });
  });

  it('reads strictly', async () => {
    const { out, err, code } = await lint(rollout({ strategy: { 'unknown-strategy': {} } }));
    expect({ out, err, code }).toEqual({
      out: '',
      err: 'Error: error unmarshaling JSON: while decoding JSON: json: unknown field "unknown-strategy"\n',
      code: 1,
    });
    expect((await lint({ apiVersion: 'v1', kind: 'Service', metadata: { name: 'a' }, spec: { selectr: {} } })).err).toContain(
      'unknown field "selectr"',
    );
    expect((await lint(rollout({ replicas: 'three' }))).code).toBe(1);
  });

  it('needs a file', async () => {
    expect((await plugin.run('lint')).err.split('\n')[0]).toBe('Usage: kubectl-argo-rollouts lint [flags]');
    expect(await plugin.run('lint -f /nope.yaml')).toEqual({
      out: '',
      err: 'Error: open /nope.yaml: no such file or directory\n',
      code: 1,
    });
  });
});
