import type { AnalysisRun, KubeObject, Rollout } from '@sluice/api';
import { parseYaml as parseDocuments } from '@sluice/schema';
import { describe, expect, it } from 'vitest';
import { type NotificationConfiguration, readNotificationConfiguration } from './configuration.ts';
import { destinationsOf, messageOf, messagesFor, notifiedRuns } from './deliveries.ts';
import { withoutSecretValues } from './redaction.ts';
import { isSubscriber, triggerOfReason } from './subscriptions.ts';
import { runTrigger } from './triggers.ts';

const now = Date.parse('2026-01-02T03:04:05Z');
const parseYaml = (text: string): unknown => parseDocuments(text)[0];
const read = (data: Record<string, string>, secrets: Record<string, string> = {}): NotificationConfiguration =>
  readNotificationConfiguration(data, secrets, parseYaml);

const rollout = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: {
    name: 'web',
    namespace: 'shop',
    labels: { team: 'blue' },
    annotations: { 'notifications.argoproj.io/subscribe.on-rollout-step-completed.slack': 'deploys' },
    creationTimestamp: '2026-01-02T03:00:00Z',
  },
  spec: {
    replicas: 5,
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
  status: { currentStepIndex: 1, phase: 'Paused', currentPodHash: 'abc' },
} as unknown as Rollout;

const withAnnotations = (annotations: Record<string, string>): KubeObject => ({
  ...rollout,
  metadata: { ...rollout.metadata, annotations },
});

describe('the trigger of a reason', () => {
  it.each([
    ['RolloutUpdated', 'on-rollout-updated'],
    ['AnalysisRunFailed', 'on-analysis-run-failed'],
    ['ScalingReplicaSet', 'on-scaling-replica-set'],
    ['RolloutStepCompleted', 'on-rollout-step-completed'],
    ['ReplicaSetCreateError', 'on-replica-set-create-error'],
    ['SkipSteps', 'on-skip-steps'],
    ['HTTPRouteChanged', 'on-http-route-changed'],
    ['Stage2Done', 'on-stage2-done'],
    ['', 'on-'],
  ])('%s', (reason, trigger) => expect(triggerOfReason(reason)).toBe(trigger));
});

describe('destinations', () => {
  const triggers = { 'trigger.on-rollout-updated': '- send: [a]', 'trigger.on-rollout-paused': '- send: [a]' };
  const of = (annotations: Record<string, string>, data: Record<string, string> = {}, reason = 'RolloutUpdated'): readonly string[] =>
    destinationsOf(read({ ...triggers, ...data }), withAnnotations(annotations), reason, parseYaml).map(
      ({ service, recipient }) => `${service}:${recipient}`,
    );
  const key = (name: string): string => `notifications.argoproj.io/${name}`;

  it('come from one annotation for each trigger and service', () => {
    expect(of({ [key('subscribe.on-rollout-updated.slack')]: 'a; b ;;c' })).toEqual(['slack:a', 'slack:b', 'slack:c']);
    expect(of({ [key('subscribe.on-rollout-updated.slack')]: 'a' }, {}, 'RolloutPaused')).toEqual([]);
    expect(of({ [key('subscribe.on-rollout-updated.webhook')]: '' })).toEqual(['webhook:']);
  });

  it('take default triggers where the annotation names none', () => {
    const annotations = { [key('subscribe.slack')]: 'a', [key('subscribe.email')]: 'b' };
    const data = { defaultTriggers: '[on-rollout-updated]', 'defaultTriggers.email': '- on-rollout-paused' };
    expect(of(annotations, data)).toEqual(['slack:a']);
    expect(of(annotations, data, 'RolloutPaused')).toEqual(['email:b']);
    expect(of(annotations)).toEqual([]);
  });

  it('come from the list in YAML', () => {
    const list = `
- trigger: [on-rollout-updated, on-rollout-paused]
  destinations:
  - service: slack
    recipients: [a, b]
  - service: email
    recipients: [me@example.com]
- destinations: [{service: webhook}]
- 5
- trigger: on-rollout-updated
  destinations: nothing`;
    expect(of({ [key('subscriptions')]: list })).toEqual(['slack:a', 'slack:b', 'email:me@example.com']);
    expect(of({ [key('subscriptions')]: list }, { defaultTriggers: '[on-rollout-updated]' })).toContain('webhook:');
    expect(of({ [key('subscriptions')]: '{' })).toEqual([]);
  });

  it('come from subscriptions of the configuration, by labels', () => {
    const subscriptions = `
- recipients: [slack:all]
  triggers: [on-rollout-updated]
- recipients: [slack:blue, email:blue@example.com, webhook]
  triggers: [on-rollout-updated]
  selector: team=blue
- recipients: [slack:red]
  triggers: [on-rollout-updated]
  selector: team=red
- recipients: [slack:default]`;
    expect(of({}, { subscriptions })).toEqual(['slack:all', 'slack:blue', 'email:blue@example.com', 'webhook:']);
    expect(of({}, { subscriptions, defaultTriggers: '[on-rollout-paused]' }, 'RolloutPaused')).toEqual(['slack:default']);
  });

  it('are none for a trigger that is not configured', () => {
    expect(of({ [key('subscribe.on-skip-steps.slack')]: 'a' }, {}, 'SkipSteps')).toEqual([]);
  });

  it('tell who subscribes at all', () => {
    expect(isSubscriber({ [key('subscribe.slack')]: '' })).toBe(true);
    expect(isSubscriber({ [key('subscriptions')]: '' })).toBe(true);
    expect(isSubscriber({ 'notified.notifications.argoproj.io': '' })).toBe(false);
    expect(isSubscriber(undefined)).toBe(false);
  });
});

