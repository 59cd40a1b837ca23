import type { AnalysisRun, KubeObject, Rollout } from '@sluice/api';
import type { Destination, MadeNotifier, Notification, SendOutcome } from '@sluice/engine';
import { builtinTypes, type Logger, virtualClock } from '@sluice/kube';
import { beforeEach, describe, expect, it } from 'vitest';
import { FakeInformer } from '../analysis/testing.ts';
import type { ConfigMapObject, SecretObject } from './notification-informers.ts';
import { createNotificationSender, type NotificationSender } from './notification-sender.ts';

const start = Date.parse('2026-01-02T03:04:05Z');
const controllerNamespace = 'argo-rollouts';

class Bench {
  readonly clock = virtualClock(start);
  readonly configMaps = new FakeInformer<ConfigMapObject>(builtinTypes.configMaps);
  readonly secrets = new FakeInformer<SecretObject>(builtinTypes.secrets);
  readonly sent: string[] = [];
  readonly logs: string[] = [];
  readonly made: unknown[] = [];
  runs: AnalysisRun[] = [];
  /** What the services answer, by name of the service; sent otherwise. */
  answer: (destination: Destination, notification: Notification) => Promise<SendOutcome> = () => Promise.resolve({ ok: true });
  readonly sender: NotificationSender;
  #version = 0;

  constructor(isSelfService = false) {
    const say =
      (level: string): Logger['info'] =>
      (message, fields) =>
        void this.logs.push(`${level} ${message} ${JSON.stringify(fields)}`);
    const logger = { debug: () => {}, info: say('info'), warn: say('warn'), error: say('error') } as unknown as Logger;
    this.sender = createNotificationSender({
      clock: this.clock,
      random: () => 0.5,
      logger,
      informers: { configMaps: [this.configMaps], secrets: [this.secrets] },
      controllerNamespace,
      isSelfService,
      notifierFor: (type, options): MadeNotifier => {
        this.made.push([type, options]);
        if (type === 'bad') return { ok: false, problem: 'url is missing' };
        return {
          ok: true,
          notifier: {
            send: (notification, destination) => {
              this.sent.push(`${destination.service}:${destination.recipient} ${notification.message}`);
              return this.answer(destination, notification);
            },
          },
        };
      },
      runsIn: () => this.runs,
    });
  }

