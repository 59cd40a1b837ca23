/** Fills one cache from a server and says how long that took and what it cost. Arguments: kubeconfig, namespace. */
import { builtinTypes, createClient, createInformer, httpTransport, loadKubeconfig, silentLogger, systemClock } from '@sluice/kube';

const [, , kubeconfig = '', namespace = ''] = process.argv;
const config = loadKubeconfig({ kubeconfig, env: {}, homeDir: '/' });
const client = createClient(httpTransport(config, { userAgent: 'sluice-bench' }), { fieldManager: 'bench' });
const begun = performance.now();
const informer = createInformer({
  client,
  type: builtinTypes.podTemplates,
  namespace,
  clock: systemClock,
  random: Math.random,
  logger: silentLogger,
});
await informer.synced();
const wallMs = performance.now() - begun;
const { user, system } = process.cpuUsage();
process.send?.({ wallMs, objects: informer.size, peakRssMb: process.resourceUsage().maxRSS / 1024, cpuMs: (user + system) / 1000 });
informer.stop();
await client.close();
process.disconnect?.();
