/** What a test of a provider stands on: a fake service, a model of the cluster, a virtual clock, and the question. */
import type { AnalysisRun, Instant, MetricProvider } from '@sluice/api';
import type { MetricQuestion, MetricReading } from '@sluice/engine';
import { type VirtualClock, virtualClock } from '@sluice/kube';
import { type AwsPort, awsPort } from '../aws/aws.ts';
import type { MetricDependencies } from '../dependencies.ts';
import { type HttpClient, httpClient } from '../http/http-client.ts';
import { tokenSource } from '../http/oauth2.ts';
import { metricSourceFor } from '../registry.ts';
import { FakeService } from './fake-service.ts';
import { ModelClient } from './model-client.ts';

export const now: Instant = Date.parse('2026-01-02T03:04:05Z');

export const run: AnalysisRun = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'AnalysisRun',
  metadata: { name: 'web-1', namespace: 'shop', uid: '0c6c6a5e-0000-4000-8000-000000000001' },
  spec: { metrics: [] },
};

export class Bench {
  readonly service: FakeService = new FakeService();
  readonly cluster: ModelClient = new ModelClient();
  readonly clock: VirtualClock = virtualClock(now);
  environment: Record<string, string> = {};
  aws: AwsPort = awsPort();
  readonly #client: HttpClient = httpClient({ clock: this.clock, bytesMax: 256 * 1024 });
  readonly #tokens = tokenSource(this.#client.request, this.clock);

  start(): Promise<void> {
    return this.service.start();
  }

  async stop(): Promise<void> {
    await this.#client.close();
    await this.service.stop();
  }

  get dependencies(): MetricDependencies {
    return {
      kube: this.cluster.client,
      controllerNamespace: 'argo-rollouts',
      environment: this.environment,
      http: this.#client.request,
      tokens: this.#tokens,
      aws: this.aws,
      clock: this.clock,
    };
  }

  question(provider: MetricProvider, of: AnalysisRun = run): MetricQuestion {
    return { run: of, metric: { name: 'rate', provider, interval: '1m' }, now };
  }

  async measure(provider: MetricProvider): Promise<MetricReading> {
    return await metricSourceFor(provider, this.dependencies).measure(this.question(provider));
  }

  /** The message with which a measurement fails. */
  async problem(provider: MetricProvider): Promise<string> {
    try {
      const reading = await this.measure(provider);
      return `no problem: ${JSON.stringify(reading)}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}
