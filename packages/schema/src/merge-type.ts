/**
 * How a schema node merges under server-side apply: as a scalar, as a list or as a map, each whole (`atomic`) or piece by piece. The
 * rules are those of kube-openapi's `schemaconv`. A node without a type takes the shape of the value it meets.
 */
import { builtinCatalog } from './catalog.ts';
import type { Schema } from './schema.ts';

export type ListShape = {
  readonly isAtomic: boolean;
  /** Empty for a set. */
  readonly keys: readonly string[];
  readonly element: MergeType;
};

export type MapShape = {
  readonly isAtomic: boolean;
  readonly field: (key: string) => MergeType | undefined;
  /** The type of keys that are not fields; `undefined` if there may be none. */
  readonly element: MergeType | undefined;
};

export type Scalar = 'string' | 'numeric' | 'boolean' | 'untyped';

export class MergeType {
  readonly scalar: Scalar | undefined;
  /** What a key of a keyed list counts as where it is missing. */
  readonly keyDefault: unknown;
  /** Fields that a Go object has even when nobody set them, with what they hold then. */
  readonly zeros: readonly (readonly [string, unknown])[];
  readonly #makeList: (() => ListShape) | undefined;
  readonly #makeMap: (() => MapShape) | undefined;
  #list: ListShape | undefined;
  #map: MapShape | undefined;

  constructor(parts: {
    scalar?: Scalar | undefined;
    list?: (() => ListShape) | undefined;
    map?: (() => MapShape) | undefined;
    keyDefault?: unknown;
    zeros?: readonly (readonly [string, unknown])[];
  }) {
    this.scalar = parts.scalar;
    this.keyDefault = parts.keyDefault;
    this.zeros = parts.zeros ?? [];
    this.#makeList = parts.list;
    this.#makeMap = parts.map;
  }

  get list(): ListShape | undefined {
    this.#list ??= this.#makeList?.();
    return this.#list;
  }

  get map(): MapShape | undefined {
    this.#map ??= this.#makeMap?.();
    return this.#map;
  }
}

/** Everything below is one value, whatever it is. */
const untyped: MergeType = new MergeType({
  scalar: 'untyped',
  list: () => ({ isAtomic: true, keys: [], element: untyped }),
  map: () => ({ isAtomic: true, field: () => undefined, element: untyped }),
});

/** Maps merge key by key, lists are one value: what a schema says nothing about. */
const deduced: MergeType = new MergeType({
  scalar: 'untyped',
  list: () => ({ isAtomic: true, keys: [], element: untyped }),
  map: () => ({ isAtomic: false, field: () => undefined, element: deduced }),
});

const memo = new WeakMap<Schema, MergeType>();
const preservingMemo = new WeakMap<Schema, MergeType>();
const rootMemo = new WeakMap<Schema, MergeType>();

/** The type of a whole resource: a custom one gets `apiVersion`, `kind` and `metadata` as every object has them. */
export function resourceType(schema: Schema): MergeType {
  let type = rootMemo.get(schema);
  if (type === undefined) {
    type = schema.builtin === true ? mergeTypeOf(schema, false) : convert({ type: 'object', ...schema }, false, true);
    rootMemo.set(schema, type);
  }
  return type;
}

function mergeTypeOf(schema: Schema, isPreserved: boolean): MergeType {
  const known = (isPreserved ? preservingMemo : memo).get(schema);
  if (known !== undefined) return known;
  const type = convert(schema, isPreserved, false);
  (isPreserved ? preservingMemo : memo).set(schema, type);
  return type;
}

function convert(schema: Schema, isInherited: boolean, isResource: boolean): MergeType {
  const isPreserved = isInherited || schema['x-kubernetes-preserve-unknown-fields'] === true;
  const hasMeta = isResource || schema['x-kubernetes-embedded-resource'] === true;
  const common = {
    keyDefault: schema.default,
    zeros: schema.builtin === true ? zerosOf(schema) : [],
  };
  const list = (): ListShape => listShape(schema, isPreserved);
  const map = (): MapShape => mapShape(schema, isPreserved, hasMeta);
  switch (schema.type) {
    case 'object':
      return new MergeType({ ...common, map });
    case 'array':
      return new MergeType({ ...common, list });
    case 'integer':
    case 'number':
      return new MergeType({ ...common, scalar: 'numeric' });
    case 'boolean':
      return new MergeType({ ...common, scalar: 'boolean' });
    case 'string': {
      const isPlain = schema.format === undefined || schema.format === '' || schema.format === 'byte';
      return new MergeType({ ...common, scalar: isPlain ? 'string' : 'untyped' });
    }
    default:
      return new MergeType({ ...common, scalar: 'untyped', list, map });
  }
}

/** The zero value is the default where OpenAPI has one, and null for a required list or map. */
function zerosOf(schema: Schema): readonly (readonly [string, unknown])[] {
  const zeros: (readonly [string, unknown])[] = [];
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const value = child.default;
    const isZero = value === '' || value === 0 || value === false || (typeof value === 'object' && value !== null);
    if (isZero) zeros.push([key, value]);
    else if (child.items !== undefined || child.additionalProperties !== undefined) {
      if (schema.required?.includes(key) === true) zeros.push([key, null]);
    }
  }
  return zeros;
}

function mapShape(schema: Schema, isPreserved: boolean, hasMeta: boolean): MapShape {
  const { properties, additionalProperties } = schema;
  const hasProperties = hasMeta || (properties !== undefined && Object.keys(properties).length > 0);
  let element: MergeType | undefined;
  if (typeof additionalProperties === 'object') element = mergeTypeOf(additionalProperties, isPreserved);
  else if (additionalProperties === true || (additionalProperties === undefined && (isPreserved || !hasProperties))) element = deduced;
  return {
    isAtomic: schema['x-kubernetes-map-type'] === 'atomic',
    field: (key) => {
      if (hasMeta && metaFields().has(key)) return metaFields().get(key);
      const child = properties !== undefined && Object.hasOwn(properties, key) ? properties[key] : undefined;
      return child === undefined ? undefined : mergeTypeOf(child, isPreserved);
    },
    element,
  };
}

function listShape(schema: Schema, isPreserved: boolean): ListShape {
  const element = schema.items === undefined ? untyped : mergeTypeOf(schema.items, isPreserved);
  const listType = schema['x-kubernetes-list-type'];
  if (listType === 'map') return { isAtomic: false, keys: schema['x-kubernetes-list-map-keys'] ?? [], element };
  if (listType === 'set') return { isAtomic: false, keys: [], element };
  const strategy = schema['x-kubernetes-patch-strategy'];
  if (listType === undefined && (strategy === 'merge' || strategy === 'merge,retainKeys')) {
    const key = schema['x-kubernetes-patch-merge-key'];
    return { isAtomic: false, keys: key === undefined ? [] : [key], element };
  }
  return { isAtomic: true, keys: [], element };
}

let meta: ReadonlyMap<string, MergeType> | undefined;

function metaFields(): ReadonlyMap<string, MergeType> {
  if (meta === undefined) {
    const objectMeta = builtinCatalog().schemaNamed('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta') ?? {};
    const text = new MergeType({ scalar: 'string' });
    meta = new Map([
      ['apiVersion', text],
      ['kind', text],
      ['metadata', mergeTypeOf(objectMeta, false)],
    ]);
  }
  return meta;
}
