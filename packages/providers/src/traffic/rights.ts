/** What a controller must be allowed to do with the objects of each router: rows for RBAC roles. */

export type RouterRight = {
  /** As `TrafficRouter.name`, or what else needs it. */
  readonly of: string;
  readonly group: string;
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
};

const read = ['get', 'list', 'watch'] as const;
const write = ['update', 'patch'] as const;

export const trafficRouterRights: readonly RouterRight[] = [
  { of: 'Istio', group: 'networking.istio.io', resources: ['virtualservices', 'destinationrules'], verbs: [...read, ...write] },
  { of: 'Nginx', group: 'networking.k8s.io', resources: ['ingresses'], verbs: ['create', ...read, ...write] },
  { of: 'ALB', group: 'networking.k8s.io', resources: ['ingresses'], verbs: [...read, ...write] },
  { of: 'ALB verification', group: 'elbv2.k8s.aws', resources: ['targetgroupbindings'], verbs: ['get', 'list'] },
  { of: 'ALB verification', group: '', resources: ['services', 'endpoints'], verbs: [...read] },
  { of: 'SMI', group: 'split.smi-spec.io', resources: ['trafficsplits'], verbs: ['create', ...read, ...write] },
  { of: 'Ambassador', group: 'getambassador.io', resources: ['mappings'], verbs: ['create', ...read, ...write, 'delete'] },
  { of: 'Ambassador', group: 'x.getambassador.io', resources: ['ambassadormappings'], verbs: ['create', ...read, ...write, 'delete'] },
  { of: 'AppMesh', group: 'appmesh.k8s.aws', resources: ['virtualservices'], verbs: [...read] },
  { of: 'AppMesh', group: 'appmesh.k8s.aws', resources: ['virtualrouters', 'virtualnodes'], verbs: [...read, ...write] },
  { of: 'Traefik', group: 'traefik.io', resources: ['traefikservices'], verbs: [...read, ...write] },
  { of: 'Apisix', group: 'apisix.apache.org', resources: ['apisixroutes'], verbs: ['create', ...read, ...write, 'delete'] },
  {
    of: 'GatewayAPI',
    group: 'gateway.networking.k8s.io',
    resources: ['httproutes', 'grpcroutes', 'tcproutes', 'tlsroutes'],
    verbs: [...read, ...write],
  },
];
