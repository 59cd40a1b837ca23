import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KubeObject, parseTime, StatusError } from '@sluice/api';
import { afterAll, describe, expect, it } from 'vitest';
import type { ResourceRegistry, UserInfo } from '../ports.ts';
import { createAccess, type ServerAccess } from './access.ts';
import { issueCertificate, makeAuthority } from './certificates.ts';
import { startDerivedWrites } from './derived-writes.ts';
import { countingBytes, type MemoryReader, memoryReader, settableClock } from './testing.ts';

const start = parseTime('2026-06-01T12:00:00Z') ?? 0;
const day = 24 * 3600 * 1000;
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

type World = { readonly access: ServerAccess; readonly reader: MemoryReader; readonly clock: ReturnType<typeof settableClock> };

async function world(dataDir?: string, now = start): Promise<World> {
  const reader = memoryReader();
  const clock = settableClock(now);
  const registry = {} as ResourceRegistry;
  const access = await createAccess({
    reader,
    registry,
    clock,
    randomBytes: countingBytes(),
    ...(dataDir === undefined ? {} : { dataDir }),
  });
  for (const object of access.bootstrapObjects()) reader.put('rbac.authorization.k8s.io', `${object.kind.toLowerCase()}s`, object);
  return { access, reader, clock };
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'access-'));
  folders.push(made);
  return made;
}

function core(kind: string, name: string, fields: Readonly<Record<string, unknown>> = {}, namespace = 'shop'): KubeObject {
  return { apiVersion: 'v1', kind, metadata: { name, namespace, uid: `uid-of-${name}` }, ...fields };
}

async function who(access: ServerAccess, headers: Readonly<Record<string, string>>, clientCertificate?: Uint8Array): Promise<unknown> {
  try {
    return await access.authenticator.authenticate({ headers, ...(clientCertificate === undefined ? {} : { clientCertificate }) });
  } catch (error) {
    return error instanceof StatusError ? `${error.code} ${error.message}` : error;
  }
}

const der = (pem: string): Uint8Array => new X509Certificate(pem).raw;
const bearer = (token: string): Readonly<Record<string, string>> => ({ authorization: `Bearer ${token}` });
const embedded = (kubeconfig: string, field: string): string =>
  Buffer.from(new RegExp(`${field}: (\\S+)`).exec(kubeconfig)?.[1] ?? '', 'base64').toString('utf8');

const master: UserInfo = { name: 'root', groups: ['system:masters'] };

async function tokenOf({ access }: World, spec: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const object = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', metadata: {}, spec };
  const request = { group: '', version: 'v1', resource: 'serviceaccounts', subresource: 'token', namespace: 'shop', name: 'robot' };
  const answer = await access.reviews.create({ ...request, object, user: master, dryRun: false });
  return (answer.status as { token: string }).token;
}

describe('keys', () => {
  it('are kept in files that only their owner reads, and are the same at the next start', async () => {
    const data = folder();
    const first = await world(data);
    const serving = await first.access.servingCertificate('127.0.0.1');
    const kubeconfig = first.access.kubeconfig('https://127.0.0.1:6443');
    const token = first.access.administratorToken();
    const again = await world(data);
    expect(await again.access.servingCertificate('127.0.0.1')).toEqual(serving);
    expect(again.access.kubeconfig('https://127.0.0.1:6443')).toBe(kubeconfig);
    expect(again.access.administratorToken()).toBe(token);
    const files = readdirSync(join(data, 'pki'));
    expect(files).toEqual(expect.arrayContaining(['ca.key', 'ca.crt', 'server.key', 'admin.key', 'admin.token']));
    expect(files.filter((name) => (statSync(join(data, 'pki', name)).mode & 0o777) !== 0o600)).toEqual([]);
  });

  it('are renewed under the same authority when they are about to end', async () => {
    const data = folder();
    const before = await (await world(data)).access.servingCertificate('127.0.0.1');
    const after = await (await world(data, start + 340 * day)).access.servingCertificate('127.0.0.1');
    expect(after.authorityPem).toBe(before.authorityPem);
    expect(after.certificatePem).not.toBe(before.certificatePem);
    expect(Date.parse(new X509Certificate(after.certificatePem).validTo)).toBeGreaterThan(start + 700 * day);
  });

  it('name the hosts that clients use', async () => {
    const { certificatePem, authorityPem } = await (await world()).access.servingCertificate('sluice.example.com');
    const certificate = new X509Certificate(certificatePem);
    expect(certificate.verify(new X509Certificate(authorityPem).publicKey)).toBe(true);
    for (const host of ['localhost', 'kubernetes.default.svc.cluster.local', 'sluice.example.com']) {
      expect(certificate.checkHost(host), host).toBe(host);
    }
    for (const address of ['127.0.0.1', '::1', '10.96.0.1']) expect(certificate.checkIP(address), address).toBeDefined();
  });

  it('go into a kubeconfig that carries no credentials over plain HTTP', async () => {
    const { access } = await world();
    const secure = access.kubeconfig('https://127.0.0.1:6443');
    expect(embedded(secure, 'certificate-authority-data')).toBe(access.authorityPem());
    expect(secure).toContain('current-context: sluice');
    expect(access.kubeconfig('http://127.0.0.1:8080')).not.toMatch(/-data:/);
  });
});

