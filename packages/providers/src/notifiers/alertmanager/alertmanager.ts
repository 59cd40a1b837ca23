/**
 * Alerts for Prometheus' Alertmanager, sent to every target; one that takes it is enough.
 *
 * @see argoproj/notifications-engine pkg/services/alertmanager.go
 */
import type { Notification } from '@sluice/engine';
import { HttpError } from '../../metrics/http/http.ts';
import { flag, inner, integer, type Options, present, text, textList, texts } from '../options.ts';
import { basicAuthorization, exchange, SendProblem, type ServiceType, sectionOf } from '../sending.ts';

export const alertmanagerType: ServiceType = {
  credentials: (options) => [text(options, 'bearerToken'), text(inner(options, 'basicAuth') ?? {}, 'password')],
  make: (options, { http, clock }) => {
    const targets = textList(options, 'targets');
    const scheme = text(options, 'scheme') || 'http';
    const path = text(options, 'apiPath') || '/api/v2/alerts';
    const timeoutMs = (integer(options, 'timeout') || 3) * 1000;
    const isInsecure = flag(options, 'insecureSkipVerify');
    const headers = { 'content-type': 'application/json', ...authorization(options) };
    return async (notification) => {
      const body = JSON.stringify([alertOf(notification, new Date(clock.now()).toISOString())]);
      const results = await Promise.all(
        (targets.length === 0 ? ['127.0.0.1:9093'] : targets).map(async (target) => {
          try {
            await exchange(http, { method: 'POST', url: `${scheme}://${target}${path}`, headers, body, timeoutMs, isInsecure });
            return undefined;
          } catch (error) {
            if (error instanceof SendProblem || error instanceof HttpError) return error;
            throw error;
          }
        }),
      );
      if (results.includes(undefined)) return;
      const mayRetry = results.some((error) => !(error instanceof SendProblem) || error.mayRetry);
      const why = results.map((error) => error?.message ?? '').join('; ');
      throw new SendProblem(`no events were successfully received by alertmanager: ${why}`, mayRetry);
    };
  },
};

function authorization(options: Options): Readonly<Record<string, string>> {
  const basic = inner(options, 'basicAuth');
  if (basic !== undefined) return { authorization: basicAuthorization(text(basic, 'username'), text(basic, 'password')) };
  const token = text(options, 'bearerToken');
  return token === '' ? {} : { authorization: `Bearer ${token}` };
}

function alertOf(notification: Notification, startsAt: string): unknown {
  const section = sectionOf(notification, 'alertmanager');
  if (section === undefined) throw new SendProblem('notification alertmanager no config');
  const labels = texts(section, 'labels');
  if (labels.size === 0) throw new SendProblem('alertmanager at least one label pair required');
  const annotations = texts(section, 'annotations');
  return {
    labels: { ...(labels.has('alertname') ? {} : { alertname: 'argo-rollouts' }), ...Object.fromEntries(labels) },
    annotations: Object.fromEntries(annotations),
    ...present({ generatorURL: webAddress(text(section, 'generatorURL')) }),
    startsAt,
  };
}

/** `git@host:org/repo` as an address that a browser opens. */
function webAddress(address: string): string {
  return address.startsWith('git@') ? `https://${address.slice('git@'.length).replace(':', '/')}` : address;
}
