import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type KubeconfigOptions, loadKubeconfig } from './kubeconfig.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-kubeconfig-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pem = '-----BEGIN CERTIFICATE-----\nMA==\n-----END CERTIFICATE-----\n';
let files = 0;

function file(text: string): string {
  const path = join(folder, `config-${files++}`);
  writeFileSync(path, text);
  return path;
}

/** A kubeconfig of one context with these lines under its cluster and its user. */
function oneContext(cluster: string, user = 'token: secret-token', rest = 'current-context: it'): string {
  return file(`clusters: [{name: c, cluster: {${cluster}}}]
users: [{name: u, user: {${user}}}]
contexts: [{name: it, context: {cluster: c, user: u}}]
${rest}
`);
}

function load(kubeconfig: string, options: Partial<KubeconfigOptions> = {}): ReturnType<typeof loadKubeconfig> {
  return loadKubeconfig({ kubeconfig, env: {}, homeDir: folder, ...options });
}

function problemOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'none';
}

describe('a kubeconfig', () => {
  it('gives server, authority, credentials and namespace, with files relative to itself', () => {
    writeFileSync(join(folder, 'ca.pem'), pem);
    const config = load(
      file(`clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443/prefix/", certificate-authority: ca.pem, tls-server-name: api}}]
users: [{name: u, user: {client-certificate-data: ${btoa(pem)}, client-key-data: ${btoa(pem)}, as: jane, as-groups: [dev]}}]
contexts: [{name: it, context: {cluster: c, user: u, namespace: team}}]
current-context: it
`),
    );
    expect(config).toEqual({
      server: 'https://10.0.0.1:6443/prefix',
      certificateAuthority: pem,
      insecureSkipTlsVerify: false,
      disableCompression: false,
      tlsServerName: 'api',
      credentials: { clientCertificate: pem, clientKey: pem, impersonate: { user: 'jane', groups: ['dev'], extra: {} } },
      namespace: 'team',
      contextName: 'it',
      userName: 'u',
    });
  });

  it('merges a KUBECONFIG list: the first to say something wins, missing files are passed over', () => {
    const first = file('users: [{name: u, user: {token: first}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\n');
    const second = file(`clusters: [{name: c, cluster: {server: "https://second"}}]
users: [{name: u, user: {token: second}}]
contexts: [{name: x, context: {cluster: other, user: other}}]
current-context: x
`);
    const third = file('current-context: y\nclusters: [{name: c, cluster: {server: "https://third"}}]\n');
    const list = [join(folder, 'missing'), first, '', second, third].join(delimiter);
    const config = loadKubeconfig({ env: { KUBECONFIG: list }, homeDir: folder });
    expect(config).toMatchObject({ server: 'https://second', credentials: { token: 'first' }, contextName: 'x' });
  });

  it('falls back to the home folder, and then to the pod', () => {
    const home = join(folder, 'home');
    mkdirSync(join(home, '.kube'), { recursive: true });
    const account = join(folder, 'account');
    mkdirSync(account);
    writeFileSync(join(account, 'token'), 'pod-token');
    writeFileSync(join(account, 'ca.crt'), pem);
    writeFileSync(join(account, 'namespace'), 'sluice\n');
    const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    expect(loadKubeconfig({ env, homeDir: home, serviceAccountDir: account })).toEqual({
      server: 'https://[fd00::1]:443',
      certificateAuthority: pem,
      insecureSkipTlsVerify: false,
      disableCompression: false,
      credentials: { tokenFile: join(account, 'token') },
      namespace: 'sluice',
    });
    writeFileSync(
      join(home, '.kube', 'config'),
      'clusters: [{name: c, cluster: {server: "https://home"}}]\ncontexts: [{name: x, context: {cluster: c}}]\ncurrent-context: x\n',
    );
    expect(loadKubeconfig({ env, homeDir: home, serviceAccountDir: account }).server).toBe('https://home');
  });

  it('lets flags win over the files', () => {
    const path = oneContext('server: "https://file"');
    expect(load(path, { overrides: { server: 'https://flag/', token: 'flag-token', namespace: 'flag' } })).toMatchObject({
      server: 'https://flag',
      credentials: { token: 'flag-token' },
      namespace: 'flag',
    });
    expect(loadKubeconfig({ env: {}, homeDir: folder, overrides: { server: 'http://127.0.0.1:8001' } }).server).toBe(
      'http://127.0.0.1:8001',
    );
  });

  const rows: readonly (readonly [string, () => unknown, string])[] = [
    ['a file that is not there', () => load(join(folder, 'nope')), 'nope: no such file'],
    ['a folder', () => load(folder), ': is a folder'],
    ['broken YAML', () => load(file('clusters:\n- name: [c\nusers: secret-token\n')), ': line 3: '],
    ['text that is no mapping', () => load(file('just text')), ': not a kubeconfig: a mapping was expected'],
    [
      'no current context',
      () => load(oneContext('server: "https://x"', 'token: t', '')),
      ' has no current-context; choose one with --context: it',
    ],
    ['an unknown context', () => load(oneContext('server: "https://x"'), { context: 'prod' }), 'context "prod" is not in kubeconfig '],
    ['no server', () => load(oneContext('')), ': clusters[c].cluster.server is missing'],
    [
      'a server that is no address',
      () => load(oneContext('server: "ftp://x"')),
      'clusters[c].cluster.server: not an address such as https://host:6443',
    ],
    [
      'a proxy',
      () => load(oneContext('server: "https://x", proxy-url: "http://p"')),
      'clusters[c].cluster.proxy-url: proxies are not supported',
    ],
    [
      'a wrong type',
      () => load(oneContext('server: "https://x", insecure-skip-tls-verify: "yes"')),
      'insecure-skip-tls-verify: true or false was expected',
    ],
    [
      'an authority that is not base64',
      () => load(oneContext('server: "https://x", certificate-authority-data: "***"')),
      'certificate-authority-data is not base64',
    ],
    [
      'an authority file that is not there',
      () => load(oneContext('server: "https://x", certificate-authority: gone.pem')),
      'gone.pem: no such file',
    ],
    [
      'a certificate without a key',
      () => load(oneContext('server: "https://x"', `client-certificate-data: ${btoa(pem)}`)),
      'users[u].user.client-key is missing',
    ],
    [
      'a password',
      () => load(oneContext('server: "https://x"', 'username: a, password: secret-token')),
      'Kubernetes has no passwords since 1.19',
    ],
    [
      'an old plugin',
      () => load(oneContext('server: "https://x"', 'auth-provider: {name: gcp}')),
      'users[u].user.auth-provider is not supported',
    ],
    [
      'a plugin of an unknown version',
      () => load(oneContext('server: "https://x"', 'exec: {command: x, apiVersion: v1}')),
      'users[u].user.exec.apiVersion: must be',
    ],
    ['nothing anywhere', () => loadKubeconfig({ env: {}, homeDir: join(folder, 'nobody') }), 'no kubeconfig: '],
  ];
  for (const [what, run, expected] of rows) {
    it(`answers ${what} with one clear line and no secret`, () => {
      const problem = problemOf(run);
      expect(problem).toContain(expected);
      expect(problem).not.toContain('\n');
      expect(problem).not.toContain('secret-token');
    });
  }
});
