/**
 * Which cluster, as whom: from kubeconfig files the way kubectl reads them, from the pod we run in, and from flags over both.
 * Reads files only; asking plugins and re-reading tokens is `credentials.ts`. Begin with `loadKubeconfig`.
 */
import { readFileSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { KubeconfigError } from './errors.ts';
import {
  arrayField,
  booleanField,
  type KubeconfigEntry,
  type KubeconfigFile,
  mergeKubeconfigs,
  numberOrTextField,
  parseKubeconfig,
  recordField,
  textField,
} from './kubeconfig-file.ts';

/** A credential plugin of the kind `client.authentication.k8s.io`. */
export type ExecPlugin = {
  readonly apiVersion: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly installHint?: string;
  readonly provideClusterInfo: boolean;
  readonly interactiveMode: 'Never' | 'IfAvailable' | 'Always';
};

/** How we prove who we are. A certificate and a token may be given together; a plugin's answer wins over both. */
export type CredentialSource = {
  /** PEM. */
  readonly clientCertificate?: string;
  /** PEM. */
  readonly clientKey?: string;
  readonly token?: string;
  /** Read again once a minute, since clusters rotate it. Wins over `token`. */
  readonly tokenFile?: string;
  readonly exec?: ExecPlugin;
  readonly impersonate?: {
    readonly user: string;
    readonly uid?: string;
    readonly groups: readonly string[];
    readonly extra: Readonly<Record<string, readonly string[]>>;
  };
};

/** Everything a transport needs to know about one cluster. Holds secrets: never log it. */
export type ClusterConfig = {
  /** `https://host:port`, with a path prefix where the cluster sits behind one; no slash at the end. */
  readonly server: string;
  /** PEM; absent: the machine's authorities. */
  readonly certificateAuthority?: string;
  readonly insecureSkipTlsVerify: boolean;
  readonly tlsServerName?: string;
  readonly disableCompression: boolean;
  readonly credentials: CredentialSource;
  /** Namespace for commands that name none. */
  readonly namespace: string;
  /** Absent in a pod and when everything came from overrides. */
  readonly contextName?: string;
  readonly userName?: string;
};

export type KubeconfigOverrides = {
  readonly server?: string;
  readonly token?: string;
  readonly namespace?: string;
  readonly insecureSkipTlsVerify?: boolean;
  /** Path of a PEM file. */
  readonly certificateAuthority?: string;
  /** Name of another user of the kubeconfig. */
  readonly user?: string;
  /** Name of another cluster of the kubeconfig. */
  readonly cluster?: string;
};

export type KubeconfigOptions = {
  /** One file that must exist; else `KUBECONFIG`, else `~/.kube/config`, else the pod's service account. */
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly homeDir: string;
  readonly overrides?: KubeconfigOverrides;
  /** Where a pod finds its account; for tests. */
  readonly serviceAccountDir?: string;
};

/**
 * Finds the cluster and the user as kubectl does. Of several files in `KUBECONFIG` the first that sets a value or an entry wins,
 * missing ones are passed over, and relative paths count from the file that names them.
 *
 * @throws KubeconfigError with one line for the user
 */
export function loadKubeconfig(options: KubeconfigOptions): ClusterConfig {
  const { overrides = {} } = options;
  const files = readFiles(options);
  const merged = mergeKubeconfigs(files);
  const label = files.length === 0 ? 'kubeconfig' : `kubeconfig ${files.map((file) => file.path).join(', ')}`;
  const hasNothing = merged.contexts.size === 0 && merged.clusters.size === 0;
  if (hasNothing && options.context === undefined) {
    if (overrides.server !== undefined) return applyOverrides(bareCluster(overrides.server), overrides);
    const inCluster = loadInCluster(options.env, options.serviceAccountDir);
    if (inCluster !== undefined) return applyOverrides(inCluster, overrides);
    throw new KubeconfigError(
      files.length === 0
        ? `no kubeconfig: ${wherePeopleLooked(options)} does not exist; set KUBECONFIG, or start a cluster with 'sluice up'`
        : `${label} names no cluster`,
    );
  }
  const contextName = options.context ?? merged.currentContext;
  if (contextName === undefined) {
    throw new KubeconfigError(`${label} has no current-context; choose one with --context: ${namesOf(merged.contexts)}`);
  }
  const context = merged.contexts.get(contextName);
  if (context === undefined) throw new KubeconfigError(`context "${contextName}" is not in ${label}; it has: ${namesOf(merged.contexts)}`);
  const at = `contexts[${contextName}].context`;
  const clusterName = overrides.cluster ?? textField(context, 'cluster', at);
  if (clusterName === undefined) throw new KubeconfigError(`${context.path}: ${at}.cluster is missing`);
  const cluster = merged.clusters.get(clusterName);
  if (cluster === undefined) throw new KubeconfigError(`${context.path}: ${at}.cluster: there is no cluster "${clusterName}"`);
  const userName = overrides.user ?? textField(context, 'user', at);
  const user = userName === undefined || userName === '' ? undefined : merged.users.get(userName);
  if (userName !== undefined && userName !== '' && user === undefined) {
    throw new KubeconfigError(`${context.path}: ${at}.user: there is no user "${userName}"`);
  }
  const namespace = textField(context, 'namespace', at);
  return applyOverrides(
    {
      ...readCluster(clusterName, cluster, overrides),
      credentials: user === undefined || overrides.token !== undefined ? {} : readUser(userName ?? '', user),
      namespace: namespace === undefined || namespace === '' ? 'default' : namespace,
      contextName,
      ...(userName === undefined ? {} : { userName }),
    },
    overrides,
  );
}

/** Paths that would be read, in their order: for `doctor` and for writing a context. */
export function kubeconfigPaths(options: Pick<KubeconfigOptions, 'kubeconfig' | 'env' | 'homeDir'>): readonly string[] {
  if (options.kubeconfig !== undefined && options.kubeconfig !== '') return [options.kubeconfig];
  const list = (options.env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  return list.length > 0 ? [...new Set(list)] : [join(options.homeDir, '.kube', 'config')];
}

function readFiles(options: KubeconfigOptions): readonly KubeconfigFile[] {
  const isExplicit = options.kubeconfig !== undefined && options.kubeconfig !== '';
  return kubeconfigPaths(options).flatMap((path) => {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      if (code === 'ENOENT' && !isExplicit) return [];
      const why = { ENOENT: 'no such file', EACCES: 'permission denied', EISDIR: 'is a folder' }[code] ?? `cannot be read (${code})`;
      throw new KubeconfigError(`kubeconfig ${path}: ${why}`);
    }
    return [parseKubeconfig(path, text)];
  });
}

function wherePeopleLooked(options: KubeconfigOptions): string {
  return kubeconfigPaths(options).join(', ');
}

function namesOf(entries: ReadonlyMap<string, unknown>): string {
  return entries.size === 0 ? '(none)' : [...entries.keys()].sort().join(', ');
}

type ClusterPart = Pick<
  ClusterConfig,
  'server' | 'certificateAuthority' | 'insecureSkipTlsVerify' | 'tlsServerName' | 'disableCompression'
>;

function readCluster(name: string, entry: KubeconfigEntry, overrides: KubeconfigOverrides): ClusterPart {
  const at = `clusters[${name}].cluster`;
  const server = overrides.server ?? textField(entry, 'server', at);
  if (server === undefined || server === '') throw new KubeconfigError(`${entry.path}: ${at}.server is missing`);
  const proxy = textField(entry, 'proxy-url', at);
  if (proxy !== undefined && proxy !== '') throw new KubeconfigError(`${entry.path}: ${at}.proxy-url: proxies are not supported`);
  const insecureSkipTlsVerify = booleanField(entry, 'insecure-skip-tls-verify', at) ?? false;
  const certificateAuthority = pem(entry, at, 'certificate-authority');
  const tlsServerName = textField(entry, 'tls-server-name', at);
  return {
    server: checkedServer(server, `${entry.path}: ${at}.server`),
    insecureSkipTlsVerify,
    disableCompression: booleanField(entry, 'disable-compression', at) ?? false,
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    ...(tlsServerName === undefined || tlsServerName === '' ? {} : { tlsServerName }),
  };
}

function checkedServer(server: string, at: string): string {
  const text = server.includes('://') ? server : `http://${server}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new KubeconfigError(`${at}: not an address such as https://host:6443`);
  }
  if (url.username !== '' || url.password !== '') throw new KubeconfigError(`${at}: an address with a password in it is not supported`);
  return `${url.origin}${url.pathname.replace(/\/+$/, '')}`;
}

