/** One kubeconfig file as data, and several as one. Field access with errors that name the file and the field's path, never its value. */
import { JSON_SCHEMA, load, YAMLException } from 'js-yaml';
import { KubeconfigError } from './errors.ts';

/** What stands under `cluster`, `context` or `user` of a named entry, and the file it came from. */
export type KubeconfigEntry = { readonly path: string; readonly value: Readonly<Record<string, unknown>> };

export type KubeconfigFile = {
  readonly path: string;
  readonly currentContext: string | undefined;
  readonly clusters: ReadonlyMap<string, KubeconfigEntry>;
  readonly contexts: ReadonlyMap<string, KubeconfigEntry>;
  readonly users: ReadonlyMap<string, KubeconfigEntry>;
};

/** @throws KubeconfigError with the line for broken YAML; without the text of the line, which may hold a token */
export function parseKubeconfig(path: string, text: string): KubeconfigFile {
  let document: unknown;
  try {
    document = load(text, { schema: JSON_SCHEMA });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new KubeconfigError(`kubeconfig ${path}: line ${(error.mark?.line ?? 0) + 1}: ${error.reason}`);
  }
  if (document !== undefined && document !== null && !isRecord(document)) {
    throw new KubeconfigError(`kubeconfig ${path}: not a kubeconfig: a mapping was expected`);
  }
  const root: KubeconfigEntry = { path: `kubeconfig ${path}`, value: (document as Record<string, unknown> | null | undefined) ?? {} };
  const current = textField(root, 'current-context', '');
  return {
    path,
    currentContext: current === '' ? undefined : current,
    clusters: entriesOf(root, path, 'clusters', 'cluster'),
    contexts: entriesOf(root, path, 'contexts', 'context'),
    users: entriesOf(root, path, 'users', 'user'),
  };
}

/** The first file that sets a value or has an entry of a name wins (client-go, clientcmd loader). */
export function mergeKubeconfigs(files: readonly KubeconfigFile[]): Omit<KubeconfigFile, 'path'> {
  const merge = (of: (file: KubeconfigFile) => ReadonlyMap<string, KubeconfigEntry>): ReadonlyMap<string, KubeconfigEntry> =>
    new Map([...files].reverse().flatMap((file) => [...of(file)]));
  return {
    currentContext: files.find((file) => file.currentContext !== undefined)?.currentContext,
    clusters: merge((file) => file.clusters),
    contexts: merge((file) => file.contexts),
    users: merge((file) => file.users),
  };
}

function entriesOf(root: KubeconfigEntry, path: string, field: string, inner: string): ReadonlyMap<string, KubeconfigEntry> {
  const entries = new Map<string, KubeconfigEntry>();
  for (const [index, item] of (arrayField(root, field, '') ?? []).entries()) {
    const at = `${root.path}: ${field}[${index}]`;
    if (!isRecord(item)) throw new KubeconfigError(`${at}: a mapping was expected`);
    const name = numberOrTextField(item.name);
    if (name === '') throw new KubeconfigError(`${at}.name is missing`);
    const value = item[inner] ?? {};
    if (!isRecord(value)) throw new KubeconfigError(`${root.path}: ${field}[${name}].${inner}: a mapping was expected`);
    if (!entries.has(name)) entries.set(name, { path, value });
  }
  return entries;
}

export function textField(entry: KubeconfigEntry, field: string, at: string): string | undefined {
  const value = entry.value[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number') return String(value);
  if (typeof value !== 'string') throw wrong(entry, field, at, 'text');
  return value;
}

export function booleanField(entry: KubeconfigEntry, field: string, at: string): boolean | undefined {
  const value = entry.value[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw wrong(entry, field, at, 'true or false');
  return value;
}

export function arrayField(entry: KubeconfigEntry, field: string, at: string): readonly unknown[] | undefined {
  const value = entry.value[field];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw wrong(entry, field, at, 'a list');
  return value;
}

export function recordField(entry: KubeconfigEntry, field: string, at: string): Readonly<Record<string, unknown>> | undefined {
  const value = entry.value[field];
  if (value === undefined || value === null) return undefined;
  if (!isRecord(value)) throw wrong(entry, field, at, 'a mapping');
  return value;
}

/** Names and arguments that YAML may have read as a number. */
export function numberOrTextField(value: unknown): string {
  return typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

function wrong(entry: KubeconfigEntry, field: string, at: string, expected: string): KubeconfigError {
  return new KubeconfigError(`${entry.path}: ${at === '' ? '' : `${at}.`}${field}: ${expected} was expected`);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
