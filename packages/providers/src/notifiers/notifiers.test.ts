/** What is special about single services. What all have in common is in `http-notifiers.test.ts`. */
import type { Notification, SendOutcome } from '@sluice/engine';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { json } from '../metrics/testing/fake-service.ts';
import { NotifierBench } from './testing/conformance.ts';
import { FakeMailServer } from './testing/fake-mail-server.ts';

const bench = new NotifierBench();
const { service } = bench;
const saying = (message: string, sections: Record<string, unknown> = {}): Notification => ({ message, sections });

beforeAll(() => service.start());
afterAll(() => bench.stop());
beforeEach(() => {
  service.asked.length = 0;
  bench.waits.length = 0;
});

describe('the factory', () => {
  it.each([
    ['carrier-pigeon', {}, "service type 'carrier-pigeon' is not supported"],
    ['constructor', {}, "service type 'constructor' is not supported"],
    ['awssqs', {}, "service type 'awssqs' is not supported by this controller"],
    ['gcppubsub', {}, "service type 'gcppubsub' is not supported by this controller"],
    ['nats', {}, "service type 'nats' is not supported by this controller"],
    ['slack', 'token', 'must be a map of options'],
    ['slack', { token: ['a'] }, 'token: must be a text'],
    ['slack', { insecureSkipVerify: 'maybe' }, 'insecureSkipVerify: must be true or false'],
    ['webhook', {}, 'url is missing'],
    ['webhook', { url: 'http://x', headers: 'no' }, 'headers: must be a list'],
    ['webhook', { url: 'http://x', retryWaitMin: 'soon' }, 'retryWaitMin: must be a duration such as 5s'],
    ['email', { host: 'mail', from: 'a@b.c', port: 'smtp' }, 'port: must be a whole number'],
    ['email', { host: 'mail', from: 'a@b.c' }, 'port: must be a port'],
    ['teams', { recipientUrls: 'x' }, 'recipientUrls: must be a map'],
    ['alertmanager', { targets: 'x' }, 'targets: must be a list of texts'],
    ['github', { appID: 1, installationID: 2, privateKey: 'no key' }, 'privateKey: is not a private key in PEM'],
    ['telegram', {}, 'token is missing'],
  ])('of %s with %j says: %s', (type, options, problem) => {
    expect(bench.make(type, options)).toEqual({ ok: false, problem });
  });
});

describe('slack', () => {
  const slack = bench.make;
  const send = async (section: unknown, recipient = 'deploys'): Promise<SendOutcome> => {
    const made = slack('slack', { token: 'xoxb', apiURL: service.address });
    if (!made.ok) throw new Error(made.problem);
    return await made.notifier.send(saying('hello', { slack: section }), { service: 'slack', recipient });
  };
  const calls = (): readonly string[] =>
    service.asked.map(({ path, body }) => {
      const fields = new URLSearchParams(body);
      const told = ['channel', 'thread_ts', 'reply_broadcast', 'ts'].flatMap((name) =>
        fields.has(name) ? [`${name}=${fields.get(name)}`] : [],
      );
      return `${path.slice(1)} ${told.join(' ')}`;
    });
  let made = 0;
  beforeEach(() => {
    service.answer = () => json({ ok: true, ts: `${++made}.0`, channel: 'C1' });
    made = 0;
  });

  it('gathers messages of one key in a thread, by channel', async () => {
    await send({ groupingKey: 'k1' });
    await send({ groupingKey: 'k1', notifyBroadcast: true });
    await send({ groupingKey: 'k1' }, 'other');
    await send({ groupingKey: '' });
    expect(calls()).toEqual([
      'chat.postMessage channel=deploys',
      'chat.postMessage channel=deploys thread_ts=1.0 reply_broadcast=true',
      'chat.postMessage channel=other',
      'chat.postMessage channel=deploys',
    ]);
  });

  it('writes the first message anew where the policy says so', async () => {
    await send({ groupingKey: 'k2', deliveryPolicy: 'Update' });
    await send({ groupingKey: 'k2', deliveryPolicy: 'Update' });
    await send({ groupingKey: 'k2', deliveryPolicy: 'PostAndUpdate' });
    expect(calls()).toEqual([
      'chat.postMessage channel=deploys',
      'chat.update channel=C1 ts=1.0',
      'chat.postMessage channel=deploys thread_ts=1.0',
      'chat.update channel=C1 ts=1.0',
    ]);
  });

  it.each([
    ['invalid_auth', false],
    ['channel_not_found', false],
    ['internal_error', true],
    ['ratelimited', true],
  ])('tells %s, which may be tried again: %s', async (error, mayRetry) => {
    service.answer = () => json({ ok: false, error, response_metadata: { messages: ['[ERROR] why'] } });
    expect(await send({})).toEqual({ ok: false, problem: `slack: ${error} ([ERROR] why)`, mayRetry });
  });

  it('tells how long it wants to be left alone', async () => {
    service.answer = () => ({ status: 429, headers: { 'retry-after': '30' }, body: 'slow down' });
    expect(await send({})).toMatchObject({ ok: false, mayRetry: true, retryAfterMs: 30_000 });
  });

  it.each([
    ['attachments', '[{"a": }]', 'slack.attachments: is not valid JSON once rendered'],
    ['attachments', '{}', 'slack.attachments: must be a JSON list once rendered'],
    ['blocks', 'x', 'slack.blocks: is not valid JSON once rendered'],
    ['icon', 5, undefined],
    ['icon', ['x'], 'icon: must be a text'],
  ])('with %s %j says: %s', async (field, value, problem) => {
    const outcome = await send({ [field]: value });
    expect(outcome).toEqual(problem === undefined ? { ok: true } : { ok: false, problem, mayRetry: false });
    expect(service.asked).toHaveLength(problem === undefined ? 1 : 0);
  });

  it('shows an icon by its address, and none that is neither', async () => {
    await send({ icon: 'https://example.com/i.png' });
    await send({ icon: 'rocket' });
    const icons = service.asked.map(({ body }) => [...new URLSearchParams(body).keys()].filter((name) => name.startsWith('icon')));
    expect(icons).toEqual([['icon_url'], []]);
  });
});

