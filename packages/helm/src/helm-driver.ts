/**
 * The real helm behind a small interface: product options in, one child process a call, its words back as errors.
 * Helm 3 and Helm 4 differ in flags only; the difference is the table below. Nothing else in this package starts helm.
 */
import { execute } from './child-process.ts';

export type HelmLine = 3 | 4;

type ChartOptions = {
  readonly release: string;
  readonly namespace: string;
  /** A chart folder whose dependencies are in `charts/`. */
  readonly chart: string;
  /** Values files in order; the last wins. */
  readonly valuesFiles: readonly string[];
  readonly signal?: AbortSignal | undefined;
};

export type TemplateOptions = ChartOptions & {
  readonly kubeVersion?: string | undefined;
  readonly apiVersions?: readonly string[];
  readonly isUpgrade?: boolean;
};

export type UpgradeOptions = ChartOptions & {
  /** For each hook; the objects themselves are awaited by us. */
  readonly timeoutMs: number;
  readonly createNamespace: boolean;
  readonly historyMax?: number;
};

export type RevisionOptions = {
  readonly release: string;
  readonly namespace: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
};

export interface HelmDriver {
  /** `v4.1.4` */
  readonly version: string;
  readonly line: HelmLine;
  /** The render, as one stream of YAML documents. */
  template(options: TemplateOptions): Promise<string>;
  /** Puts into `charts/` exactly what Chart.lock says. */
  buildDependencies(chart: string, signal?: AbortSignal): Promise<void>;
  upgrade(options: UpgradeOptions): Promise<void>;
  rollback(options: RevisionOptions & { readonly revision: number }): Promise<void>;
  uninstall(options: RevisionOptions): Promise<void>;
}

/** Helm ended with a failure. `message` is helm's own, without its prefix; `wasCancelled` says that we stopped it. */
export class HelmError extends Error {
  readonly command: string;
  readonly wasCancelled: boolean;

  constructor(command: string, message: string, wasCancelled: boolean) {
    super(message);
    this.name = 'HelmError';
    this.command = command;
    this.wasCancelled = wasCancelled;
  }
}

export type HelmDriverOptions = {
  /** The program. */
  readonly binary: string;
  /** A kubeconfig that only the user can read; `undefined` when no call needs a cluster. */
  readonly kubeconfig: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** Finds out once which line of helm this is, and answers the driver for it. */
export async function createHelmDriver(options: HelmDriverOptions): Promise<HelmDriver> {
  const env = environmentOf(options);
  const run = async (args: readonly string[], signal?: AbortSignal): Promise<string> => {
    const result = await execute(options.binary, args, { env, ...(signal === undefined ? {} : { signal }) });
    if (result.exitCode === 0) return result.stdout;
    throw new HelmError(args[0] ?? '', result.wasCancelled ? 'cancelled' : failureText(result.stderr), result.wasCancelled);
  };
  const version = (await run(['version', '--template', '{{.Version}}'])).trim();
  const line = helmLine(version);
  return {
    version,
    line,
    template: (template) => run(templateArguments(template), template.signal),
    buildDependencies: async (chart, signal) => void (await run(['dependency', 'build', chart, '--skip-refresh'], signal)),
    upgrade: async (upgrade) => void (await run(upgradeArguments(line, upgrade), upgrade.signal)),
    rollback: async (rollback) => void (await run(rollbackArguments(line, rollback), rollback.signal)),
    uninstall: async (uninstall) => void (await run(uninstallArguments(line, uninstall), uninstall.signal)),
  };
}

/** @throws HelmError for a version that is neither Helm 3 nor Helm 4 */
export function helmLine(version: string): HelmLine {
  const major = /^v?(\d+)\./.exec(version)?.[1];
  if (major === '3') return 3;
  if (major === '4') return 4;
  throw new HelmError('version', `helm ${version} is not supported; use helm 3 or helm 4`, false);
}

export function templateArguments(options: TemplateOptions): readonly string[] {
  return [
    'template',
    options.release,
    options.chart,
    ...namespaceAndValues(options),
    '--include-crds',
    ...(options.isUpgrade === true ? ['--is-upgrade'] : []),
    ...(options.kubeVersion === undefined ? [] : ['--kube-version', options.kubeVersion]),
    ...(options.apiVersions === undefined || options.apiVersions.length === 0 ? [] : ['--api-versions', options.apiVersions.join(',')]),
  ];
}

/**
 * `--reset-values`: the values of the environment are given complete each time.
 * Helm 4 gets `--wait=hookOnly`, what it does when the flag is absent, said aloud: its other ways of waiting hang on a Rollout.
 * Helm 3 does not wait unless told to.
 */
export function upgradeArguments(line: HelmLine, options: UpgradeOptions): readonly string[] {
  return [
    'upgrade',
    options.release,
    options.chart,
    '--install',
    '--reset-values',
    ...namespaceAndValues(options),
    ...(options.createNamespace ? ['--create-namespace'] : []),
    ...waiting(line, options.timeoutMs),
    ...(options.historyMax === undefined ? [] : ['--history-max', String(options.historyMax)]),
    '--hide-notes',
  ];
}

export function rollbackArguments(line: HelmLine, options: RevisionOptions & { readonly revision: number }): readonly string[] {
  return ['rollback', options.release, String(options.revision), '--namespace', options.namespace, ...waiting(line, options.timeoutMs)];
}

export function uninstallArguments(line: HelmLine, options: RevisionOptions): readonly string[] {
  return ['uninstall', options.release, '--namespace', options.namespace, '--ignore-not-found', ...waiting(line, options.timeoutMs)];
}

function waiting(line: HelmLine, timeoutMs: number): readonly string[] {
  const timeout = ['--timeout', `${Math.max(1, Math.ceil(timeoutMs / 1000))}s`];
  return line === 4 ? ['--wait=hookOnly', ...timeout] : timeout;
}

function namespaceAndValues(options: ChartOptions): readonly string[] {
  return ['--namespace', options.namespace, ...options.valuesFiles.flatMap((file) => ['--values', file])];
}

/** Helm reads connection settings from many variables; ours come from the kubeconfig alone. */
function environmentOf(options: HelmDriverOptions): Readonly<Record<string, string | undefined>> {
  const inherited = Object.entries(options.env).filter(([name]) => !/^HELM_(KUBE|NAMESPACE$|DEBUG$|MAX_HISTORY$)/.test(name));
  return { ...Object.fromEntries(inherited), KUBECONFIG: options.kubeconfig ?? '/dev/null' };
}

/** Helm's last word: what follows `Error: `, warnings left out, on one line. */
export function failureText(stderr: string): string {
  const at = stderr.search(/^Error: /m);
  const text = at < 0 ? stderr : stderr.slice(at + 'Error: '.length);
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^(WARNING: |level=|time=|Use --debug flag)/.test(line));
  return lines.length === 0 ? 'no message' : lines.join(' ');
}
