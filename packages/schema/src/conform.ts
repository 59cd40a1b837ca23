/**
 * One copy-on-write walk that makes an object what its schema says: unknown fields go, defaults come, everything wrong is reported.
 * An object that is already right comes back as the same reference. Rules in CEL are not looked at here: see `rules.ts`.
 */
import { builtinCatalog } from './catalog.ts';
import { jsonEqual, setKey } from './copy-on-write.ts';
import { type FieldProblem, supportedValues } from './field-problem.ts';
import { goFloat, goQuote, toGoJson } from './go-text.ts';
import { bits, type Plan, planOf } from './plan.ts';
import type { JsonObject, Schema } from './schema.ts';

export type ConformOptions = { readonly prune: boolean; readonly defaults: boolean; readonly validate: boolean };

export type Conformed = { readonly object: unknown; readonly unknownFields: string[]; readonly problems: FieldProblem[] };

/**
 * Prunes, defaults and validates `object`, which is taken for a whole resource: `apiVersion`, `kind` and `metadata` are always known.
 *
 * @returns the object (the same reference if nothing changed), the paths of what was pruned (`spec.containers[0].foo`, sorted), and
 *   the problems with the words of a real API server
 */
export function conform(schema: Schema, object: unknown, options: ConformOptions): Conformed {
  const walk = new Walk(options);
  const result = walk.value(planOf(schema), object, true);
  if (walk.unknownFields.length > 1) walk.unknownFields.sort();
  return { object: result === absent ? null : result, unknownFields: walk.unknownFields, problems: walk.problems };
}

/** The same for a part of an object, such as a default value. */
export function conformPart(schema: Schema, value: unknown, options: ConformOptions): Conformed {
  const walk = new Walk(options);
  const result = walk.value(planOf(schema), value, false);
  return { object: result === absent ? null : result, unknownFields: walk.unknownFields, problems: walk.problems };
}

const absent: unique symbol = Symbol('absent');

/** Marks a segment of a path as the key of a map, which list problems write as `[key]` and the others as `.key`. */
const mapMark = '\u0000';

class Walk {
  readonly problems: FieldProblem[] = [];
  readonly unknownFields: string[] = [];
  readonly path: (string | number)[] = [];
  /** Checks passed, which is how the server picks the alternative whose errors it shows. */
  matches = 0;
  readonly #prune: boolean;
  readonly #defaults: boolean;
  readonly #validate: boolean;
  #inStatus = false;

  constructor(options: ConformOptions) {
    this.#prune = options.prune;
    this.#defaults = options.defaults;
    this.#validate = options.validate;
  }

