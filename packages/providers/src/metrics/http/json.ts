/** JSON from outside. The words for what is broken are those of Go's decoder as far as people meet them: at the first character, and at the end. */

/** @throws Error such as `invalid character '<' looking for beginning of value` */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(jsonProblem(text));
  }
}

function jsonProblem(text: string): string {
  const trimmed = text.replace(/^[ \t\r\n]+/, '');
  const [first = ''] = trimmed;
  if (first === '') return 'unexpected end of JSON input';
  if (!/^["{[\d\-tfn]$/.test(first)) return `invalid character ${quoteCharacter(first)} looking for beginning of value`;
  if (/^[{[][^}\]]*$/.test(trimmed)) return 'unexpected end of JSON input';
  return 'invalid JSON';
}

function quoteCharacter(character: string): string {
  return character === "'" ? `'\\''` : `'${character}'`;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field of what may be an object; `undefined` if it is none or has no such field of its own. */
export function fieldOf(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const name of path) {
    if (!isRecord(at) || !Object.hasOwn(at, name)) return undefined;
    at = at[name];
  }
  return at;
}

/** Compact JSON as Go's `json.Marshal` writes what it has decoded: keys sorted, `<`, `>` and `&` escaped. */
export function sortedJson(value: unknown): string {
  return JSON.stringify(sorted(value)).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isRecord(value)) return value ?? null;
  // Entries, not assignments: a key may be `__proto__`.
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  );
}
