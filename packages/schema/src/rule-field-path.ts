/** `fieldPath` of a rule: a JSON path of fields and map keys, such as `.spec.parts['a.b']`, relative to the rule's node. */
import type { Schema } from './schema.ts';

const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  "'": "'",
  '\\': '\\',
};

/** The path as messages have it (`spec.parts[a.b]`), or `undefined` if the schema has no such field. */
export function fieldPathOf(text: string, schema: Schema): string | undefined {
  const token = /\.([^.[\]]+)|\['((?:\\.|[^'\\])*)'\]/y;
  let current: Schema | undefined = schema;
  let path = '';
  let at = 0;
  while (at < text.length) {
    token.lastIndex = at;
    const match = token.exec(text);
    if (match === null || current === undefined) return undefined;
    at = token.lastIndex;
    const name: string | undefined = match[1] ?? unescaped(match[2] ?? '');
    if (name === undefined) return undefined;
    if (current.properties !== undefined) {
      path = path === '' ? name : `${path}.${name}`;
      current = Object.hasOwn(current.properties, name) ? current.properties[name] : undefined;
      if (current === undefined) return undefined;
    } else if (typeof current.additionalProperties === 'object') {
      path = `${path}[${name}]`;
      current = current.additionalProperties;
    } else return undefined;
  }
  return path;
}

function unescaped(text: string): string | undefined {
  let isValid = true;
  const out = text.replace(/\\(.)/g, (_, letter: string) => {
    const character = escapes[letter];
    if (character === undefined) isValid = false;
    return character ?? '';
  });
  return isValid ? out : undefined;
}
