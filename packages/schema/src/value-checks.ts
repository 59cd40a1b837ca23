/** Checks of single values by their schema: types, bounds, patterns, enums, twins in lists. The words are kube-openapi's. */
import { jsonEqual, setKey } from './copy-on-write.ts';
import { supportedValues } from './field-problem.ts';
import type { Findings } from './findings.ts';
import { goFloat, goQuote, toGoJson } from './go-text.ts';
import { bits, type Plan } from './plan.ts';
import type { JsonObject, Schema } from './schema.ts';

/**
 * @param bit - the kind of the value
 * @param typeName - how messages name that kind
 * @param valueFormat - `int64` or `float64` for numbers, empty otherwise
 */
export function checkType(plan: Plan, bit: number, typeName: string, valueFormat: string, found: Findings): void {
  if (plan.accepts !== 0 && (plan.accepts & bit) !== 0) return;
  if (plan.formatName !== '' && bit !== bits.string && bit !== bits.array) found.wrongType(plan.formatName, valueFormat);
  else if (plan.formatName !== '' && (plan.accepts & (bits.integer | bits.number)) === 0) return;
  else if (plan.accepts !== 0) found.wrongType(plan.typeName, typeName);
}

export function checkString(plan: Plan, value: string, found: Findings): void {
  const { schema } = plan;
  if (schema.maxLength !== undefined && runeCount(value) > schema.maxLength) {
    const unit = schema.maxLength === 1 ? 'byte' : 'bytes';
    found.report('TooLong', undefined, `may not be more than ${schema.maxLength} ${unit}`);
  } else if (schema.minLength !== undefined && runeCount(value) < schema.minLength) {
    found.report('Invalid', value, `${found.dotted()} in body should be at least ${schema.minLength} chars long`);
  } else if (plan.pattern !== undefined && !plan.pattern.test(value)) {
    found.report('Invalid', value, `${found.dotted()} in body should match '${schema.pattern ?? ''}'`);
  }
  if (plan.format !== undefined && !plan.format(value)) {
    found.report('TypeInvalid', value, `${found.dotted()} in body must be of type ${plan.formatName}: ${goQuote(value)}`);
  }
}

export function checkNumber(schema: Schema, value: number, found: Findings): void {
  const { multipleOf, maximum, minimum } = schema;
  const bound = (limit: number): string => (Number.isInteger(value) ? toGoJson(Math.trunc(limit)) : goFloat(limit));
  const say = (rest: string): void => found.report('Invalid', value, `${found.dotted()} in body should be ${rest}`);
  if (multipleOf !== undefined && !isMultiple(value, multipleOf)) say(`a multiple of ${bound(multipleOf)}`);
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum))
    say(`greater than ${schema.exclusiveMinimum === true ? '' : 'or equal to '}${bound(minimum)}`);
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum))
    say(`less than ${schema.exclusiveMaximum === true ? '' : 'or equal to '}${bound(maximum)}`);
}

export function checkEnum(plan: Plan, value: unknown, found: Findings): void {
  const allowed = plan.schema.enum ?? [];
  if (allowed.length === 0 || allowed.some((one) => jsonEqual(one, value))) return;
  found.report('NotSupported', value, supportedValues(allowed));
}

export function checkObject(plan: Plan, object: JsonObject, found: Findings): void {
  const { schema } = plan;
  if (schema.minProperties !== undefined || schema.maxProperties !== undefined) {
    const size = Object.keys(object).length;
    if (schema.minProperties !== undefined && size < schema.minProperties)
      found.report('Invalid', size, `${found.dotted()} in body should have at least ${schema.minProperties} properties`);
    if (schema.maxProperties !== undefined && size > schema.maxProperties) found.tooMany(size, schema.maxProperties);
  }
  if (plan.forbidsAdditional) {
    for (const key in object) {
      if (!plan.properties.has(key)) found.report('Invalid', key, `${found.dotted()}.${key} in body is a forbidden property`);
    }
  }
  if (schema.enum !== undefined) checkEnum(plan, object, found);
}

export function checkArray(plan: Plan, array: readonly unknown[], found: Findings): void {
  const { schema } = plan;
  if (schema.minItems !== undefined && array.length < schema.minItems)
    found.report('Invalid', array.length, `${found.dotted()} in body should have at least ${schema.minItems} items`);
  if (schema.maxItems !== undefined && array.length > schema.maxItems) found.tooMany(array.length, schema.maxItems);
  if (schema.uniqueItems === true && array.some((item, index) => array.slice(0, index).some((other) => jsonEqual(item, other))))
    found.report('Invalid', '', `${found.dotted()} in body shouldn't contain duplicates`);
  if (schema.enum !== undefined) checkEnum(plan, array, found);
}

/** Items of a set, and items of a keyed list, come once. */
export function checkTwins(plan: Plan, array: readonly unknown[], found: Findings): void {
  const isMap = plan.listType === 'map';
  if (isMap) {
    const wrong = array.findIndex((item) => item !== null && (typeof item !== 'object' || Array.isArray(item)));
    if (wrong >= 0) {
      found.reportItem(wrong, 'Invalid', array[wrong], 'must be an object for an array of list-type map');
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
    if (times === 1) found.reportItem(index, 'Duplicate', key, '');
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