function readUser(name: string, entry: KubeconfigEntry): CredentialSource {
  const at = `users[${name}].user`;
  const clientCertificate = pem(entry, at, 'client-certificate');
  const clientKey = pem(entry, at, 'client-key');
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    const missing = clientKey === undefined ? 'client-key' : 'client-certificate';
    throw new KubeconfigError(`${entry.path}: ${at}.${missing} is missing beside its other half`);
  }
  const token = textField(entry, 'token', at);
  const tokenFile = pathField(entry, 'tokenFile', at);
  const exec = readExec(entry, at);
  const isWithout = clientCertificate === undefined && token === undefined && tokenFile === undefined && exec === undefined;
  if (isWithout && entry.value['auth-provider'] !== undefined) {
    throw new KubeconfigError(`${entry.path}: ${at}.auth-provider is not supported; use a plugin (exec)`);
  }
  if (isWithout && entry.value.username !== undefined) {
    throw new KubeconfigError(`${entry.path}: ${at}.username: Kubernetes has no passwords since 1.19; use a token or a certificate`);
  }
  const impersonated = textField(entry, 'as', at);
  const impersonatedUid = textField(entry, 'as-uid', at);
  const extra = recordField(entry, 'as-user-extra', at);
  return {
    ...(clientCertificate === undefined ? {} : { clientCertificate }),
    ...(clientKey === undefined ? {} : { clientKey }),
    ...(token === undefined || token === '' ? {} : { token }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(exec === undefined ? {} : { exec }),
    ...(impersonated === undefined || impersonated === ''
      ? {}
      : {
          impersonate: {
            user: impersonated,
            ...(impersonatedUid === undefined ? {} : { uid: impersonatedUid }),
            groups: (arrayField(entry, 'as-groups', at) ?? []).map(String),
            extra: Object.fromEntries(
              Object.entries(extra ?? {}).map(([key, values]) => [key, Array.isArray(values) ? values.map(String) : [String(values)]]),
            ),
          },
        }),
  };
}

