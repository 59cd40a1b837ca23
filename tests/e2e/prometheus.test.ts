/** The Prometheus provider against the real server, which scrapes an exporter of this test. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PrometheusMetric } from '@sluice/api';
import { evaluateConditions, type MetricReading } from '@sluice/engine';
import { systemClock } from '@sluice/kube';
import { awsPort, httpClient, metricSourceFor, tokenSource } from '@sluice/providers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const binary = onPath('prometheus');
if (binary === undefined) console.warn('skipped: the Prometheus lane, since there is no prometheus on the PATH');

/** bcrypt of `test`. */
const passwordHash = '$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay';

function onPath(name: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`])
      .toString()
      .trim();
  } catch {
    return undefined;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const socket = createSocket().listen(0, '127.0.0.1', () => {
      const { port } = socket.address() as AddressInfo;
      socket.close(() => resolve(port));
    });
  });
}

describe.skipIf(binary === undefined)('a real Prometheus', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-prometheus-'));
  const client = httpClient({ clock: systemClock });
  const processes: ChildProcess[] = [];
  const exporter = createServer((_, response) =>
    response.end(
      [
        'errors{version="canary"} 0.25',
        'errors{version="stable"} 0.5',
        'nothing_counted NaN',
        'boundless +Inf',
        'tiny 1e-07',
        `requests_total ${Math.floor(process.uptime() * 10)}`,
        '',
      ].join('\n'),
    ),
  );
  let plain = '';
  let secured = '';

  async function start(name: string, flags: readonly string[]): Promise<number> {
    const port = await freePort();
    const { port: target } = exporter.address() as AddressInfo;
    const config = `{global: {scrape_interval: 250ms}, scrape_configs: [{job_name: it, static_configs: [{targets: ["127.0.0.1:${target}"]}]}]}`;
    writeFileSync(join(folder, `${name}.yml`), config);
    const own = [
      `--config.file=${join(folder, `${name}.yml`)}`,
      `--storage.tsdb.path=${join(folder, name)}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ];
    processes.push(spawn(binary ?? '', [...own, ...flags], { stdio: 'ignore' }));
    return port;
  }

  async function measure(prometheus: PrometheusMetric): Promise<MetricReading> {
    const dependencies = {
      kube: undefined as never,
      controllerNamespace: 'argo-rollouts',
      environment: {},
      http: client.request,
      tokens: tokenSource(client.request, systemClock),
      aws: awsPort(),
      clock: systemClock,
    };
    const provider = { prometheus };
    const run = { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisRun', metadata: {}, spec: { metrics: [] } };
    return await metricSourceFor(provider, dependencies).measure({ run, metric: { name: 'm', provider }, now: systemClock.now() });
  }

  /** Measures until there is something to read. */
  async function measured(prometheus: PrometheusMetric): Promise<MetricReading> {
    for (let attempt = 0; ; attempt++) {
      try {
        const reading = await measure(prometheus);
        if (reading.value !== '[]' || attempt > 200) return reading;
      } catch (error) {
        if (attempt > 200) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  beforeAll(async () => {
    await new Promise<void>((resolve) => exporter.listen(0, '127.0.0.1', resolve));
    plain = `http://127.0.0.1:${await start('plain', [])}`;
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
    const subject = ['-subj', '/CN=it', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', certificate, '-days', '1', ...subject];
    const openssl = onPath('openssl');
    if (openssl !== undefined) {
      execFileSync(openssl, request, { stdio: 'ignore' });
      const users = `basic_auth_users: {me: "${passwordHash}"}`;
      writeFileSync(join(folder, 'web.yml'), `tls_server_config: {cert_file: ${certificate}, key_file: ${key}}\n${users}\n`);
      secured = `https://127.0.0.1:${await start('secured', [`--web.config.file=${join(folder, 'web.yml')}`])}`;
    }
    await measured({ address: plain, query: 'errors' });
  });

  afterAll(async () => {
    for (const child of processes) child.kill();
    await Promise.all(
      processes.map((child) => (child.exitCode === null ? new Promise((resolve) => child.once('exit', resolve)) : undefined)),
    );
    await client.close();
    exporter.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each([
    ['scalar(errors{version="canary"})', 0.25, '0.25'],
    ['sort(errors)', Float64Array.of(0.25, 0.5), '[0.25,0.5]'],
    ['errors{version="none"}', Float64Array.of(), '[]'],
    ['nothing_counted', Float64Array.of(Number.NaN), '[NaN]'],
    ['boundless', Float64Array.of(Number.POSITIVE_INFINITY), '[+Inf]'],
    ['tiny', Float64Array.of(1e-7), '[0.0000001]'],
    ['1/0', Number.POSITIVE_INFINITY, '+Inf'],
    ['2^70', 2 ** 70, '1180591620717411300000'],
  ])('reads %s', async (query, result, value) => {
    const reading = await measure({ address: plain, query });
    expect(reading).toMatchObject({ kind: 'value', result });
    // The digits of a large power are those of the shortest text that reads back as the same number.
    expect(reading.value).toBe(value);
  });

  it('reads a range as one list', async () => {
    const rangeQuery = { start: 'now() - duration("1s")', end: 'now()', step: '500ms' };
    const reading = await measured({ address: plain, query: 'errors{version="canary"}', rangeQuery });
    expect(reading.value).toMatch(/^\[0\.25(,0\.25){0,2}\]$/);
  });

  it('is judged', async () => {
    const reading = await measure({ address: plain, query: 'errors{version="canary"}' });
    const result: unknown = reading.kind === 'value' ? reading.result : undefined;
    const judge = (successCondition: string): unknown => evaluateConditions({ result, successCondition }, systemClock.now());
    expect(judge('all(result, # < 0.3)')).toEqual({ ok: true, phase: 'Successful' });
    expect(judge('result[0] > 0.3')).toEqual({ ok: true, phase: 'Failed' });
  });

  it('says what is wrong with a query', async () => {
    await expect(measure({ address: plain, query: 'errors{' })).rejects.toThrow(/^bad_data: .*parse error: unexpected end of input/);
    await expect(measure({ address: plain, query: '"text"' })).rejects.toThrow('Prometheus metric type not supported');
    await expect(measure({ address: `${plain}/nowhere`, query: 'errors' })).rejects.toThrow('client_error: client error: 404');
  });

  it('behind TLS and a password', async ({ skip }) => {
    if (secured === '') skip('no openssl on the PATH');
    const authentication = { basicAuth: { username: 'me', password: 'test' } };
    const prometheus = { address: secured, query: 'errors{version="canary"}', insecure: true };
    expect(await measured({ ...prometheus, authentication })).toMatchObject({ value: '[0.25]' });
    await expect(measure(prometheus)).rejects.toThrow('client_error: client error: 401');
    await expect(measure({ ...prometheus, insecure: false, authentication })).rejects.toThrow(
      'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    );
  });
});
