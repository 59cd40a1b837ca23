/** What is measured, one function each. They take a target and give numbers; printing and judging is elsewhere. */
import { createServer, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { builtinTypes, type ClusterConfig } from '@sluice/kube';
import { start } from './child.ts';
import { createPodTemplates, podTemplate } from './objects.ts';
import { median, percentile } from './statistics.ts';
import type { RestartableTarget, Target } from './targets.ts';

const { podTemplates } = builtinTypes;

/** Until hot paths are compiled on both sides. */
const warmUpMs = 4_000;

export type WriteResult = {
  readonly writesPerSecond: number;
  readonly writeP99Ms: number;
  readonly watchP50Ms: number;
  readonly watchP99Ms: number;
  readonly serverCpuUsEach: number | undefined;
  readonly clientCpuUsEach: number;
  readonly serverRssMb: number | undefined;
};

/**
 * Merge patches by 16 writers while one watcher looks on. The delay of the watch is from sending a write to seeing its event, so it holds
 * the write itself.
 */
export async function measureWrites(target: Target, rounds: number, roundMs: number): Promise<WriteResult> {
  const { client, namespace } = target;
  const names = await createPodTemplates(client, namespace, 320);
  const { resourceVersion } = await client.list(podTemplates, { namespace, limit: 1 });
  const watchDelays: number[] = [];
  const stream = await client.watch(podTemplates, { namespace, resourceVersion });
  const watching = (async () => {
    for await (const { object } of stream) {
      const sentAt = Number((object as { metadata: { annotations?: Record<string, string> } }).metadata.annotations?.bench ?? 0);
      if (sentAt > 0) watchDelays.push(performance.now() - sentAt);
    }
  })();
  const perSecond: number[] = [];
  const writeTimes: number[] = [];
  const before = await target.usage();
  const ownBefore = process.cpuUsage();
  let total = 0;
  for (let round = 0; round <= rounds; round++) {
    const end = performance.now() + (round === 0 ? warmUpMs : roundMs);
    let writes = 0;
    await Promise.all(
      Array.from({ length: 16 }, async (_, writer) => {
        for (let i = writer; performance.now() < end; i += 16) {
          const sentAt = performance.now();
          const at = { namespace, name: names[i % names.length] ?? '' };
          await client.patch(podTemplates, at, 'merge', { metadata: { annotations: { bench: String(sentAt) } } });
          writes++;
          if (round > 0) writeTimes.push(performance.now() - sentAt);
        }
      }),
    );
    total += writes;
    // The first round warms up.
    if (round > 0) perSecond.push((writes * 1000) / roundMs);
    else watchDelays.length = 0;
  }
  const ownCpu = process.cpuUsage(ownBefore);
  const after = await target.usage();
  stream.close();
  await watching;
  return {
    writesPerSecond: median(perSecond),
    writeP99Ms: percentile(writeTimes, 99),
    watchP50Ms: percentile(watchDelays, 50),
    watchP99Ms: percentile(watchDelays, 99),
    serverCpuUsEach: before === undefined || after === undefined ? undefined : ((after.cpuMs - before.cpuMs) * 1000) / total,
    clientCpuUsEach: (ownCpu.user + ownCpu.system) / total,
    serverRssMb: after?.rssMb,
  };
}

export type ListResult = {
  readonly wholeMs: number;
  readonly wholeMb: number;
  readonly pageMs: number;
  readonly serverRssMb: number | undefined;
};

/** The answer's bytes read and thrown away: what the server takes, not what a client makes of it. */
export async function measureLists(target: Target, rounds: number): Promise<ListResult> {
  const path = `/api/v1/namespaces/${target.namespace}/podtemplates`;
  const whole: number[] = [];
  const page: number[] = [];
  let bytes = 0;
  await fetchBytes(target.config, path);
  for (let round = 0; round < rounds; round++) {
    const begun = performance.now();
    bytes = await fetchBytes(target.config, path);
    whole.push(performance.now() - begun);
  }
  for (let round = 0; round < rounds * 4; round++) {
    const begun = performance.now();
    await fetchBytes(target.config, `${path}?limit=500`);
    page.push(performance.now() - begun);
  }
  return { wholeMs: median(whole), wholeMb: bytes / 2 ** 20, pageMs: median(page), serverRssMb: (await target.usage())?.rssMb };
}

export type InformerResult = { readonly wallMs: number; readonly peakRssMb: number; readonly cpuMs: number; readonly objects: number };

/** Each round is a process of its own: memory of an earlier one would count as that of a later. */
export async function measureInformer(target: Target, bundles: string, rounds: number): Promise<InformerResult> {
  const results: InformerResult[] = [];
  for (let round = 0; round < rounds; round++) {
    const child = start(bundles, 'informer', [target.kubeconfig, target.namespace]);
    results.push(await child.ask<InformerResult>());
    await child.stop();
  }
  return {
    wallMs: median(results.map(({ wallMs }) => wallMs)),
    peakRssMb: median(results.map(({ peakRssMb }) => peakRssMb)),
    cpuMs: median(results.map(({ cpuMs }) => cpuMs)),
    objects: results[0]?.objects ?? 0,
  };
}

export type RestartResult = { readonly objects: number; readonly readyMs: number; readonly rssMb: number | undefined };

/** From the start of the process to the first answer, with everything that was acknowledged. The server is killed, not stopped. */
export async function measureRestart(target: RestartableTarget, objects: number, rounds: number): Promise<RestartResult> {
  await createPodTemplates(target.client, target.namespace, objects);
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) times.push(await target.killAndStart());
  return { objects, readyMs: median(times), rssMb: (await target.usage())?.rssMb };
}