describe('the configuration', () => {
  it('names the key that is wrong and keeps the others', () => {
    const configuration = read(
      {
        'template.good': 'message: hello {{.rollout.metadata.name}}',
        'template.broken-yaml': 'message: "x',
        'template.broken': 'message: ok\nslack:\n  attachments: |\n    [\n    {{ nofunc }}]',
        'template.text': 'just text',
        'template.number': 'message: 5',
        'template.section': 'message: a\nslack: text',
        'trigger.good': '- send: [good]\n  when: rollout.spec.replicas > 1',
        'trigger.broken': '- when: rollout.spec.\n  send: [good]',
        'trigger.map': 'send: [good]',
        'trigger.send': '- send: {a: b}',
        'trigger.once': '- oncePer: "((("\n  send: [good]',
        'service.slack': 'token: $slack-token\nusername: $who',
        'service.webhook.ci': '{url: "https://ci.example.com/$path/x"}',
        'service.a.b.c': '{}',
        'service.': '{}',
        subscriptions: '- recipients: {a: b}',
        defaultTriggers: '{}',
        unknown: '"',
      },
      { 'slack-token': 'xoxb-1', path: 'p' },
    );
    expect([...configuration.templates.keys()]).toEqual(['good']);
    expect([...configuration.triggers.keys()]).toEqual(['good']);
    expect([...configuration.services]).toEqual([
      ['slack', { type: 'slack', options: { token: 'xoxb-1', username: '$who' } }],
      ['ci', { type: 'webhook', options: { url: 'https://ci.example.com/p/x' } }],
    ]);
    expect(configuration.problems).toEqual([
      { key: 'defaultTriggers', problem: 'must be a list of triggers' },
      { key: 'service.', problem: "invalid service key; expected 'service.<type>(.<name>)' but got 'service.'" },
      { key: 'service.a.b.c', problem: "invalid service key; expected 'service.<type>(.<name>)' but got 'service.a.b.c'" },
      { key: 'service.slack', problem: 'refers to $who, which the Secret does not have' },
      { key: 'subscriptions', problem: '[0].recipients: must be a list of texts' },
      { key: 'template.broken', problem: 'slack.attachments: line 2: function "nofunc" not defined' },
      { key: 'template.broken-yaml', problem: expect.stringMatching(/unexpected end of the stream/) },
      { key: 'template.number', problem: 'message: must be a text' },
      { key: 'template.section', problem: 'slack: must be a map' },
      { key: 'template.text', problem: 'must be a map with a message' },
      { key: 'trigger.broken', problem: expect.stringMatching(/^\[0\]\.when: /) },
      { key: 'trigger.map', problem: 'must be a list of conditions' },
      { key: 'trigger.once', problem: expect.stringMatching(/^\[0\]\.oncePer: /) },
      { key: 'trigger.send', problem: '[0].send: must be a list of names of templates' },
    ]);
  });

  it('of nothing is empty', () => {
    const configuration = read({});
    expect(configuration.services.size + configuration.templates.size + configuration.triggers.size).toBe(0);
    expect(configuration.problems).toEqual([]);
  });

  it('leaves what the Secret has inherited alone', () => {
    expect(read({ 'service.slack': 'token: $constructor' }).services.get('slack')?.options).toEqual({ token: '$constructor' });
  });
});

