/** The guide on notifications, from its ConfigMap to what Slack and a webhook are sent: real informers and providers, an API server in memory, services on this machine. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { KubeObject } from '@sluice/api';
import { createApiServer } from '@sluice/apiserver';
import { inProcessTransport } from '@sluice/cluster';
import {
  createNotificationInformers,
  createNotificationSender,
  type NotificationInformers,
  type NotificationSender,
  parseNotificationYaml,
} from '@sluice/controller';
import { readNotificationConfiguration } from '@sluice/engine';
import { builtinTypes, type Client, createClient, silentLogger, systemClock } from '@sluice/kube';
import { type HttpClient, httpClient, notifierFactory } from '@sluice/providers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readPage, snippets } from '../harness/documents.ts';
import { until } from '../harness/program.ts';

type ConfigMap = KubeObject & { readonly data: Record<string, string> };

const page = readPage('docs/guides/notifications.md');
const [configText = '', subscriptionText = ''] = snippets(page, 'yaml');
const configMap = parseNotificationYaml(configText) as ConfigMap;
/** `key=value` of the commands of the guide. */
const pairs = (pattern: RegExp): readonly (readonly [string, string])[] =>
  [...page.matchAll(pattern)].map(([, key = '', value = '']) => [key, value.replaceAll("'", '')] as const);
const annotations = Object.fromEntries(pairs(/(notifications\.argoproj\.io\/\S+?)=(\S*)/g));
const secretValues = pairs(/--from-literal=(\S+?)=(\S+)/g);

const rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: {
    name: 'web',
    namespace: 'shop',
    labels: { team: 'blue' },
    annotations: { ...annotations, 'rollout.argoproj.io/revision': '2' },
  },
  spec: {
    strategy: { canary: { steps: [{ setWeight: 20 }, { pause: {} }] } },
    template: {
      spec: {
        containers: [
          { name: 'app', image: 'web:2' },
          { name: 'proxy', image: 'proxy:1' },
        ],
      },
    },
  },
  status: { currentStepIndex: 0, currentPodHash: 'abc' },
} as unknown as KubeObject;

const asked: { readonly path: string; readonly headers: IncomingMessage['headers']; readonly body: string }[] = [];
const service = createServer((request, response) => {
  const chunks: Uint8Array[] = [];
  request
    .on('data', (chunk: Uint8Array) => chunks.push(chunk))
    .on('end', () => {
      asked.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString() });
      response.setHeader('content-type', 'application/json').end('{"ok": true, "ts": "1.5", "channel": "C1"}');
    });
});

const untilTrue = (what: string, isSo: () => boolean): Promise<boolean> => until(what, () => Promise.resolve(isSo() || undefined));

let client: Client;
let informers: NotificationInformers;
let sender: NotificationSender;
let http: HttpClient;
let closeServer: () => Promise<void>;

beforeAll(async () => {
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const server = await createApiServer({
    durability: 'memory',
    clock: systemClock,
    randomBytes: (count) => new Uint8Array(count).fill(7),
    tls: false,
  });
  closeServer = () => server.close();
  client = createClient(inProcessTransport(server, { name: 'test', groups: ['system:masters'] }), { fieldManager: 'test' });
  const namespace = 'argo-rollouts';
  await client.create(builtinTypes.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
  const making = { clock: systemClock, random: () => 0.5, logger: silentLogger, controllerNamespace: namespace, isSelfService: false };
  informers = createNotificationInformers({ ...making, client });
  http = httpClient({ clock: systemClock });
  sender = createNotificationSender({
    ...making,
    informers,
    notifierFor: notifierFactory({ http: http.request, clock: systemClock, uuid: randomUUID }),
    runsIn: () => [],
  });
  await Promise.all([...informers.configMaps, ...informers.secrets].map((informer) => informer.synced()));

  const secret = Object.fromEntries(secretValues.map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
  await client.create(builtinTypes.secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'argo-rollouts-notification-secret', namespace },
    data: secret,
  } as unknown as KubeObject);
  const data = Object.fromEntries(
    Object.entries(configMap.data).map(([key, text]) => [
      key,
      key === 'service.slack' ? `${text}apiURL: ${address}/api/\n` : text.replace('https://ci.example.com', address),
    ]),
  );
  await client.create(builtinTypes.configMaps, { ...configMap, data } as unknown as KubeObject);
  await untilTrue('the ConfigMap is in the cache', () => informers.configMaps.every(({ size }) => size === 1));
  await untilTrue('the Secret is in the cache', () => informers.secrets.every(({ size }) => size === 1));
});

afterAll(async () => {
  await sender.stop();
  for (const informer of [...informers.configMaps, ...informers.secrets]) informer.stop();
  await http.close();
  await client.close();
  await closeServer();
  await new Promise((resolve) => service.close(resolve));
});

describe('the guide on notifications', () => {
  it('configures without a mistake', () => {
    const subscriptions = (parseNotificationYaml(subscriptionText) as { subscriptions: string }).subscriptions;
    const secrets = { 'slack-token': 'a', 'ci-token': 'b' };
    expect(readNotificationConfiguration({ ...configMap.data, subscriptions }, secrets, parseNotificationYaml).problems).toEqual([]);
  });

  it('leads from an annotation to messages in one thread, and to a call of the webhook', async () => {
    expect(Object.keys(annotations)).toHaveLength(4);
    sender.notify(rollout, { type: 'Normal', reason: 'RolloutStepCompleted' });
    await untilTrue('the first message is there', () => asked.length === 1);
    sender.notify({ ...rollout, status: { ...(rollout as { status?: object }).status, abort: true } } as KubeObject, {
      type: 'Warning',
      reason: 'RolloutAborted',
    });
    await untilTrue('all of them are there', () => asked.length === 4);

    const messages = asked
      .filter(({ path }) => path === '/api/chat.postMessage')
      .map(({ headers, body }) => ({ authorization: headers.authorization, ...Object.fromEntries(new URLSearchParams(body)) }));
    expect(messages[0]).toEqual({
      authorization: 'Bearer xoxb-your-token',
      channel: 'deploys',
      text: 'Rollout web completed step 1 of 2.',
    });
    const attachments = JSON.stringify([
      {
        title: 'web',
        color: '#E01E5A',
        fields: [
          { title: 'app', value: 'web:2', short: true },
          { title: 'proxy', value: 'proxy:1', short: true },
        ],
      },
    ]);
    const ended = { authorization: 'Bearer xoxb-your-token', text: 'Rollout web is aborted.', reply_broadcast: 'true', attachments };
    expect(messages.slice(1)).toEqual([
      { ...ended, channel: 'deploys', thread_ts: '1.5' },
      { ...ended, channel: 'on-call' },
    ]);
    const [call] = asked.filter(({ path }) => path.startsWith('/hooks/'));
    expect(call?.path).toBe('/hooks/rollouts/web');
    expect(call?.headers.authorization).toBe('Bearer a-long-random-text');
    expect(JSON.parse(call?.body ?? '')).toEqual({ namespace: 'shop', aborted: true });
    await untilTrue('they are counted', () => sender.metrics().sent.reduce((sum, { successes }) => sum + successes, 0) === 4);
    expect(sender.metrics().sent.map(({ name, reason, errors }) => `${name} ${reason} ${errors}`)).toEqual([
      'web RolloutStepCompleted 0',
      'web RolloutAborted 0',
    ]);
  });
});
