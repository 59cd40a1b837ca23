/**
 * Turns a `CredentialSource` into request headers and a client certificate, and keeps them fresh: token files are read again, plugins
 * are asked again when their answer expires or the server says 401. All calls share one refresh.
 */
import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { type Clock, parseTime } from '@sluice/api';
import { KubeconfigError } from './errors.ts';
import type { ClusterConfig, ExecPlugin } from './kubeconfig.ts';

export type Credential = {
  /** A list is one header line an item. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** PEM; the connection must be made anew when they change. */
  readonly clientCertificate?: string;
  readonly clientKey?: string;
};

export interface Credentials {
  /** The credential for the next call, from memory unless it has run out. */
  current(): Promise<Credential>;
  /** After a 401 to `used`: fetches another one. False when there is nothing to fetch, or it came out the same. */
  refresh(used: Credential): Promise<boolean>;
}

export type CredentialsOptions = {
  readonly clock: Clock;
  /** Environment that plugins inherit; that of the process by default. */
  readonly env?: Readonly<Record<string, string | undefined>>;
};

/** Service account tokens are rotated long before they expire; client-go reads them again once a minute, too. */
const tokenFileMsMax = 60_000;

/** A plugin's credential is replaced this long before it runs out. */
const expiryMarginMs = 10_000;

type Fetched = { readonly credential: Credential; readonly freshUntil: number };

