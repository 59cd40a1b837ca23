/**
 * YAML as Kubernetes reads it (sigs.k8s.io/yaml over go-yaml v2): YAML 1.1 booleans and octal numbers, timestamps stay text, and a key
 * may come once. Documents that hold nothing are left out.
 */
import { dump, FAILSAFE_SCHEMA, loadAll, Type, YAMLException } from 'js-yaml';

/** Text that is no YAML. `line` counts from 1 over all documents. */
export class YamlError extends Error {
  readonly line: number | undefined;

  constructor(message: string, line: number | undefined, options?: ErrorOptions) {
    super(message, options);
    this.name = 'YamlError';
    this.line = line;
  }
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ...'y Y yes Yes YES true True TRUE on On ON'.split(' ').map((word) => [word, true] as const),
  ...'n N no No NO false False FALSE off Off OFF'.split(' ').map((word) => [word, false] as const),
]);

const nulls: ReadonlySet<string> = new Set(['', '~', 'null', 'Null', 'NULL']);

const floats: ReadonlyMap<string, number> = new Map([
  ...'.nan .NaN .NAN'.split(' ').map((word) => [word, Number.NaN] as const),
  ...'.inf .Inf .INF +.inf +.Inf +.INF'.split(' ').map((word) => [word, Number.POSITIVE_INFINITY] as const),
  ...'-.inf -.Inf -.INF'.split(' ').map((word) => [word, Number.NEGATIVE_INFINITY] as const),
]);

/** An integer as Go's `ParseInt` with base 0 reads it, or `undefined`. */
function integerOf(text: string): number | undefined {
  if (!/^[-+]?\d/.test(text)) return undefined;
  const plain = text.replaceAll('_', '');
  const match = /^([-+]?)(0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO][0-7]+|0[0-7]*|[1-9]\d*)$/.exec(plain);
  if (match === null) return undefined;
  const digits = match[2] ?? '';
  const value = /^0[0-7]/.test(digits) ? Number.parseInt(digits, 8) : Number(digits);
  return match[1] === '-' && value !== 0 ? -value : value;
}

function floatOf(text: string): number | undefined {
  const known = floats.get(text);
  if (known !== undefined) return known;
  if (!/^[-+.\d]/.test(text)) return undefined;
  const plain = text.replaceAll('_', '');
  return /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/.test(plain) ? Number(plain) : undefined;
}

function scalarType<T>(name: string, read: (text: string) => T | undefined, predicate: (value: object) => boolean): Type {
  return new Type(`tag:yaml.org,2002:${name}`, {
    kind: 'scalar',
    resolve: (text: string | null) => read(text ?? '') !== undefined,
    construct: (text: string | null) => read(text ?? ''),
    predicate,
    represent: (value: object) => String(value),
  });
}

const kubernetesSchema = FAILSAFE_SCHEMA.extend({
  implicit: [
    new Type('tag:yaml.org,2002:null', {
      kind: 'scalar',
      resolve: (text: string | null) => nulls.has(text ?? ''),
      construct: () => null,
      predicate: (value: object | null) => value === null,
      represent: () => 'null',
    }),
    scalarType(
      'bool',
      (text) => booleans.get(text),
      (value) => typeof value === 'boolean',
    ),
    scalarType('int', integerOf, (value) => typeof value === 'number' && Number.isInteger(value)),
    scalarType('float', floatOf, (value) => typeof value === 'number'),
    new Type('tag:yaml.org,2002:merge', { kind: 'scalar', resolve: (text: string | null) => text === '<<' }),
  ],
});

/**
 * The documents of a text, without empty ones. Text that is JSON is read as JSON, where the last of two equal keys counts.
 *
 * @throws YamlError with the line, `yaml: line 3: ...`
 */
export function parseYaml(text: string): unknown[] {
  if (/^\s*[{[]/.test(text)) {
    try {
      return [JSON.parse(text)];
    } catch {
      // It may still be YAML in flow style.
    }
  }
  try {
    return loadAll(text, undefined, { schema: kubernetesSchema }).filter((document) => document !== null && document !== undefined);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const line = error.mark === undefined ? undefined : error.mark.line + 1;
    throw new YamlError(`yaml: ${line === undefined ? '' : `line ${line}: `}${error.reason}`, line, { cause: error });
  }
}

/** One document, keys sorted, lists not indented: as `kubectl get -o yaml` prints. */
export function toYaml(value: unknown): string {
  return dump(value, { schema: kubernetesSchema, sortKeys: true, noArrayIndent: true, noRefs: true, lineWidth: -1, quotingType: '"' });
}
