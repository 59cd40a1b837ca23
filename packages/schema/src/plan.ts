/**
 * A schema node made ready for walking: look-ups instead of searches, and flags that tell what need not be looked at. Plans are made
 * on first use and live as long as their schema.
 */
import type { GoPattern } from '@sluice/api';
import { type FormatCheck, formatCheck } from './formats.ts';
import { goPattern } from './patterns.ts';
import type { Schema } from './schema.ts';

/** Kinds of JSON values as bits, so that a type check is one `&`. */
export const bits = { string: 1, integer: 2, number: 4, boolean: 8, array: 16, object: 32, null: 64 } as const;

export class Plan {
  readonly schema: Schema;
  /** Accepted kinds; 0 accepts everything. An integer is accepted where a number is. */
  readonly accepts: number;
  /** How messages name the type. */
  readonly typeName: string;
  readonly isBuiltin: boolean;
  readonly isNullable: boolean;
  readonly preserves: boolean;
  readonly isEmbedded: boolean;
  /** Whether a scalar needs more than a type check. */
  readonly hasChecks: boolean;
  readonly format: FormatCheck | undefined;
  readonly formatName: string;
  readonly isQuantity: boolean;
  /** A built-in text that Go writes in one way only: a quantity or a time. */
  readonly isRewritten: boolean;
  readonly pattern: GoPattern | undefined;
  readonly required: readonly string[];
  readonly defaultValue: unknown;
  readonly hasDefault: boolean;
  /** A scalar of a built-in kind whose default is Go's zero value. */
  readonly isGoZero: boolean;
  readonly forbidsAdditional: boolean;
  readonly listType: 'set' | 'map' | undefined;
  readonly listKeys: readonly string[];
  readonly junctors: boolean;
  #properties: ReadonlyMap<string, Plan> | undefined;
  #additional: Plan | undefined;
  #items: Plan | undefined;
  #defaulted: readonly (readonly [string, Plan])[] | undefined;
  #zeros: readonly (readonly [string, Plan])[] | undefined;
  #allOf: readonly Plan[] | undefined;
  #anyOf: readonly Plan[] | undefined;
  #oneOf: readonly Plan[] | undefined;
  #not: Plan | undefined;

  constructor(schema: Schema) {
    const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
    const listType = schema['x-kubernetes-list-type'];
    this.schema = schema;
    this.isQuantity = schema.format === 'quantity' && schema.builtin === true;
    this.isRewritten = this.isQuantity || (schema.builtin === true && schema.format === 'date-time');
    this.typeName = isIntOrString ? 'integer,string' : (schema.type ?? '');
    this.accepts = acceptedKinds(schema, isIntOrString) | (this.isQuantity ? bits.number | bits.integer : 0);
    this.isBuiltin = schema.builtin === true;
    this.isNullable = schema.nullable === true;
    this.preserves = schema['x-kubernetes-preserve-unknown-fields'] === true || isOpenObject(schema);
    this.isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
    this.format = formatCheck(schema.format);
    this.formatName = this.format === undefined ? '' : (schema.format ?? '');
    this.pattern = schema.pattern === undefined || schema.pattern === '' ? undefined : goPattern(schema.pattern);
    this.required = schema.required ?? [];
    this.defaultValue = schema.default;
    this.hasDefault = schema.default !== undefined && schema.default !== null;
    this.isGoZero = this.isBuiltin && (schema.default === '' || schema.default === 0 || schema.default === false);
    this.forbidsAdditional = schema.additionalProperties === false;
    this.listType = listType === 'set' || listType === 'map' ? listType : undefined;
    this.listKeys = schema['x-kubernetes-list-map-keys'] ?? [];
    this.junctors = schema.allOf !== undefined || schema.anyOf !== undefined || schema.oneOf !== undefined || schema.not !== undefined;
    this.hasChecks =
      this.junctors ||
      this.isQuantity ||
      (schema.builtin === true && schema.format === 'int32') ||
      this.format !== undefined ||
      this.pattern !== undefined ||
      schema.enum !== undefined ||
      schema.minLength !== undefined ||
      schema.maxLength !== undefined ||
      schema.minimum !== undefined ||
      schema.maximum !== undefined ||
      schema.multipleOf !== undefined;
  }

  /** The plan of a property, of a map's value, or `undefined` for an unknown field. */
  child(key: string): Plan | undefined {
    return this.properties.get(key) ?? this.additional;
  }

  get properties(): ReadonlyMap<string, Plan> {
    this.#properties ??= new Map(Object.entries(this.schema.properties ?? {}).map(([key, schema]) => [key, planOf(schema)]));
    return this.#properties;
  }

  get additional(): Plan | undefined {
    const { additionalProperties } = this.schema;
    if (additionalProperties === undefined || additionalProperties === false) return undefined;
    this.#additional ??= planOf(additionalProperties === true ? {} : additionalProperties);
    return this.#additional;
  }

  get items(): Plan {
    // A list that keeps what it does not know keeps it in its items too: `volumes` of a Rollout's template.
    this.#items ??= planOf(this.schema.items ?? (this.preserves ? { 'x-kubernetes-preserve-unknown-fields': true } : {}));
    return this.#items;
  }

  /** Properties with a default of their own. */
  get defaulted(): readonly (readonly [string, Plan])[] {
    this.#defaulted ??= [...this.properties].filter(([, plan]) => plan.hasDefault && !plan.isGoZero);
    return this.#defaulted;
  }

  /** Properties that Go writes as zero values when nobody set them. */
  get zeros(): readonly (readonly [string, Plan])[] {
    this.#zeros ??= [...this.properties].filter(([, plan]) => plan.isGoZero);
    return this.#zeros;
  }

  get allOf(): readonly Plan[] {
    this.#allOf ??= (this.schema.allOf ?? []).map(planOf);
    return this.#allOf;
  }

  get anyOf(): readonly Plan[] {
    this.#anyOf ??= (this.schema.anyOf ?? []).map(planOf);
    return this.#anyOf;
  }

  get oneOf(): readonly Plan[] {
    this.#oneOf ??= (this.schema.oneOf ?? []).map(planOf);
    return this.#oneOf;
  }

  get not(): Plan | undefined {
    if (this.schema.not === undefined) return undefined;
    this.#not ??= planOf(this.schema.not);
    return this.#not;
  }
}

const plans = new WeakMap<Schema, Plan>();

export function planOf(schema: Schema): Plan {
  let plan = plans.get(schema);
  if (plan === undefined) {
    plan = new Plan(schema);
    plans.set(schema, plan);
  }
  return plan;
}

/** Built-in objects without fields, such as `CustomResourceSubresourceStatus`, keep whatever they hold. */
function isOpenObject(schema: Schema): boolean {
  return (
    schema.builtin === true &&
    schema.properties === undefined &&
    schema.additionalProperties === undefined &&
    (schema.type === 'object' || schema.type === undefined)
  );
}

function acceptedKinds(schema: Schema, isIntOrString: boolean): number {
  if (isIntOrString) return bits.integer | bits.string;
  switch (schema.type) {
    case 'string':
      return bits.string;
    case 'integer':
      return bits.integer;
    case 'number':
      return bits.number | bits.integer;
    case 'boolean':
      return bits.boolean;
    case 'array':
      return bits.array;
    case 'object':
      return bits.object;
    default:
      return 0;
  }
}
