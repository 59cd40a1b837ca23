/**
 * How Go reads the values of a built-in kind: what its decoder says about one that does not fit, and the one text that it writes for
 * quantities and times that can be written in several ways.
 */
import { canonicalQuantity, formatMicroTime, formatTime, parseQuantity, parseTime } from '@sluice/api';
import type { Findings } from './findings.ts';
import { isBase64 } from './formats.ts';
import { goFloat, goJsonKind, goNumber, goQuote } from './go-text.ts';
import { bits, type Plan } from './plan.ts';
import type { Schema } from './schema.ts';

/** Reports a value of another type, as `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`. */
export function reportUnreadable(plan: Plan, value: unknown, found: Findings): void {
  if (plan.isQuantity) {
    found.wrongType('quantity', goJsonKind(value), quantityWords);
    return;
  }
  const isNumeric = (plan.accepts & (bits.integer | bits.number)) !== 0;
  const kind =
    typeof value === 'number' && isNumeric ? `number ${Number.isInteger(value) ? goNumber(value) : goFloat(value)}` : goJsonKind(value);
  const struct = (found.goTypes.at(-1) ?? '').replace(/^.*\./, '');
  const place = `Go struct field ${struct}.${found.fieldNames()}`;
  const decoding = `json: cannot unmarshal ${kind} into ${place} of type ${goTypeText(plan.schema)}`;
  const actual =
    typeof value === 'number' ? (Number.isInteger(value) ? 'integer' : 'number') : Array.isArray(value) ? 'array' : typeof value;
  found.wrongType(plan.typeName, actual, decoding);
}

const quantityWords = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/** Checks the text of a built-in field whose format has a reader of its own. */
export function checkBuiltinText(plan: Plan, value: string, found: Findings): void {
  if (plan.isQuantity) {
    if (parseQuantity(value) === undefined) found.wrongType('quantity', value, quantityWords);
  } else if (plan.schema.format === 'date-time') {
    if (parseTime(value) === undefined) found.wrongType('date-time', value, timeWords(value, isMicro(plan)));
  } else if (plan.schema.format === 'byte' && !isBase64(value)) {
    const at = /^[A-Za-z0-9+/]*(?:=.*)?/.exec(value)?.[0].length ?? 0;
    found.wrongType('byte', value, `illegal base64 data at input byte ${at}`);
  }
}

/** The text that Go writes for a quantity or a time; other texts stay as they are. */
export function canonicalText(plan: Plan, value: string | number): string | number {
  if (plan.isQuantity) return canonicalQuantity(value);
  if (typeof value !== 'string' || plan.schema.format !== 'date-time') return value;
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value) && !isMicro(plan)) return value;
  const time = parseTime(value);
  if (time === undefined) return value;
  if (!isMicro(plan)) return formatTime(time);
  // A micro time has digits that milliseconds cannot hold.
  return /\.\d{6}Z$/.test(value) ? value : formatMicroTime(time);
}

function isMicro(plan: Plan): boolean {
  return plan.schema.goType === 'v1.MicroTime';
}

function timeWords(value: string, isMicroTime: boolean): string {
  const layout = isMicroTime ? '2006-01-02T15:04:05.000000Z07:00' : '2006-01-02T15:04:05Z07:00';
  const date = /^\d{4}-\d\d-\d\d/.test(value) ? value.slice(10) : value;
  const wanted = date === value ? '2006' : 'T';
  return `parsing time ${goQuote(value)} as ${goQuote(layout)}: cannot parse ${goQuote(date)} as ${goQuote(wanted)}`;
}

function goTypeText(schema: Schema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'int32';
  switch (schema.type) {
    case 'integer':
      return schema.format ?? 'int64';
    case 'number':
      return 'float64';
    case 'boolean':
      return 'bool';
    case 'array':
      return `[]${goTypeText(schema.items ?? {})}`;
    case 'object':
      if (typeof schema.additionalProperties === 'object') return `map[string]${goTypeText(schema.additionalProperties)}`;
      return schema.goType ?? 'map[string]interface {}';
    default:
      return schema.format === 'byte' ? '[]uint8' : (schema.type ?? 'interface {}');
  }
}
