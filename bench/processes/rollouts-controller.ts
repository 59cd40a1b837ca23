/**
 * Our controller in a process of its own, with its calls counted. Arguments: kubeconfig, namespace. Answers each message with what it
 * has written and used so far.
 */
import { startRolloutController } from '@sluice/controller';
import { createClient, httpTransport, loadKubeconfig, RateLimiter, silentLogger, systemClock } from '@sluice/kube';
import { countedTransport, type WriteCounts } from '../counted-transport.ts';

export type ControllerUsage = {
  readonly cpuMs: number;
  readonly rssMb: number;
  readonly peakRssMb: number;
  readonly writes: WriteCounts;
  readonly limiterWaitMs: number;
};

const [, , kubeconfig = '', namespace = ''] = process.argv;
const config = loadKubeconfig({ kubeconfig, env: {}, homeDir: '/' });
let limiterWaitMs = 0;
const limiter = new RateLimiter({
  clock: systemClock,
  ratePerSecond: Number(process.env.SLUICE_BENCH_CLIENT_RATE ?? 0),
  onWait: (_, waitMs) => {
    limiterWaitMs += waitMs;
  },
});
const transport = countedTransport(httpTransport(config, { userAgent: 'sluice-bench', limiter }));
await startRolloutController({
  client: createClient(transport, { fieldManager: 'sluice' }),
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
    peakRssMb: process.resourceUsage().maxRSS / 1024,
    writes: transport.counts(),
    limiterWaitMs,
  } satisfies ControllerUsage);
});
process.on('disconnect', () => process.exit(0));
