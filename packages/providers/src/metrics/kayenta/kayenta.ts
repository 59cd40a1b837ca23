/**
 * The Kayenta provider: starts a canary judgement and looks for its score every 15 seconds. The score is the verdict; conditions do not apply.
 *
 * @see argoproj/argo-rollouts metricproviders/kayenta/kayenta.go
 */
import { formatTime, type KayentaMetric, type Measurement, parseGoDuration } from '@sluice/api';
import type { MetricQuestion, MetricReading, MetricSource } from '@sluice/engine';
import type { MetricDependencies } from '../dependencies.ts';
import type { Http, HttpAnswer } from '../http/http.ts';
import { fieldOf, parseJson } from '../http/json.ts';

const timeoutMs = 15_000;
const lookAgainMs = 15_000;
const executionKey = 'canaryExecutionId';

export function kayentaSource(kayenta: KayentaMetric, { http }: MetricDependencies): MetricSource {
  return {
    type: 'Kayenta',
    measure: (question) => begin(kayenta, question, http),
    resume: (question, measurement) => look(kayenta, question, measurement, http),
  };
}

async function begin(kayenta: KayentaMetric, question: MetricQuestion, http: Http): Promise<MetricReading> {
  const { address, application, metricsAccountName, configurationAccountName, storageAccountName, threshold } = kayenta;
  const config = encodeURIComponent(await findConfig(kayenta, http));
  const scopes = Object.fromEntries(kayenta.scopes.map((scope) => [String(scope.name ?? ''), scopeRequest(scope, question, kayenta)]));
  const parameters = new URLSearchParams({ application, metricsAccountName, configurationAccountName, storageAccountName });
  const answer = await http({
    method: 'POST',
    url: `${address}/canary/${config}?${parameters.toString()}`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ scopes, thresholds: { pass: threshold.pass, marginal: threshold.marginal } }),
    timeoutMs,
  });
  const execution = fieldOf(documentOf(answer), executionKey);
  if (typeof execution !== 'string' || execution === '') throw new Error('Invalid canaryExecutionId');
  return { kind: 'verdict', phase: 'Running', resumeAt: question.now + lookAgainMs, metadata: { [executionKey]: execution } };
}

function documentOf(answer: HttpAnswer): unknown {
  if (answer.status !== 200) throw new Error('Invalid Response');
  return parseJson(answer.body);
}

/** The id of the config by its name. The storage account goes where the configuration account belongs: upstream does so, and users rely on it. */
async function findConfig({ address, application, storageAccountName, canaryConfigName }: KayentaMetric, http: Http): Promise<string> {
  const parameters = new URLSearchParams({ application, configurationAccountName: storageAccountName });
  const answer = await http({ url: `${address}/canaryConfig?${parameters.toString()}`, timeoutMs });
  if (answer.status !== 200) throw new Error(`Invalid Response: HTTP ${answer.status}`);
  const configs = parseJson(answer.body);
  const found = Array.isArray(configs) ? configs.find((config) => fieldOf(config, 'name') === canaryConfigName) : undefined;
  const id = fieldOf(found, 'id');
  if (typeof id !== 'string') throw new Error('Canary config not found');
  return id;
}

type Scope = Readonly<Record<string, unknown>>;

function scopeRequest(scope: Scope, question: MetricQuestion, { lookback }: KayentaMetric): unknown {
  const [control, experiment] = [scope.controlScope, scope.experimentScope];
  const text = (of: unknown, name: string): string => {
    const value = fieldOf(of, name);
    return typeof value === 'string' ? value : '';
  };
  for (const end of ['start', 'end']) {
    if ((text(control, end) === '') !== (text(experiment, end) === '')) {
      throw new Error(`controlScope.${end} and experimentScope.${end} must both be set or be empty`);
    }
  }
  const start = text(control, 'start') === '' ? startOf(question, lookback === true) : undefined;
  const detail = (of: unknown): unknown => ({
    scope: text(of, 'scope'),
    location: text(of, 'region'),
    step: Number(fieldOf(of, 'step') ?? 0),
    start: start ?? text(of, 'start'),
    end: text(of, 'end') || formatTime(question.now),
  });
  return { controlScope: detail(control), experimentScope: detail(experiment) };
}

function startOf({ run, metric, now }: MetricQuestion, isLookback: boolean): string {
  if (isLookback) return run.status?.startedAt ?? formatTime(now);
  const interval = parseGoDuration(metric.interval ?? '');
  if (!interval.ok) throw new Error(`Invalid duration ${JSON.stringify(metric.interval ?? '')}: ${interval.problem}`);
  return formatTime(now - interval.milliseconds);
}

async function look(kayenta: KayentaMetric, { now }: MetricQuestion, measurement: Measurement, http: Http): Promise<MetricReading> {
  const execution = measurement.metadata?.[executionKey] ?? '';
  const document = documentOf(await http({ url: `${kayenta.address}/canary/${encodeURIComponent(execution)}`, timeoutMs }));
  const metadata = measurement.metadata ?? {};
  const isComplete = fieldOf(document, 'complete');
  if (typeof isComplete !== 'boolean') throw new Error('Missing Complete Status');
  if (!isComplete) return { kind: 'verdict', phase: 'Running', resumeAt: now + lookAgainMs, metadata };
  const found = fieldOf(document, 'result', 'judgeResult', 'score', 'score');
  if (typeof found !== 'number') throw new Error('Missing Score');
  const score = Math.trunc(found);
  const { pass, marginal } = kayenta.threshold;
  const phase = score >= pass ? 'Successful' : score >= marginal ? 'Inconclusive' : 'Failed';
  return { kind: 'verdict', phase, value: String(score), metadata };
}
