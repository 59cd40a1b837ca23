/** JSON values as CEL sees them through a schema: integers as BigInt, times as dates, only declared properties, names escaped. */
import { isBase64 } from '../formats.ts';
import { isObject, type JsonObject, type Schema } from '../schema.ts';
import { dynamicEnvironment } from './environment.ts';

const reserved: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
);

/** A property's name as an identifier, or `undefined` if it cannot be one. */
export function escapeName(name: string): string | undefined {
  if (reserved.has(name)) return `__${name}__`;
  if (!/^[a-zA-Z_./-][a-zA-Z0-9_./-]*$/.test(name)) return undefined;
  return name.replace(/__|[./-]/g, (found) => {
    switch (found) {
      case '__':
        return '__underscores__';
      case '.':
        return '__dot__';
      case '-':
        return '__dash__';
      default:
        return '__slash__';
    }
  });
}

/** What rules see of a resource beside its schema. */
const resourceFields: Readonly<Record<string, Schema>> = {
  apiVersion: { type: 'string' },
  kind: { type: 'string' },
  metadata: { type: 'object', properties: { name: { type: 'string' }, generateName: { type: 'string' } } },
};

/** The properties that rules may use, `isResource` for the root and for embedded resources. */
export function visibleProperties(schema: Schema, isResource: boolean): Readonly<Record<string, Schema>> {
  return isResource ? { ...schema.properties, ...resourceFields } : (schema.properties ?? {});
}

/** Converts values, each object once: parents and children with rules share the result. */
export class CelValues {
  readonly #known = new Map<object, Map<Schema, unknown>>();

  of(schema: Schema, value: unknown, isResource: boolean): unknown {
    if (value === null || value === undefined) return null;
    switch (typeof value) {
      case 'string':
        return textValue(schema, value);
      case 'number':
        return numberValue(schema, value);
      case 'object':
        break;
      default:
        return value;
    }
    const bySchema = this.#known.get(value) ?? new Map<Schema, unknown>();
    if (bySchema.has(schema)) return bySchema.get(schema);
    const converted = this.#container(schema, value, isResource);
    bySchema.set(schema, converted);
    this.#known.set(value, bySchema);
    return converted;
  }

  #container(schema: Schema, value: object, isResource: boolean): unknown {
    if (Array.isArray(value)) {
      const items = schema.items ?? {};
      return value.map((item) => this.of(items, item, items['x-kubernetes-embedded-resource'] === true));
    }
    if (!isObject(value)) return value;
    const { additionalProperties } = schema;
    if (typeof additionalProperties === 'object') {
      const isEmbedded = additionalProperties['x-kubernetes-embedded-resource'] === true;
      return new Map(Object.entries(value).map(([key, child]) => [key, this.of(additionalProperties, child, isEmbedded)]));
    }
    const properties = visibleProperties(schema, isResource);
    if (Object.keys(properties).length === 0) return this.#free(value);
    const out: Record<string, unknown> = Object.create(null);
    for (const key of Object.keys(value)) {
      const child = Object.hasOwn(properties, key) ? properties[key] : undefined;
      const name = child === undefined ? undefined : escapeName(key);
      // A property that is null is not there for `has`.
      if (child === undefined || name === undefined || value[key] === null) continue;
      out[name] = this.of(child, value[key], child['x-kubernetes-embedded-resource'] === true);
    }
    return out;
  }

  /** An object that no schema describes. */
  #free(value: JsonObject): unknown {
    return new Map(Object.entries(value).map(([key, child]) => [key, this.of({}, child, false)]));
  }
}

function numberValue(schema: Schema, value: number): unknown {
  if (schema.type === 'number') return value;
  return Number.isInteger(value) ? BigInt(value) : value;
}

function textValue(schema: Schema, value: string): unknown {
  if (schema.type !== 'string') return value;
  switch (schema.format) {
    case 'date':
    case 'date-time': {
      const time = new Date(value);
      return Number.isNaN(time.getTime()) ? value : time;
    }
    case 'duration':
      return durationOf(value);
    case 'byte':
      return isBase64(value) ? new Uint8Array(Buffer.from(value, 'base64')) : value;
    default:
      return value;
  }
}

let parseDuration: ((context: { self: string }) => unknown) | undefined;

function durationOf(text: string): unknown {
  parseDuration ??= dynamicEnvironment().parse('duration(self)');
  try {
    return parseDuration({ self: text });
  } catch {
    return text;
  }
}