function readExec(entry: KubeconfigEntry, userAt: string): ExecPlugin | undefined {
  const value = recordField(entry, 'exec', userAt);
  if (value === undefined) return undefined;
  const inner: KubeconfigEntry = { path: entry.path, value };
  const at = `${userAt}.exec`;
  const apiVersion = textField(inner, 'apiVersion', at);
  if (apiVersion !== 'client.authentication.k8s.io/v1' && apiVersion !== 'client.authentication.k8s.io/v1beta1') {
    throw new KubeconfigError(`${entry.path}: ${at}.apiVersion: must be client.authentication.k8s.io/v1 or v1beta1`);
  }
  const command = textField(inner, 'command', at);
  if (command === undefined || command === '') throw new KubeconfigError(`${entry.path}: ${at}.command is missing`);
  const env: Record<string, string> = {};
  for (const item of arrayField(inner, 'env', at) ?? []) {
    const { name, value: text } = item as { name?: unknown; value?: unknown };
    if (typeof name === 'string') env[name] = numberOrTextField(text);
  }
  const mode = textField(inner, 'interactiveMode', at) ?? 'IfAvailable';
  if (mode !== 'Never' && mode !== 'IfAvailable' && mode !== 'Always') {
    throw new KubeconfigError(`${entry.path}: ${at}.interactiveMode: must be Never, IfAvailable or Always`);
  }
  const installHint = textField(inner, 'installHint', at);
  const isRelativePath = command.includes('/') && !isAbsolute(command);
  return {
    apiVersion,
    command: isRelativePath ? resolve(dirname(entry.path), command) : command,
    args: (arrayField(inner, 'args', at) ?? []).map(numberOrTextField),
    env,
    provideClusterInfo: booleanField(inner, 'provideClusterInfo', at) ?? false,
    interactiveMode: mode,
    ...(installHint === undefined ? {} : { installHint }),
  };
}

