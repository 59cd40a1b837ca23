/** Reads a flood of watch events into a cache and says what one event costs. Arguments: address of the flood, its number of events. */
import { builtinTypes, createClient, createInformer, httpTransport, silentLogger, systemClock } from '@sluice/kube';

const [, , server = '', count = '0'] = process.argv;
const config = { server, insecureSkipTlsVerify: false, disableCompression: true, credentials: {}, namespace: 'default' };
const client = createClient(httpTransport(config, { userAgent: 'sluice-bench' }), { fieldManager: 'bench' });
const informer = createInformer({ client, type: builtinTypes.podTemplates, clock: systemClock, random: Math.random, logger: silentLogger });
await informer.synced();
let seen = 0;
const before = process.cpuUsage();
const done = new Promise<void>((resolve) => {
  const hear = (): void => {
    if (++seen === Number(count)) resolve();
  };
  informer.addHandler({ added: hear, updated: hear });
});
const begun = performance.now();
await done;
const { user, system } = process.cpuUsage(before);
process.send?.({ events: seen, wallMs: performance.now() - begun, cpuMs: (user + system) / 1000 });
informer.stop();
await client.close();
process.disconnect?.();
