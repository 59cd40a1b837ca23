import { describe, expect, it } from 'vitest';
import type { Container, ContainerStatus, Pod, PodStatus } from '../shapes/pod.ts';
import { at, type PodWish, pod, testTime } from '../testing/builders.ts';
import { decidePod, type PodStep } from './decide.ts';
import { baseLife, defaultRules } from './default-rules.ts';
import { ExactTimes } from './exact-times.ts';
import { lifeOf } from './life.ts';
import { exactly, isMatch, type PodLife } from './rules.ts';

/** Follows a pod from its creation on, and tells what was written when, in seconds. */
function live(
  wish: PodWish & { containers?: readonly Container[]; initContainers?: readonly Container[] },
  life: Partial<PodLife>,
  untilSeconds: number,
): { lines: readonly string[]; pod: Pod } {
  const fresh = pod({ ...wish, node: '', createdAt: 0, phase: 'Pending', status: { conditions: [], containerStatuses: [] } });
  const spec = {
    ...fresh.spec,
    ...(wish.containers === undefined ? {} : { containers: wish.containers }),
    ...(wish.initContainers === undefined ? {} : { initContainers: wish.initContainers }),
  };
  let current: Pod = { ...fresh, spec, status: { phase: 'Pending' } };
  const times = new ExactTimes();
  const rules = [...(Object.keys(life).length === 0 ? [] : [{ name: 'test', match: {}, life }]), ...defaultRules];
  const lines: string[] = [];
  let now = testTime;
  for (let steps = 0; steps < 200; steps++) {
    const step: PodStep = decidePod(
      {
        pod: current,
        life: lifeOf(current, rules),
        nodeAddress: '10.0.0.1',
        address: () => '10.244.0.9',
        isImagePresent: () => false,
        instantOf: (time) => times.instantOf('p', time),
      },
      now,
    );
    if (step.kind === 'bind') {
      current = { ...current, spec: { ...current.spec, nodeName: 'node-1' } };
      lines.push(`${(now - testTime) / 1000} bound`);
      continue;
    }
    if (step.kind === 'remove') {
      lines.push(`${(now - testTime) / 1000} removed`);
      break;
    }
    if (step.kind === 'status' && JSON.stringify(step.status) !== JSON.stringify(current.status)) {
      current = { ...current, status: step.status };
      times.remember('p', now);
      lines.push(`${(now - testTime) / 1000} ${told(step.status)}`);
      continue;
    }
    if (step.atMs === undefined || step.atMs > testTime + untilSeconds * 1000) break;
    now = Math.max(now, step.atMs);
  }
  return { lines, pod: current };
}

function told(status: PodStatus): string {
  const container = (one: ContainerStatus): string => {
    const state =
      one.state.waiting?.reason ??
      (one.state.running === undefined ? `exit ${one.state.terminated?.exitCode}` : one.ready ? 'ready' : 'running');
    return `${one.name}=${state}${one.restartCount > 0 ? ` restarts ${one.restartCount}` : ''}`;
  };
  return [status.phase, ...(status.initContainerStatuses ?? []).map(container), ...(status.containerStatuses ?? []).map(container)].join(
    ' ',
  );
}

const fixed = { startedAfter: exactly(1000) };