  value(plan: Plan, value: unknown, isResource: boolean): unknown {
    if (this.#isCheckOnly()) this.#count(plan, value);
    switch (typeof value) {
      case 'string':
        if (this.#validate && (plan.hasChecks || (plan.accepts & bits.string) === 0)) this.#scalar(plan, value, bits.string, 'string');
        return value;
      case 'number': {
        if (this.#validate) {
          const isInteger = Number.isInteger(value);
          const bit = isInteger ? bits.integer : bits.number;
          if (plan.hasChecks || (plan.accepts & bit) === 0) this.#scalar(plan, value, bit, isInteger ? 'integer' : 'number');
          if (plan.isBuiltin && plan.schema.format === 'int32' && isInteger && (value > 2147483647 || value < -2147483648)) {
            this.#report('Invalid', value, `${this.#dotted()} in body must be of type int32`);
          }
        }
        return plan.isQuantity ? String(value) : value;
      }
      case 'boolean':
        if (this.#validate && (plan.hasChecks || (plan.accepts & bits.boolean) === 0)) this.#scalar(plan, value, bits.boolean, 'boolean');
        return value;
      case 'object':
        if (value === null) return this.#null(plan);
        if (Array.isArray(value)) return this.#array(plan, value);
        return this.#object(plan, value as JsonObject, isResource);
      default:
        return value;
    }
  }

  /** What the server's validators would count for a value, wrong or right: alternatives with most of it show their errors. */
  #count(plan: Plan, value: unknown): void {
    const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    const bit = kind === 'number' ? (Number.isInteger(value) ? bits.integer : bits.number) : bits[kind as keyof typeof bits];
    const hasType = plan.accepts !== 0 || plan.formatName !== '';
    const isRight = (plan.accepts & bit) !== 0;
    if (kind === 'null') this.matches += hasType && !plan.isNullable ? 0 : 1;
    else {
      this.matches += 4 + (hasType ? 1 : 0) + (hasType && isRight ? 1 : 0);
      this.matches += kind === 'boolean' ? 0 : kind === 'string' && plan.format === undefined ? 1 : kind === 'object' ? 1 : 2;
    }
  }

  #null(plan: Plan, isItem = false): unknown {
    if (plan.isBuiltin) return absent;
    if (!plan.isNullable) {
      if (this.#defaults) {
        if (plan.hasDefault) return this.#defaultOf(plan);
        if (!isItem) return absent;
      }
      if (this.#validate && plan.typeName !== '') this.#wrongType(plan.typeName, 'null');
    }
    if (this.#validate && plan.schema.enum !== undefined) this.#enum(plan, null);
    return null;
  }

  #isCheckOnly(): boolean {
    return !this.#prune && !this.#defaults;
  }

  #object(plan: Plan, object: JsonObject, isResource: boolean): unknown {
    const { path } = this;
    const isOpen = plan.preserves || !this.#prune;
    const hasMeta = isResource || plan.isEmbedded;
    if (this.#validate) {
      if (plan.accepts !== 0 && (plan.accepts & bits.object) === 0) {
        this.#type(plan, bits.object, 'object', '');
        if (plan.properties.size === 0) return object;
      }
      if (plan.junctors) this.#junctors(plan, object);
    }
    let out: Record<string, unknown> | undefined;
    for (const key in object) {
      const child = object[key];
      const childPlan = plan.child(key);
      let next: unknown;
      if (hasMeta && !plan.isBuiltin && (key === 'metadata' || key === 'kind' || key === 'apiVersion')) {
        path.push(key);
        next = this.#meta(key, childPlan, child);
        path.pop();
      } else if (childPlan === undefined) {
        if (isOpen) continue;
        path.push(key);
        this.unknownFields.push(this.#dotted());
        path.pop();
        next = absent;
      } else {
        const entersStatus = plan.isBuiltin && key === 'status' && path.length === 0;
        if (entersStatus) this.#inStatus = true;
        path.push(plan.properties.has(key) ? key : mapMark + key);
        next = this.value(childPlan, child, false);
        path.pop();
        if (entersStatus) this.#inStatus = false;
        if (plan.isBuiltin && this.#prune && isEmptyCollection(childPlan, next) && !plan.required.includes(key)) next = absent;
      }
      if (next !== child) {
        out ??= { ...object };
        if (next === absent) delete out[key];
        else setKey(out, key, next);
      }
    }
    if (this.#defaults && plan.defaulted.length > 0) {
      for (const [key, childPlan] of plan.defaulted) {
        if ((out ?? object)[key] === undefined) {
          out ??= { ...object };
          const value =
            plan.isBuiltin && key === 'status' && path.length === 0 ? this.#statusDefault(childPlan) : this.#defaultOf(childPlan);
          setKey(out, key, value);
        }
      }
    }
    if (this.#defaults && this.#inStatus && plan.zeros.length > 0) {
      for (const [key, childPlan] of plan.zeros) {
        if ((out ?? object)[key] === undefined) {
          out ??= { ...object };
          setKey(out, key, childPlan.defaultValue);
        }
      }
    }
    const result = out ?? object;
    if (this.#validate) this.#objectChecks(plan, result, hasMeta);
    return result;
  }

  /** `apiVersion`, `kind` and `metadata` of a custom or embedded resource: decoded as every object's are, then checked by the schema. */
  #meta(key: string, plan: Plan | undefined, value: unknown): unknown {
    if (key !== 'metadata') {
      if (this.#validate && typeof value !== 'string') this.#wrongType('string', kindName(value));
      return value;
    }
    const metaSchema = builtinCatalog().schemaNamed('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
    if (metaSchema === undefined) return value;
    const result = this.value(planOf(metaSchema), value, false);
    if (this.#validate && plan !== undefined) this.#check(plan, result).problems.forEach((problem) => this.#add(problem));
    return result === absent ? absent : result;
  }

  #objectChecks(plan: Plan, object: JsonObject, hasMeta: boolean): void {
    const { schema } = plan;
    if (schema.minProperties !== undefined || schema.maxProperties !== undefined) {
      const size = Object.keys(object).length;
      if (schema.minProperties !== undefined && size < schema.minProperties)
        this.#report('Invalid', size, `${this.#dotted()} in body should have at least ${schema.minProperties} properties`);
      if (schema.maxProperties !== undefined && size > schema.maxProperties) this.#tooMany(size, schema.maxProperties);
    }
    if (plan.forbidsAdditional) {
      for (const key in object) {
        if (!plan.properties.has(key)) this.#report('Invalid', key, `${this.#dotted()}.${key} in body is a forbidden property`);
      }
    }
    if (schema.enum !== undefined) this.#enum(plan, object);
    for (const key of plan.required) {
      // Go fills missing fields of a status with zero values, so nothing there is missing.
      if (object[key] === undefined && !(plan.isBuiltin && this.#inStatus) && !Object.hasOwn(object, key)) {
        this.path.push(key);
        this.#report('Required', undefined, '');
        this.path.pop();
      }
    }
    if (plan.isEmbedded && hasMeta && !plan.isBuiltin && !this.#isCheckOnly()) this.#embedded(object);
  }

  #embedded(object: JsonObject): void {
    for (const key of ['apiVersion', 'kind']) {
      if (typeof object[key] === 'string' && object[key] !== '') continue;
      this.path.push(key);
      this.#report('Required', undefined, object[key] === '' ? 'must not be empty' : '');
      this.path.pop();
    }
  }

  #array(plan: Plan, array: readonly unknown[]): unknown {
    if (this.#validate) {
      if (plan.accepts !== 0 && (plan.accepts & bits.array) === 0) {
        this.#type(plan, bits.array, 'array', '');
        return array;
      }
      if (plan.junctors) this.#junctors(plan, array);
    }
    let out: unknown[] | undefined;
    const { items } = plan;
    for (let i = 0; i < array.length; i++) {
      const child = array[i];
      this.path.push(i);
      let next = child === null ? this.#null(items, true) : this.value(items, child, false);
      this.path.pop();
      if (next === absent) next = zeroOf(items);
      if (next !== child) {
        out ??= [...array];
        out[i] = next;
      }
    }
    const result = out ?? array;
    if (this.#validate) this.#arrayChecks(plan, result);
    return result;
  }

  #arrayChecks(plan: Plan, array: readonly unknown[]): void {
    const { schema } = plan;
    if (schema.minItems !== undefined && array.length < schema.minItems)
      this.#report('Invalid', array.length, `${this.#dotted()} in body should have at least ${schema.minItems} items`);
    if (schema.maxItems !== undefined && array.length > schema.maxItems) this.#tooMany(array.length, schema.maxItems);
    if (schema.uniqueItems === true && array.some((item, index) => array.slice(0, index).some((other) => jsonEqual(item, other))))
      this.#report('Invalid', '', `${this.#dotted()} in body shouldn't contain duplicates`);
    if (schema.enum !== undefined) this.#enum(plan, array);
    if (plan.listType !== undefined && !plan.isBuiltin && !this.#isCheckOnly()) this.#duplicates(plan, array);
  }

  #duplicates(plan: Plan, array: readonly unknown[]): void {
    const isMap = plan.listType === 'map';
    if (isMap) {
      const wrong = array.findIndex((item) => item !== null && (typeof item !== 'object' || Array.isArray(item)));
      if (wrong >= 0) {
        this.#reportItem('Invalid', wrong, array[wrong], 'must be an object for an array of list-type map');
        return;
      }
    }
    if (array.length < 2) return;
    const seen = new Map<string, number>();
    for (const [index, item] of array.entries()) {
      const key = isMap ? keysOf(item, plan.listKeys) : item;
      const text = typeof key === 'string' ? `"${key}` : toGoJson(key);
      const times = seen.get(text) ?? 0;
      seen.set(text, times + 1);
      if (times === 1) this.#reportItem('Duplicate', index, key, '');
    }
  }

  #reportItem(type: FieldProblem['type'], index: number, value: unknown, detail: string): void {
    this.path.push(index);
    this.problems.push({ path: this.#keyed(), type, value, detail });
    this.path.pop();
  }

  #scalar(plan: Plan, value: string | number | boolean, bit: number, typeName: string): void {
    const { schema } = plan;
    if (plan.accepts !== 0 || plan.formatName !== '') {
      this.#type(plan, bit, typeName, typeof value === 'number' ? (typeName === 'integer' ? 'int64' : 'float64') : '');
    }
    if (plan.junctors) this.#junctors(plan, value);
    if (typeof value === 'string') this.#string(plan, value);
    else if (typeof value === 'number') this.#number(schema, value);
    if (schema.enum !== undefined) this.#enum(plan, value);
  }

  #type(plan: Plan, bit: number, typeName: string, valueFormat: string): void {
    if (plan.accepts !== 0 && (plan.accepts & bit) !== 0) return;
    if (plan.formatName !== '' && bit !== bits.string && bit !== bits.array) this.#wrongType(plan.formatName, valueFormat);
    else if (plan.formatName !== '' && (plan.accepts & (bits.integer | bits.number)) === 0) return;
    else if (plan.accepts !== 0) this.#wrongType(plan.typeName, typeName);
  }

  #string(plan: Plan, value: string): void {
    const { schema } = plan;
    if (schema.maxLength !== undefined && runeCount(value) > schema.maxLength) {
      const unit = schema.maxLength === 1 ? 'byte' : 'bytes';
      this.#report('TooLong', undefined, `may not be more than ${schema.maxLength} ${unit}`);
    } else if (schema.minLength !== undefined && runeCount(value) < schema.minLength) {
      this.#report('Invalid', value, `${this.#dotted()} in body should be at least ${schema.minLength} chars long`);
    } else if (plan.pattern !== undefined && !plan.pattern.test(value)) {
      this.#report('Invalid', value, `${this.#dotted()} in body should match '${schema.pattern ?? ''}'`);
    }
    if (plan.format !== undefined && !plan.format(value)) {
      this.#report('TypeInvalid', value, `${this.#dotted()} in body must be of type ${plan.formatName}: ${goQuote(value)}`);
    }
  }

  #number(schema: Schema, value: number): void {
    const { multipleOf, maximum, minimum } = schema;
    const bound = (limit: number): string => (Number.isInteger(value) ? toGoJson(Math.trunc(limit)) : goFloat(limit));
    const say = (rest: string): void => this.#report('Invalid', value, `${this.#dotted()} in body should be ${rest}`);
    if (multipleOf !== undefined && !isMultiple(value, multipleOf)) say(`a multiple of ${bound(multipleOf)}`);
    if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum))
      say(`greater than ${schema.exclusiveMinimum === true ? '' : 'or equal to '}${bound(minimum)}`);
    if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum))
      say(`less than ${schema.exclusiveMaximum === true ? '' : 'or equal to '}${bound(maximum)}`);
  }

  #enum(plan: Plan, value: unknown): void {
    const allowed = plan.schema.enum ?? [];
    if (allowed.length === 0 || allowed.some((one) => jsonEqual(one, value))) return;
    this.#report('NotSupported', value, supportedValues(allowed));
  }

  #junctors(plan: Plan, value: unknown): void {
    const name = goQuote(this.#dotted());
    if (plan.anyOf.length > 0) {
      const best = this.#alternatives(plan.anyOf, value, true);
      if (best.valid === 0) this.#reportRoot(`${name} must validate at least one schema (anyOf)`);
      for (const problem of best.problems) this.#add(problem);
    }
    if (plan.oneOf.length > 0) {
      const best = this.#alternatives(plan.oneOf, value, false);
      if (best.valid !== 1) {
        const found = best.valid === 0 ? 'Found none valid' : `Found ${best.valid} valid alternatives`;
        this.#reportRoot(`${name} must validate one and only one schema (oneOf). ${found}`);
        for (const problem of best.problems) this.#add(problem);
      }
    }
    if (plan.allOf.length > 0) {
      let valid = 0;
      for (const one of plan.allOf) {
        const result = this.#check(one, value);
        if (result.problems.length === 0) valid++;
        for (const problem of result.problems) this.#add(problem);
        this.matches += result.matches;
      }
      if (valid < plan.allOf.length)
        this.#reportRoot(`${name} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`);
    }
    if (plan.not !== undefined && this.#check(plan.not, value).problems.length === 0)
      this.#reportRoot(`${name} must not validate the schema (not)`);
  }

  /** How many alternatives hold, and the problems of the one that came nearest if none does. */
  #alternatives(plans: readonly Plan[], value: unknown, isEnoughOnce: boolean): { valid: number; problems: readonly FieldProblem[] } {
    let valid = 0;
    let best: Walk | undefined;
    let first: Walk | undefined;
    for (const plan of plans) {
      const result = this.#check(plan, value);
      if (result.problems.length === 0) {
        valid++;
        best = undefined;
        first ??= result;
        if (isEnoughOnce) break;
      } else if (valid === 0 && (best === undefined || result.matches > best.matches)) best = result;
    }
    this.matches += (best ?? first)?.matches ?? 0;
    return { valid, problems: best?.problems ?? [] };
  }

  #check(plan: Plan, value: unknown): Walk {
    const walk = new Walk({ prune: false, defaults: false, validate: true });
    walk.path.push(...this.path);
    walk.value(plan, value, false);
    return walk;
  }

  /** A default with the defaults inside it filled in, made once and shared: objects are immutable. */
  #defaultOf(plan: Plan): unknown {
    const known = filledDefaults.get(plan);
    if (known !== undefined) return known.value;
    const walk = new Walk({ prune: false, defaults: true, validate: false });
    const value = walk.value(plan, plan.defaultValue, false);
    filledDefaults.set(plan, { value });
    return value;
  }

  /** The status of an object that has none: Go writes its zero values. */
  #statusDefault(plan: Plan): unknown {
    const known = filledDefaults.get(plan);
    if (known !== undefined) return known.value;
    const walk = new Walk({ prune: false, defaults: true, validate: false });
    walk.#inStatus = true;
    const value = walk.value(plan, plan.defaultValue, false);
    filledDefaults.set(plan, { value });
    return value;
  }

  #wrongType(expected: string, actual: string): void {
    this.#report('TypeInvalid', actual, `${this.#dotted()} in body must be of type ${expected}: ${goQuote(actual)}`);
  }

  #tooMany(actual: number, limit: number): void {
    this.#report('TooMany', actual, `must have at most ${limit} ${limit === 1 ? 'item' : 'items'}`);
  }

  #reportRoot(detail: string): void {
    this.#add({ path: '', type: 'Invalid', value: '', detail });
  }

  #report(type: FieldProblem['type'], value: unknown, detail: string): void {
    this.problems.push({ path: this.#dotted(), type, value, detail });
  }

  /** Adds a problem unless the same words are there, as alternatives repeat what their parent says. */
  #add(problem: FieldProblem): void {
    const isKnown = this.problems.some(
      (other) => other.path === problem.path && other.type === problem.type && other.detail === problem.detail,
    );
    if (!isKnown) this.problems.push(problem);
  }

  #dotted(): string {
    let text = '';
    for (const segment of this.path) {
      if (typeof segment === 'number') text += `[${segment}]`;
      else {
        const name = segment.startsWith(mapMark) ? segment.slice(1) : segment;
        text = text === '' ? name : `${text}.${name}`;
      }
    }
    return text;
  }

  #keyed(): string {
    let text = '';
    for (const segment of this.path) {
      if (typeof segment === 'number') text += `[${segment}]`;
      else if (segment.startsWith(mapMark)) text += `[${segment.slice(1)}]`;
      else text = text === '' ? segment : `${text}.${segment}`;
    }
    return text;
  }
}

