/** Golden transcripts of whole runs. `UPDATE_GOLDEN=1` writes them anew. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { metric, type Story, tell } from './testing.ts';

const folder = fileURLToPath(new URL('../testdata/analysis/', import.meta.url));
const job = { provider: { job: { spec: {} } } };
const running = (seconds: number) => (at: number) =>
  ({ kind: 'verdict', phase: 'Running', resumeAt: at + seconds * 1000, metadata: { 'job-name': 'j1' } }) as const;
const ended = (phase: 'Successful' | 'Failed' | 'Inconclusive') => () => ({ kind: 'verdict', phase }) as const;
const broken = new Error('dial tcp 10.0.0.1:80: connect: connection refused');

const stories: readonly Story[] = [
  {
    name: 'one measurement that is good',
    spec: { metrics: [metric('m')] },
    script: { m: ['Successful'] },
  },
  {
    name: 'three measurements with an error between them, ten seconds later again',
    spec: { metrics: [metric('m', { count: 3, interval: '2s' })] },
    script: { m: ['Successful', broken, 'Successful'] },
  },
  {
    name: 'more failures than the limit, while another metric waits for its delay',
    spec: { metrics: [metric('bad', { count: 3, interval: '1s', failureLimit: 1 }), metric('late', { initialDelay: '10000s' })] },
    script: { bad: ['Failed'], late: ['Successful'] },
  },
  {
    name: 'a job that is ended because another metric has failed',
    spec: { metrics: [metric('bad', { interval: '1s', failureLimit: 1 }), metric('job', job)] },
    script: { bad: ['Failed'], job: [running(60), ended('Inconclusive')] },
  },
  {
    name: 'a job that is looked at until it is done',
    spec: { metrics: [metric('job', job)] },
    script: { job: [running(1), running(3), running(4), ended('Successful')] },
  },
  {
    name: 'inconclusive twice with a limit of one',
    spec: { metrics: [metric('m', { interval: '1s', inconclusiveLimit: 1 })] },
    script: { m: ['Successful', 'Inconclusive'] },
  },
  {
    name: 'nothing but errors ends after five of them',
    spec: { metrics: [metric('m')] },
    script: { m: [broken] },
  },
  {
    name: 'a failure breaks the row of good ones, which ends it at two',
    spec: { metrics: [metric('m', { interval: '5s', failureLimit: 3, consecutiveSuccessLimit: 2 })] },
    script: { m: ['Successful', 'Failed', 'Successful', 'Successful'] },
  },
  {
    name: 'never enough good ones in a row, and failures have a limit',
    spec: { metrics: [metric('m', { interval: '5s', count: 4, failureLimit: 2, consecutiveSuccessLimit: 2 })] },
    script: { m: ['Successful', 'Failed', 'Successful', 'Failed'] },
  },
  {
    name: 'never enough good ones in a row, and failures have none',
    spec: { metrics: [metric('m', { interval: '5s', count: 3, failureLimit: -1, consecutiveSuccessLimit: 2 })] },
    script: { m: ['Failed', 'Successful', 'Failed'] },
  },
  {
    name: 'a dry run fails and the run does not',
    spec: { metrics: [metric('dry'), metric('real', { initialDelay: '3s' })], dryRun: [{ metricName: 'dry' }] },
    script: { dry: ['Failed'], real: ['Successful'] },
  },
  {
    name: 'all metrics are dry runs',
    spec: { metrics: [metric('a'), metric('b', { consecutiveErrorLimit: 0 })], dryRun: [{ metricName: '.*' }] },
    script: { a: ['Failed'], b: [broken] },
  },
  {
    name: 'two measurements are kept of four',
    spec: { metrics: [metric('m', { count: 4, interval: '1s' })], measurementRetention: [{ metricName: 'm', limit: 2 }] },
    script: { m: ['Successful'] },
  },
  {
    name: 'ended by hand, without end otherwise',
    spec: { metrics: [metric('m', { interval: '30s' }), metric('late', { initialDelay: '1h' })] },
    script: { m: ['Successful'] },
    changes: { 70: { terminate: true } },
  },
  {
    name: 'ended by hand with a job on its way',
    spec: { metrics: [metric('job', job)] },
    script: { job: [running(30), ended('Inconclusive')] },
    changes: { 5: { terminate: true } },
  },
  {
    name: 'ended by hand after errors below the limit',
    spec: { metrics: [metric('m')] },
    script: { m: [broken] },
    changes: { 15: { terminate: true } },
  },
  {
    name: 'kept for five seconds after its end',
    spec: { metrics: [metric('m')], ttlStrategy: { secondsAfterCompletion: 5 } },
    script: { m: ['Successful'] },
  },
  {
    name: 'a value of a secret reaches neither message nor metadata',
    spec: {
      metrics: [metric('m', { provider: { web: { url: 'http://metrics/?token={{args.token}}' } } })],
      args: [{ name: 'token', valueFrom: { secretKeyRef: { name: 'access', key: 'token' } } }],
    },
    secrets: [{ name: 'access', key: 'token', value: 's3cret/1' }],
    script: {
      m: [
        new Error('Get "http://metrics/?token=s3cret%2F1": refused, tried s3cret/1'),
        () => ({
          kind: 'verdict',
          phase: 'Successful',
          value: '"s3cret/1"',
          message: 'for s3cret/1',
          metadata: { query: 'token is s3cret/1' },
        }),
      ],
    },
  },
  {
    name: 'an argument that nobody gives',
    spec: { metrics: [metric('m', { interval: '{{args.every}}' })], args: [{ name: 'every' }], ttlStrategy: { secondsAfterCompletion: 1 } },
    script: {},
  },
];

describe('the transcript of a run', () => {
  for (const story of stories) {
    it(story.name, () => {
      const told = tell(story);
      const text = `${story.name}\n\n${told.lines.join('\n')}\n`;
      const file = `${folder}${story.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')}.txt`;
      if (process.env.UPDATE_GOLDEN === '1') {
        mkdirSync(folder, { recursive: true });
        writeFileSync(file, text);
      }
      expect(text).toBe(readFileSync(file, 'utf8'));
      expect(JSON.stringify(told.run.status ?? {})).not.toContain('s3cret');
    });
  }
});
