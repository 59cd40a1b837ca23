/**
 * Writes packages/apiserver/src/protobuf/messages.data.json: how the built-in kinds look in Kubernetes' protobuf encoding. Field
 * numbers and types come from the `generated.proto` files, names in JSON and whether a field is a pointer from the Go sources beside
 * them. Run it again for a newer Kubernetes, with the folders of its Go modules:
 *
 *   npx tsx scripts/protobuf/generate.ts <k8s.io/api> <k8s.io/apimachinery> <k8s.io/apiextensions-apiserver> <k8s.io/kube-aggregator>
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { builtinCatalog } from '../../packages/schema/src/index.ts';

type Field = { readonly number: number; readonly name: string; readonly type: string };
type GoField = {
  readonly jsonName: string;
  readonly isPointer: boolean;
  readonly omitsEmpty: boolean;
  readonly omitsZero: boolean;
  readonly isInline: boolean;
};

const scalars: Readonly<Record<string, string>> = { string: 's', int32: 'i', int64: 'i', bool: 'b', bytes: 'y', double: 'd' };

const messages = new Map<string, { readonly fields: readonly Field[]; readonly go: ReadonlyMap<number, GoField> }>();
for (const folder of process.argv.slice(2)) for (const proto of protoFiles(folder)) readProto(proto);

const wanted = reachable(
  builtinCatalog()
    .definitionNames()
    .filter((name) => messages.has(name)),
);
const positions = new Map(wanted.map((name, position) => [name, position]));
const lines = wanted.map((name) => [name, ...(messages.get(name)?.fields ?? []).map((field) => fieldText(name, field))].join(' '));
const target = fileURLToPath(new URL('../../packages/apiserver/src/protobuf/messages.data.json', import.meta.url));
writeFileSync(target, `${JSON.stringify({ text: lines.join('\n') })}\n`);
process.stdout.write(`${wanted.length} messages\n`);

function protoFiles(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return name === 'testdata' || name === 'testapigroup' ? [] : protoFiles(path);
    return name === 'generated.proto' ? [path] : [];
  });
}

function readProto(path: string): void {
  const text = readFileSync(path, 'utf8').replaceAll(/^\s*\/\/.*$/gm, '');
  const proto = /^package ([\w.]+);/m.exec(text)?.[1] ?? '';
  const goFields = readGo(dirname(path));
  for (const [, name = '', body = ''] of text.matchAll(/^message (\w+) \{\n(.*?)^\}/gms)) {
    const fields = [...body.matchAll(/^\s*(optional|repeated|map<\w+, ([\w.]+)>) ?(\.?[\w.]+)? (\w+) = (\d+);/gm)].map((match) => {
      const [, label = '', mapValue, plain = '', fieldName = '', number = ''] = match;
      const type = typeText(mapValue ?? plain, proto);
      const prefix = mapValue !== undefined ? '{' : label === 'repeated' ? '[' : '';
      return { number: Number(number), name: fieldName, type: `${prefix}${type}` };
    });
    messages.set(definitionName(`${proto}.${name}`), { fields, go: goFields.get(name) ?? new Map() });
  }
}

function typeText(type: string, proto: string): string {
  const scalar = scalars[type];
  if (scalar !== undefined) return scalar;
  const absolute = type.replace(/^\./, '');
  return definitionName(absolute.includes('.') ? absolute : `${proto}.${absolute}`);
}

/** `k8s.io.api.core.v1.Pod` is `io.k8s.api.core.v1.Pod` in OpenAPI. */
function definitionName(proto: string): string {
  return proto
    .replace(/^k8s\.io\./, 'io.k8s.')
    .replace('io.k8s.kube_aggregator.', 'io.k8s.kube-aggregator.')
    .replace('io.k8s.apiextensions_apiserver.', 'io.k8s.apiextensions-apiserver.');
}

/** Struct fields of a Go package by struct and protobuf number. */
function readGo(folder: string): ReadonlyMap<string, ReadonlyMap<number, GoField>> {
  const structs = new Map<string, Map<number, GoField>>();
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.go') && !/_test\.go$|^zz_|generated/.test(each))) {
    const text = readFileSync(join(folder, name), 'utf8');
    for (const [, struct = '', body = ''] of text.matchAll(/^type (\w+) struct \{\n(.*?)^\}/gms)) {
      const fields = new Map<number, GoField>();
      for (const [, type = '', json = '', number = ''] of body.matchAll(
        /^\s*(?:\w+\s+)?(\S+)\s+`[^`]*json:"([^"]*)"[^`]*protobuf:"\w+,(\d+),[^`]*`/gm,
      )) {
        const [jsonName = '', ...options] = json.split(',');
        fields.set(Number(number), {
          jsonName,
          isPointer: type.startsWith('*'),
          omitsEmpty: options.includes('omitempty'),
          omitsZero: options.includes('omitzero'),
          isInline: options.includes('inline'),
        });
      }
      structs.set(struct, fields);
    }
  }
  return structs;
}

function reachable(roots: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const pending = [...roots];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (found.has(name) || !messages.has(name)) continue;
    found.add(name);
    pending.push(...(messages.get(name)?.fields ?? []).map(({ type }) => type.replace(/^[[{]/, '')));
  }
  return [...found].sort();
}

/** `<number><flags>:<JSON name>:<type>`; flags are `*` pointer, `?` left out when empty, `~` when zero, `^` inline. Messages go by position. */
function fieldText(message: string, field: Field): string {
  const go = messages.get(message)?.go.get(field.number);
  const prefix = /^[[{]/.exec(field.type)?.[0] ?? '';
  const type = field.type.slice(prefix.length);
  const flags =
    go === undefined ? '' : `${go.isPointer ? '*' : ''}${go.omitsEmpty ? '?' : ''}${go.omitsZero ? '~' : ''}${go.isInline ? '^' : ''}`;
  const jsonName = go === undefined || go.jsonName === '' ? field.name : go.jsonName;
  return `${field.number}${flags}:${jsonName}:${prefix}${positions.get(type) ?? type}`;
}
