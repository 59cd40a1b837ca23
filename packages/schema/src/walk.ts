/**
 * The copy-on-write walk behind `conform`: it goes through a value and its schema together, once, and does what its options ask for.
 * Objects that need no change come back as they are.
 */
import { builtinCatalog } from './catalog.ts';
import { setKey } from './copy-on-write.ts';
import type { FieldProblem } from './field-problem.ts';
import { Findings } from './findings.ts';
import { canonicalText, checkBuiltinText, reportUnreadable } from './go-decoding.ts';
import { goQuote } from './go-text.ts';
import { bits, type Plan, planOf } from './plan.ts';
import type { JsonObject } from './schema.ts';
import { checkArray, checkEnum, checkNumber, checkObject, checkString, checkTwins, checkType } from './value-checks.ts';

export type WalkOptions = { readonly prune: boolean; readonly defaults: boolean; readonly validate: boolean };

/** What a value becomes that is to be left out. */
export const absent: unique symbol = Symbol('absent');

export class Walk {
  readonly found: Findings = new Findings();
  readonly unknownFields: string[] = [];
  /** Checks passed, which is how the server picks the alternative whose errors it shows. */
  matches = 0;
  readonly #prune: boolean;
  readonly #defaults: boolean;
  readonly #validate: boolean;
  /** Judging one alternative of a junctor: nothing is changed, and matches are counted. */
  readonly #isTrial: boolean;
  #inStatus = false;

  constructor(options: WalkOptions, isTrial = false) {
    this.#prune = options.prune;
    this.#defaults = options.defaults;
    this.#validate = options.validate;
    this.#isTrial = isTrial;
  }