describe('who asks', () => {
  it('is the administrator with the certificate of the kubeconfig', async () => {
    const { access } = await world();
    const pem = embedded(access.kubeconfig('https://x'), 'client-certificate-data');
    expect(await who(access, {}, der(pem))).toMatchObject({
      name: 'kubernetes-admin',
      groups: ['system:masters', 'system:authenticated'],
    });
  });

  it('is refused with a certificate that has ended, that serves, or that another authority signed', async () => {
    const { access, clock } = await world();
    const pem = embedded(access.kubeconfig('https://x'), 'client-certificate-data');
    const serving = await access.servingCertificate('127.0.0.1');
    const randomBytes = countingBytes();
    const validity = { notBefore: start - day, notAfter: start + day };
    const stranger = makeAuthority({ subject: { commonName: 'sluice' }, validity, serial: randomBytes(16) });
    const subject = { commonName: 'eve', organizations: ['system:masters'] };
    const forged = issueCertificate(stranger, 'sluice', { subject, purpose: { kind: 'client' }, validity, serial: randomBytes(16) });
    expect(await who(access, {}, der(forged.certificatePem))).toBe('401 Unauthorized');
    expect(await who(access, {}, der(serving.certificatePem))).toBe('401 Unauthorized');
    clock.set(start + 400 * day);
    expect(await who(access, {}, der(pem))).toBe('401 Unauthorized');
  });

  it('is the administrator with their token, refused with another, and anonymous with none', async () => {
    const { access } = await world();
    expect(await who(access, bearer(access.administratorToken()))).toMatchObject({ name: 'kubernetes-admin' });
    expect(await who(access, bearer('guess'))).toBe('401 Unauthorized');
    expect(await who(access, {})).toEqual({ name: 'system:anonymous', groups: ['system:unauthenticated'] });
  });

  it('is a service account until its token ends or the account is made anew', async () => {
    const at = await world();
    at.reader.put('', 'serviceaccounts', core('ServiceAccount', 'robot'));
    const token = await tokenOf(at);
    expect(await who(at.access, bearer(token))).toMatchObject({
      name: 'system:serviceaccount:shop:robot',
      uid: 'uid-of-robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
    });
    at.clock.set(start + 3600 * 1000);
    expect(await who(at.access, bearer(token))).toBe('401 Unauthorized');
    at.clock.set(start);
    at.reader.put('', 'serviceaccounts', {
      ...core('ServiceAccount', 'robot'),
      metadata: { name: 'robot', namespace: 'shop', uid: 'other' },
    });
    expect(await who(at.access, bearer(token))).toBe('401 Unauthorized');
  });

  it('is not a service account whose token was changed, unsigned, or made for somebody else', async () => {
    const at = await world();
    at.reader.put('', 'serviceaccounts', core('ServiceAccount', 'robot'));
    const [header = '', payload = '', signature = ''] = (await tokenOf(at)).split('.');
    const encoded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Record<string, unknown>;
    for (const token of [
      `${header}.${encoded({ ...claims, sub: 'system:serviceaccount:kube-system:root' })}.${signature}`,
      `${encoded({ alg: 'none' })}.${payload}.`,
      `${encoded({ alg: 'HS256' })}.${payload}.${signature}`,
      await tokenOf(at, { audiences: ['vault'] }),
    ]) {
      expect(await who(at.access, bearer(token))).toBe('401 Unauthorized');
    }
  });

  it('dies with the pod that its token is bound to', async () => {
    const at = await world();
    const pod = core('Pod', 'web-1', { spec: { serviceAccountName: 'robot', nodeName: 'n1' } });
    at.reader.put('', 'serviceaccounts', core('ServiceAccount', 'robot'));
    at.reader.put('', 'pods', pod);
    const token = await tokenOf(at, { boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name: 'web-1' } });
    expect(await who(at.access, bearer(token))).toMatchObject({
      extra: {
        'authentication.kubernetes.io/pod-name': ['web-1'],
        'authentication.kubernetes.io/pod-uid': ['uid-of-web-1'],
        'authentication.kubernetes.io/node-name': ['n1'],
      },
    });
    at.reader.remove('', 'pods', pod);
    expect(await who(at.access, bearer(token))).toBe('401 Unauthorized');
  });

  it('acts as somebody else where RBAC allows it, and as nobody where it does not', async () => {
    const at = await world();
    at.reader.put('', 'serviceaccounts', core('ServiceAccount', 'robot'));
    const admin = bearer(at.access.administratorToken());
    expect(
      await who(at.access, { ...admin, 'impersonate-user': 'bob', 'impersonate-group': 'a, b', 'impersonate-extra-team%2fname': 'x' }),
    ).toEqual({
      name: 'bob',
      groups: ['a', 'b', 'system:authenticated'],
      extra: { 'team/name': ['x'] },
    });
    expect(await who(at.access, { ...admin, 'impersonate-user': 'system:serviceaccount:shop:robot' })).toEqual({
      name: 'system:serviceaccount:shop:robot',
      groups: ['system:serviceaccounts', 'system:serviceaccounts:shop', 'system:authenticated'],
    });
    expect(await who(at.access, { ...bearer(await tokenOf(at)), 'impersonate-user': 'bob' })).toBe(
      '403 users "bob" is forbidden: User "system:serviceaccount:shop:robot" cannot impersonate resource "users" in API group "" at the cluster scope',
    );
  });
});

