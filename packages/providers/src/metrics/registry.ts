/** Which source measures a metric. Adding one is a folder and a line here. */
import type { MetricProvider } from '@sluice/api';
import type { MetricSource } from '@sluice/engine';
import { cloudWatchSource } from './cloud-watch/cloud-watch.ts';
import { datadogSource } from './datadog/datadog.ts';
import type { MetricDependencies } from './dependencies.ts';
import { graphiteSource } from './graphite/graphite.ts';
import { influxdbSource } from './influxdb/influxdb.ts';
import { jobSource } from './job/job.ts';
import { kayentaSource } from './kayenta/kayenta.ts';
import { newRelicSource } from './new-relic/new-relic.ts';
import { prometheusSource } from './prometheus/prometheus.ts';
import { skywalkingSource } from './skywalking/skywalking.ts';
import { wavefrontSource } from './wavefront/wavefront.ts';
import { webSource } from './web/web.ts';

/**
 * The source of a provider; where several are set, the first in upstream's order. Sources keep nothing between calls, so one may be made
 * for each measurement.
 *
 * @throws Error for a provider that cannot be asked as it is written; the message is the measurement's
 */
export function metricSourceFor(provider: MetricProvider, dependencies: MetricDependencies): MetricSource {
  if (provider.prometheus !== undefined) return prometheusSource(provider.prometheus, dependencies);
  if (provider.job !== undefined) return jobSource(provider.job, dependencies);
  if (provider.kayenta !== undefined) return kayentaSource(provider.kayenta, dependencies);
  if (provider.web !== undefined) return webSource(provider.web, dependencies);
  if (provider.datadog !== undefined) return datadogSource(provider.datadog, dependencies);
  if (provider.wavefront !== undefined) return wavefrontSource(provider.wavefront, dependencies);
  if (provider.newRelic !== undefined) return newRelicSource(provider.newRelic, dependencies);
  if (provider.cloudWatch !== undefined) return cloudWatchSource(provider.cloudWatch, dependencies);
  if (provider.graphite !== undefined) return graphiteSource(provider.graphite, dependencies);
  if (provider.influxdb !== undefined) return influxdbSource(provider.influxdb, dependencies);
  if (provider.skywalking !== undefined) return skywalkingSource(provider.skywalking, dependencies);
  const [plugin] = Object.keys(provider.plugin ?? {});
  if (plugin !== undefined && dependencies.pluginSource !== undefined) return dependencies.pluginSource(provider);
  throw new Error(
    plugin === undefined ? 'no valid provider in metric' : `failed to create plugin: metric plugin ${plugin} is not supported`,
  );
}
