import { generateKeyPairSync } from 'node:crypto';
import type { Notification } from '@sluice/engine';
import { json } from '../metrics/testing/fake-service.ts';
import { describeNotifier, type NotifierSubject } from './testing/conformance.ts';

const secret = 'c0rrect-horse';
const message = 'Rollout web has been completed.';
const fields = '[{"title": "Strategy", "value": "Canary", "short": true}]';
const saying = (sections: Record<string, unknown> = {}): Notification => ({ message, sections });
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const pem = privateKey.export({ type: 'pkcs1', format: 'pem' }) as string;

const subjects: readonly NotifierSubject[] = [
  {
    type: 'slack',
    options: (address) => ({ token: secret, apiURL: `${address}/api`, username: 'sluice', icon: ':rocket:', disableUnfurl: true }),
    notification: saying({ slack: { attachments: `[{"title":"web","fields":${fields}}]`, blocks: '[{"type":"divider"}]' } }),
    recipient: 'deploys',
    secrets: [secret],
    answer: () => json({ ok: true, ts: '1.2', channel: 'C1' }),
    requests: [
      {
        line: 'POST /api/chat.postMessage',
        headers: { authorization: `Bearer ${secret}` },
        body: {
          channel: 'deploys',
          text: message,
          username: 'sluice',
          icon_emoji: ':rocket:',
          attachments: '[{"title":"web","fields":[{"title":"Strategy","value":"Canary","short":true}]}]',
          blocks: '[{"type":"divider"}]',
          unfurl_links: 'false',
          unfurl_media: 'false',
        },
      },
    ],
  },
  {
    type: 'webhook',
    options: (address) => ({
      url: `${address}/hooks/${secret}/`,
      headers: [
        { name: 'X-Token', value: 'battery-st4ple' },
        { name: 'Content-Type', value: 'application/json' },
      ],
      basicAuth: { username: 'me', password: 'p4ssword' },
    }),
    notification: saying({
      webhook: { webhook: { method: 'PATCH', path: '/builds/web', body: '{"state":"done"}' }, other: { body: 'x' } },
    }),
    recipient: '',
    secrets: [secret, 'battery-st4ple', 'p4ssword', Buffer.from('me:p4ssword').toString('base64')],
    answer: () => ({ status: 204, body: '' }),
    requests: [
      {
        line: `PATCH /hooks/${secret}/builds/web`,
        headers: { 'x-token': 'battery-st4ple', authorization: `Basic ${Buffer.from('me:p4ssword').toString('base64')}` },
        body: { state: 'done' },
      },
    ],
    triesItself: true,
    takesAnyBody: true,
  },
  {
    type: 'teams',
    options: (address) => ({ recipientUrls: { ops: `${address}/webhook/${secret}` } }),
    notification: saying({
      teams: {
        title: 'web',
        themeColor: '#18be52',
        facts: '[{"name":"Strategy","value":"Canary"}]',
        sections: '[{"text":"more"}]',
        potentialAction: '[{"@type":"OpenUri","name":"Open"}]',
      },
    }),
    recipient: 'ops',
    secrets: [secret],
    answer: () => ({ body: '1' }),
    requests: [
      {
        line: `POST /webhook/${secret}`,
        headers: { 'content-type': 'application/json' },
        body: {
          '@type': 'MessageCard',
          context: 'https://schema.org/extensions',
          title: 'web',
          summary: '',
          text: message,
          themeColor: '#18be52',
          potentialAction: [{ '@type': 'OpenUri', name: 'Open' }],
          sections: [{ text: 'more' }, { facts: [{ name: 'Strategy', value: 'Canary' }] }],
        },
      },
    ],
  },
  {
    type: 'teams-workflows',
    options: (address) => ({ recipientUrls: { ops: `${address}/powerautomate/${secret}` } }),
    notification: saying({
      'teams-workflows': {
        title: 'web',
        themeColor: 'Good',
        facts: '[{"name":"Strategy","value":"Canary"},{"name":"Replicas","value":5}]',
        sections: '[{"facts":[{"name":"a","value":"b"}]},{"text":"no facts"}]',
        potentialAction:
          '[{"@type":"OpenUri","name":"Open","targets":[{"os":"default","uri":"https://sluice.example.com"}]},{"@type":"Other"}]',
      },
    }),
    recipient: 'ops',
    secrets: [secret],
    answer: () => ({ status: 202, body: '' }),
    requests: [
      {
        line: `POST /powerautomate/${secret}`,
        body: {
          type: 'message',
          attachments: [
            {
              contentType: 'application/vnd.microsoft.card.adaptive',
              content: {
                type: 'AdaptiveCard',
                version: '1.4',
                body: [
                  { type: 'TextBlock', text: 'web', size: 'Large', weight: 'Bolder', color: 'Good', wrap: true },
                  { type: 'TextBlock', text: message, wrap: true },
                  {
                    type: 'FactSet',
                    facts: [
                      { title: 'Strategy', value: 'Canary' },
                      { title: 'Replicas', value: '5' },
                    ],
                  },
                  { type: 'FactSet', facts: [{ title: 'a', value: 'b' }] },
                ],
                actions: [{ type: 'Action.OpenUrl', title: 'Open', url: 'https://sluice.example.com' }],
              },
            },
          ],
        },
      },
    ],
    takesAnyBody: true,
  },
  {
    type: 'googlechat',
    options: (address) => ({ webhooks: { space: `${address}/v1/spaces/x/messages?key=k3y&token=${secret}` } }),
    notification: saying({ googlechat: { threadKey: 'web 7', cardsV2: '- header:\n    title: web\n' } }),
    recipient: 'space',
    secrets: [secret],
    answer: () => json({ name: 'spaces/x/messages/1' }),
    takesAnyObject: true,
    requests: [
      {
        line: `POST /v1/spaces/x/messages?key=k3y&token=${secret}&threadKey=web+7&messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD`,
        body: { text: '', cardsV2: [{ cardId: 'id-1', card: { header: { title: 'web' } } }] },
      },
    ],
  },
  {
    type: 'telegram',
    options: (address) => ({ token: secret, apiURL: address }),
    notification: saying(),
    recipient: '-1001234',
    secrets: [secret],
    answer: () => json({ ok: true, result: {} }),
    requests: [{ line: `POST /bot${secret}/sendMessage`, body: { chat_id: '-1001234', text: message, parse_mode: 'Markdown' } }],
  },
  {
    type: 'pagerduty',
    options: (address) => ({ token: secret, from: 'me@example.com', apiURL: address }),
    notification: saying({ pagerduty: { title: 'web is down', body: message, urgency: 'high', priorityID: 'P1' } }),
    recipient: 'PSERVICE',
    secrets: [secret],
    answer: () => json({ incident: { id: 'I1' } }, 201),
    requests: [
      {
        line: 'POST /incidents',
        headers: { authorization: `Token token=${secret}`, from: 'me@example.com', accept: 'application/vnd.pagerduty+json;version=2' },
        body: {
          incident: {
            type: 'incident',
            title: 'web is down',
            service: { id: 'PSERVICE', type: 'service_reference' },
            urgency: 'high',
            priority: { id: 'P1', type: 'priority' },
            body: { type: 'incident_details', details: message },
          },
        },
      },
    ],
    takesAnyBody: true,
  },
  {
    type: 'pagerdutyv2',
    options: (address) => ({ serviceKeys: { web: secret }, apiURL: address }),
    notification: saying({
      pagerdutyv2: { summary: 'web failed', severity: 'critical', source: 'web', group: 'shop', url: 'https://x.example.com' },
    }),
    recipient: 'web',
    secrets: [secret],
    answer: () => json({ status: 'success' }, 202),
    requests: [
      {
        line: 'POST /v2/enqueue',
        body: {
          routing_key: secret,
          event_action: 'trigger',
          client: 'Sluice',
          client_url: 'https://x.example.com',
          payload: { summary: 'web failed', source: 'web', severity: 'critical', group: 'shop' },
        },
      },
    ],
    takesAnyBody: true,
  },
  {
    type: 'opsgenie',
    options: (address) => ({ apiUrl: address, apiKeys: { 'team-1': secret } }),
    notification: saying({ opsgenie: { description: 'it failed', priority: 'P1', tags: ['web'] } }),
    recipient: 'team-1',
    secrets: [secret],
    answer: () => json({ result: 'Request will be processed' }, 202),
    requests: [
      {
        line: 'POST /v2/alerts',
        headers: { authorization: `GenieKey ${secret}` },
        body: {
          message,
          description: 'it failed',
          tags: ['web'],
          priority: 'P1',
          responders: [{ type: 'team', id: 'team-1' }],
          source: 'Sluice',
        },
      },
    ],
    takesAnyBody: true,
  },
  {
    type: 'grafana',
    options: (address) => ({ apiUrl: `${address}/api/`, apiKey: secret, tags: 'all|sluice' }),
    notification: saying({ grafana: { tags: 'web' } }),
    recipient: 'deploys|shop',
    secrets: [secret],
    answer: () => json({ message: 'Annotation added' }),
    requests: [
      {
        line: 'POST /api/annotations',
        headers: { authorization: `Bearer ${secret}` },
        body: {
          time: Date.parse('2026-01-02T03:04:05Z'),
          isRegion: false,
          tags: ['deploys', 'shop', 'web', 'all', 'sluice'],
          text: message,
        },
      },
    ],
    takesAnyBody: true,
  },
  {
    type: 'github',
    options: (address) => ({ appID: 12, installationID: '34', privateKey: pem, enterpriseBaseURL: address }),
    notification: saying({
      github: {
        repoURLPath: 'https://github.com/acme/web.git',
        revisionPath: 'abc123',
        status: { state: 'success', label: 'rollout/web', targetURL: 'https://sluice.example.com' },
        deployment: {
          state: 'success',
          environment: 'production',
          environmentURL: 'https://web.example.com',
          logURL: '',
          requiredContexts: [],
          autoMerge: false,
        },
        pullRequestComment: { content: 'done', commentTag: 'web' },
      },
    }),
    recipient: '',
    secrets: ['inst4llation-token', pem.split('\n')[3] ?? ''],
    answer: ({ method, path }) => {
      if (path.endsWith('/access_tokens')) return json({ token: 'inst4llation-token', expires_at: '2026-01-02T04:04:05Z' }, 201);
      if (method === 'GET' && path.endsWith('/deployments')) return json([]);
      if (path.endsWith('/pulls')) return json([{ number: 5 }]);
      if (path.endsWith('/comments') && method === 'GET')
        return json([
          { id: 1, body: 'hi' },
          { id: 9, body: 'x\n<!-- argocd-notifications web -->' },
        ]);
      return json({ id: 77 }, method === 'POST' ? 201 : 200);
    },
    requests: [
      { line: 'POST /api/v3/app/installations/34/access_tokens', headers: { accept: 'application/vnd.github+json' }, body: {} },
      {
        line: 'POST /api/v3/repos/acme/web/statuses/abc123',
        headers: { authorization: 'Bearer inst4llation-token' },
        body: { state: 'success', target_url: 'https://sluice.example.com', description: message, context: 'rollout/web' },
      },
      { line: 'GET /api/v3/repos/acme/web/deployments?ref=abc123&environment=production' },
      {
        line: 'POST /api/v3/repos/acme/web/deployments',
        body: { ref: 'abc123', auto_merge: false, required_contexts: [], transient_environment: false, environment: 'production' },
      },
      {
        line: 'POST /api/v3/repos/acme/web/deployments/77/statuses',
        body: {
          state: 'success',
          log_url: '',
          description: message,
          environment: 'production',
          environment_url: 'https://web.example.com',
        },
      },
      { line: 'GET /api/v3/repos/acme/web/commits/abc123/pulls' },
      { line: 'GET /api/v3/repos/acme/web/issues/5/comments?per_page=100' },
      { line: 'PATCH /api/v3/repos/acme/web/issues/comments/9', body: { body: 'done\n<!-- argocd-notifications web -->' } },
    ],
  },
  {
    type: 'alertmanager',
    options: (address) => ({ targets: [address.replace('http://', '')], bearerToken: secret, timeout: 10 }),
    notification: saying({
      alertmanager: { labels: { severity: 'warning' }, annotations: { summary: message }, generatorURL: 'git@github.com:acme/web' },
    }),
    recipient: '',
    secrets: [secret],
    answer: () => ({ body: '' }),
    requests: [
      {
        line: 'POST /api/v2/alerts',
        headers: { authorization: `Bearer ${secret}` },
        body: [
          {
            labels: { alertname: 'argo-rollouts', severity: 'warning' },
            annotations: { summary: message },
            generatorURL: 'https://github.com/acme/web',
            startsAt: '2026-01-02T03:04:05.678Z',
          },
        ],
      },
    ],
    takesAnyBody: true,
  },
  {
    type: 'mattermost',
    options: (address) => ({ apiURL: address, token: secret }),
    notification: saying({ mattermost: { attachments: '[{"title":"web"}]' } }),
    recipient: 'channel-id',
    secrets: [secret],
    answer: () => json({ id: '1' }, 201),
    requests: [
      {
        line: 'POST /api/v4/posts',
        headers: { authorization: `Bearer ${secret}` },
        body: { channel_id: 'channel-id', message, props: { attachments: [{ title: 'web' }] } },
      },
    ],
    takesAnyBody: true,
  },
  {
    type: 'rocketchat',
    options: (address) => ({ serverUrl: address, email: 'me@example.com', password: secret, alias: 'sluice', icon: ':rocket:' }),
    notification: saying({ rocketchat: { attachments: '[{"title":"web"}]' } }),
    recipient: '#deploys',
    secrets: [secret],
    answer: ({ path }) => (path.endsWith('/login') ? json({ data: { authToken: 't', userId: 'u' } }) : json({ success: true })),
    requests: [
      { line: 'POST /api/v1/login', body: { user: 'me@example.com', password: secret } },
      {
        line: 'POST /api/v1/chat.postMessage',
        headers: { 'x-auth-token': 't', 'x-user-id': 'u' },
        body: { channel: '#deploys', text: message, alias: 'sluice', emoji: ':rocket:', attachments: [{ title: 'web' }] },
      },
    ],
  },
  {
    type: 'newrelic',
    options: (address) => ({ apiURL: address, apiKey: secret }),
    notification: saying({ newrelic: { revision: '7', user: 'me' } }),
    recipient: '4711',
    secrets: [secret],
    answer: () => json({ deployment: { id: 1 } }, 201),
    requests: [
      {
        line: 'POST /v2/applications/4711/deployments.json',
        headers: { 'x-api-key': secret },
        body: { deployment: { revision: '7', description: message, user: 'me' } },
      },
    ],
    takesAnyBody: true,
  },
  {
    type: 'pushover',
    options: (address) => ({ token: secret, apiURL: address }),
    notification: saying(),
    recipient: 'user-key',
    secrets: [secret],
    answer: () => json({ status: 1 }),
    requests: [{ line: 'POST /1/messages.json', body: { token: secret, user: 'user-key', message } }],
    takesAnyBody: true,
  },
  {
    type: 'webex',
    options: (address) => ({ token: secret, apiURL: address }),
    notification: saying(),
    recipient: 'me@example.com',
    secrets: [secret],
    answer: () => json({ id: '1' }),
    requests: [
      {
        line: 'POST /v1/messages',
        headers: { authorization: `Bearer ${secret}` },
        body: { toPersonEmail: 'me@example.com', markdown: message },
      },
    ],
    takesAnyBody: true,
  },
];

for (const subject of subjects) describeNotifier(subject);