// The shape of the templates that upstream's installation brings: one block for all, with a field for each container.
const attachments = (color: string, fields: string): string => `
  slack:
    attachments: |
      [{
        "title": "{{ .rollout.metadata.name}}",
        "color": "${color}",
        "fields": [
        {
          "title": "Strategy",
          "value": "{{if .rollout.spec.strategy.blueGreen}}BlueGreen{{end}}{{if .rollout.spec.strategy.canary}}Canary{{end}}",
          "short": true
        }${fields}
        {{range $index, $c := .rollout.spec.template.spec.containers}}
          {{if not $index}},{{end}}
          {{if $index}},{{end}}
          {
            "title": "{{$c.name}}",
            "value": "{{$c.image}}",
            "short": true
          }
        {{end}}
        ]
      }]`;

describe('messages', () => {
  const configuration = read(
    {
      'template.rollout-step-completed': `
  message: Rollout {{.rollout.metadata.name}} step number {{ add .rollout.status.currentStepIndex 1}}/{{len .rollout.spec.strategy.canary.steps}} has been completed.
  email:
    subject: Rollout {{.rollout.metadata.name}} step number {{ add .rollout.status.currentStepIndex 1}}/{{len .rollout.spec.strategy.canary.steps}} has been completed.${attachments('#18be52', '')}`,
      'template.more': `
  message: ""
  email: {subject: "", body: "{{.recipient}} via {{.serviceType}}"}
  slack: {groupingKey: "{{.rollout.metadata.name}}", notifyBroadcast: true, deliveryPolicy: Update}`,
      'template.times':
        'message: "{{ (call .time.Parse .rollout.metadata.creationTimestamp).Format \\"15:04\\" }} {{ (call .time.Now).Sub (call .time.Parse .rollout.metadata.creationTimestamp) }}"',
      'template.secret': 'message: "{{ .secrets.key }} {{ .context.url }}"',
      'template.runs': 'message: "{{ range .analysisRuns }}{{ .metadata.name }} {{ end }}"',
      'template.fails': 'message: "{{ index .rollout.spec 5 }}"',
      'template.broken': 'message: "{{ nofunc }}"',
      'trigger.on-rollout-step-completed': '- send: [rollout-step-completed]',
      'trigger.on-rollout-paused': `
- send: [rollout-step-completed, more]
- when: rollout.status.phase == "Healthy"
  send: [times]
- when: rollout.status.phase == "Paused" && time.Now().Sub(time.Parse(rollout.metadata.creationTimestamp)).Minutes() < 5
  send: [times]
- when: rollout.spec.replicas + "a"
  send: [times]
- when: rollout.spec.replicas
  send: [times]
- send: [fails]
- send: [broken]
- send: [nowhere]`,
      context: 'url: https://sluice.example.com',
    },
    { key: 's3cret' },
  );
  const subject = { object: rollout, analysisRuns: null };
  const slack = { service: 'slack', recipient: 'deploys' };

  it('come of templates as upstream installs them', () => {
    const [only, ...more] = messagesFor(configuration, subject, 'RolloutStepCompleted', slack, { now });
    if (only?.ok !== true) throw new Error(only?.problem);
    expect(more).toEqual([]);
    expect(only.notification.message).toBe('Rollout web step number 2/2 has been completed.');
    const { email, slack: section } = only.notification.sections as { email: unknown; slack: { attachments: string } };
    expect(email).toEqual({ subject: 'Rollout web step number 2/2 has been completed.' });
    expect(JSON.parse(section.attachments)).toEqual([
      {
        title: 'web',
        color: '#18be52',
        fields: [
          { title: 'Strategy', value: 'Canary', short: true },
          { title: 'app', value: 'web:2', short: true },
          { title: 'proxy', value: 'proxy:1', short: true },
        ],
      },
    ]);
  });

  it('are one for each condition that holds, and problems for what fails', () => {
    const told = messagesFor(configuration, subject, 'RolloutPaused', slack, { now }).map((message) =>
      message.ok ? message.notification.message : `! ${message.problem}`,
    );
    expect(told).toEqual([
      'Rollout web step number 2/2 has been completed.',
      '03:00 4m5s',
      expect.stringMatching(/^! trigger on-rollout-paused: "rollout\.spec\.replicas \+ \\"a\\"": invalid operation: /),
      '! template fails: message: line 1: error calling index: value has type int; should be string',
      '! template broken: message: line 1: function "nofunc" not defined',
      "! template 'nowhere' is not supported",
    ]);
  });

  it('lay one template over the other', () => {
    const [first] = messagesFor(configuration, subject, 'RolloutPaused', slack, { now });
    if (first?.ok !== true) throw new Error(first?.problem);
    expect(first.notification.sections).toEqual({
      email: { subject: 'Rollout web step number 2/2 has been completed.', body: 'deploys via slack' },
      slack: { groupingKey: 'web', notifyBroadcast: true, deliveryPolicy: 'Update' },
    });
  });

  it('see secrets, context and analysis runs', () => {
    const runs = [{ metadata: { name: 'b' } }, { metadata: { name: 'a' } }] as unknown as AnalysisRun[];
    const text = (names: readonly string[], analysisRuns: readonly AnalysisRun[] | null): string => {
      const message = messageOf(configuration, names, { object: rollout, analysisRuns }, slack, { now });
      return message.ok ? message.notification.message : message.problem;
    };
    expect(text(['secret'], null)).toBe('s3cret https://sluice.example.com');
    expect(text(['runs'], runs)).toBe('b a ');
    expect(text(['runs'], null)).toBe('');
  });

  it('show the result of every condition', () => {
    const results = runTrigger(configuration.triggers.get('on-rollout-paused') ?? [], { rollout }, now);
    expect(results.map((result) => (result.ok ? result.holds : result.problem))).toEqual([
      true,
      false,
      'cannot fetch Now from <nil>',
      expect.stringMatching(/invalid operation/),
      false,
      true,
      true,
      true,
    ]);
  });
});

