/** What providers are given from outside: the cluster, HTTP, the environment, the clock. All of it is wired in one place by the controller. */
import { type Clock, isStatusError, type KubeObject, type MetricProvider } from '@sluice/api';
import type { MetricSource } from '@sluice/engine';
import { builtinTypes, type Client } from '@sluice/kube';
import type { AwsPort } from './aws/aws.ts';
import type { Http } from './http/http.ts';
import type { TokenSource } from './http/oauth2.ts';

export type MetricDependencies = {
  readonly kube: Client;
  /** Where Jobs run, if in another cluster; see `analysisJobClient`. */
  readonly jobKube?: Client;
  /** Where the Secrets with the credentials of services lie. */
  readonly controllerNamespace: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly http: Http;
  readonly tokens: TokenSource;
  readonly aws: AwsPort;
  readonly clock: Clock;
  /** For providers that are plugins; absent where none can be run. */
  readonly pluginSource?: (provider: MetricProvider) => MetricSource;
};

type Secret = KubeObject & { readonly data?: Readonly<Record<string, string>> };

/**
 * The decoded entries of a Secret.
 *
 * @throws StatusError, such as `secrets "newrelic" not found`
 */
export async function readSecret(kube: Client, namespace: string, name: string): Promise<ReadonlyMap<string, string>> {
  const { data = {} } = await kube.get<Secret>(builtinTypes.secrets, { namespace, name });
  return new Map(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
}

/** Like `readSecret`; `undefined` where it is missing or must not be read. */
export async function findSecret(kube: Client, namespace: string, name: string): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return await readSecret(kube, namespace, name);
  } catch (error) {
    if (isStatusError(error, 'NotFound') || isStatusError(error, 'Forbidden')) return undefined;
    throw error;
  }
}