  configure(data: Record<string, string>, namespace = controllerNamespace): void {
    const metadata = { name: 'argo-rollouts-notification-configmap', namespace, resourceVersion: String(++this.#version) };
    this.configMaps.overlay({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data } as unknown as ConfigMapObject);
  }

  secret(entries: Record<string, string>, namespace = controllerNamespace): void {
    const metadata = { name: 'argo-rollouts-notification-secret', namespace, resourceVersion: String(++this.#version) };
    const data = Object.fromEntries(Object.entries(entries).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
    this.secrets.overlay({ apiVersion: 'v1', kind: 'Secret', metadata, data } as unknown as SecretObject);
  }

  counts(): readonly string[] {
    return this.sender
      .metrics()
      .sent.map(({ namespace, name, type, reason, successes, errors }) => `${namespace}/${name} ${type} ${reason} ${successes} ${errors}`);
  }
}

function rollout(name: string, annotations: Record<string, string> = {}): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace: 'shop', annotations: { 'rollout.argoproj.io/revision': '1', ...annotations } },
    spec: {},
    status: { currentPodHash: 'abc' },
  } as unknown as Rollout;
}

const subscribed = (name: string, to = 'slack', trigger = 'on-rollout-updated'): Rollout =>
  rollout(name, { [`notifications.argoproj.io/subscribe.${trigger}.${to}`]: 'deploys' });

const updated = { type: 'Normal', reason: 'RolloutUpdated' };
const basics = {
  'service.slack': 'token: $token',
  'service.webhook.ci': 'url: https://ci.example.com',
  'template.updated': 'message: "{{ .rollout.metadata.name }} updated"',
  'trigger.on-rollout-updated': '- send: [updated]',
};

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe('the sender of notifications', () => {
  it('tells those who subscribed, beside the pass that says so', async () => {
    bench.configure(basics);
    bench.sender.notify(subscribed('web'), updated);
    expect(bench.sent).toEqual([]);
    await bench.clock.settle();
    expect(bench.sent).toEqual(['slack:deploys web updated']);
    expect(bench.counts()).toEqual(['shop/web Normal RolloutUpdated 1 0']);
    expect(bench.sender.metrics().durations).toMatchObject([
      { namespace: 'shop', name: 'web', seconds: { count: 1, bounds: [0.01, 0.15, 0.25, 0.5, 1] } },
    ]);
  });

  it('says nothing without configuration, subscription or trigger', async () => {
    bench.sender.notify(subscribed('web'), updated);
    bench.configure(basics);
    bench.sender.notify(rollout('web'), updated);
    bench.sender.notify(subscribed('web'), { type: 'Normal', reason: 'RolloutPaused' });
    bench.sender.notify(subscribed('web', 'slack', 'on-rollout-paused'), { type: 'Normal', reason: 'RolloutPaused' });
    bench.sender.notify(subscribed('web'), { type: 'Normal', reason: '' });
    await bench.clock.settle();
    expect(bench.sent).toEqual([]);
    expect(bench.sender.metrics()).toEqual({ sent: [], durations: [] });
    expect(bench.logs.filter((line) => line.startsWith('error'))).toEqual([]);
  });

  it('reads the configuration anew when it or its Secret changes', async () => {
    bench.configure(basics);
    bench.sender.notify(subscribed('web'), updated);
    bench.secret({ token: 'xoxb-1' });
    bench.sender.notify(subscribed('web'), updated);
    bench.sender.notify(subscribed('web'), updated);
    bench.configure({ ...basics, 'template.updated': 'message: new' });
    bench.sender.notify(subscribed('web'), updated);
    await bench.clock.settle();
    expect(bench.made.filter((made) => JSON.stringify(made).includes('slack'))).toEqual([
      ['slack', { token: '$token' }],
      ['slack', { token: 'xoxb-1' }],
      ['slack', { token: 'xoxb-1' }],
    ]);
    expect(bench.sent).toEqual([...Array.from({ length: 3 }, () => 'slack:deploys web updated'), 'slack:deploys new']);
    bench.configMaps.gone({
      metadata: { name: 'argo-rollouts-notification-configmap', namespace: controllerNamespace, resourceVersion: '99' },
    } as ConfigMapObject);
    bench.sender.notify(subscribed('web'), updated);
    await bench.clock.settle();
    expect(bench.sent).toHaveLength(4);
  });

  it('goes by the configuration of the namespace only with self-service, and then by both', async () => {
    const own = { ...basics, 'template.updated': 'message: own' };
    bench.configure(own, 'shop');
    bench.sender.notify(subscribed('web'), updated);
    await bench.clock.settle();
    expect(bench.sent).toEqual([]);

    bench = new Bench(true);
    bench.configure(own, 'shop');
    bench.configure(own, 'elsewhere');
    bench.configure(basics);
    bench.sender.notify(subscribed('web'), updated);
    await bench.clock.settle();
    expect([...bench.sent].sort()).toEqual(['slack:deploys own', 'slack:deploys web updated']);
  });

  it('shows templates the analysis runs of a Rollout, and tells events of other kinds too', async () => {
    bench.configure({
      ...basics,
      'template.updated': 'message: "{{ .rollout.kind }} {{ range .analysisRuns }}{{ .metadata.name }}{{ else }}none{{ end }}"',
      subscriptions: '- recipients: [slack:all]\n  triggers: [on-rollout-updated]',
    });
    const labels = { 'rollouts-pod-template-hash': 'abc' };
    bench.runs = [
      {
        metadata: { name: 'run-1', namespace: 'shop', labels, annotations: { 'rollout.argoproj.io/revision': '1' } },
      } as unknown as AnalysisRun,
    ];
    bench.sender.notify(rollout('web'), updated);
    bench.sender.notify({ apiVersion: 'argoproj.io/v1alpha1', kind: 'Experiment', metadata: { name: 'e', namespace: 'shop' } }, updated);
    await bench.clock.settle();
    expect(bench.sent).toEqual(['slack:all Rollout run-1', 'slack:all Experiment none']);
  });
});

describe('what goes wrong with a notification', () => {
  it('stops no other', async () => {
    bench.configure({
      ...basics,
      'service.bad': '{}',
      'template.broken': 'message: "{{ nofunc }}"',
      'template.fails': 'message: "{{ fail .secrets.token }}"',
      'trigger.on-rollout-updated': `
- send: [broken]
- send: [fails]
- send: [updated]
- when: rollout.nothing.at.all
  send: [updated]`,
    });
    bench.secret({ token: 'xoxb-1' });
    const web = rollout('web', {
      'notifications.argoproj.io/subscribe.on-rollout-updated.slack': 'deploys',
      'notifications.argoproj.io/subscribe.on-rollout-updated.bad': 'x',
      'notifications.argoproj.io/subscribe.on-rollout-updated.unknown': 'x',
      'notifications.argoproj.io/subscribe.on-rollout-updated.ci': '',
    });
    bench.sender.notify(web, updated);
    await bench.clock.settle();
    expect([...bench.sent].sort()).toEqual(['ci: web updated', 'slack:deploys web updated']);
    expect(bench.counts()).toEqual(['shop/web Normal RolloutUpdated 2 6']);
    const problems = bench.logs.map((line) => (JSON.parse(line.slice(line.indexOf('{'))) as { problem: string }).problem);
    expect(new Set(problems)).toEqual(
      new Set([
        'message: line 1: function "nofunc" not defined',
        'url is missing',
        'service bad: url is missing',
        "notification service 'unknown' is not supported",
        'template broken: message: line 1: function "nofunc" not defined',
        'template fails: message: line 1: error calling fail: ***',
      ]),
    );
    expect(bench.logs.join()).not.toContain('xoxb-1');
  });

  it('is tried again, with waits that double, where it may pass', async () => {
    bench.configure(basics);
    bench.answer = () => Promise.resolve({ ok: false, problem: 'busy', mayRetry: true });
    bench.sender.notify(subscribed('web'), updated);
    const tries: number[] = [];
    for (let second = 0; second < 20; second++) {
      await bench.clock.settle();
      tries.push(bench.sent.length);
      await bench.clock.advance(1000);
    }
    // Waits of 3/4 of 1, 2 and 4 seconds, but one second at least.
    expect(tries.slice(0, 8)).toEqual([1, 2, 2, 3, 3, 3, 4, 4]);
    expect(bench.sent).toHaveLength(4);
    expect(bench.counts()).toEqual(['shop/web Normal RolloutUpdated 0 1']);
    expect(bench.logs.join()).toMatch(
      /error notification failed .*"trigger":"on-rollout-updated","service":"slack","recipient":"deploys".*"problem":"busy"/,
    );
  });

  it('is tried again when the service wants, and counted once', async () => {
    bench.configure(basics);
    bench.answer = () =>
      Promise.resolve(bench.sent.length === 1 ? { ok: false, problem: 'slow down', mayRetry: true, retryAfterMs: 20_000 } : { ok: true });
    bench.sender.notify(subscribed('web'), updated);
    await bench.clock.advance(19_000);
    expect(bench.sent).toHaveLength(1);
    await bench.clock.advance(1_000);
    expect(bench.sent).toHaveLength(2);
    expect(bench.counts()).toEqual(['shop/web Normal RolloutUpdated 1 0']);
  });

  it('is not tried again where it would only come again', async () => {
    bench.configure(basics);
    bench.answer = () => Promise.resolve({ ok: false, problem: 'invalid_auth', mayRetry: false });
    bench.sender.notify(subscribed('web'), updated);
    await bench.clock.advance(120_000);
    expect(bench.sent).toHaveLength(1);
  });

  it('is contained even if a notifier throws', async () => {
    bench.configure(basics);
    bench.answer = () => Promise.reject(new Error('should not happen'));
    bench.sender.notify(subscribed('web'), updated);
    await bench.clock.settle();
    expect(bench.counts()).toEqual(['shop/web Normal RolloutUpdated 0 1']);
  });
});

describe('many notifications', () => {
  const hang = (): Promise<SendOutcome> => new Promise(() => {});

  it('about one object come in their order, about several side by side', async () => {
    bench.configure({ ...basics, 'template.updated': 'message: "{{ .rollout.metadata.name }} {{ .rollout.metadata.resourceVersion }}"' });
    const release: (() => void)[] = [];
    bench.answer = () => new Promise((resolve) => release.push(() => resolve({ ok: true })));
    const at = (name: string, version: string): KubeObject => {
      const object = subscribed(name);
      return { ...object, metadata: { ...object.metadata, resourceVersion: version } };
    };
    for (const [name, version] of [
      ['a', '1'],
      ['a', '2'],
      ['b', '1'],
      ['c', '1'],
      ['d', '1'],
      ['e', '1'],
    ] as const)
      bench.sender.notify(at(name, version), updated);
    await bench.clock.settle();
    expect(bench.sent.map((line) => line.replace('slack:deploys ', ''))).toEqual(['a 1', 'b 1', 'c 1', 'd 1']);
    release[0]?.();
    await bench.clock.settle();
    expect(bench.sent.at(-1)).toBe('slack:deploys a 2');
  });

  it('for a service that hangs hold up no other service, and are bounded', async () => {
    bench.configure(basics);
    bench.answer = ({ service }) => (service === 'slack' ? hang() : Promise.resolve({ ok: true }));
    for (let at = 0; at < 700; at++) bench.sender.notify(subscribed(`web-${at}`), updated);
    bench.sender.notify(subscribed('other', 'ci'), updated);
    await bench.clock.settle();
    expect(bench.sent).toContain('ci:deploys other updated');
    const dropped = bench.counts().filter((line) => line.endsWith(' 0 1'));
    expect(dropped).toHaveLength(700 - 500 - 4);
    expect(bench.logs.at(-1)).toMatch(/too many notifications wait for this service/);
  });

  it('are forgotten with their object, after a while', async () => {
    bench.configure(basics);
    bench.sender.notify(subscribed('web'), updated);
    await bench.clock.settle();
    bench.sender.forget(subscribed('web'));
    await bench.clock.advance(64_000);
    expect(bench.counts()).toHaveLength(1);
    await bench.clock.advance(1_000);
    expect(bench.sender.metrics()).toEqual({ sent: [], durations: [] });
  });
});

describe('the end', () => {
  it('waits for what is under way, and takes no more', async () => {
    bench.configure(basics);
    bench.answer = () => new Promise((resolve) => bench.clock.after(3_000, () => resolve({ ok: true })));
    bench.sender.notify(subscribed('web'), updated);
    await bench.clock.settle();
    let isStopped = false;
    const stopped = bench.sender.stop().then(() => {
      isStopped = true;
    });
    bench.sender.notify(subscribed('late'), updated);
    await bench.clock.advance(2_999);
    expect(isStopped).toBe(false);
    await bench.clock.advance(1);
    await stopped;
    expect(bench.sent).toHaveLength(1);
    expect(bench.clock.nextDeadline()).toBeUndefined();
  });

  it('waits no longer than five seconds, and leaves no timer behind', async () => {
    bench.configure(basics);
    bench.answer = () => Promise.resolve({ ok: false, problem: 'busy', mayRetry: true, retryAfterMs: 60_000 });
    bench.sender.notify(subscribed('web'), updated);
    await bench.clock.settle();
    const stopped = bench.sender.stop();
    await bench.clock.advance(5_000);
    await stopped;
    await bench.clock.settle();
    expect(bench.clock.nextDeadline()).toBeUndefined();
  });
});