describe('analysis runs of a notification', () => {
  const run = (name: string, hash: string, revision: string, created: string, namespace = 'shop'): AnalysisRun =>
    ({
      metadata: {
        name,
        namespace,
        creationTimestamp: created,
        labels: { 'rollouts-pod-template-hash': hash },
        annotations: { 'rollout.argoproj.io/revision': revision },
      },
    }) as unknown as AnalysisRun;
  const own = { ...rollout, metadata: { ...rollout.metadata, annotations: { 'rollout.argoproj.io/revision': '7' } } } as Rollout;

  it('are those of the present pods and revision, newest first', () => {
    const found = notifiedRuns(own, [
      run('old', 'abc', '7', '2026-01-01T00:00:00Z'),
      run('new', 'abc', '7', '2026-01-02T00:00:00Z'),
      run('other-revision', 'abc', '6', '2026-01-02T00:00:00Z'),
      run('other-pods', 'def', '7', '2026-01-02T00:00:00Z'),
      run('elsewhere', 'abc', '7', '2026-01-02T00:00:00Z', 'other'),
    ]);
    expect(found?.map(({ metadata }) => metadata.name)).toEqual(['new', 'old']);
    expect(notifiedRuns(own, [])).toBeNull();
  });
});

describe('redaction', () => {
  it.each([
    ['as it is', 'token xoxb-1-2 refused', 'token *** refused'],
    ['in a URL', 'https://h/?key=a%2Fb%3Dc', 'https://h/?key=***'],
    ['in JSON', '{"k":"say \\"hi\\""}', '{"k":"***"}'],
    ['in base64', 'Basic eG94Yi0xLTI=', 'Basic ***'],
    ['not at all', 'fine abc', 'fine abc'],
  ])('%s', (_, text, told) => {
    expect(withoutSecretValues(text, ['xoxb-1-2', 'a/b=c', 'say "hi"', 'abc', ''])).toBe(told);
  });
});
