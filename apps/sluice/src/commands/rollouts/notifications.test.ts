import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { rolloutType } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { manifestFolder, rollout } from './testing/manifests.ts';
import { type Plugin, startPlugin } from './testing/plugin-run.ts';

let plugin: Plugin;
const namespace = 'default';
const folder = manifestFolder();
const asked: string[] = [];
let status = 200;
const service = createServer((request, response) => {
  const chunks: Uint8Array[] = [];
  request
    .on('data', (chunk: Uint8Array) => chunks.push(chunk))
    .on('end', () => {
      asked.push(`${request.method} ${request.url} ${Buffer.concat(chunks).toString()}`);
      response.writeHead(status).end('no such token: s3cret-token');
    });
});

const data = (url: string): Record<string, string> => ({
  'service.webhook.ci': `url: ${url}/$token\nretryMax: 1`,
  'template.updated':
    'message: "Rollout {{.rollout.metadata.name}} updated"\nslack:\n  attachments: "[]"\nwebhook:\n  ci:\n    method: POST\n    path: /{{.rollout.metadata.name}}\n    body: "{{ sha256sum .rollout.metadata.name | trunc 8 }}"',
  'template.long': `message: "${'long '.repeat(30)}\\nsecond line"`,
  'template.broken': 'message: "{{ nofunc }}"',
  'trigger.on-rollout-updated':
    '- send: [updated]\n- when: rollout.spec.replicas > 1\n  description: more than one\n  send: [updated, long]\n- when: rollout.spec.nothing.at > 1\n  send: [long]',
});

