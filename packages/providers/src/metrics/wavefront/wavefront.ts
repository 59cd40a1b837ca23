/** The Wavefront provider: the value of a query now. The token lies in the Secret `wavefront-api-tokens`, under the address. */
import type { Instant, WavefrontMetric } from '@sluice/api';
import type { MetricReading, MetricSource } from '@sluice/engine';
import { type MetricDependencies, readSecret } from '../dependencies.ts';
import { fixedFloat } from '../fixed-float.ts';
import { isSuccess } from '../http/http.ts';
import { fieldOf, parseJson } from '../http/json.ts';

const timeoutMs = 60_000;

export function wavefrontSource(wavefront: WavefrontMetric, { kube, controllerNamespace, http }: MetricDependencies): MetricSource {
  const { address = '', query = '' } = wavefront;
  return {
    type: 'Wavefront',
    async measure({ now }) {
      const token = (await readSecret(kube, controllerNamespace, 'wavefront-api-tokens')).get(address);
      if (token === undefined) throw new Error('API token not found');
      const at = String(Math.floor(now / 1000) * 1000);
      // With a span of no length, points just outside of it must be asked for too.
      const parameters = new URLSearchParams({
        q: query,
        s: at,
        e: at,
        g: 's',
        p: '1',
        i: 'false',
        sorted: 'false',
        includeObsoleteMetrics: 'false',
        strict: 'false',
      });
      const answer = await http({
        url: `${baseOf(address)}/api/v2/chart/api?${parameters.toString()}`,
        headers: { authorization: `Bearer ${token}`, accept: 'application/json' },
        timeoutMs,
      });
      if (!isSuccess(answer)) throw new Error(`server returned ${answer.status}`);
      return readingOf(parseJson(answer.body), now);
    },
  };
}

/** The key of the Secret is a bare host, since keys hold no slashes; it is spoken to over TLS. */
function baseOf(address: string): string {
  return /^https?:\/\//.test(address) ? address.replace(/\/+$/, '') : `https://${address}`;
}

type Point = { readonly value: number; readonly seconds: number; readonly drift: number };

function readingOf(document: unknown, now: Instant): MetricReading {
  const problem = fieldOf(document, 'errorMessage');
  if (typeof problem === 'string' && problem !== '') throw new Error(problem);
  const series = fieldOf(document, 'timeseries');
  if (!Array.isArray(series) || series.length === 0) throw new Error('No TimeSeries found in response from Wavefront');
  const points = series.map((each) => nearest(fieldOf(each, 'data'), Math.floor(now / 1000)));
  const warnings = fieldOf(document, 'warnings');
  const list = (texts: readonly string[]): string => (texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(',')}]`);
  const [first] = points;
  return {
    kind: 'value',
    result: points.length === 1 ? first?.value : Float64Array.from(points, ({ value }) => value),
    value: list(points.map(({ value }) => fixedFloat(value, 2))),
    metadata: {
      timestamps: list(points.map(({ seconds }) => String(seconds))),
      drift: list(points.map(({ drift }) => String(drift))),
      ...(typeof warnings === 'string' && warnings !== '' ? { warnings } : {}),
    },
  };
}

/** The point next in time to the measurement. */
function nearest(data: unknown, nowSeconds: number): Point {
  let found: Point | undefined;
  for (const pair of Array.isArray(data) ? data : []) {
    const [at, value] = Array.isArray(pair) ? pair : [];
    if (typeof at !== 'number' || typeof value !== 'number') continue;
    const drift = at - nowSeconds;
    if (found === undefined || Math.abs(drift) < Math.abs(found.drift))
      found = { value, seconds: Math.trunc(at), drift: Math.trunc(drift) };
  }
  return found ?? { value: 0, seconds: 0, drift: 0 };
}
