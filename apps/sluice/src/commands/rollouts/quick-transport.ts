/**
 * Calls over Node's own HTTP client, for commands that make a few calls and end: it loads in a few milliseconds, where the pool of
 * `httpTransport` takes a tenth of a second. It does not watch or retry, and knows only credentials that need no asking.
 */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { ApiRequest, ApiResponse, ClusterConfig, Transport } from '@sluice/kube';
import { ConnectionError } from './kube-core.ts';

const timeoutMsDefault = 65_000;

/** Whether this transport can act for these credentials. A plugin or a token that is rotated needs the full one. */
export function isQuick({ credentials }: ClusterConfig): boolean {
  return credentials.exec === undefined && credentials.tokenFile === undefined;
}

export function quickTransport(config: ClusterConfig, userAgent: string): Transport {
  const url = new URL(config.server);
  const prefix = url.pathname.replace(/\/+$/, '');
  const isSecure = url.protocol === 'https:';
  const agent = isSecure
    ? new HttpsAgent({ keepAlive: true, maxSockets: 5, ...tlsOptions(config) })
    : new HttpAgent({ keepAlive: true, maxSockets: 5 });
  const send = isSecure ? httpsRequest : httpRequest;

  function request(asked: ApiRequest): Promise<ApiResponse> {
    const body = asked.body === undefined ? undefined : JSON.stringify(asked.body);
    const query = new URLSearchParams(asked.query).toString();
    const options: RequestOptions = {
      agent,
      method: asked.method,
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? (isSecure ? 443 : 80) : url.port,
      path: `${prefix}${asked.path}${query === '' ? '' : `?${query}`}`,
      timeout: asked.timeoutMs ?? timeoutMsDefault,
      headers: {
        ...credentialHeaders(config),
        accept: asked.accept ?? 'application/json',
        'user-agent': userAgent,
        ...(body === undefined
          ? {}
          : { 'content-type': asked.contentType ?? 'application/json', 'content-length': Buffer.byteLength(body) }),
      },
      ...(asked.signal === undefined ? {} : { signal: asked.signal }),
    };
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        const reason: unknown = asked.signal?.aborted === true ? asked.signal.reason : new ConnectionError(config.server, error);
        reject(reason instanceof Error ? reason : new Error(String(reason)));
      };
      const call = send(options, (answer) => {
        readBody(answer).then((parsed) => resolve({ status: answer.statusCode ?? 0, headers: flat(answer.headers), body: parsed }), fail);
      });
      call.on('timeout', () => call.destroy(Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })));
      call.on('error', fail);
      call.end(body);
    });
  }

  return {
    request,
    watch: () => Promise.reject(new Error('this transport does not watch')),
    close: () => {
      agent.destroy();
      return Promise.resolve();
    },
  };
}

function tlsOptions(config: ClusterConfig): Readonly<Record<string, unknown>> {
  const { certificateAuthority, credentials, insecureSkipTlsVerify, tlsServerName } = config;
  return {
    rejectUnauthorized: !insecureSkipTlsVerify,
    ...(certificateAuthority === undefined ? {} : { ca: certificateAuthority }),
    ...(tlsServerName === undefined ? {} : { servername: tlsServerName }),
    ...(credentials.clientCertificate === undefined ? {} : { cert: credentials.clientCertificate }),
    ...(credentials.clientKey === undefined ? {} : { key: credentials.clientKey }),
  };
}

function credentialHeaders({ credentials: { token, impersonate } }: ClusterConfig): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  if (impersonate === undefined) return headers;
  headers['impersonate-user'] = impersonate.user;
  if (impersonate.uid !== undefined) headers['impersonate-uid'] = impersonate.uid;
  if (impersonate.groups.length > 0) headers['impersonate-group'] = [...impersonate.groups];
  for (const [key, values] of Object.entries(impersonate.extra)) headers[`impersonate-extra-${encodeURIComponent(key)}`] = [...values];
  return headers;
}

async function readBody(answer: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  return String(answer.headers['content-type'] ?? '').includes('json') && text !== '' ? JSON.parse(text) : text;
}

function flat(headers: IncomingMessage['headers']): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]));
}
