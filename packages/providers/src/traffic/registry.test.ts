import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { trafficRouterCrds } from './crds.ts';
import { fieldAt } from './fields.ts';
import { trafficRouters } from './registry.ts';
import { trafficRouterRights } from './rights.ts';
import { applied, routedRollout } from './testing/world.ts';

const everything = routedRollout({
  istio: { virtualService: { name: 'web' }, destinationRule: { name: 'web', canarySubsetName: 'c', stableSubsetName: 's' } },
  nginx: { stableIngress: 'web' },
  alb: { ingress: 'web', servicePort: 80 },
  smi: {},
  ambassador: { mappings: ['web'] },
  appMesh: {
    virtualService: { name: 'web' },
    virtualNodeGroup: { canaryVirtualNodeRef: { name: 'c' }, stableVirtualNodeRef: { name: 's' } },
  },
  traefik: { weightedTraefikServiceName: 'web' },
  apisix: { route: { name: 'web' } },
  plugins: { 'argoproj-labs/gatewayAPI': { httpRoute: 'a', grpcRoute: 'a', tcpRoute: 'a', tlsRoute: 'a' } },
});
const meshService = applied('appmesh.k8s.aws/v1beta2', 'VirtualService', 'web', {
  provider: { virtualRouter: { virtualRouterRef: { name: 'r' } } },
});
const objects = new Map([['appmesh.k8s.aws/virtualservices/shop/web', meshService]]);
const types = trafficRouters().map((router) => [router.name, router.references(everything, objects).map(({ type }) => type)] as const);

describe('the registry of traffic routers', () => {
  it('has them in the order in which upstream serves them', () => {
    const names = trafficRouters().map(({ name }) => name);
    expect(names).toEqual(['Istio', 'Nginx', 'ALB', 'SMI', 'Ambassador', 'AppMesh', 'Traefik', 'Apisix', 'GatewayAPI']);
    expect(trafficRouters().every((router) => router.isUsedBy(everything))).toBe(true);
    expect(trafficRouters().some((router) => router.isUsedBy({ ...everything, spec: {} }))).toBe(false);
  });

  it('takes API versions from the flags', () => {
    const routers = trafficRouters({
      istioApiVersion: 'v1',
      ingressApiVersion: 'extensions/v1beta1',
      trafficSplitApiVersion: 'v1alpha3',
      ambassadorApiVersion: 'x.getambassador.io/v3alpha1',
      appmeshCrdVersion: 'v2',
      traefikApiVersion: 'traefik.containo.us/v1alpha1',
      gatewayApiVersions: { tcp: 'v1' },
    });
    const versions = routers.map((router) => {
      const type = router.references(everything, objects).at(router.name === 'GatewayAPI' ? 2 : 0)?.type;
      return `${type?.group}/${type?.version}`;
    });
    expect(versions).toEqual([
      'networking.istio.io/v1',
      'extensions/v1beta1',
      'extensions/v1beta1',
      'split.smi-spec.io/v1alpha3',
      'x.getambassador.io/v3alpha1',
      'appmesh.k8s.aws/v2',
      'traefik.containo.us/v1alpha1',
      'apisix.apache.org/v2',
      'gateway.networking.k8s.io/v1',
    ]);
  });

  it('has a right for each object that a router touches, and a definition for each that is not built in', () => {
    for (const [name, used] of types) {
      for (const { group, resource, version } of used) {
        const rights = trafficRouterRights.filter(
          (right) => right.of === name && right.group === group && right.resources.includes(resource),
        );
        expect(rights.length, `${name} ${resource}`).toBe(1);
        if (group === 'networking.k8s.io') continue;
        const definition = trafficRouterCrds.find(({ metadata }) => metadata.name === `${resource}.${group}`);
        expect(fieldAt(definition, 'spec', 'versions'), `${resource}.${group}`).toContainEqual(expect.objectContaining({ name: version }));
      }
    }
  });

  it('is told in the page for users, with each right', () => {
    const page = readFileSync(new URL('../../../../docs/reference/traffic-routers.md', import.meta.url), 'utf8');
    const told = [...page.matchAll(/^\| (.+?) \| `(.*?)` \| (`.+?`) \| (.+?) \|$/gm)].map(([, of, group, resources = '', verbs]) => ({
      of,
      group,
      resources: resources.replaceAll('`', '').split(', '),
      verbs: verbs?.split(', '),
    }));
    expect(told).toEqual(trafficRouterRights);
  });
});
