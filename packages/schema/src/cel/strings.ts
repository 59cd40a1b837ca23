/** Strings and regular expressions in rules: cel-go's `ext.Strings` (version 2) and Kubernetes' regex library. */
import type { Environment } from '@marcbachmann/cel-js';
import { goQuote } from '../go-text.ts';
import { goPattern } from '../patterns.ts';

/** A namespace such as `strings` in `strings.quote(x)` is a constant with methods. */
class StringsNamespace {}

export function registerStrings(env: Environment): void {
  env.registerType('StringsNamespace', { ctor: StringsNamespace, fields: {} });
  env.registerConstant('strings', 'StringsNamespace', new StringsNamespace());
  env.registerFunction('StringsNamespace.quote(string): string', (_: unknown, text: string) => goQuote(text));
  env.registerFunction('string.charAt(int): string', charAt);
  env.registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
    text.replaceAll(from, () => to),
  );
  env.registerFunction('string.replace(string, string, int): string', replaceSome);
  env.registerFunction('string.format(list<dyn>): string', format);
  // The library's own `matches` knows ECMAScript expressions only; rules are sent here instead.
  env.registerFunction(`string.${matchesName}(string): bool`, (text: string, pattern: string) => goPattern(pattern).test(text));
  env.registerFunction('string.find(string): string', (text: string, pattern: string) => goPattern(pattern).find(text) ?? '');
  env.registerFunction('string.findAll(string): list<string>', (text: string, pattern: string) => goPattern(pattern).findAll(text, -1));
  env.registerFunction('string.findAll(string, int): list<string>', (text: string, pattern: string, limit: bigint) =>
    goPattern(pattern).findAll(text, Number(limit)),
  );
}

const matchesName = 'matchesGo';

/** Sends `.matches(` to the matcher that reads Go's expressions. Text in quotes stays as it is. */
export function withGoMatches(rule: string): string {
  return rule.replace(
    /("""[\s\S]*?"""|'''[\s\S]*?'''|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|\.\s*matches(?=\s*\()/g,
    (_, quoted: string | undefined) => quoted ?? `.${matchesName}`,
  );
}

function charAt(text: string, index: bigint): string {
  const characters = [...text];
  const at = Number(index);
  if (at < 0 || at > characters.length) throw new Error(`index out of range: ${at}`);
  return characters[at] ?? '';
}

function replaceSome(text: string, from: string, to: string, limit: bigint): string {
  if (limit < 0n) return text.replaceAll(from, () => to);
  let left = Number(limit);
  return text.replaceAll(from, (found) => (left-- > 0 ? to : found));
}

/** `"%s has %d".format([name, n])` with the verbs s, d, f, e, b, x, X, o and a precision such as `%.2f`. */
function format(pattern: string, args: readonly unknown[]): string {
  let next = 0;
  const text = pattern.replace(/%(?:%|(?:\.(\d+))?([a-zA-Z]))/g, (whole, precision: string | undefined, verb: string | undefined) => {
    if (whole === '%%') return '%';
    if (next >= args.length) throw new Error(`index ${next} out of range`);
    return formatOne(verb ?? '', precision === undefined ? 6 : Number(precision), args[next++]);
  });
  return text;
}

function formatOne(verb: string, precision: number, value: unknown): string {
  switch (verb) {
    case 's':
      return celText(value);
    case 'd':
      if (typeof value === 'bigint') return value.toString();
      break;
    case 'f':
      if (typeof value === 'number' || typeof value === 'bigint') return Number(value).toFixed(precision);
      break;
    case 'e':
      if (typeof value === 'number' || typeof value === 'bigint')
        return Number(value)
          .toExponential(precision)
          .replace(/e([+-])(\d)$/, 'e$10$2');
      break;
    case 'b':
      if (typeof value === 'bigint') return value.toString(2);
      if (typeof value === 'boolean') return value ? '1' : '0';
      break;
    case 'o':
      if (typeof value === 'bigint') return value.toString(8);
      break;
    case 'x':
    case 'X': {
      const hex =
        typeof value === 'bigint' ? value.toString(16) : typeof value === 'string' ? Buffer.from(value).toString('hex') : undefined;
      if (hex !== undefined) return verb === 'X' ? hex.toUpperCase() : hex;
      break;
    }
    default:
      throw new Error(`unrecognized formatting clause "${verb}"`);
  }
  throw new Error(`error during formatting: ${verb} clause cannot take ${typeof value}`);
}

/** A value as `%s` and messages print it. */
function celText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return `[${value.map(celText).join(', ')}]`;
  if (value instanceof Map) return `{${[...value].map(([key, child]) => `${celText(key)}: ${celText(child)}`).join(', ')}}`;
  if (value instanceof Date) return value.toISOString().replace('.000Z', 'Z');
  if (value === null) return 'null';
  if (typeof value === 'object' && Object.getPrototypeOf(value) === null) {
    return `{${Object.entries(value)
      .map(([key, child]) => `${key}: ${celText(child)}`)
      .join(', ')}}`;
  }
  return String(value);
}
