/** Who may do what: rights of a ServiceAccount by its token, the reviews, and the rule that nobody hands out more than he has. */
import type { KubeObject } from '@sluice/api';
import { builtinTypes, type Client } from '@sluice/kube';
import { beforeAll, expect, it } from 'vitest';
import { type Bench, failureOf, field } from './bench.ts';

const { configMaps, roleBindings, roles, secrets, serviceAccounts } = builtinTypes;

export function accessCases(bench: Bench): void {
  let account = '';
  let token = '';
  let limited: Client;
  const user = (): string => `system:serviceaccount:${bench.namespace}:${account}`;

  const tokenFor = async (name: string, spec: Record<string, unknown> = {}): Promise<string> => {
    const answer = await bench.client.raw({
      method: 'POST',
      path: `/api/v1/namespaces/${bench.namespace}/serviceaccounts/${name}/token`,
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec },
    });
    return String(field(answer, 'status.token'));
  };
  const role = (name: string, rules: readonly unknown[]): KubeObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name, namespace: bench.namespace },
    rules,
  });
  const bind = (name: string, roleName: string, subject: string): KubeObject => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name, namespace: bench.namespace },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: roleName },
    subjects: [{ kind: 'ServiceAccount', name: subject, namespace: bench.namespace }],
  });

  beforeAll(async () => {
    account = bench.name('reader');
    await bench.client.create(serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: account, namespace: bench.namespace },
    });
    token = await tokenFor(account, { expirationSeconds: 3600 });
    limited = bench.api.asServiceAccount({ namespace: bench.namespace, name: account, token });
  });

  it('gives a signed token that says whose it is', async () => {
    const [, payload = ''] = token.split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    expect(claims).toMatchObject({
      sub: user(),
      'kubernetes.io': { namespace: bench.namespace, serviceaccount: { name: account, uid: expect.any(String) } },
    });
    expect(Number(claims.exp) - Number(claims.iat)).toBe(3600);
    const review = await bench.client.raw({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } },
    });
    expect(review).toMatchObject({
      status: {
        authenticated: true,
        user: {
          username: user(),
          groups: expect.arrayContaining(['system:serviceaccounts', `system:serviceaccounts:${bench.namespace}`, 'system:authenticated']),
        },
      },
    });
    const forged = await bench.client.raw({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/tokenreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: `${token.slice(0, -6)}aaaaaa` } },
    });
    expect(field(forged, 'status.authenticated')).not.toBe(true);
    expect(await failureOf(tokenFor(account, { expirationSeconds: 10 }))).toMatchObject({ code: 422 });
  });

  it('refuses what no role allows, in the words of a real server', async () => {
    expect(await failureOf(limited.list(configMaps, { namespace: bench.namespace }))).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message: `configmaps is forbidden: User "${user()}" cannot list resource "configmaps" in API group "" in the namespace "${bench.namespace}"`,
    });
    expect(await failureOf(limited.get(builtinTypes.nodes, { name: 'x' }))).toMatchObject({
      message: `nodes "x" is forbidden: User "${user()}" cannot get resource "nodes" in API group "" at the cluster scope`,
    });
    expect(await failureOf(limited.raw({ method: 'GET', path: '/metrics' }))).toMatchObject({
      code: 403,
      message: `forbidden: User "${user()}" cannot get path "/metrics"`,
    });
    expect(await limited.raw({ method: 'GET', path: '/version' })).toMatchObject({ major: '1' });
  });

  it('allows what a role says, by verb, name and subresource', async () => {
    const name = bench.name('seen');
    await bench.createConfigMap(name);
    await bench.createConfigMap(`${name}-other`);
    const roleName = bench.name('role');
    await bench.client.create(
      roles,
      role(roleName, [
        { apiGroups: [''], resources: ['configmaps'], verbs: ['get'], resourceNames: [name] },
        { apiGroups: [''], resources: ['secrets'], verbs: ['list', 'watch'] },
      ]),
    );
    await bench.client.create(roleBindings, bind(roleName, roleName, account));
    await bench.until('the rights', () => limited.get(configMaps, bench.at(name)));
    expect(await failureOf(limited.get(configMaps, bench.at(`${name}-other`)))).toMatchObject({ code: 403 });
    expect(await failureOf(limited.delete(configMaps, bench.at(name)))).toMatchObject({ code: 403 });
    await limited.list(secrets, { namespace: bench.namespace });
    const stream = await limited.watch(secrets, { namespace: bench.namespace });
    stream.close();
    expect(await failureOf(limited.list(secrets))).toMatchObject({ code: 403, message: expect.stringContaining('at the cluster scope') });
    await bench.client.delete(roleBindings, bench.at(roleName));
    await bench.until('the rights gone', async () => {
      const failure = await limited.get(configMaps, bench.at(name)).then(
        () => undefined,
        () => true,
      );
      return failure;
    });
  });

  it('answers the four access reviews', async () => {
    const review = (client: Client, kind: string, spec: unknown, path = `${kind.toLowerCase()}s`): Promise<unknown> =>
      client.raw({
        method: 'POST',
        path: `/apis/authorization.k8s.io/v1/${path}`,
        body: {
          apiVersion: 'authorization.k8s.io/v1',
          kind,
          metadata: kind.startsWith('Local') ? { namespace: bench.namespace } : {},
          spec,
        },
      });
    const attributes = { namespace: bench.namespace, verb: 'delete', group: 'apps', resource: 'deployments' };
    expect(field(await review(bench.client, 'SelfSubjectAccessReview', { resourceAttributes: attributes }), 'status.allowed')).toBe(true);
    expect(field(await review(limited, 'SelfSubjectAccessReview', { resourceAttributes: attributes }), 'status.allowed')).toBe(false);
    const about = { user: user(), groups: ['system:authenticated'] };
    expect(field(await review(bench.client, 'SubjectAccessReview', { ...about, resourceAttributes: attributes }), 'status.allowed')).toBe(
      false,
    );
    expect(
      field(
        await review(bench.client, 'SubjectAccessReview', { ...about, nonResourceAttributes: { verb: 'get', path: '/healthz' } }),
        'status.allowed',
      ),
    ).toBe(true);
    const local = await review(
      bench.client,
      'LocalSubjectAccessReview',
      { ...about, resourceAttributes: attributes },
      `namespaces/${bench.namespace}/localsubjectaccessreviews`,
    );
    expect(field(local, 'status.allowed')).toBe(false);
    const rules = await review(limited, 'SelfSubjectRulesReview', { namespace: bench.namespace });
    expect(field(rules, 'status.resourceRules')).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'], verbs: ['create'] }),
      ]),
    );
    const who = await limited.raw({
      method: 'POST',
      path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
    });
    expect(field(who, 'status.userInfo.username')).toBe(user());
  });

  it('lets nobody hand out rights that he does not have', async () => {
    const helperRole = bench.name('role-maker');
    await bench.client.create(
      roles,
      role(helperRole, [
        { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: ['create', 'get', 'update'] },
        { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
      ]),
    );
    await bench.client.create(roleBindings, bind(helperRole, helperRole, account));
    const within = role(bench.name('within'), [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }]);
    await bench.until('the right to make roles', () => limited.create(roles, within));
    const beyond = role(bench.name('beyond'), [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }]);
    const refused = await failureOf(limited.create(roles, beyond));
    expect(refused).toMatchObject({ code: 403, reason: 'Forbidden' });
    expect(refused.message).toContain(`user "${user()}" (groups=`);
    expect(refused.message).toContain(
      'is attempting to grant RBAC permissions not currently held:\n{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}',
    );
    await bench.client.create(roles, beyond);
    expect(await failureOf(limited.create(roleBindings, bind(bench.name('bind'), beyond.metadata.name ?? '', account)))).toMatchObject({
      code: 403,
    });
  });

  it('knows the bootstrap roles and fills the aggregated ones', async () => {
    const edit = await bench.client.get(builtinTypes.clusterRoles, { name: 'edit' });
    expect(field(edit, 'aggregationRule.clusterRoleSelectors.0.matchLabels')).toEqual({
      'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
    });
    const name = `${bench.namespace}-aggregated`;
    await bench.client.create(builtinTypes.clusterRoles, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name, labels: { 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
      rules: [{ apiGroups: ['example.com'], resources: [name], verbs: ['get'] }],
    });
    for (const aggregated of ['view', 'edit', 'admin']) {
      await bench.untilObject(builtinTypes.clusterRoles, { name: aggregated }, 'aggregated', (object) =>
        JSON.stringify(object.rules).includes(name),
      );
    }
    await bench.client.delete(builtinTypes.clusterRoles, { name });
  });
}
