/**
 * Helm's `--set` language as data: `a.b=c,list[0].d=1,e={x,y}`. Parsed here so that values travel to helm in a file
 * that only the user can read, never as arguments that every process on the machine can see.
 */

/** Text that is not in the `--set` language. The message quotes the key, never the value: it may be a secret. */
export class SetValuesError extends Error {}

export type Values = { readonly [key: string]: unknown };

type Step = { readonly kind: 'key'; readonly key: string } | { readonly kind: 'index'; readonly index: number };

const indexMax = 65_536;

/**
 * Applies `--set` texts in order over `base` and returns a new object; `base` is not changed.
 * A list element is changed within the list that `base` has; a path that meets another shape replaces it.
 *
 * @throws SetValuesError
 * @example applySetValues({ a: { b: 1 } }, ['a.c=2,d={x,y}']) gives { a: { b: 1, c: 2 }, d: ['x', 'y'] }
 */
export function applySetValues(base: Values, texts: readonly string[], options: { readonly asText?: boolean } = {}): Values {
  let values: unknown = base;
  for (const text of texts) {
    const reader = { text, at: 0 };
    while (reader.at < text.length) {
      const path = readPath(reader);
      const value = readValue(reader, options.asText ?? false);
      values = withValue(values, path, value);
    }
  }
  return values as Values;
}

type Reader = { readonly text: string; at: number };

function readPath(reader: Reader): readonly Step[] {
  const { text } = reader;
  const from = reader.at;
  const steps: Step[] = [];
  let key = '';
  const closeKey = (): void => {
    if (key !== '') steps.push({ kind: 'key', key });
    else if (steps.at(-1)?.kind !== 'index') throw new SetValuesError(`--set ${quote(text.slice(from, reader.at))}: a key is empty`);
    key = '';
  };
  for (; reader.at < text.length; reader.at++) {
    const char = text[reader.at];
    if (char === '\\' && reader.at + 1 < text.length) {
      key += text[++reader.at];
    } else if (char === '.') {
      closeKey();
    } else if (char === '[') {
      if (key !== '' || steps.at(-1)?.kind !== 'index') closeKey();
      const end = text.indexOf(']', reader.at);
      const digits = end < 0 ? '' : text.slice(reader.at + 1, end);
      if (!/^\d+$/.test(digits) || Number(digits) > indexMax) {
        throw new SetValuesError(
          `--set ${quote(text.slice(from, reader.at))}: the index of a list is a number from 0 to ${indexMax} in brackets`,
        );
      }
      steps.push({ kind: 'index', index: Number(digits) });
      reader.at = end;
    } else if (char === '=') {
      closeKey();
      reader.at++;
      return steps;
    } else if (char === ',') {
      break;
    } else {
      key += char;
    }
  }
  throw new SetValuesError(`--set ${quote(text.slice(from, reader.at))}: there is no value; write key=value`);
}

function readValue(reader: Reader, asText: boolean): unknown {
  if (reader.text[reader.at] !== '{') {
    const { word } = readWord(reader, ',');
    reader.at++;
    return asText ? word : typed(word);
  }
  const list: unknown[] = [];
  reader.at++;
  for (;;) {
    const { word, end } = readWord(reader, ',}');
    if (end === undefined) throw new SetValuesError("--set: a list that opens with '{' must end with '}'");
    if (!(end === '}' && word === '' && list.length === 0)) list.push(asText ? word : typed(word));
    reader.at++;
    if (end === '}') break;
  }
  if (reader.text[reader.at] === ',') reader.at++;
  return list;
}

function readWord(reader: Reader, ends: string): { word: string; end: string | undefined } {
  let word = '';
  for (; reader.at < reader.text.length; reader.at++) {
    const char = reader.text[reader.at] ?? '';
    if (char === '\\' && reader.at + 1 < reader.text.length) {
      word += reader.text[++reader.at];
    } else if (ends.includes(char)) {
      return { word, end: char };
    } else {
      word += char;
    }
  }
  return { word, end: undefined };
}

/** As helm reads a bare word: true, false, null, an integer without leading zero; anything else is text. */
function typed(word: string): unknown {
  if (word.toLowerCase() === 'true') return true;
  if (word.toLowerCase() === 'false') return false;
  if (word.toLowerCase() === 'null') return null;
  if (word === '0') return 0;
  if (/^[+-]?[1-9]\d*$/.test(word) && Number.isSafeInteger(Number(word))) return Number(word);
  return word;
}

function withValue(target: unknown, path: readonly Step[], value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (step.kind === 'index') {
    const list: unknown[] = Array.isArray(target) ? [...(target as unknown[])] : [];
    while (list.length < step.index) list.push(null);
    list[step.index] = withValue(list[step.index], rest, value);
    return list;
  }
  const map = typeof target === 'object' && target !== null && !Array.isArray(target) ? (target as Values) : {};
  return { ...map, [step.key]: withValue(Object.hasOwn(map, step.key) ? map[step.key] : undefined, rest, value) };
}

function quote(key: string): string {
  return JSON.stringify(key.split('=')[0] ?? '');
}