  /** @param isResource - whether the value is a whole resource, with `apiVersion`, `kind` and `metadata` */
  value(plan: Plan, value: unknown, isResource: boolean): unknown {
    if (this.#isTrial) this.#count(plan, value);
    if (value === null) return this.#null(plan, false);
    if (typeof value === 'object') {
      return Array.isArray(value) ? this.#array(plan, value) : this.#object(plan, value as JsonObject, isResource);
    }
    return this.#scalar(plan, value);
  }

  #scalar(plan: Plan, value: unknown): unknown {
    switch (typeof value) {
      case 'string':
        if (this.#validate && (plan.hasChecks || (plan.accepts & bits.string) === 0)) this.#checkScalar(plan, value, bits.string, 'string');
        return plan.isRewritten && this.#prune ? canonicalText(plan, value) : value;
      case 'number': {
        const isInteger = Number.isInteger(value);
        const bit = isInteger ? bits.integer : bits.number;
        if (this.#validate && (plan.hasChecks || (plan.accepts & bit) === 0)) {
          this.#checkScalar(plan, value, bit, isInteger ? 'integer' : 'number');
        }
        return plan.isRewritten && this.#prune ? canonicalText(plan, value) : value;
      }
      case 'boolean':
        if (this.#validate && (plan.hasChecks || (plan.accepts & bits.boolean) === 0))
          this.#checkScalar(plan, value, bits.boolean, 'boolean');
        return value;
      default:
        return value;
    }
  }

  #checkScalar(plan: Plan, value: string | number | boolean, bit: number, typeName: string): void {
    const { schema } = plan;
    if (plan.isBuiltin) {
      if (plan.accepts !== 0 && ((plan.accepts & bit) === 0 || isOutside(schema.format, value))) reportUnreadable(plan, value, this.found);
      else if (typeof value === 'string') checkBuiltinText(plan, value, this.found);
    } else {
      if (plan.accepts !== 0 || plan.formatName !== '') {
        checkType(plan, bit, typeName, typeof value === 'number' ? (typeName === 'integer' ? 'int64' : 'float64') : '', this.found);
      }
      if (plan.junctors) this.#junctors(plan, value);
      if (typeof value === 'string') checkString(plan, value, this.found);
      else if (typeof value === 'number') checkNumber(schema, value, this.found);
    }
    if (schema.enum !== undefined) checkEnum(plan, value, this.found);
  }

  #null(plan: Plan, isItem: boolean): unknown {
    if (plan.isBuiltin) return absent;
    if (!plan.isNullable) {
      if (this.#defaults) {
        if (plan.hasDefault) return this.#defaultOf(plan, false);
        if (!isItem) return absent;
      }
      if (this.#validate && plan.typeName !== '') this.found.wrongType(plan.typeName, 'null');
    }
    if (this.#validate && plan.schema.enum !== undefined) checkEnum(plan, null, this.found);
    return null;
  }

  #object(plan: Plan, object: JsonObject, isResource: boolean): unknown {
    const { path, goTypes } = this.found;
    const isOpen = plan.preserves || !this.#prune;
    const hasMeta = (isResource || plan.isEmbedded) && !plan.isBuiltin;
    const { goType } = plan.schema;
    if (this.#validate) {
      if (plan.accepts !== 0 && (plan.accepts & bits.object) === 0) {
        if (plan.isBuiltin) reportUnreadable(plan, object, this.found);
        else checkType(plan, bits.object, 'object', '', this.found);
        if (plan.properties.size === 0) return object;
      }
      if (plan.junctors) this.#junctors(plan, object);
    }
    if (goType !== undefined) goTypes.push(goType);
    let out: Record<string, unknown> | undefined;
    for (const key in object) {
      const child = object[key];
      const childPlan = plan.child(key);
      let next: unknown;
      if (hasMeta && (key === 'metadata' || key === 'kind' || key === 'apiVersion')) {
        path.push(key);
        next = this.#meta(key, childPlan, child);
        path.pop();
      } else if (childPlan === undefined) {
        if (isOpen) continue;
        path.push(key);
        this.unknownFields.push(this.found.dotted());
        path.pop();
        next = absent;
      } else if (plan.isBuiltin) next = this.#builtinChild(plan, key, childPlan, child);
      else {
        if (plan.properties.has(key)) path.push(key);
        else this.found.enterKey(key);
        next = this.value(childPlan, child, false);
        path.pop();
      }
      if (next !== child) {
        out ??= { ...object };
        if (next === absent) delete out[key];
        else setKey(out, key, next);
      }
    }
    if (this.#defaults) out = this.#fill(plan, object, out);
    const result = out ?? object;
    if (this.#validate) this.#checkObject(plan, result);
    if (goType !== undefined) goTypes.pop();
    return result;
  }

  #builtinChild(plan: Plan, key: string, childPlan: Plan, child: unknown): unknown {
    const { path } = this.found;
    const isField = plan.properties.has(key);
    const entersStatus = key === 'status' && path.length === 0;
    if (entersStatus) this.#inStatus = true;
    if (isField) path.push(key);
    else this.found.enterKey(key);
    let next = this.value(childPlan, child, false);
    // Go has no nulls in maps of values.
    if (next === absent && !isField) next = zeroOf(childPlan);
    path.pop();
    if (entersStatus) this.#inStatus = false;
    return this.#prune && isEmptyCollection(childPlan, next) && !plan.required.includes(key) ? absent : next;
  }

  /** Adds what is missing and has a default; in a status also Go's zero values. */
  #fill(plan: Plan, object: JsonObject, changed: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
    let out = changed;
    for (const [key, childPlan] of plan.defaulted) {
      if ((out ?? object)[key] !== undefined) continue;
      out ??= { ...object };
      setKey(out, key, this.#defaultOf(childPlan, plan.isBuiltin && key === 'status' && this.found.path.length === 0));
    }
    if (!this.#inStatus) return out;
    for (const [key, childPlan] of plan.zeros) {
      if ((out ?? object)[key] !== undefined) continue;
      out ??= { ...object };
      setKey(out, key, childPlan.defaultValue);
    }
    return out;
  }

  /** `apiVersion`, `kind` and `metadata` of a custom or embedded resource: decoded as every object's are, then checked by the schema. */
  #meta(key: string, plan: Plan | undefined, value: unknown): unknown {
    if (key !== 'metadata') {
      if (this.#validate && typeof value !== 'string') this.found.wrongType('string', kindName(value));
      return value;
    }
    const metaSchema = builtinCatalog().schemaNamed('io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta');
    if (metaSchema === undefined) return value;
    const result = this.value(planOf(metaSchema), value, false);
    if (this.#validate && plan !== undefined && result !== absent) this.found.adopt(this.#try(plan, result).found.problems);
    return result;
  }

  #checkObject(plan: Plan, object: JsonObject): void {
    checkObject(plan, object, this.found);
    for (const key of plan.required) {
      // Go fills missing fields of a status with zero values, so nothing there is missing.
      if (object[key] !== undefined || Object.hasOwn(object, key) || (plan.isBuiltin && this.#inStatus)) continue;
      this.found.reportAt(key, 'Required', undefined, '');
    }
    if (!plan.isEmbedded || plan.isBuiltin || this.#isTrial) return;
    for (const key of ['apiVersion', 'kind']) {
      if (typeof object[key] === 'string' && object[key] !== '') continue;
      this.found.reportAt(key, 'Required', undefined, object[key] === '' ? 'must not be empty' : '');
    }
  }

  #array(plan: Plan, array: readonly unknown[]): unknown {
    if (this.#validate) {
      if (plan.accepts !== 0 && (plan.accepts & bits.array) === 0) {
        if (plan.isBuiltin) reportUnreadable(plan, array, this.found);
        else checkType(plan, bits.array, 'array', '', this.found);
        return array;
      }
      if (plan.junctors) this.#junctors(plan, array);
    }
    let out: unknown[] | undefined;
    const { items } = plan;
    for (let i = 0; i < array.length; i++) {
      const child = array[i];
      this.found.path.push(i);
      let next = child === null ? this.#null(items, true) : this.value(items, child, false);
      this.found.path.pop();
      if (next === absent) next = zeroOf(items);
      if (next !== child) {
        out ??= [...array];
        out[i] = next;
      }
    }
    const result = out ?? array;
    if (this.#validate) {
      checkArray(plan, result, this.found);
      if (plan.listType !== undefined && !plan.isBuiltin && !this.#isTrial) checkTwins(plan, result, this.found);
    }
    return result;
  }

  #junctors(plan: Plan, value: unknown): void {
    const { found } = this;
    const name = goQuote(found.dotted());
    if (plan.anyOf.length > 0) {
      const best = this.#alternatives(plan.anyOf, value, true);
      if (best.valid === 0) found.reportRoot(`${name} must validate at least one schema (anyOf)`);
      found.adopt(best.problems);
    }
    if (plan.oneOf.length > 0) {
      const best = this.#alternatives(plan.oneOf, value, false);
      if (best.valid !== 1) {
        const count = best.valid === 0 ? 'Found none valid' : `Found ${best.valid} valid alternatives`;
        found.reportRoot(`${name} must validate one and only one schema (oneOf). ${count}`);
        found.adopt(best.problems);
      }
    }
    if (plan.allOf.length > 0) {
      let valid = 0;
      for (const one of plan.allOf) {
        const trial = this.#try(one, value);
        if (trial.found.problems.length === 0) valid++;
        found.adopt(trial.found.problems);
        this.matches += trial.matches;
      }
      if (valid < plan.allOf.length)
        found.reportRoot(`${name} must validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`);
    }
    if (plan.not !== undefined && this.#try(plan.not, value).found.problems.length === 0)
      found.reportRoot(`${name} must not validate the schema (not)`);
  }

  /** How many alternatives hold, and the problems of the one that came nearest if none does. */
  #alternatives(plans: readonly Plan[], value: unknown, isEnoughOnce: boolean): { valid: number; problems: readonly FieldProblem[] } {
    let valid = 0;
    let best: Walk | undefined;
    let first: Walk | undefined;
    for (const plan of plans) {
      const trial = this.#try(plan, value);
      if (trial.found.problems.length === 0) {
        valid++;
        best = undefined;
        first ??= trial;
        if (isEnoughOnce) break;
      } else if (valid === 0 && (best === undefined || trial.matches > best.matches)) best = trial;
    }
    this.matches += (best ?? first)?.matches ?? 0;
    return { valid, problems: best?.found.problems ?? [] };
  }

  #try(plan: Plan, value: unknown): Walk {
    const walk = new Walk({ prune: false, defaults: false, validate: true }, true);
    walk.found.path.push(...this.found.path);
    walk.value(plan, value, false);
    return walk;
  }

  /** What the server's validators would count for a value, wrong or right: alternatives with most of it show their errors. */
  #count(plan: Plan, value: unknown): void {
    const kind = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
    const bit = kind === 'number' ? (Number.isInteger(value) ? bits.integer : bits.number) : bits[kind as keyof typeof bits];
    const hasType = plan.accepts !== 0 || plan.formatName !== '';
    if (kind === 'null') {
      this.matches += hasType && !plan.isNullable ? 0 : 1;
      return;
    }
    this.matches += 4 + (hasType ? 1 : 0) + (hasType && (plan.accepts & bit) !== 0 ? 1 : 0);
    if (kind === 'number' || kind === 'array' || (kind === 'string' && plan.format !== undefined)) this.matches += 2;
    else if (kind !== 'boolean') this.matches += 1;
  }

  /** A default with the defaults inside it filled in, made once and shared: objects are immutable. */
  #defaultOf(plan: Plan, isStatus: boolean): unknown {
    const known = filledDefaults.get(plan);
    if (known !== undefined) return known.value;
    const walk = new Walk({ prune: false, defaults: true, validate: false });
    walk.#inStatus = isStatus;
    const value = walk.value(plan, plan.defaultValue, false);
    filledDefaults.set(plan, { value });
    return value;
  }
}

const filledDefaults = new WeakMap<Plan, { readonly value: unknown }>();

function isOutside(format: string | undefined, value: unknown): boolean {
  return format === 'int32' && typeof value === 'number' && (value > 2147483647 || value < -2147483648);
}

/** Empty lists and maps of Go types are left out when written. */
function isEmptyCollection(plan: Plan, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.length === 0;
  if (plan.schema.additionalProperties === undefined) return false;
  for (const _ in value) return false;
  return true;
}

/** What Go makes of a null in a list or a map. */
function zeroOf(plan: Plan): unknown {
  switch (plan.schema.type) {
    case 'string':
      return plan.isQuantity ? '0' : '';
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

function kindName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : typeof value;
}
