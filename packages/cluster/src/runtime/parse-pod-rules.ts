/**
 * Rule files: YAML documents of kind `PodRules`, as people write them beside their manifests. The fields are those of `PodRule`, with
 * durations as text (`1s500ms`) or ranges (`{ min: 1s, max: 2s }`). The first thing that is wrong is the one error, with its path.
 */
import { parseQuantity } from '@sluice/api';
import { loadAll, YAMLException } from 'js-yaml';
import { parseDurationMs } from '../shapes/durations.ts';
import { type Delay, exactly, type PodLife, type PodMatch, type PodRule } from './rules.ts';

/** A rule file that cannot be used. `path` is that of the field, empty where the text is no YAML. */
export class PodRulesError extends Error {
  readonly path: string;

  constructor(path: string, problem: string) {
    super(path === '' ? `pod rules: ${problem}` : `pod rules: ${path}: ${problem}`);
    this.name = 'PodRulesError';
    this.path = path;
  }
}

/** @throws PodRulesError */
export function parsePodRules(text: string): readonly PodRule[] {
  let documents: readonly unknown[];
  try {
    documents = loadAll(text).filter((document) => document !== null && document !== undefined);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new PodRulesError('', `no valid YAML: ${error.reason} (line ${error.mark.line + 1})`);
  }
  return documents.flatMap((document, index) => documentRules(document, documents.length > 1 ? `document ${index + 1} ` : ''));
}

type Fields = Readonly<Record<string, unknown>>;

function documentRules(document: unknown, prefix: string): readonly PodRule[] {
  const fields = object(document, `${prefix}document`.trim());
  known(fields, prefix, ['apiVersion', 'kind', 'metadata', 'rules']);
  if (fields.kind !== 'PodRules') throw new PodRulesError(`${prefix}kind`, `must be PodRules, not ${JSON.stringify(fields.kind ?? null)}`);
  return list(fields.rules, `${prefix}rules`).map((rule, index) => parseRule(rule, `${prefix}rules[${index}]`));
}

function parseRule(value: unknown, path: string): PodRule {
  const fields = object(value, path);
  known(fields, `${path}.`, ['name', 'match', 'life']);
  return {
    name: optional(fields.name, `${path}.name`, string) ?? path,
    match: parseMatch(fields.match ?? {}, `${path}.match`),
    life: parseLife(fields.life ?? {}, `${path}.life`),
  };
}

function parseMatch(value: unknown, path: string): PodMatch {
  const fields = object(value, path);
  known(fields, `${path}.`, ['namespace', 'labels', 'annotations', 'image', 'ownerKind', 'restartPolicy', 'command']);
  const at = (name: string): string => `${path}.${name}`;
  return defined({
    namespace: optional(fields.namespace, at('namespace'), string),
    labels: optional(fields.labels, at('labels'), strings),
    annotations: optional(fields.annotations, at('annotations'), strings),
    image: optional(fields.image, at('image'), string),
    ownerKind: optional(fields.ownerKind, at('ownerKind'), string),
    restartPolicy: optional(fields.restartPolicy, at('restartPolicy'), (policies, where) =>
      list(policies, where).map((policy, index) => string(policy, `${where}[${index}]`)),
    ),
    command: optional(fields.command, at('command'), string),
  });
}

const delays = ['scheduledAfter', 'pulledAfter', 'startedAfter', 'readyAfter', 'unreadyAfter', 'terminatedAfter'] as const;

function parseLife(value: unknown, path: string): Partial<PodLife> {
  const fields = object(value, path);
  known(fields, `${path}.`, [...delays, 'unschedulable', 'pullError', 'neverReady', 'exit', 'usage', 'logs', 'quiet']);
  const at = (name: string): string => `${path}.${name}`;
  return defined({
    ...Object.fromEntries(delays.map((name) => [name, optional(fields[name], at(name), delay)])),
    unschedulable: optional(fields.unschedulable, at('unschedulable'), string),
    pullError: optional(fields.pullError, at('pullError'), (error, where) => (error === true ? 'not found' : string(error, where))),
    isNeverReady: optional(fields.neverReady, at('neverReady'), boolean),
    isQuiet: optional(fields.quiet, at('quiet'), boolean),
    exit: optional(fields.exit, at('exit'), exit),
    usage: optional(fields.usage, at('usage'), usage),
    logs: optional(fields.logs, at('logs'), (lines, where) => list(lines, where).map((line, index) => string(line, `${where}[${index}]`))),
  });
}

function exit(value: unknown, path: string): NonNullable<PodLife['exit']> {
  if (value === 'command') return 'command';
  const fields = object(value, path);
  known(fields, `${path}.`, ['after', 'code']);
  const code = fields.code ?? 0;
  if (typeof code !== 'number' || !Number.isInteger(code) || code < 0 || code > 255) {
    throw new PodRulesError(`${path}.code`, 'must be a whole number from 0 to 255');
  }
  return { after: optional(fields.after, `${path}.after`, delay) ?? exactly(0), code };
}

function usage(value: unknown, path: string): PodLife['usage'] {
  const fields = object(value, path);
  known(fields, `${path}.`, ['cpu', 'memory']);
  return { cpu: quantity(fields.cpu ?? '0', `${path}.cpu`), memory: quantity(fields.memory ?? '0', `${path}.memory`) };
}

function quantity(value: unknown, path: string): string {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || parseQuantity(text) === undefined) {
    throw new PodRulesError(path, `must be a quantity such as 100m or 64Mi, not ${JSON.stringify(value)}`);
  }
  return text;
}

function delay(value: unknown, path: string): Delay {
  if (typeof value !== 'object' || value === null) return exactly(duration(value, path));
  const fields = object(value, path);
  known(fields, `${path}.`, ['min', 'max']);
  const minMs = duration(fields.min, `${path}.min`);
  const maxMs = duration(fields.max, `${path}.max`);
  if (maxMs < minMs) throw new PodRulesError(`${path}.max`, 'must not be less than min');
  return { minMs, maxMs };
}

function duration(value: unknown, path: string): number {
  const ms = parseDurationMs(value);
  if (ms === undefined) throw new PodRulesError(path, `must be a duration such as 500ms or 2s, not ${JSON.stringify(value ?? null)}`);
  return ms;
}

function object(value: unknown, path: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PodRulesError(path, `must be an object, not ${JSON.stringify(value ?? null)}`);
  }
  return value as Fields;
}

function list(value: unknown, path: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new PodRulesError(path, `must be a list, not ${JSON.stringify(value ?? null)}`);
  return value;
}

function string(value: unknown, path: string): string {
  if (typeof value !== 'string') throw new PodRulesError(path, `must be text, not ${JSON.stringify(value)}`);
  return value;
}

function boolean(value: unknown, path: string): boolean {
  if (typeof value !== 'boolean') throw new PodRulesError(path, `must be true or false, not ${JSON.stringify(value)}`);
  return value;
}

function strings(value: unknown, path: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(object(value, path)).map(([key, text]) => [key, string(text, `${path}.${key}`)]));
}

function optional<T>(value: unknown, path: string, parse: (value: unknown, path: string) => T): T | undefined {
  return value === undefined ? undefined : parse(value, path);
}

function known(fields: Fields, prefix: string, names: readonly string[]): void {
  const unknown = Object.keys(fields).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new PodRulesError(`${prefix}${unknown}`, `is not a field; there are ${names.join(', ')}`);
}

function defined<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