export function createCredentials(config: ClusterConfig, options: CredentialsOptions): Credentials {
  const { credentials: source } = config;
  const { clock } = options;
  let held: Fetched | undefined;
  let underWay: Promise<Fetched> | undefined;

  const certificate = {
    ...(source.clientCertificate === undefined ? {} : { clientCertificate: source.clientCertificate }),
    ...(source.clientKey === undefined ? {} : { clientKey: source.clientKey }),
  };
  const withToken = (token: string | undefined): Credential => ({
    ...certificate,
    headers: { ...impersonationHeaders(source.impersonate), ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  });

  const fetch = async (): Promise<Fetched> => {
    if (source.exec !== undefined) {
      const answer = await runPlugin(source.exec, config, options.env ?? process.env);
      const credential: Credential = {
        ...withToken(answer.token ?? source.token),
        ...(answer.clientCertificate === undefined ? {} : { clientCertificate: answer.clientCertificate }),
        ...(answer.clientKey === undefined ? {} : { clientKey: answer.clientKey }),
      };
      return { credential, freshUntil: answer.expires === undefined ? Number.POSITIVE_INFINITY : answer.expires - expiryMarginMs };
    }
    if (source.tokenFile !== undefined) {
      const token = await readToken(source.tokenFile);
      return { credential: withToken(token), freshUntil: clock.now() + tokenFileMsMax };
    }
    return { credential: withToken(source.token), freshUntil: Number.POSITIVE_INFINITY };
  };
  const fetchShared = (): Promise<Fetched> => {
    underWay ??= fetch()
      .then((fetched) => {
        held = fetched;
        return fetched;
      })
      .finally(() => {
        underWay = undefined;
      });
    return underWay;
  };

  return {
    async current() {
      if (held !== undefined && clock.now() < held.freshUntil) return held.credential;
      return (await fetchShared()).credential;
    },
    async refresh(used) {
      if (source.exec === undefined && source.tokenFile === undefined) return false;
      // Another call may have refreshed while ours was on its way.
      if (held !== undefined && held.credential !== used) return true;
      const { credential } = await fetchShared();
      return credential.headers.authorization !== used.headers.authorization || credential.clientCertificate !== used.clientCertificate;
    },
  };
}

async function readToken(path: string): Promise<string> {
  let token: string;
  try {
    token = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new KubeconfigError(
      `token file ${path}: ${(error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : 'cannot be read'}`,
    );
  }
  if (token === '') throw new KubeconfigError(`token file ${path} is empty`);
  return token;
}

function impersonationHeaders(impersonate: ClusterConfig['credentials']['impersonate']): Record<string, string | string[]> {
  if (impersonate === undefined) return {};
  const headers: Record<string, string | string[]> = { 'impersonate-user': impersonate.user };
  if (impersonate.uid !== undefined) headers['impersonate-uid'] = impersonate.uid;
  if (impersonate.groups.length > 0) headers['impersonate-group'] = [...impersonate.groups];
  for (const [key, values] of Object.entries(impersonate.extra)) headers[`impersonate-extra-${encodeURIComponent(key)}`] = [...values];
  return headers;
}

type PluginAnswer = { token?: string; clientCertificate?: string; clientKey?: string; expires?: number };

function runPlugin(plugin: ExecPlugin, config: ClusterConfig, env: Readonly<Record<string, string | undefined>>): Promise<PluginAnswer> {
  const who = `the credential plugin '${plugin.command}'${config.userName === undefined ? '' : ` of user "${config.userName}"`}`;
  const isInteractive = plugin.interactiveMode !== 'Never' && process.stdin.isTTY === true;
  if (plugin.interactiveMode === 'Always' && !isInteractive) {
    return Promise.reject(new KubeconfigError(`${who} needs a terminal to ask on`));
  }
  const info = {
    kind: 'ExecCredential',
    apiVersion: plugin.apiVersion,
    spec: {
      interactive: isInteractive,
      ...(plugin.provideClusterInfo
        ? {
            cluster: {
              server: config.server,
              ...(config.tlsServerName === undefined ? {} : { 'tls-server-name': config.tlsServerName }),
              ...(config.insecureSkipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
              ...(config.certificateAuthority === undefined
                ? {}
                : { 'certificate-authority-data': Buffer.from(config.certificateAuthority).toString('base64') }),
              config: null,
            },
          }
        : {}),
    },
  };
  return new Promise((resolve, reject) => {
    // With a person there the plugin may ask and tell on the terminal; otherwise its last words go into our one line.
    const child = spawn(plugin.command, [...plugin.args], {
      env: { ...env, ...plugin.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
      stdio: [isInteractive ? 'inherit' : 'ignore', 'pipe', isInteractive ? 'inherit' : 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      stdout += chunk.toString();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr = (stderr + chunk.toString()).slice(-2_000);
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      const hint = plugin.installHint === undefined ? '' : `: ${plugin.installHint.trim().replaceAll(/\s+/g, ' ')}`;
      const why = error.code === 'ENOENT' ? `is not installed${hint}` : `cannot be started (${error.code})`;
      reject(new KubeconfigError(`${who} ${why}`));
    });
    child.once('close', (code, signal) => {
      if (code !== 0) {
        const lastLine = stderr.trim().split('\n').at(-1) ?? '';
        const how = code === null ? `was ended by ${signal}` : `failed with exit code ${code}`;
        reject(new KubeconfigError(`${who} ${how}${lastLine === '' ? '' : `: ${lastLine}`}`));
        return;
      }
      try {
        resolve(readAnswer(plugin, stdout, who));
      } catch (problem) {
        reject(problem);
      }
    });
  });
}

function readAnswer(plugin: ExecPlugin, stdout: string, who: string): PluginAnswer {
  let answer: { apiVersion?: unknown; kind?: unknown; status?: Record<string, unknown> } | null;
  try {
    answer = JSON.parse(stdout) as typeof answer;
  } catch {
    throw new KubeconfigError(`${who} answered something that is not JSON`);
  }
  if (answer?.kind !== 'ExecCredential') throw new KubeconfigError(`${who} did not answer with an ExecCredential`);
  if (answer.apiVersion !== plugin.apiVersion) {
    throw new KubeconfigError(`${who} answered in version ${String(answer.apiVersion)}, but ${plugin.apiVersion} is configured`);
  }
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = answer.status ?? {};
  const result: PluginAnswer = {};
  if (typeof token === 'string' && token !== '') result.token = token;
  if (typeof clientCertificateData === 'string' && typeof clientKeyData === 'string') {
    result.clientCertificate = clientCertificateData;
    result.clientKey = clientKeyData;
  }
  if (result.token === undefined && result.clientCertificate === undefined) {
    throw new KubeconfigError(`${who} answered with neither a token nor a certificate and key`);
  }
  const expires = typeof expirationTimestamp === 'string' ? parseTime(expirationTimestamp) : undefined;
  if (expires !== undefined) result.expires = expires;
  return result;
}
