/**
 * What providers want of AWS: credentials, signatures, CloudWatch. The official libraries are loaded with the first call, since few
 * installations use them. Credentials come from where the AWS libraries look for them: environment, profile, role of the pod or node.
 */

type AwsCredentialsQuestion = { readonly region?: string; readonly profile?: string; readonly roleArn?: string };

type SignableRequest = {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type MetricDataResult = {
  readonly Id?: string;
  readonly Label?: string;
  readonly StatusCode?: string;
  readonly Timestamps?: readonly Date[];
  readonly Values?: readonly number[];
  readonly Messages?: readonly { readonly Code?: string; readonly Value?: string }[];
};

type MetricDataAnswer = {
  readonly results: readonly MetricDataResult[];
  readonly messages: readonly { readonly Code?: string; readonly Value?: string }[];
};

export interface AwsPort {
  /** The headers of the request with a signature (version 4) for the service. @throws Error without credentials */
  sign(request: SignableRequest, service: string, question: AwsCredentialsQuestion): Promise<Readonly<Record<string, string>>>;
  /** CloudWatch's GetMetricData, all pages of it. */
  metricData(queries: readonly unknown[], start: Date, end: Date): Promise<MetricDataAnswer>;
}

/** Pages of GetMetricData that are read; each holds up to 100,800 data points. */
const pagesMax = 20;
const requestTimeoutMs = 30_000;

export function awsPort(): AwsPort {
  return { sign, metricData };
}

async function sign(
  { method, url, headers, body }: SignableRequest,
  service: string,
  { region, profile, roleArn }: AwsCredentialsQuestion,
): Promise<Readonly<Record<string, string>>> {
  const { fromNodeProviderChain, fromTemporaryCredentials, Sha256, SignatureV4 } = await import('./signing-library.ts');
  const chain = fromNodeProviderChain(profile === undefined || profile === '' ? {} : { profile });
  const isRole = roleArn !== undefined && roleArn !== '';
  const credentials = isRole
    ? fromTemporaryCredentials({
        masterCredentials: chain,
        params: { RoleArn: roleArn, RoleSessionName: 'sluice' },
        ...(region === undefined || region === '' ? {} : { clientConfig: { region } }),
      })
    : chain;
  if (region === undefined || region === '') throw new Error('region not configured in sigv4 or in default credentials chain');
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const target = new URL(url);
  const query: Record<string, string | string[]> = {};
  for (const name of new Set(target.searchParams.keys())) query[name] = target.searchParams.getAll(name);
  const signed = await signer.sign({
    method,
    protocol: target.protocol,
    hostname: target.hostname,
    ...(target.port === '' ? {} : { port: Number(target.port) }),
    path: target.pathname,
    query,
    headers: { ...headers, host: target.host },
    body,
  });
  return signed.headers;
}

async function metricData(queries: readonly unknown[], start: Date, end: Date): Promise<MetricDataAnswer> {
  const { CloudWatchClient, GetMetricDataCommand } = await import('./cloud-watch-library.ts');
  const client = new CloudWatchClient({});
  const results: MetricDataResult[] = [];
  const messages: { readonly Code?: string; readonly Value?: string }[] = [];
  try {
    let next: string | undefined;
    for (let page = 0; page < pagesMax; page++) {
      const answer = await client.send(
        new GetMetricDataCommand({
          StartTime: start,
          EndTime: end,
          MetricDataQueries: queries as never,
          ...(next === undefined ? {} : { NextToken: next }),
        }),
        { abortSignal: AbortSignal.timeout(requestTimeoutMs) },
      );
      results.push(...((answer.MetricDataResults ?? []) as readonly MetricDataResult[]));
      messages.push(...((answer.Messages ?? []) as readonly { readonly Code?: string; readonly Value?: string }[]));
      next = answer.NextToken;
      if (next === undefined) break;
    }
    return { results, messages };
  } finally {
    client.destroy();
  }
}
