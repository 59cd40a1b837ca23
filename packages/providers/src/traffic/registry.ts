/** All traffic routers, made once for the API versions that the flags name. */
import type { TrafficRouter } from '@sluice/engine';
import { albRouter } from './alb/router.ts';
import { ambassadorRouter } from './ambassador/router.ts';
import { apisixRouter } from './apisix/router.ts';
import { appMeshRouter } from './app-mesh/router.ts';
import { gatewayApiRouter } from './gateway-api/router.ts';
import { ingressType } from './ingress.ts';
import { istioRouter } from './istio/router.ts';
import { nginxRouter } from './nginx/router.ts';
import { smiRouter } from './smi/router.ts';
import { traefikRouter } from './traefik/router.ts';

/** Named as the flags. Each has the flag's default. */
export type TrafficRouterOptions = {
  /** v1alpha3. */
  readonly istioApiVersion?: string;
  /** Group and version: getambassador.io/v2. */
  readonly ambassadorApiVersion?: string;
  /** v1alpha1. */
  readonly trafficSplitApiVersion?: string;
  /** Group and version: traefik.io/v1alpha1. */
  readonly traefikApiVersion?: string;
  /** `extensions/v1beta1`, or anything else for networking.k8s.io/v1. */
  readonly ingressApiVersion?: string;
  /** v1beta2. */
  readonly appmeshCrdVersion?: string;
  /** alb. */
  readonly albIngressClasses?: readonly string[];
  /** v1 for HTTPRoute and GRPCRoute, v1alpha2 for TCPRoute and TLSRoute. */
  readonly gatewayApiVersions?: { readonly http?: string; readonly grpc?: string; readonly tcp?: string; readonly tls?: string };
};

/** In the order in which a Rollout that names several is served; the Gateway API is where upstream's plugins are, at the end. */
export function trafficRouters(options: TrafficRouterOptions = {}): readonly TrafficRouter[] {
  const ingress = ingressType(options.ingressApiVersion ?? '');
  const { http = 'v1', grpc = 'v1', tcp = 'v1alpha2', tls = 'v1alpha2' } = options.gatewayApiVersions ?? {};
  return [
    istioRouter(options.istioApiVersion ?? 'v1alpha3'),
    nginxRouter(ingress),
    albRouter(ingress, options.albIngressClasses ?? ['alb']),
    smiRouter(options.trafficSplitApiVersion ?? 'v1alpha1'),
    ambassadorRouter(options.ambassadorApiVersion ?? 'getambassador.io/v2'),
    appMeshRouter(options.appmeshCrdVersion ?? 'v1beta2'),
    traefikRouter(options.traefikApiVersion ?? 'traefik.io/v1alpha1'),
    apisixRouter(),
    gatewayApiRouter({ http, grpc, tcp, tls }),
  ];
}
