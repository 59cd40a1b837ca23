/**
 * Our controller in a process of its own, with its calls counted. Arguments: kubeconfig, namespace. Answers each message with what it
 * has written and used so far.
 */
import { startRolloutController } from '@sluice/controller';
import {
  type ApiRequest,
  createClient,
  httpTransport,
  loadKubeconfig,
  RateLimiter,
  silentLogger,
  systemClock,
  type Transport,
} from '@sluice/kube';

export type ControllerUsage = {
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly stateWrites: number;
  readonly eventWrites: number;
  readonly limiterWaitMs: number;
};

const [, , kubeconfig = '', namespace = ''] = process.argv;
const config = loadKubeconfig({ kubeconfig, env: {}, homeDir: '/' });
let stateWrites = 0;
let eventWrites = 0;
let limiterWaitMs = 0;
const limiter = new RateLimiter({
  clock: systemClock,
  ratePerSecond: Number(process.env.SLUICE_BENCH_CLIENT_RATE ?? 0),
  onWait: (_, waitMs) => {
    limiterWaitMs += waitMs;
  },
});
const transport = httpTransport(config, { userAgent: 'sluice-bench', limiter });
const counted: Transport = {
  request: (request: ApiRequest) => {
    if (request.method !== 'GET') {
      if (/\/events(\/|$)/.test(request.path)) eventWrites++;
      else stateWrites++;
    }
    return transport.request(request);
  },
  watch: (request) => transport.watch(request),
  close: () => transport.close(),
};
await startRolloutController({
  client: createClient(counted, { fieldManager: 'sluice' }),
  clock: systemClock,
  random: Math.random,
  logger: silentLogger,
  namespace,
  version: 'bench',
});
process.send?.({ isReady: true });
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send?.({
    cpuMs: (user + system) / 1000,
    rssMb: process.memoryUsage().rss / 2 ** 20,
    stateWrites,
    eventWrites,
    limiterWaitMs,
  } satisfies ControllerUsage);
});
process.on('disconnect', () => process.exit(0));
