/** Options of services and sections of templates, as people wrote them: read with the name of what is wrong. */

export type Options = Readonly<Record<string, unknown>>;

export class OptionsProblem extends Error {}

export function isOptions(value: unknown): value is Options {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldOf(options: Options, name: string): unknown {
  return Object.hasOwn(options, name) ? (options[name] ?? undefined) : undefined;
}

/** A text; numbers count as such, since YAML reads `appID: 12` as one. Empty where it is absent. */
export function text(options: Options, name: string): string {
  const value = fieldOf(options, name) ?? '';
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  if (typeof value !== 'string') throw new OptionsProblem(`${name}: must be a text`);
  return value;
}

/** @throws OptionsProblem where it is absent or empty */
export function neededText(options: Options, name: string): string {
  const value = text(options, name);
  if (value === '') throw new OptionsProblem(`${name} is missing`);
  return value;
}

export function flag(options: Options, name: string): boolean {
  const value = fieldOf(options, name) ?? false;
  if (typeof value === 'boolean') return value;
  if (value === 'true' || value === 'false') return value === 'true';
  throw new OptionsProblem(`${name}: must be true or false`);
}

/** A whole number, also as a text: values of Secrets are texts. 0 where it is absent. */
export function integer(options: Options, name: string): number {
  const value = fieldOf(options, name) ?? 0;
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value.trim()) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw new OptionsProblem(`${name}: must be a whole number`);
  return number;
}

/** Texts by name. */
export function texts(options: Options, name: string): ReadonlyMap<string, string> {
  const value = fieldOf(options, name) ?? {};
  if (!isOptions(value)) throw new OptionsProblem(`${name}: must be a map`);
  return new Map(
    Object.keys(value).map((key) => {
      try {
        return [key, text(value, key)] as const;
      } catch {
        throw new OptionsProblem(`${name}.${key}: must be a text`);
      }
    }),
  );
}

export function textList(options: Options, name: string): readonly string[] {
  const value = fieldOf(options, name) ?? [];
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value as string[];
  throw new OptionsProblem(`${name}: must be a list of texts`);
}

/** Options within options; `undefined` where they are absent. */
export function inner(options: Options, name: string): Options | undefined {
  const value = fieldOf(options, name);
  if (value === undefined || isOptions(value)) return value;
  throw new OptionsProblem(`${name}: must be a map`);
}

export function list(options: Options, name: string): readonly unknown[] {
  const value = fieldOf(options, name) ?? [];
  if (Array.isArray(value)) return value;
  throw new OptionsProblem(`${name}: must be a list`);
}

/** JSON that a template rendered, of this form. @throws OptionsProblem that names the field, not what stands in it */
export function json(field: string, rendered: string, form: 'list' | 'map'): unknown {
  let value: unknown;
  try {
    value = JSON.parse(rendered);
  } catch {
    throw new OptionsProblem(`${field}: is not valid JSON once rendered`);
  }
  if (form === 'list' ? Array.isArray(value) : isOptions(value)) return value;
  throw new OptionsProblem(`${field}: must be a JSON ${form === 'list' ? 'list' : 'object'} once rendered`);
}

/** Without what is empty, as Go's `omitempty`. */
export function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== '' && value !== undefined && !(Array.isArray(value) && value.length === 0)),
  );
}
