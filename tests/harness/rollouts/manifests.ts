/** Manifests of the scenarios, as short as their rows: what is not said has one meaning everywhere. */
import type { KubeObject } from '@sluice/api';

type Fields = Readonly<Record<string, unknown>>;

export type PodOptions = {
  readonly image?: string;
  /** A command that cannot be run, so that the pod never becomes ready. */
  readonly isBad?: boolean;
  /** Seconds until the readiness probe is asked first. */
  readonly readyAfter?: number;
  /** Seconds that a container takes after its start and before its end. */
  readonly hooks?: number;
  /** The pod waits for a condition of the test's. */
  readonly isGated?: boolean;
  readonly container?: Fields;
  readonly pod?: Fields;
};

export const readinessGate = 'conformance.sluice.dev/ready';

export function podSpec(options: PodOptions = {}): Fields {
  const { image = 'example.com/web:1', isBad, readyAfter, hooks, isGated } = options;
  const sleep = { exec: { command: ['sh', '-c', `sleep ${hooks}`] } };
  const container = {
    name: 'web',
    image,
    ports: [{ name: 'http', containerPort: 8080 }],
    ...(isBad === true ? { command: ['/bad-command'] } : {}),
    ...(readyAfter === undefined
      ? {}
      : { readinessProbe: { initialDelaySeconds: readyAfter, periodSeconds: 1, exec: { command: ['true'] } } }),
    ...(hooks === undefined ? {} : { lifecycle: { postStart: sleep, preStop: sleep } }),
    ...options.container,
  };
  return { containers: [container], ...(isGated === true ? { readinessGates: [{ conditionType: readinessGate }] } : {}), ...options.pod };
}

export type RolloutOptions = PodOptions & {
  readonly name?: string;
  readonly replicas?: number;
  /** Further fields of the spec. */
  readonly spec?: Fields;
};

export function rollout(strategy: Fields, options: RolloutOptions = {}): KubeObject {
  const { name = 'web', replicas = 1, spec, ...pod } = options;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      strategy,
      template: { metadata: { labels: { app: name } }, spec: podSpec(pod) },
      ...spec,
    },
  };
}

export const canary = (steps: readonly Fields[], rest: Fields = {}): Fields => ({ canary: { steps, ...rest } });
export const setWeight = (weight: number): Fields => ({ setWeight: weight });
export const pause = (duration?: number | string): Fields => ({ pause: duration === undefined ? {} : { duration } });
export const setCanaryScale = (scale: Fields): Fields => ({ setCanaryScale: scale });
export const blueGreen = (rest: Fields = {}): Fields => ({ blueGreen: { activeService: 'active', ...rest } });

export const service = (name: string, selector: Readonly<Record<string, string>> = { app: 'web' }): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name },
  spec: { selector, ports: [{ name: 'http', port: 80, targetPort: 'http', protocol: 'TCP' }] },
});

export const deployment = (options: RolloutOptions = {}): KubeObject => {
  const { name = 'web', replicas = 1, spec, ...pod } = options;
  const template = { metadata: { labels: { app: name } }, spec: podSpec(pod) };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name },
    spec: { replicas, selector: { matchLabels: { app: name } }, template, ...spec },
  };
};

/** An Ingress whose one rule leads to a Service. */
export const ingress = (
  name: string,
  backend: string,
  options: { readonly port?: Fields; readonly annotations?: Record<string, string> } = {},
): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name, annotations: options.annotations ?? {} },
  spec: {
    rules: [
      {
        http: {
          paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: backend, port: options.port ?? { number: 80 } } } }],
        },
      },
    ],
  },
});

/** Routed by an nginx Ingress: a router that needs no mesh. */
export const nginxRouted = (rest: Fields = {}): Fields => ({
  canaryService: 'canary',
  stableService: 'stable',
  trafficRouting: { nginx: { stableIngress: 'web' } },
  ...rest,
});
export const nginxObjects = (): readonly KubeObject[] => [service('canary'), service('stable'), ingress('web', 'stable')];

export const analysisTemplate = (name: string, metrics: readonly Fields[], rest: Fields = {}): KubeObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisTemplate',
  metadata: { name },
  spec: { metrics, ...rest },
});

/** A metric that is a Job: `sleep 1; exit 0`. */
export const jobMetric = (name: string, command: string, rest: Fields = {}, job: Fields = {}, container: Fields = {}): Fields => ({
  name,
  provider: {
    job: {
      spec: {
        backoffLimit: 0,
        ...job,
        template: {
          spec: {
            restartPolicy: 'Never',
            containers: [{ name: 'main', image: 'example.com/job:1', command: ['sh', '-c', '-x'], args: [command], ...container }],
          },
        },
      },
    },
  },
  ...rest,
});

export const webMetric = (name: string, url: string, rest: Fields = {}, web: Fields = {}): Fields => ({
  name,
  provider: { web: { url, ...web } },
  ...rest,
});

export const templates = (...names: readonly string[]): readonly Fields[] => names.map((templateName) => ({ templateName }));