const filledDefaults = new WeakMap<Plan, { readonly value: unknown }>();

/** Empty lists and maps of Go types are left out when written. */
function isEmptyCollection(plan: Plan, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.length === 0;
  if (plan.schema.additionalProperties === undefined) return false;
  for (const _ in value) return false;
  return true;
}

/** What Go makes of a null in a list. */
function zeroOf(plan: Plan): unknown {
  switch (plan.schema.type) {
    case 'string':
      return '';
    case 'integer':
    case 'number':
      return 0;
    case 'boolean':
      return false;
    case 'object':
      return {};
    default:
      return null;
  }
}

function keysOf(item: unknown, names: readonly string[]): JsonObject {
  const keys: Record<string, unknown> = {};
  for (const name of names) {
    const value = (item as JsonObject | null)?.[name];
    if (value !== undefined) setKey(keys, name, value);
  }
  return keys;
}

function kindName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : typeof value;
}

function runeCount(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length - 1; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0xd800 && code <= 0xdbff && text.charCodeAt(i + 1) >= 0xdc00 && text.charCodeAt(i + 1) <= 0xdfff) count--;
  }
  return count;
}

function isMultiple(value: number, factor: number): boolean {
  if (factor <= 0) return false;
  const quotient = factor < 1 ? (1 / factor) * value : value / factor;
  return Math.abs(quotient - Math.round(quotient)) < 1e-9;
}