export type DecodeResult = { readonly eventsPerCpuSecond: number };

/** Events of a server that does nothing else, into a cache. */
export async function measureDecode(bundles: string, rounds: number, events: number): Promise<DecodeResult> {
  const results: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const flood = await floodOf(events);
    const child = start(bundles, 'decode', [flood.url, String(events)]);
    const { cpuMs, events: seen } = await child.ask<{ cpuMs: number; events: number }>();
    await child.stop();
    flood.close();
    results.push((seen * 1000) / cpuMs);
  }
  return { eventsPerCpuSecond: median(results) };
}

async function floodOf(events: number): Promise<{ url: string; close(): void }> {
  const managedFields = [
    {
      manager: 'bench',
      operation: 'Update',
      apiVersion: 'v1',
      time: '2026-01-01T00:00:00Z',
      fieldsType: 'FieldsV1',
      fieldsV1: ownership(),
    },
  ];
  const frame = (i: number): string => {
    const object = podTemplate(`object-${i % 1000}`, 'default');
    const metadata = { ...object.metadata, uid: `uid-${i % 1000}`, resourceVersion: String(1000 + i), managedFields };
    return `${JSON.stringify({ type: i < 1000 ? 'ADDED' : 'MODIFIED', object: { ...object, metadata } })}\n`;
  };
  const server = createServer((incoming, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    if (incoming.url?.includes('watch=true') !== true) {
      response.end(JSON.stringify({ metadata: { resourceVersion: '1' }, items: [] }));
      return;
    }
    let sent = 0;
    const send = (): void => {
      while (sent < events) {
        let chunk = '';
        for (let i = 0; i < 16 && sent < events; i++) chunk += frame(sent++);
        if (!response.write(chunk)) {
          response.once('drain', send);
          return;
        }
      }
    };
    send();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function ownership(): Record<string, unknown> {
  return {
    'f:metadata': { 'f:annotations': { '.': {}, 'f:bench': {} }, 'f:labels': { '.': {}, 'f:app': {} } },
    'f:template': {
      'f:metadata': { 'f:labels': { '.': {}, 'f:app': {} } },
      'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:ports': {}, 'f:resources': {} } } },
    },
  };
}

function fetchBytes(config: ClusterConfig, path: string): Promise<number> {
  const { credentials } = config;
  const isTls = config.server.startsWith('https:');
  return new Promise((resolve, reject) => {
    const sent = (isTls ? httpsRequest : httpRequest)(
      `${config.server}${path}`,
      {
        headers: credentials.token === undefined ? {} : { authorization: `Bearer ${credentials.token}` },
        ...(isTls ? { rejectUnauthorized: !config.insecureSkipTlsVerify } : {}),
        ...(config.certificateAuthority === undefined ? {} : { ca: config.certificateAuthority }),
        ...(credentials.clientCertificate === undefined ? {} : { cert: credentials.clientCertificate }),
        ...(credentials.clientKey === undefined ? {} : { key: credentials.clientKey }),
      },
      (response) => {
        let bytes = 0;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
        response.on('end', () => {
          if (response.statusCode === 200) resolve(bytes);
          else reject(new Error(`${path} answered ${response.statusCode}`));
        });
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}