describe('webhook', () => {
  const send = (options: object, sections: Record<string, unknown> = {}): Promise<SendOutcome> =>
    bench
      .notifier('webhook', { url: `${service.address}/hook`, ...options })
      .send(saying('hello', sections), { service: 'ci', recipient: '' });

  it('sends the message with GET where the template says nothing', async () => {
    service.answer = () => ({ body: '' });
    expect(await send({})).toEqual({ ok: true });
    expect(service.asked.map(({ method, path, body }) => `${method} ${path} ${body}`)).toEqual(['GET /hook hello']);
  });

  it('tries again what passes, with waits that double', async () => {
    service.answer = () => ({ status: service.asked.length < 3 ? 503 : 200, body: '' });
    expect(await send({})).toEqual({ ok: true });
    expect(bench.waits).toEqual([1000, 2000]);
  });

  it('waits as configured, and as the service asks', async () => {
    service.answer = () => ({ status: 503, body: 'busy', ...(service.asked.length === 2 ? { headers: { 'retry-after': '7' } } : {}) });
    expect(await send({ retryMax: 4, retryWaitMin: '2s', retryWaitMax: 5_000_000_000 })).toEqual({
      ok: false,
      problem: expect.stringMatching(/^request to .* has failed with error code 503 : busy$/),
      mayRetry: false,
    });
    expect(bench.waits).toEqual([2000, 7000, 5000, 5000]);
  });

  it('does not try again what was wrong', async () => {
    service.answer = () => ({ status: 404, body: 'no such hook' });
    expect(await send({})).toMatchObject({ ok: false, mayRetry: false });
    expect(service.asked).toHaveLength(1);
  });

  it('refuses a method that is none, and an address that is none', async () => {
    expect(await send({}, { webhook: { ci: { method: 'BREW' } } })).toMatchObject({ problem: 'webhook.ci.method: BREW is not a method' });
    expect(await send({ url: 'ci.example.com' })).toMatchObject({ ok: false, mayRetry: false });
    expect(bench.waits).toEqual([]);
  });
});

describe('other services', () => {
  it('know their recipients', async () => {
    const problem = async (type: string, options: unknown, sections: Record<string, unknown> = {}): Promise<unknown> => {
      const outcome = await bench.notifier(type, options).send(saying('hello', sections), { service: type, recipient: 'nobody' });
      return outcome.ok ? undefined : outcome.problem;
    };
    expect(await problem('teams', {})).toBe('no teams webhook configured for recipient nobody');
    expect(await problem('teams-workflows', {})).toBe('no teams-workflows webhook configured for recipient nobody');
    expect(await problem('teams-workflows', { recipientUrls: { nobody: 'http://example.com/x' } })).toBe(
      'invalid webhook URL for recipient nobody: webhook URL must use HTTPS scheme',
    );
    expect(await problem('googlechat', {})).toMatch(/no Google chat webhook configured for recipient nobody$/);
    expect(await problem('pagerdutyv2', {})).toBe('no API key configured for recipient nobody');
    expect(await problem('pagerduty', { token: 't' })).toBe('no config found for pagerduty');
    expect(await problem('opsgenie', {})).toBe('no API key configured for recipient nobody');
    expect(await problem('opsgenie', { apiKeys: { nobody: 'k' } }, { opsgenie: {} })).toBe('Opsgenie notification description is missing');
    expect(await problem('alertmanager', {})).toBe('notification alertmanager no config');
    expect(await problem('alertmanager', {}, { alertmanager: {} })).toBe('alertmanager at least one label pair required');
    expect(await problem('github', { token: 't' })).toBe('config is empty');
    expect(await problem('github', { token: 't' }, { github: { repoURLPath: 'web' } })).toBe('GitHub.repoURL (web) does not have a `/`');
    expect(await problem('newrelic', { apiKey: 'k' })).toBe('config is missing');
    expect(service.asked).toEqual([]);
  });

  it('one target of Alertmanager that takes the alert is enough', async () => {
    service.answer = ({ path }) => ({ status: path.startsWith('/bad') ? 400 : 200, body: 'x' });
    const host = service.address.replace('http://', '');
    const send = (targets: readonly string[]): Promise<SendOutcome> =>
      bench
        .notifier('alertmanager', { targets, apiPath: '' })
        .send(saying('', { alertmanager: { labels: { a: 'b' } } }), { service: 'a', recipient: '' });
    expect(await send([`${host}/bad`, host])).toEqual({ ok: true });
    expect(await send([`${host}/bad`, '127.0.0.1:1'])).toMatchObject({ ok: false, mayRetry: true });
  });

  it('GitHub reuses a token, and finds the repository in any form of its address', async () => {
    service.answer = ({ path }) => json({ ok: true, id: 1 }, path.includes('statuses') ? 201 : 200);
    const notifier = bench.notifier('github', { token: 't', enterpriseBaseURL: `${service.address}/api/v3` });
    for (const repoURLPath of [
      'git@github.com:acme/web.git',
      'ssh://git@github.com/acme/web',
      'https://me@github.com/acme/web/',
      'acme/web',
    ]) {
      const github = { repoURLPath, revisionPath: 'abc', status: { state: 'success', label: 'x'.repeat(3) } };
      await notifier.send(saying('m'.repeat(200), { github }), { service: 'github', recipient: '' });
    }
    expect(new Set(service.asked.map(({ path }) => path))).toEqual(new Set(['/api/v3/repos/acme/web/statuses/abc']));
    expect(service.asked).toHaveLength(4);
    expect((JSON.parse(service.asked[0]?.body ?? '') as { description: string }).description).toBe(`${'m'.repeat(137)}...`);
  });
});

