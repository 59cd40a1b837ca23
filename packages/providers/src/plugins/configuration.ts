/**
 * Which plugins there are: the lists in the ConfigMap `argo-rollouts-config`, in the words of Argo Rollouts.
 *
 * @see argoproj/argo-rollouts utils/config/config.go, utils/plugin/types/types.go PluginItem
 */
import { FAILSAFE_SCHEMA, load } from 'js-yaml';
import type { PluginKind } from './process.ts';

export type ConfiguredPlugin = {
  readonly kind: PluginKind;
  /** `namespace/name`, as Rollouts and metrics call it. */
  readonly name: string;
  /** `file://`, `http://` or `https://`. */
  readonly location: string;
  /** 64 hexadecimal digits; empty: not checked. */
  readonly sha256: string;
  readonly args: readonly string[];
  /** Secrets whose entries are sent as headers of the download. */
  readonly headersFrom: readonly string[];
  /** A step plugin that is passed over. */
  readonly isDisabled: boolean;
};

export type ConfigurationResult =
  | { readonly ok: true; readonly plugins: readonly ConfiguredPlugin[] }
  /** One sentence that names the key, and the entry by its number from 1 or by its name. */
  | { readonly ok: false; readonly problem: string };

const keys: readonly (readonly [string, PluginKind, string])[] = [
  ['trafficRouterPlugins', 'traffic', 'traffic router plugins'],
  ['metricProviderPlugins', 'metric', 'metric provider plugins'],
  ['stepPlugins', 'step', 'step plugins'],
];

const namePattern = /^([a-zA-Z0-9-]+)\/([a-zA-Z0-9_\-.]+)$/;

/** The folder and the file of a plugin; `undefined` for a name that is none, or that would leave the folder. */
export function pluginFile(name: string): { readonly folder: string; readonly file: string } | undefined {
  const match = namePattern.exec(name);
  const [, folder = '', file = ''] = match ?? [];
  return match === null || file === '.' || file === '..' ? undefined : { folder, file };
}

class ConfigurationProblem extends Error {}

/** @param data - of the ConfigMap; `undefined` where there is none: no plugins */
export function readPluginConfiguration(data: Readonly<Record<string, string>> | undefined): ConfigurationResult {
  try {
    return { ok: true, plugins: keys.flatMap(([key, kind, what]) => readList(data?.[key] ?? '', kind, what)) };
  } catch (problem) {
    if (problem instanceof ConfigurationProblem) return { ok: false, problem: problem.message };
    throw problem;
  }
}

function readList(text: string, kind: PluginKind, what: string): readonly ConfiguredPlugin[] {
  const fail = (problem: string): never => {
    throw new ConfigurationProblem(`failed to unmarshal ${what} while initializing: ${problem}`);
  };
  let list: unknown;
  try {
    // All scalars as text: a checksum of digits alone is no number.
    list = load(text, { schema: FAILSAFE_SCHEMA });
  } catch (problem) {
    return fail(problem instanceof Error ? (problem.message.split('\n')[0] ?? '') : String(problem));
  }
  if (isNothing(list)) return [];
  if (!Array.isArray(list)) return fail('a list is wanted');
  const plugins = list.map((entry: unknown, index) => readPlugin(entry, kind, (problem) => fail(`entry ${index + 1}: ${problem}`)));
  const names = new Set<string>();
  for (const { name } of plugins) {
    if (names.has(name)) fail(`plugin ${name} is configured twice`);
    names.add(name);
  }
  return plugins;
}

function readPlugin(entry: unknown, kind: PluginKind, fail: (problem: string) => never): ConfiguredPlugin {
  if (!isObject(entry)) return fail('an object is wanted');
  const text = (key: string): string => {
    const value = entry[key];
    if (isNothing(value)) return '';
    return typeof value === 'string' ? value : fail(`${key} is to be text`);
  };
  const list = (key: string): readonly unknown[] => {
    const value = entry[key];
    if (isNothing(value)) return [];
    return Array.isArray(value) ? value : fail(`${key} is to be a list`);
  };
  const name = text('name');
  if (pluginFile(name) === undefined) {
    throw new ConfigurationProblem(`validation of config due to (plugin repository (${name}) must be in the format of <namespace>/<name>)`);
  }
  const disabled = text('disabled').toLowerCase();
  if (!['', 'true', 'false'].includes(disabled)) fail('disabled is to be true or false');
  return {
    kind,
    name,
    location: text('location'),
    sha256: text('sha256'),
    args: list('args').map((argument) => (typeof argument === 'string' ? argument : fail('args are to be text'))),
    headersFrom: list('headersFrom').map((source) => {
      const secret = isObject(source) && isObject(source.secretRef) ? source.secretRef.name : undefined;
      return typeof secret === 'string' && secret !== '' ? secret : fail('headersFrom is to name a secret in secretRef.name');
    }),
    isDisabled: kind === 'step' && disabled === 'true',
  };
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === 'null' || value === '~';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