describe('the life of a pod', () => {
  it('is bound, created and ready, and takes its address with its first container', () => {
    const { lines, pod: grown } = live({}, fixed, 60);
    expect(lines).toEqual(['0 bound', '0 Pending web=ContainerCreating', '1 Running web=ready']);
    expect(grown.status).toMatchObject({ podIP: '10.244.0.9', hostIP: '10.0.0.1', startTime: at(0) });
    expect(grown.status?.conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'PodReadyToStartContainers True',
      'Initialized True',
      'Ready True',
      'ContainersReady True',
      'PodScheduled True',
    ]);
  });

  it.each<[string, Parameters<typeof live>[0], Partial<PodLife>, readonly string[]]>([
    [
      'a readiness probe delays ready by its initial delay, postStart by its sleep',
      {
        containers: [
          {
            name: 'web',
            image: 'a',
            readinessProbe: { initialDelaySeconds: 5 },
            lifecycle: { postStart: { exec: { command: ['sleep', '2'] } } },
          },
        ],
      },
      fixed,
      ['1 Running web=running', '3 Running web=running', '8 Running web=ready'],
    ],
    ['a pod with a deadline', { spec: { activeDeadlineSeconds: 7 } }, fixed, ['1 Running web=ready', '7 Failed web=exit 143']],
    ['never ready', {}, { ...fixed, isNeverReady: true }, ['1 Running web=running']],
    ['not ready any more', {}, { ...fixed, unreadyAfter: exactly(4000) }, ['1 Running web=ready', '5 Running web=running']],
    [
      'an image that is not there',
      {},
      { pullError: 'not found', pulledAfter: exactly(1000) },
      ['1 Pending web=ErrImagePull', '11 Pending web=ImagePullBackOff'],
    ],
    [
      'a crash at the start, again and again with longer pauses',
      {},
      { ...fixed, exit: { after: exactly(0), code: 1 } },
      [
        '1 Running web=CrashLoopBackOff restarts 1',
        '11 Running web=CrashLoopBackOff restarts 2',
        '31 Running web=CrashLoopBackOff restarts 3',
      ],
    ],
    [
      'a command that ends with its code',
      { containers: [{ name: 'web', image: 'a', command: ['sh', '-c', 'sleep 3; exit 2'] }], spec: { restartPolicy: 'Never' } },
      { ...fixed, exit: 'command' },
      ['1 Running web=ready', '4 Failed web=exit 2'],
    ],
    [
      'a command that ends well',
      { containers: [{ name: 'web', image: 'a', command: ['true'] }], spec: { restartPolicy: 'OnFailure' } },
      { ...fixed, exit: 'command' },
      ['1 Succeeded web=exit 0'],
    ],
    [
      'a command that sleeps for ever',
      { containers: [{ name: 'web', image: 'a', command: ['sleep', 'infinity'] }] },
      { ...fixed, exit: 'command' },
      ['1 Running web=ready'],
    ],
    [
      'init containers one after the other, a sidecar beside',
      {
        initContainers: [
          { name: 'one', image: 'a', command: ['sleep', '2'] },
          { name: 'side', image: 'a', restartPolicy: 'Always' },
          { name: 'two', image: 'a', command: ['sleep', '1'] },
        ],
      },
      fixed,
      [
        '1 Pending one=running side=PodInitializing two=PodInitializing web=PodInitializing',
        '3 Pending one=exit 0 side=ready two=running web=PodInitializing',
        '4 Running one=exit 0 side=ready two=exit 0 web=ready',
      ],
    ],
    [
      'an init container that fails',
      { initContainers: [{ name: 'one', image: 'a', command: ['false'] }], spec: { restartPolicy: 'Never' } },
      fixed,
      ['1 Failed one=exit 1 web=PodInitializing'],
    ],
  ])('%s', (_, wish, life, expected) => {
    const { lines } = live(wish, life, 40);
    expect(lines.filter((line) => !/^0 |ContainerCreating/.test(line))).toEqual(expected);
  });

  it('follows its readiness gates', () => {
    const { pod: grown } = live({ spec: { readinessGates: [{ conditionType: 'lb' }] } }, fixed, 10);
    const ready = (given: Pod): unknown => given.status?.conditions?.find(({ type }) => type === 'Ready');
    expect(ready(grown)).toMatchObject({
      status: 'False',
      reason: 'ReadinessGatesNotReady',
      message: 'corresponding condition of pod readiness gate "lb" does not exist.',
    });
    const open: Pod = {
      ...grown,
      status: { ...grown.status, conditions: [...(grown.status?.conditions ?? []), { type: 'lb', status: 'True' }] },
    };
    const step = decidePod(
      { pod: open, life: baseLife, nodeAddress: '', address: () => '', isImagePresent: () => true, instantOf: () => testTime },
      testTime + 20_000,
    );
    expect(step.kind === 'status' && step.status.conditions?.find(({ type }) => type === 'Ready')).toMatchObject({ status: 'True' });
  });

  it('ends half a second after its deletion, later by a sleep in preStop, never later than its grace period', () => {
    const gone = (wish: PodWish, life: Partial<PodLife> = {}): unknown => {
      const going = pod({ readyAt: -5, deletedAt: 30, ...wish });
      const facts = {
        pod: going,
        life: { ...baseLife, ...life },
        nodeAddress: '',
        address: () => '',
        isImagePresent: () => true,
        instantOf: () => testTime,
      };
      const step = decidePod(facts, testTime);
      return step.kind === 'wait' && step.atMs !== undefined ? step.atMs - testTime : step.kind;
    };
    const preStop = { preStop: { sleep: { seconds: 4 } } };
    expect(gone({})).toBe(500);
    expect(gone({ spec: { containers: [{ name: 'web', lifecycle: preStop }] } })).toBe(4500);
    expect(gone({}, { terminatedAfter: exactly(90_000) })).toBe(30_000);
    expect(gone({ node: '' })).toBe('remove');
  });

  it('shows how its containers ended where a finalizer holds it', () => {
    const going = pod({
      readyAt: -5,
      deletedAt: 30,
      finalizers: ['hold'],
      status: {
        containerStatuses: [
          { name: 'web', image: 'a', imageID: 'a', ready: true, restartCount: 0, state: { running: { startedAt: at(-5) } }, lastState: {} },
        ],
      },
    });
    const step = decidePod(
      { pod: going, life: baseLife, nodeAddress: '', address: () => '', isImagePresent: () => true, instantOf: () => testTime },
      testTime + 1000,
    );
    expect(step.kind === 'status' && told(step.status)).toBe('Failed web=exit 143');
  });
});

describe('rules', () => {
  it.each<[string, PodWish, string | undefined]>([
    [
      'an image named after its failure',
      { spec: { containers: [{ name: 'a', image: 'shop/nonexistent:2' }] } },
      'image that cannot be found',
    ],
    ['a tag that says error', { spec: { containers: [{ name: 'a', image: 'shop:error' }] } }, 'image tagged as broken'],
    ['an error only in the name', { spec: { containers: [{ name: 'a', image: 'error:1' }] } }, undefined],
    ['a bad command', { spec: { containers: [{ name: 'a', image: 'a', command: ['/bad-command', 'x'] }] } }, 'command that cannot run'],
    ['a Job', { owner: { kind: 'Job', name: 'j', uid: 'j' } }, 'pod of a Job'],
    [
      'a chart test',
      { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a', command: ['wget'] }] } },
      'pod that runs one command, such as a chart test',
    ],
    ['a single pod that serves', { spec: { restartPolicy: 'Never' } }, undefined],
  ])('%s', (_, wish, expected) => {
    expect(defaultRules.find(({ match }) => isMatch(match, pod(wish)))?.name).toBe(expected);
  });

  it('are gone over by annotations of the pod', () => {
    const annotations = {
      'sim.sluice.dev/ready-after': '3s',
      'sim.sluice.dev/never-ready': 'true',
      'sim.sluice.dev/cpu': '2',
      'sim.sluice.dev/exit-code': '3',
    };
    expect(lifeOf(pod({ annotations }), defaultRules)).toMatchObject({
      readyAfter: exactly(3000),
      isNeverReady: true,
      usage: { cpu: '2', memory: '16Mi' },
      exit: { after: exactly(0), code: 3 },
    });
  });
});