beforeAll(async () => {
  plugin = await startPlugin(Date.parse('2026-03-01T12:00:00Z'));
  await new Promise<void>((resolve) => service.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(service.address() as AddressInfo).port}`;
  const object = (kind: string, name: string, more: object) => ({ apiVersion: 'v1', kind, metadata: { name, namespace }, ...more });
  await plugin.client.create(builtinTypes.configMaps, object('ConfigMap', 'argo-rollouts-notification-configmap', { data: data(url) }));
  const token = Buffer.from('s3cret-token').toString('base64');
  await plugin.client.create(builtinTypes.secrets, object('Secret', 'argo-rollouts-notification-secret', { data: { token } }));
  await plugin.client.create(rolloutType, rollout({ replicas: 3 }, { namespace }));
});

afterAll(async () => {
  folder.remove();
  service.close();
  await plugin.close();
});

const warning = 'warning: template.broken: message: line 1: function "nofunc" not defined\n';

describe('notifications', () => {
  it('lists templates with a preview', async () => {
    expect(await plugin.run('notifications template get')).toEqual({
      out: `NAME     PREVIEW\nlong     ${'long '.repeat(30).slice(0, 99)}...\nupdated  Rollout {{.rollout.metadata.name}} updated\n`,
      err: warning,
      code: 0,
    });
    expect((await plugin.run('notifications template get -o name')).out).toBe('long\nupdated\n');
    expect((await plugin.run('notifications template get nothing -o name')).out).toBe('');
  });

  it('prints templates and triggers whole', async () => {
    const { out } = await plugin.run('notifications template get updated -o json');
    expect(JSON.parse(out)).toMatchObject({
      updated: { message: 'Rollout {{.rollout.metadata.name}} updated', slack: { attachments: '[]' } },
    });
    expect((await plugin.run('notifications trigger get -o=yaml')).out).toBe(
      'on-rollout-updated:\n- send:\n  - updated\n- description: more than one\n  send:\n  - updated\n  - long\n  when: rollout.spec.replicas > 1\n- send:\n  - long\n  when: rollout.spec.nothing.at > 1\n',
    );
    expect(await plugin.run('notifications trigger get -o xml')).toMatchObject({
      out: '',
      err: `${warning}Error: output 'xml' is not supported\n`,
      code: 1,
    });
  });

  it('lists triggers, a line for each condition', async () => {
    expect((await plugin.run('notifications trigger get')).out.split('\n')).toEqual([
      'NAME                TEMPLATE       CONDITION',
      'on-rollout-updated  updated        ',
      '                    updated, long  rollout.spec.replicas > 1',
      '                    long           rollout.spec.nothing.at > 1',
      '',
    ]);
  });

  it('runs the conditions of a trigger against a Rollout', async () => {
    const { out, err, code } = await plugin.run('notifications trigger run on-rollout-updated web');
    expect(out.split('\n')).toEqual([
      'CONDITION                    RESULT',
      '                             true',
      'rollout.spec.replicas > 1    true',
      'rollout.spec.nothing.at > 1  false',
      '',
    ]);
    expect(err).toMatch(/failed to execute when condition: cannot fetch at from <nil>\n$/);
    expect(code).toBe(0);
    expect((await plugin.run('notifications trigger run on-nothing web')).err).toBe(
      `${warning}trigger with name 'on-nothing' does not exist (found on-rollout-updated)\n`,
    );
    expect((await plugin.run('notifications trigger run on-rollout-updated gone')).err).toBe(
      `${warning}failed to load resource: rollouts.argoproj.io "gone" not found\n`,
    );
    expect(await plugin.run('notifications trigger run on-rollout-updated')).toMatchObject({
      err: 'Error: expected two arguments, got 1\n',
      code: 1,
    });
  });

  it('shows what a template comes to', async () => {
    expect(await plugin.run('notifications template notify updated web')).toEqual({
      out: expect.stringMatching(
        /^message: Rollout web updated\nslack:\n {2}attachments: "\[\]"\nwebhook:\n {2}ci:\n {4}body: "?[0-9a-f]{8}"?\n {4}method: POST\n {4}path: \/web\n$/,
      ),
      err: warning,
      code: 0,
    });
    expect((await plugin.run('notifications template notify broken web')).err).toBe(
      `${warning}failed to notify 'console:stdout': template broken: message: line 1: function "nofunc" not defined\n`,
    );
    expect((await plugin.run('notifications template notify nothing web')).err).toMatch(/template 'nothing' is not supported\n$/);
  });

  it('sends it to a recipient, and tells no secret', async () => {
    asked.length = 0;
    expect(await plugin.run('notifications template notify updated web --recipient ci: --recipient console:stdout')).toMatchObject({
      err: warning,
      code: 0,
    });
    expect(asked).toEqual([expect.stringMatching(/^POST \/s3cret-token\/web [0-9a-f]{8}$/)]);
    status = 404;
    const { err } = await plugin.run('notifications template notify updated web --recipient ci:x');
    expect(err).toMatch(/failed to notify 'ci:x': request to .* has failed with error code 404 : no such token: \*\*\*\n$/);
    expect(err).not.toContain('s3cret-token');
    expect((await plugin.run('notifications template notify updated web --recipient slack:x')).err).toMatch(
      /failed to notify 'slack:x': notification service 'slack' is not supported\n$/,
    );
  });

  it('takes configuration and Rollout from files', async () => {
    const metadata = { name: 'argo-rollouts-notification-configmap' };
    const configMap = folder.file('config.yaml', rollout(), {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata,
      data: { 'template.t': 'message: "{{ .secrets.a }} {{ .rollout.metadata.name }}"' },
    });
    const secret = folder.file('secret.yaml', {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'argo-rollouts-notification-secret' },
      stringData: { a: 'b' },
    });
    const web = folder.file('web.yaml', rollout({}, { name: 'from-file' }));
    expect((await plugin.run(['notifications', 'template', 'notify', 't', web, '--config-map', configMap, '--secret', secret])).out).toBe(
      'message: b from-file\n',
    );
    expect((await plugin.run(['notifications', '--config-map', configMap, 'template', 'notify', 't', web, '--secret', ':empty'])).out).toBe(
      'message: <no value> from-file\n',
    );
    expect(await plugin.run(['notifications', 'template', 'get', '--config-map', secret])).toMatchObject({
      err: `failed to get api: file '${secret}' does not have '/ConfigMap/argo-rollouts-notification-configmap'\n`,
      code: 0,
    });
    expect((await plugin.run('notifications template get -n elsewhere')).err).toBe(
      'failed to get api: secrets "argo-rollouts-notification-secret" not found\n',
    );
  });

  it('helps', async () => {
    expect((await plugin.run('notifications')).out).toMatch(/template .*Notification templates related commands/s);
    expect(await plugin.run('notifications template')).toMatchObject({ out: '', code: 1 });
    expect((await plugin.run('notifications template notify --help')).out).toMatch(/--recipient <service:recipient>/);
  });
});
