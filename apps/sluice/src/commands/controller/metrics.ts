/** What `/metrics` tells: upstream's names where we have the same thing, never a generated name as a label. */
import type { ControllerMetrics } from '@sluice/controller';
import type { ApiRequest, Lane, PassObservation, Transport } from '@sluice/kube';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { controllerMetricsText } from './controller-metrics.ts';

export interface Metrics {
  readonly contentType: string;
  text(): Promise<string>;
  /** Where the numbers of the rollouts side come from, once it leads. */
  readController(read: () => ControllerMetrics): void;
  observePass(pass: PassObservation): void;
  observeWait(lane: Lane, waitMs: number): void;
  /** The same transport, with each call counted. */
  countRequests(transport: Transport): Transport;
}

const seconds = (milliseconds: number): number => milliseconds / 1000;

export function createMetrics(version: string): Metrics {
  let controller: (() => ControllerMetrics) | undefined;
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({ name: 'argo_rollouts_controller_info', help: 'Version of the controller', labelNames: ['version'], registers }).set(
    { version },
    1,
  );
  const queueWait = new Histogram({
    name: 'workqueue_queue_duration_seconds',
    help: 'How long a key was due before its pass began',
    labelNames: ['name'],
    buckets: [0.001, 0.01, 0.1, 1, 10],
    registers,
  });
  const hot = new Counter({
    name: 'sluice_hot_passes_total',
    help: 'Passes that woke themselves without need and were held back',
    labelNames: ['name'],
    registers,
  });
  const requests = new Counter({
    name: 'controller_clientset_k8s_request_total',
    help: 'Calls to the Kubernetes API',
    labelNames: ['kind', 'verb', 'status_code'],
    registers,
  });
  const limited = new Histogram({
    name: 'sluice_client_wait_seconds',
    help: 'How long calls waited for the client limit, by lane',
    labelNames: ['lane'],
    buckets: [0.001, 0.01, 0.1, 1, 10],
    registers,
  });
  const count = ({ method, path }: ApiRequest, code: string, verb: string = method): void =>
    requests.inc({ kind: resourceOf(path), verb: verb.toLowerCase(), status_code: code });
  return {
    contentType: registry.contentType,
    text: async () => `${controller === undefined ? '' : controllerMetricsText(controller())}${await registry.metrics()}`,
    readController: (read) => {
      controller = read;
    },
    observePass: ({ controller, waitedMs, isHot }) => {
      queueWait.observe({ name: controller }, seconds(waitedMs));
      if (isHot) hot.inc({ name: controller });
    },
    observeWait: (lane, waitMs) => limited.observe({ lane }, seconds(waitMs)),
    countRequests: (transport) => ({
      request: async (request) => {
        try {
          const answer = await transport.request(request);
          count(request, String(answer.status));
          return answer;
        } catch (error) {
          count(request, '<error>');
          throw error;
        }
      },
      watch: async (request) => {
        try {
          const stream = await transport.watch(request);
          count(request, '200', 'watch');
          return stream;
        } catch (error) {
          count(request, '<error>', 'watch');
          throw error;
        }
      },
      close: () => transport.close(),
    }),
  };
}

/** The plural in a path of the API: `replicasets`, `rollouts/status`. */
export function resourceOf(path: string): string {
  const parts = path.split('/').filter((part) => part !== '');
  const afterVersion = parts.slice(parts[0] === 'api' ? 2 : 3);
  const inNamespace = afterVersion[0] === 'namespaces' && afterVersion.length > 2 ? afterVersion.slice(2) : afterVersion;
  const [resource = '', , subresource] = inNamespace;
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}
