/**
 * Any HTTP endpoint: method, path and body by the template, headers and basic authentication by the service. Failures that pass are tried
 * again here, with the waits that the service configures.
 *
 * @see argoproj/notifications-engine pkg/services/webhook.go; hashicorp/go-retryablehttp
 */
import { parseGoDuration } from '@sluice/api';
import { sleep } from '@sluice/kube';
import { type HttpAnswer, HttpError, type HttpRequest, isSuccess } from '../../metrics/http/http.ts';
import { flag, inner, integer, isOptions, list, neededText, type Options, OptionsProblem, text } from '../options.ts';
import {
  addressCredentials,
  basicAuthorization,
  failed,
  isPassingError,
  retryAfterMs,
  SendProblem,
  type ServiceType,
  timeoutMs,
  withoutSlash,
} from '../sending.ts';

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Longest wait between two tries, whatever is configured. */
const waitMsMax = 300_000;

export const webhookType: ServiceType = {
  credentials: (options) => {
    const { password = '' } = (inner(options, 'basicAuth') ?? {}) as { readonly password?: unknown };
    return [
      String(password),
      ...headersOf(options).map(([, value]) => value.replace(/^(?:Bearer|Basic|Token|Key)\s+/i, '')),
      ...addressCredentials(text(options, 'url')),
    ];
  },
  make: (options, { http, clock }) => {
    const url = neededText(options, 'url');
    const headers = Object.fromEntries(headersOf(options));
    const auth = inner(options, 'basicAuth');
    if (auth !== undefined) headers.Authorization = basicAuthorization(text(auth, 'username'), text(auth, 'password'));
    const waitMin = duration(options, 'retryWaitMin') || 1_000;
    const waitMax = duration(options, 'retryWaitMax') || 5_000;
    const retries = integer(options, 'retryMax') || 3;
    const isInsecure = flag(options, 'insecureSkipVerify');

    return async (notification, { service }) => {
      const own = inner(inner(notification.sections, 'webhook') ?? {}, service);
      const method = ((own === undefined ? '' : text(own, 'method')) || 'GET').toUpperCase();
      if (!methods.has(method)) throw new SendProblem(`webhook.${service}.method: ${method} is not a method`);
      const path = own === undefined ? '' : text(own, 'path');
      const request: HttpRequest = {
        method: method as NonNullable<HttpRequest['method']>,
        url: path === '' ? url : `${withoutSlash(url)}/${path.replace(/^\/+/, '')}`,
        headers,
        body: own === undefined ? notification.message : text(own, 'body'),
        timeoutMs,
        isInsecure,
      };
      for (let tries = 0; ; tries++) {
        const answer = await attempt(() => http(request));
        if (!(answer instanceof HttpError) && isSuccess(answer)) return;
        const passes =
          answer instanceof HttpError ? isPassingError(answer) : answer.status === 429 || (answer.status >= 500 && answer.status !== 501);
        if (!passes || tries >= retries)
          throw answer instanceof HttpError ? new SendProblem(answer.message) : final(failed(request.url, answer));
        const asked = answer instanceof HttpError ? undefined : retryAfterMs(answer);
        await sleep(clock, Math.min(waitMsMax, asked ?? Math.min(waitMax, waitMin * 2 ** tries)));
      }
    };
  },
};

async function attempt(run: () => Promise<HttpAnswer>): Promise<HttpAnswer | HttpError> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof HttpError) return error;
    throw error;
  }
}

/** It has been tried again as often as it should. */
function final({ message }: SendProblem): SendProblem {
  return new SendProblem(message);
}

function headersOf(options: Options): (readonly [string, string])[] {
  return list(options, 'headers').map((header) => {
    if (!isOptions(header)) throw new OptionsProblem('headers: must be a list of name and value');
    return [neededText(header, 'name'), text(header, 'value')] as const;
  });
}

/** `5s`, or nanoseconds, which is what upstream reads. */
function duration(options: Options, name: string): number {
  const value = text(options, name);
  if (value === '') return 0;
  const parsed = /^\d+$/.test(value) ? undefined : parseGoDuration(value);
  if (parsed?.ok === false) throw new OptionsProblem(`${name}: must be a duration such as 5s`);
  return parsed === undefined ? Number(value) / 1e6 : parsed.milliseconds;
}