/** The bytes of `<field>-data` (base64), or of the file that `<field>` names. */
function pem(entry: KubeconfigEntry, at: string, field: string): string | undefined {
  const data = textField(entry, `${field}-data`, at);
  if (data !== undefined && data !== '') {
    if (!/^[A-Za-z0-9+/=\s]+$/.test(data)) throw new KubeconfigError(`${entry.path}: ${at}.${field}-data is not base64`);
    return checkedPem(Buffer.from(data, 'base64').toString('utf8'), `${entry.path}: ${at}.${field}-data`);
  }
  const path = pathField(entry, field, at);
  return path === undefined
    ? undefined
    : checkedPem(readNamed(path, `${entry.path}: ${at}.${field}`), `${entry.path}: ${at}.${field}: ${path}`);
}

function checkedPem(text: string, at: string): string {
  if (!text.includes('-----BEGIN ')) throw new KubeconfigError(`${at} holds no PEM block`);
  return text;
}

function pathField(entry: KubeconfigEntry, field: string, at: string): string | undefined {
  const path = textField(entry, field, at);
  if (path === undefined || path === '') return undefined;
  return isAbsolute(path) ? path : resolve(dirname(entry.path), path);
}

function readNamed(path: string, at: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    throw new KubeconfigError(`${at}: ${path}: ${code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`}`);
  }
}

function bareCluster(server: string): ClusterConfig {
  return {
    server: checkedServer(server, '--server'),
    insecureSkipTlsVerify: false,
    disableCompression: false,
    credentials: {},
    namespace: 'default',
  };
}

const serviceAccountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The cluster whose pod we are, by the environment and the mounted account; `undefined` outside of one. */
function loadInCluster(env: KubeconfigOptions['env'], folder: string = serviceAccountFolder): ClusterConfig | undefined {
  const host = env.KUBERNETES_SERVICE_HOST;
  const port = env.KUBERNETES_SERVICE_PORT;
  if (host === undefined || host === '' || port === undefined || port === '') return undefined;
  const optional = (name: string): string | undefined => {
    try {
      return readFileSync(join(folder, name), 'utf8');
    } catch {
      return undefined;
    }
  };
  if (optional('token') === undefined) return undefined;
  const certificateAuthority = optional('ca.crt');
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    insecureSkipTlsVerify: false,
    disableCompression: false,
    credentials: { tokenFile: join(folder, 'token') },
    namespace: optional('namespace')?.trim() || 'default',
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
  };
}

function applyOverrides(config: ClusterConfig, overrides: KubeconfigOverrides): ClusterConfig {
  const { certificateAuthority: _, ...rest } = config;
  const authority =
    overrides.insecureSkipTlsVerify === true
      ? undefined
      : overrides.certificateAuthority === undefined
        ? config.certificateAuthority
        : checkedPem(readNamed(overrides.certificateAuthority, '--certificate-authority'), '--certificate-authority');
  return {
    ...rest,
    ...(authority === undefined ? {} : { certificateAuthority: authority }),
    ...(overrides.server === undefined ? {} : { server: checkedServer(overrides.server, '--server') }),
    ...(overrides.namespace === undefined ? {} : { namespace: overrides.namespace }),
    ...(overrides.insecureSkipTlsVerify === undefined ? {} : { insecureSkipTlsVerify: overrides.insecureSkipTlsVerify }),
    ...(overrides.token === undefined ? {} : { credentials: { token: overrides.token } }),
  };
}