describe('email', () => {
  const server = new FakeMailServer();
  beforeAll(() => server.start());
  afterAll(() => server.stop());
  beforeEach(() => {
    server.commands.length = 0;
    server.messages.length = 0;
    server.replies = {};
  });
  const send = (options: object = {}, sections: Record<string, unknown> = {}, recipient = 'you@example.com'): Promise<SendOutcome> =>
    bench
      .notifier('email', { host: '127.0.0.1', port: server.port, from: 'sluice@example.com', ...options })
      .send(saying('Rollout web has been completed.', sections), { service: 'email', recipient });

  it('sends the message as text', async () => {
    expect(await send({}, { email: { subject: 'web is done' } })).toEqual({ ok: true });
    expect(server.commands).toEqual(['MAIL FROM:<sluice@example.com>', 'RCPT TO:<you@example.com>', 'DATA']);
    const [message = ''] = server.messages;
    expect(message).toMatch(/^From: sluice@example\.com$/m);
    expect(message).toMatch(/^To: you@example\.com$/m);
    expect(message).toMatch(/^Subject: web is done$/m);
    expect(message).toMatch(/^Content-Type: text\/plain/m);
    expect(message).toMatch(/^Rollout web has been completed\.$/m);
  });

  it('sends the body of the template, as HTML where asked, and logs in', async () => {
    expect(
      await send({ username: 'me', password: 'c0rrect-horse', html: true, port: String(server.port) }, { email: { body: '<b>done</b>' } }),
    ).toEqual({ ok: true });
    expect(server.commands[0]).toBe(`AUTH PLAIN ${Buffer.from('\0me\0c0rrect-horse').toString('base64')}`);
    expect(server.messages[0]).toMatch(/^Content-Type: text\/html/m);
    expect(server.messages[0]).toMatch(/^<b>done<\/b>$/m);
  });

  it.each([
    ['the mailbox is unknown', { RCPT: '550 no such user c0rrect-horse' }, false],
    ['the mailbox is busy', { RCPT: '450 try again' }, true],
    ['the login fails', { AUTH: '535 bad credentials c0rrect-horse' }, false],
    ['the message is refused', { DATA: '554 no thanks' }, false],
  ])('says that %s', async (_, replies, mayRetry) => {
    server.replies = replies;
    const outcome = await send({ username: 'me', password: 'c0rrect-horse' });
    expect(outcome).toMatchObject({ ok: false, mayRetry, problem: expect.stringMatching(/^send mail over 127\.0\.0\.1:\d+: .*\d{3}/) });
    expect(JSON.stringify(outcome)).not.toContain('c0rrect-horse');
  });

  it('says that nobody listens', async () => {
    expect(await send({ port: 1 })).toMatchObject({ ok: false, mayRetry: true, problem: expect.stringMatching(/ECONNREFUSED/) });
  });

  it('lets nobody write headers of their own', async () => {
    expect(await send({}, { email: { subject: 'a\r\nBcc: other@example.com' } })).toEqual({ ok: true });
    expect(server.messages.join('')).not.toMatch(/^Bcc:/m);
    for (const recipient of ['you@example.com\r\nRCPT TO:<other@example.com>', 'a@b.c,d@e.f', 'nobody', '']) {
      expect(await send({}, {}, recipient)).toMatchObject({
        ok: false,
        mayRetry: false,
        problem: expect.stringMatching(/is not an e-mail address$/),
      });
    }
    expect(server.messages).toHaveLength(1);
  });
});
