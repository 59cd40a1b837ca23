/** The real kubectl against `sluice up`: what a person types in a working day, and what it prints. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run, type Sluice, startSluice, until } from '../harness/program.ts';
import { toolsNamed } from '../harness/tools.ts';

const deployment = (version: string, replicas = 3): string => `
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, labels: { app: web } }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - { name: web, image: "example.com/web:${version}", ports: [{ containerPort: 80, name: http }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [{ port: 80, targetPort: http }] }
`;

const kubectls = await toolsNamed('kubectl');
if (kubectls.length === 0) console.warn('skipped: the kubectl lane, since there is no kubectl (see `sluice doctor`)');

describe.each(kubectls)('real kubectl from the $source against sluice up', ({ path: kubectl }) => {
  let cluster: Sluice;
  beforeAll(async () => {
    cluster = await startSluice({ kubectl });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  it('applies a Deployment, which becomes ready, and shows it in each output form', async () => {
    expect(await cluster.kubectl('apply -f -', { input: deployment('1') })).toBe('deployment.apps/web created\nservice/web created\n');
    expect(await cluster.kubectl('rollout status deployment/web --timeout=30s')).toContain('deployment "web" successfully rolled out');
    expect(await cluster.kubectl('apply -f -', { input: deployment('1') })).toBe('deployment.apps/web unchanged\nservice/web unchanged\n');
    expect(await cluster.kubectl('get deployment web')).toMatch(/^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +3\/3 +3 +3 /);
    expect(await cluster.kubectl('get deployment web -o wide')).toMatch(/CONTAINERS +IMAGES +SELECTOR\n.*web +example.com\/web:1 +app=web/);
    expect(await cluster.kubectl('get pods -l app=web -o jsonpath={.items[*].status.phase}')).toBe('Running Running Running');
    expect(await cluster.kubectl('get pods -o custom-columns=IMAGE:.spec.containers[0].image --no-headers')).toBe(
      'example.com/web:1\n'.repeat(3),
    );
    expect(await cluster.kubectl('get deployment web -o yaml')).toContain('observedGeneration: 1');
    expect(await cluster.kubectl('get endpoints web -o jsonpath={.subsets[0].ports[0].port}')).toBe('80');
    expect(
      await cluster.kubectl('get endpointslices -l kubernetes.io/service-name=web -o jsonpath={.items[0].endpoints[*].conditions.ready}'),
    ).toBe('true true true');
  });

  it('describes, explains, lists resources and events, reads logs', async () => {
    const described = await cluster.kubectl('describe deployment web');
    expect(described).toMatch(/Replicas: +3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable/);
    expect(described).toMatch(/Normal +ScalingReplicaSet .*Scaled up replica set web-\w+ from 0 to 3/);
    expect(await cluster.kubectl('describe service web')).toMatch(/Endpoints: +10\./);
    expect(await cluster.kubectl('explain deployment.spec.strategy.rollingUpdate')).toMatch(/maxSurge\s+<IntOrString>/);
    expect(await cluster.kubectl('explain rollout.spec.strategy.canary')).toMatch(/steps\s+<\[\]Object>/);
    expect(await cluster.kubectl('api-resources')).toMatch(/rollouts +ro +argoproj.io\/v1alpha1 +true +Rollout/);
    expect(await cluster.kubectl('api-versions')).toContain('apps/v1\n');
    expect(await cluster.kubectl('events --for deployment/web')).toContain('ScalingReplicaSet');
    expect(await cluster.kubectl('get events')).toMatch(/Normal +Started +pod\/web-/);
    expect((await cluster.kubectl('logs deployment/web')).length).toBeGreaterThan(0);
    expect(await cluster.kubectl('version')).toMatch(/Server Version: v1\.34/);
  });

  it('updates, shows the history, undoes, pauses and restarts', async () => {
    await cluster.kubectl('set image deployment/web web=example.com/web:2');
    expect(await cluster.kubectl('rollout status deployment/web --timeout=30s')).toContain('successfully rolled out');
    expect(await cluster.kubectl('rollout history deployment/web')).toMatch(/1 +<none>\n2 +<none>/);
    expect(await cluster.kubectl('rollout undo deployment/web')).toBe('deployment.apps/web rolled back\n');
    await cluster.kubectl('rollout status deployment/web --timeout=30s');
    expect(await cluster.kubectl('get deployment web -o jsonpath={.spec.template.spec.containers[0].image}')).toBe('example.com/web:1');
    await cluster.kubectl('rollout pause deployment/web');
    await cluster.kubectl('rollout resume deployment/web');
    await cluster.kubectl('rollout restart deployment/web');
    expect(await cluster.kubectl('rollout status deployment/web --timeout=30s')).toContain('successfully rolled out');
  });

  it('scales, labels, annotates, patches in each way, and waits', async () => {
    expect(await cluster.kubectl('scale deployment/web --replicas=2')).toBe('deployment.apps/web scaled\n');
    await cluster.kubectl(['wait', 'deployment/web', '--for=jsonpath={.status.readyReplicas}=2', '--timeout=20s']);
    expect(await cluster.kubectl('label deployment web tier=front')).toBe('deployment.apps/web labeled\n');
    expect(await cluster.kubectl('annotate deployment web note=hello')).toBe('deployment.apps/web annotated\n');
    expect(
      await cluster.kubectl([
        'patch',
        'deployment',
        'web',
        '-p',
        '{"spec":{"template":{"spec":{"containers":[{"name":"web","env":[{"name":"A","value":"1"}]}]}}}}',
      ]),
    ).toContain('patched');
    expect(await cluster.kubectl(['patch', 'deployment', 'web', '--type=merge', '-p', '{"metadata":{"labels":{"tier":null}}}'])).toContain(
      'patched',
    );
    expect(
      await cluster.kubectl(['patch', 'deployment', 'web', '--type=json', '-p', '[{"op":"replace","path":"/spec/replicas","value":1}]']),
    ).toContain('patched');
    expect(
      await cluster.kubectl([
        'get',
        'deployment',
        'web',
        '-o',
        'jsonpath={.spec.replicas} {.spec.template.spec.containers[0].image} {.spec.template.spec.containers[0].env[0].value}',
      ]),
    ).toBe('1 example.com/web:1 1');
    expect(
      await cluster.kubectl(['patch', 'deployment', 'web', '--subresource=scale', '--type=merge', '-p', '{"spec":{"replicas":2}}']),
    ).toContain('patched');
    await cluster.kubectl('wait deployment/web --for=condition=Available --timeout=20s');
  });

  it('diffs and edits', async () => {
    const diff = await cluster.tryKubectl('diff -f -', { input: deployment('9', 2) });
    expect(diff.code).toBe(1);
    expect(diff.stdout).toMatch(/\+ +image: example.com\/web:9/);
    const file = join(cluster.dir, 'editor.sh');
    writeFileSync(file, '#!/bin/sh\nsed -i "s/replicas: 2/replicas: 3/" "$1"\n', { mode: 0o755 });
    expect(await cluster.kubectl('edit deployment web', { env: { KUBE_EDITOR: file } })).toContain('edited');
    expect(await cluster.kubectl('get deployment web -o jsonpath={.spec.replicas}')).toBe('3');
  });

  it('applies on the server side, with owners and conflicts', async () => {
    const settings = (value: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: settings }\ndata: { a: "${value}" }`;
    expect(await cluster.kubectl('apply --server-side --field-manager=one -f -', { input: settings('1') })).toBe(
      'configmap/settings serverside-applied\n',
    );
    const conflict = await cluster.tryKubectl('apply --server-side --field-manager=two -f -', { input: settings('2') });
    expect(conflict.code).toBe(1);
    expect(conflict.stderr).toContain('Apply failed with 1 conflict: conflict with "one": .data.a');
    await cluster.kubectl('apply --server-side --field-manager=two --force-conflicts -f -', { input: settings('2') });
    expect(await cluster.kubectl('get configmap settings -o jsonpath={.data.a}')).toBe('2');
    // A client-side applied object is taken over without a conflict, as kubectl migrates its own fields.
    expect(await cluster.kubectl('apply --server-side -f -', { input: deployment('1', 3) })).toContain(
      'deployment.apps/web serverside-applied',
    );
  });

  it('applies a custom resource again after a change, by a merge patch', async () => {
    const rollout = (weight: number): string => `
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: { name: changing }
spec:
  replicas: 1
  selector: { matchLabels: { app: changing } }
  strategy: { canary: { steps: [{ setWeight: ${weight} }, { pause: {} }] } }
  template:
    metadata: { labels: { app: changing } }
    spec: { containers: [{ name: main, image: "example.com/app:1" }] }
`;
    expect(await cluster.kubectl('apply -f -', { input: rollout(10) })).toBe('rollout.argoproj.io/changing created\n');
    expect(await cluster.kubectl('apply -f -', { input: rollout(20) })).toBe('rollout.argoproj.io/changing configured\n');
    expect(await cluster.kubectl('get rollout changing -o jsonpath={.spec.strategy.canary.steps[0].setWeight}')).toBe('20');
    await cluster.kubectl('delete rollout changing');
  });

  it('deletes with each cascade', async () => {
    await cluster.kubectl('delete deployment web --cascade=orphan');
    const orphan = (await cluster.kubectl('get replicasets -l app=web -o jsonpath={.items[?(@.spec.replicas>0)].metadata.name}')).trim();
    expect(orphan).toMatch(/^web-/);
    await cluster.kubectl('apply -f -', { input: deployment('1') });
    await cluster.kubectl('rollout status deployment/web --timeout=30s');
    await cluster.kubectl('delete deployment web --cascade=foreground');
    await until('pods of the foreground deletion are gone', async () =>
      (await cluster.kubectl('get pods -l app=web -o name')) === '' ? true : undefined,
    );
    await cluster.kubectl('create deployment other --image=example.com/other:1 --replicas=2');
    await cluster.kubectl('wait deployment/other --for=condition=Available --timeout=20s');
    await cluster.kubectl('delete deployment other --cascade=background');
    await until('pods of the background deletion are gone', async () =>
      (await cluster.kubectl('get pods -l app=other -o name')) === '' ? true : undefined,
    );
  });

  it('runs Jobs, keeps namespaces apart and removes them with what they hold', async () => {
    await cluster.kubectl('create namespace temporary');
    await cluster.kubectl('-n temporary create job once --image=busybox -- sh -c exit\\ 0');
    await cluster.kubectl('-n temporary wait job/once --for=condition=Complete --timeout=20s');
    expect(await cluster.kubectl('-n temporary get jobs')).toMatch(/once +Complete +1\/1/);
    await cluster.kubectl('delete namespace temporary --timeout=20s');
    expect((await cluster.tryKubectl('get namespace temporary')).stderr).toContain('namespaces "temporary" not found');
  });

  it('authorises by RBAC, with tokens of ServiceAccounts', async () => {
    await cluster.kubectl('create serviceaccount reader');
    expect((await cluster.tryKubectl('auth can-i list pods --as=system:serviceaccount:default:reader')).stdout).toBe('no\n');
    await cluster.kubectl('create role pods --verb=get,list --resource=pods');
    await cluster.kubectl('create rolebinding pods --role=pods --serviceaccount=default:reader');
    expect(await cluster.kubectl('auth can-i list pods --as=system:serviceaccount:default:reader')).toBe('yes\n');
    const token = (await cluster.kubectl('create token reader')).trim();
    // Client certificates win over a token, so the token gets a kubeconfig of its own.
    const config = JSON.parse(await cluster.kubectl('config view --raw --minify -o json')) as { users: { user: unknown }[] };
    config.users.forEach((user) => {
      user.user = { token };
    });
    const file = join(cluster.dir, 'reader.kubeconfig');
    writeFileSync(file, JSON.stringify(config));
    expect((await run(kubectl, ['--kubeconfig', file, 'auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'])).stdout).toBe(
      'system:serviceaccount:default:reader',
    );
    expect((await run(kubectl, ['--kubeconfig', file, 'get', 'pods'])).code).toBe(0);
    expect((await run(kubectl, ['--kubeconfig', file, 'get', 'secrets'])).stderr).toContain(
      'secrets is forbidden: User "system:serviceaccount:default:reader" cannot list resource "secrets" in API group "" in the namespace "default"',
    );
  });

  it('refuses bad input with the path of the field and changes nothing', async () => {
    const before = await cluster.kubectl('get all -o name');
    const cases: readonly (readonly [string, string, RegExp])[] = [
      ['broken YAML', 'a: [1', /error (parsing|converting)/],
      ['an unknown field', deployment('1').replace('replicas', 'replicsa'), /unknown field "spec.replicsa"/],
      [
        'a selector that does not match',
        deployment('1').replace('metadata: { labels: { app: web } }\n    spec', 'metadata: { labels: { app: other } }\n    spec'),
        /spec.template.metadata.labels: Invalid value: .*`selector` does not match template `labels`/,
      ],
      [
        'a bad name',
        'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: Not_A_Name }',
        /metadata.name: Invalid value: "Not_A_Name": a lowercase RFC 1123 subdomain/,
      ],
      [
        'a wrong type',
        'apiVersion: v1\nkind: Service\nmetadata: { name: x }\nspec: { ports: [{ port: many }] }',
        /spec.ports\[0\].port|port/,
      ],
    ];
    for (const [name, input, message] of cases) {
      const ended = await cluster.tryKubectl('apply -f -', { input });
      expect(ended.code, name).not.toBe(0);
      expect(ended.stderr, name).toMatch(message);
    }
    expect(await cluster.kubectl('get all -o name')).toContain(before.split('\n')[0]);
    expect((await cluster.tryKubectl('get configmap Not_A_Name')).code).not.toBe(0);
  });
});
