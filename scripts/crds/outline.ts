/**
 * Reads the outline language in which our kinds are written down: one field a line, children indented by two spaces.
 *
 *     name!: type = default  | sentence for `kubectl explain`
 *
 * `!` marks a required field. Types: `string`, `int32`, `int64`, `bool`, `time`, `int-or-string`, `raw` (any object), `map` (of text),
 * `object` and `[]object` (children follow), `[]string`, `enum(a,b)`, a name of another outline, `[]Name`, `map[Name]`, and the names
 * given by the caller for ready-made schemas.
 */
export type Schema = Record<string, unknown>;

type Line = { depth: number; name: string; isRequired: boolean; type: string; fallback: string | undefined; description: string };

export function readOutline(text: string, named: (name: string) => Schema): Schema {
  const lines = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map(readLine);
  const base = lines[0]?.depth ?? 0;
  let position = 0;

  function fields(depth: number): Schema {
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    while (position < lines.length) {
      const line = lines[position];
      if (line === undefined || line.depth < depth) break;
      if (line.depth > depth) throw new Error(`unexpected indentation at ${line.name}`);
      position++;
      const schema = typed(line.type, () => fields(depth + 2), named);
      if (line.fallback !== undefined) schema.default = line.fallback;
      properties[line.name] = line.description === '' ? schema : { description: line.description, ...schema };
      if (line.isRequired) required.push(line.name);
    }
    const sorted = Object.fromEntries(Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)));
    return { type: 'object', ...(required.length === 0 ? {} : { required: required.sort() }), properties: sorted };
  }

  return fields(base);
}

function readLine(line: string): Line {
  const match = /^( *)([A-Za-z0-9]+)(!?): *(\S+)(?: = (\S+))?(?: *\| *(.*))?$/.exec(line);
  if (match === null) throw new Error(`cannot read line: ${line}`);
  const [, indent = '', name = '', mark, type = '', fallback, description = ''] = match;
  return { depth: indent.length, name, isRequired: mark === '!', type, fallback, description };
}

function typed(type: string, children: () => Schema, named: (name: string) => Schema): Schema {
  if (type.startsWith('[]')) return { type: 'array', items: typed(type.slice(2), children, named) };
  if (type.startsWith('map[')) return { type: 'object', additionalProperties: typed(type.slice(4, -1), children, named) };
  const choices = /^enum\((.*)\)$/.exec(type)?.[1];
  if (choices !== undefined) return { type: 'string', enum: choices.split(',') };
  switch (type) {
    case 'string':
      return { type: 'string' };
    case 'bool':
      return { type: 'boolean' };
    case 'int32':
    case 'int64':
      return { type: 'integer', format: type };
    case 'time':
      return { type: 'string', format: 'date-time' };
    case 'int-or-string':
      return { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true };
    case 'raw':
      return { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
    case 'map':
      return { type: 'object', additionalProperties: { type: 'string' } };
    case 'empty':
      return { type: 'object' };
    case 'object': {
      const schema = children();
      return Object.keys(schema.properties as object).length === 0 ? { type: 'object' } : schema;
    }
    default:
      return structuredClone(named(type));
  }
}