describe('reviews', () => {
  const review = async ({ access }: World, resource: string, spec: object, user: UserInfo = master, namespace = ''): Promise<unknown> => {
    const group =
      resource.endsWith('accessreviews') || resource.endsWith('rulesreviews') ? 'authorization.k8s.io' : 'authentication.k8s.io';
    const object = { apiVersion: `${group}/v1`, kind: 'Review', metadata: {}, spec };
    const request = { group, version: 'v1', resource, subresource: '', namespace, name: '', object, user, dryRun: false };
    try {
      return (await access.reviews.create(request)).status;
    } catch (error) {
      return (error as Error).message;
    }
  };
  const pods = { verb: 'get', resource: 'pods', namespace: 'shop' };

  it('answer whether a user may', async () => {
    const at = await world();
    expect(await review(at, 'selfsubjectaccessreviews', { resourceAttributes: pods })).toEqual({ allowed: true });
    expect(await review(at, 'subjectaccessreviews', { user: 'bob', resourceAttributes: pods })).toEqual({ allowed: false });
    expect(
      await review(at, 'subjectaccessreviews', {
        user: 'x',
        groups: ['system:authenticated'],
        nonResourceAttributes: { path: '/api', verb: 'get' },
      }),
    ).toMatchObject({ allowed: true });
  });

  it.each([
    [
      'neither resource nor path',
      'subjectaccessreviews',
      { user: 'x' },
      'exactly one of nonResourceAttributes or resourceAttributes must be specified',
    ],
    ['nobody', 'subjectaccessreviews', { resourceAttributes: pods }, 'at least one of user or group must be specified'],
    ['another namespace', 'localsubjectaccessreviews', { user: 'x', resourceAttributes: pods }, 'must match metadata.namespace'],
    ['rules of no namespace', 'selfsubjectrulesreviews', {}, 'no namespace on request'],
    ['no token', 'tokenreviews', {}, 'token is required for TokenReview in authentication'],
  ])('refuse a question about %s', async (_sentence, resource, spec, problem) => {
    expect(await review(await world(), resource, spec, master, 'bank')).toContain(problem);
  });

  it('list the rules of the asking user', async () => {
    const status = await review(
      await world(),
      'selfsubjectrulesreviews',
      { namespace: 'shop' },
      { name: 'bob', groups: ['system:authenticated'] },
    );
    expect(status).toMatchObject({
      resourceRules: [{ resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'] }, { resources: ['selfsubjectreviews'] }],
      incomplete: false,
    });
  });

  it('tell whose a token is, for the audiences that it was made for', async () => {
    const at = await world();
    at.reader.put('', 'serviceaccounts', core('ServiceAccount', 'robot'));
    const token = await tokenOf(at, { audiences: ['vault'] });
    expect(await review(at, 'tokenreviews', { token, audiences: ['vault', 'x'] })).toMatchObject({
      authenticated: true,
      user: { username: 'system:serviceaccount:shop:robot' },
      audiences: ['vault'],
    });
    expect(await review(at, 'tokenreviews', { token })).toMatchObject({
      user: {},
      error: expect.stringContaining('is invalid for the target audiences'),
    });
    expect(await review(at, 'tokenreviews', { token: 'guess' })).toEqual({ user: {}, error: 'invalid bearer token' });
  });

  it('refuse tokens that live less than ten minutes', async () => {
    const at = await world();
    at.reader.put('', 'serviceaccounts', core('ServiceAccount', 'robot'));
    await expect(tokenOf(at, { expirationSeconds: 10 })).rejects.toThrow(
      'TokenRequest.authentication.k8s.io "" is invalid: spec.expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes',
    );
  });
});

describe('what follows from roles and accounts', () => {
  it('is written: tokens into token Secrets, and the authority into each namespace', async () => {
    const { access, reader, clock } = await world();
    const write = async (object: KubeObject): Promise<void> => reader.put('', `${object.kind.toLowerCase()}s`, object);
    const stop = startDerivedWrites({ reader, access, clock, create: write, update: write });
    reader.put('', 'namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
    const annotations = { 'kubernetes.io/service-account.name': 'robot' };
    const type = 'kubernetes.io/service-account-token';
    reader.put('', 'secrets', {
      ...core('Secret', 'robot-token', { type }),
      metadata: { name: 'robot-token', namespace: 'shop', annotations },
    });
    reader.put('', 'serviceaccounts', core('ServiceAccount', 'robot'));
    await new Promise((resolve) => setImmediate(resolve));
    stop();
    expect(reader.get('', 'configmaps', 'shop', 'kube-root-ca.crt')?.data).toEqual({ 'ca.crt': access.authorityPem() });
    const secret = reader.get('', 'secrets', 'shop', 'robot-token');
    const data = secret?.data as Record<string, string>;
    const token = Buffer.from(data.token ?? '', 'base64').toString('utf8');
    expect(await who(access, bearer(token))).toMatchObject({ name: 'system:serviceaccount:shop:robot' });
    if (secret !== undefined) reader.remove('', 'secrets', secret);
    expect(await who(access, bearer(token))).toBe('401 Unauthorized');
  });

  it('never names a key or a token in what bootstraps the cluster', async () => {
    const data = folder();
    const { access } = await world(data);
    const token = access.administratorToken();
    expect(readFileSync(join(data, 'pki', 'admin.token'), 'utf8').trim()).toBe(token);
    expect(JSON.stringify(access.bootstrapObjects())).not.toContain(token);
  });
});
