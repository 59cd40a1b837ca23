/**
 * Takes a CRD's `openAPIV3Schema` in: checks that it is structural, that its defaults fit, and that its rules compile. What comes out is
 * ready for `conform` and `validateRules`.
 */
import { conformPart } from './conform.ts';
import { jsonEqual } from './copy-on-write.ts';
import { type FieldProblem, supportedValues } from './field-problem.ts';
import { fieldPathOf } from './rule-field-path.ts';
import { compileRules, hasRules, validateRules } from './rules.ts';
import { isObject, type JsonObject, type Schema } from './schema.ts';
import { structuralProblems } from './structural.ts';

export type CompiledCrdSchema = { readonly ok: true; readonly schema: Schema } | { readonly ok: false; readonly problems: FieldProblem[] };

const types = ['array', 'boolean', 'integer', 'number', 'object', 'string'];
const reasons = ['FieldValueDuplicate', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueRequired'];
const unsupported: readonly (readonly [string, string])[] = [
  ['id', 'id is not supported'],
  ['additionalItems', 'additionalItems is not supported'],
  ['patternProperties', 'patternProperties is not supported'],
  ['definitions', 'definitions is not supported'],
  ['dependencies', 'dependencies is not supported'],
  ['$ref', '$ref is not supported'],
];

/**
 * Checks and prepares the schema of one version of a CRD.
 *
 * @param path - where the schema stands, for the problems. A server says `spec.validation.openAPIV3Schema` where all versions have the
 *   same schema, and `spec.versions[0].schema.openAPIV3Schema` otherwise
 * @returns the schema (the object handed in, which must not change afterwards), or the problems
 */
export function compileCrdSchema(openAPIV3Schema: unknown, path = 'openAPIV3Schema'): CompiledCrdSchema {
  if (!isObject(openAPIV3Schema)) return { ok: false, problems: [{ path, type: 'Required', detail: '' }] };
  const problems: FieldProblem[] = [];
  if (openAPIV3Schema.nullable === true) {
    problems.push({ path: `${path}.nullable`, type: 'Forbidden', detail: 'nullable cannot be true at the root' });
  }
  const isReadable = !mentionsUnsupported(openAPIV3Schema);
  if (isReadable) problems.push(...structuralProblems(openAPIV3Schema, path));
  const schema = openAPIV3Schema as Schema;
  if (isReadable && problems.length === 0) checkDefaults(schema, path, true, problems);
  const isReady = problems.length === 0;
  checkNode(openAPIV3Schema, { path, isRoot: true, inMeta: false, noDefaults: undefined }, problems);
  if (isReady && problems.length === 0) problems.push(...compileRules(schema, path));
  return problems.length === 0 ? { ok: true, schema } : { ok: false, problems };
}

function mentionsUnsupported(schema: JsonObject): boolean {
  if (unsupported.some(([key]) => schema[key] !== undefined) || Array.isArray(schema.items)) return true;
  const maps = isObject(schema.properties) ? Object.values(schema.properties) : [];
  const lists = ['allOf', 'anyOf', 'oneOf'].flatMap((name) => (Array.isArray(schema[name]) ? (schema[name] as readonly unknown[]) : []));
  return [...maps, ...lists, schema.items, schema.additionalProperties, schema.not].some(
    (child) => isObject(child) && mentionsUnsupported(child),
  );
}

type Place = { readonly path: string; readonly isRoot: boolean; readonly inMeta: boolean; readonly noDefaults: string | undefined };

function checkNode(schema: JsonObject, place: Place, problems: FieldProblem[]): void {
  const { path } = place;
  const report = (type: FieldProblem['type'], child: string, detail: string, value?: unknown): void => {
    problems.push({ path: `${path}.${child}`, type, value, detail });
  };
  if (typeof schema.type === 'string' && schema.type !== '') {
    if (!types.includes(schema.type)) report('NotSupported', 'type', supportedValues(types), schema.type);
    if (schema.type === 'null') report('Forbidden', 'type', 'type cannot be set to null, use nullable as an alternative');
  }
  if (schema.default !== undefined && place.noDefaults !== undefined) report('Forbidden', 'default', `must not be set ${place.noDefaults}`);
  for (const [key, detail] of unsupported) if (schema[key] !== undefined) report('Forbidden', key, detail);
  if (Array.isArray(schema.items)) report('Forbidden', 'items', 'items must be a schema object and not an array');
  if (place.inMeta && schema['x-kubernetes-embedded-resource'] === true)
    report('Forbidden', 'x-kubernetes-embedded-resource', 'must not be used inside of resource meta');
  if (schema.uniqueItems === true)
    report('Forbidden', 'uniqueItems', 'uniqueItems cannot be set to true since the runtime complexity becomes quadratic');
  const { additionalProperties } = schema;
  const properties = isObject(schema.properties) ? Object.entries(schema.properties) : [];
  if (properties.length > 0 && (additionalProperties === false || isObject(additionalProperties)))
    report('Forbidden', 'additionalProperties', 'additionalProperties and properties are mutual exclusive');
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    report('Invalid', 'x-kubernetes-preserve-unknown-fields', 'must be true or undefined', false);
  checkMapType(schema, report);
  checkListType(schema, report);
  checkRuleTexts(schema, path, problems);
  checkChildren(schema, place, problems);
}

type Report = (type: FieldProblem['type'], child: string, detail: string, value?: unknown) => void;

function checkMapType(schema: JsonObject, report: Report): void {
  const mapType = schema['x-kubernetes-map-type'];
  if (mapType === undefined) return;
  if (schema.type === undefined) report('Required', 'type', 'must be object if x-kubernetes-map-type is specified');
  else if (schema.type !== 'object') report('Invalid', 'type', 'must be object if x-kubernetes-map-type is specified', schema.type);
  if (mapType !== 'atomic' && mapType !== 'granular')
    report('NotSupported', 'x-kubernetes-map-type', supportedValues(['atomic', 'granular']), mapType);
}

function checkListType(schema: JsonObject, report: Report): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = Array.isArray(schema['x-kubernetes-list-map-keys']) ? schema['x-kubernetes-list-map-keys'].map(String) : [];
  const items = isObject(schema.items) ? schema.items : undefined;
  if (listType !== undefined) {
    if (schema.type === undefined) report('Required', 'type', 'must be array if x-kubernetes-list-type is specified');
    else if (schema.type !== 'array') report('Invalid', 'type', 'must be array if x-kubernetes-list-type is specified', schema.type);
    else if (listType === 'set' && items !== undefined) checkSetItems(items, report);
    if (listType !== 'atomic' && listType !== 'set' && listType !== 'map')
      report('NotSupported', 'x-kubernetes-list-type', supportedValues(['atomic', 'set', 'map']), listType);
  }
  if (keys.length > 0 && listType !== 'map') {
    const detail = 'must be map if x-kubernetes-list-map-keys is non-empty';
    if (listType === undefined) report('Required', 'x-kubernetes-list-type', detail);
    else report('Invalid', 'x-kubernetes-list-type', detail, listType);
  }
  if (listType === 'map') checkKeyedList(items, keys, report);
  if ((listType === 'set' || listType === 'map') && items?.nullable === true)
    report('Forbidden', 'items.nullable', `cannot be nullable when x-kubernetes-list-type is ${listType}`);
}

function checkSetItems(items: JsonObject, report: Report): void {
  const detail = 'must be atomic as item of a list with x-kubernetes-list-type=set';
  const listType = items['x-kubernetes-list-type'];
  if (items.type === 'array' && listType !== undefined && listType !== 'atomic')
    report('Invalid', 'items.x-kubernetes-list-type', detail, listType);
  if (items.type === 'object' && items['x-kubernetes-map-type'] !== 'atomic')
    report('Invalid', 'items.x-kubernetes-map-type', detail, null);
}

function checkKeyedList(items: JsonObject | undefined, keys: readonly string[], report: Report): void {
  if (keys.length === 0) report('Required', 'x-kubernetes-list-map-keys', 'must not be empty if x-kubernetes-list-type is map');
  if (items === undefined) {
    report('Required', 'items', 'must have a schema if x-kubernetes-list-type is map');
    return;
  }
  if (items.type !== 'object') {
    report('Invalid', 'items.type', "must be object if parent array's x-kubernetes-list-type is map", items.type ?? '');
    return;
  }
  const properties = isObject(items.properties) ? items.properties : {};
  const required = Array.isArray(items.required) ? items.required : [];
  for (const [index, key] of keys.entries()) {
    const property = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (!isObject(property)) report('Invalid', 'x-kubernetes-list-map-keys', 'entries must all be names of item properties', keys);
    else {
      if (property.type === 'array' || property.type === 'object')
        report(
          'Invalid',
          `items.properties[${key}].type`,
          "must be a scalar type if parent array's x-kubernetes-list-type is map",
          items.type,
        );
      const word = 'this property is in x-kubernetes-list-map-keys, so it';
      if (!required.includes(key) && property.default === undefined)
        report('Required', `items.properties[${key}].default`, `${word} must have a default or be a required property`);
      if (property.nullable === true) report('Forbidden', `items.properties[${key}].nullable`, `${word} cannot be nullable`);
    }
    if (keys.indexOf(key) !== index) report('Invalid', 'x-kubernetes-list-map-keys', 'must not contain duplicate entries', keys);
  }
}

function checkRuleTexts(schema: JsonObject, path: string, problems: FieldProblem[]): void {
  const rules = schema['x-kubernetes-validations'];
  if (!Array.isArray(rules)) return;
  for (const [index, rule] of rules.entries()) {
    if (!isObject(rule)) continue;
    const text = (key: string): string => (typeof rule[key] === 'string' ? (rule[key] as string) : '');
    const report = (type: FieldProblem['type'], child: string, detail: string, value?: unknown): void => {
      problems.push({ path: `${path}.x-kubernetes-validations[${index}].${child}`, type, value, detail });
    };
    const message = text('message');
    const hasBreak = (value: string): boolean => /[\n\r]/.test(value);
    if (text('rule').trim() === '') report('Required', 'rule', 'rule is not specified');
    else if (message !== '' && message.trim() === '') report('Invalid', 'message', 'must be non-empty if specified', message);
    else if (hasBreak(message.trim())) report('Invalid', 'message', 'must not contain line breaks', message);
    else if (hasBreak(text('rule').trim()) && message.trim() === '')
      report('Required', 'message', 'message must be specified if rule contains line breaks');
    const expression = text('messageExpression');
    if (expression !== '' && expression.trim() === '')
      report('Required', 'messageExpression', 'messageExpression must be non-empty if specified');
    const reason = text('reason');
    if (reason !== '' && !reasons.includes(reason)) report('NotSupported', 'reason', supportedValues(reasons), reason);
    const fieldPath = text('fieldPath');
    if (fieldPath === '') continue;
    if (fieldPath.trim() === '') report('Invalid', 'fieldPath', 'must be non-empty if specified', fieldPath);
    if (hasBreak(fieldPath)) report('Invalid', 'fieldPath', 'must not contain line breaks', fieldPath);
    if (fieldPathOf(fieldPath, schema as Schema) === undefined) report('Invalid', 'fieldPath', 'must be a valid path', fieldPath);
  }
}

function checkChildren(schema: JsonObject, place: Place, problems: FieldProblem[]): void {
  const { path } = place;
  const inside = { path, isRoot: false, inMeta: place.inMeta, noDefaults: place.noDefaults };
  if (isObject(schema.additionalProperties)) {
    const noDefaults = place.inMeta ? 'inside additionalProperties applying to object metadata' : place.noDefaults;
    checkNode(schema.additionalProperties, { ...inside, path: `${path}.additionalProperties`, noDefaults }, problems);
  }
  const hasMeta = place.isRoot || schema['x-kubernetes-embedded-resource'] === true;
  for (const [key, child] of isObject(schema.properties) ? Object.entries(schema.properties) : []) {
    if (!isObject(child)) continue;
    const isMeta = hasMeta && (key === 'metadata' || key === 'kind' || key === 'apiVersion');
    const noDefaults = isMeta && place.isRoot ? `in top-level ${key}` : place.noDefaults;
    checkNode(child, { path: `${path}.properties[${key}]`, isRoot: false, inMeta: place.inMeta || isMeta, noDefaults }, problems);
  }
  for (const name of ['allOf', 'anyOf', 'oneOf']) {
    const list = schema[name];
    if (!Array.isArray(list)) continue;
    for (const [index, child] of list.entries())
      if (isObject(child)) checkNode(child, { ...inside, path: `${path}.${name}[${index}]` }, problems);
  }
  if (isObject(schema.not)) checkNode(schema.not, { ...inside, path: `${path}.not` }, problems);
  if (isObject(schema.items)) checkNode(schema.items, { ...inside, path: `${path}.items` }, problems);
}

/** Every default must be pruned and valid, by its rules too. */
function checkDefaults(schema: Schema, path: string, isRoot: boolean, problems: FieldProblem[]): void {
  if (schema.default !== undefined && schema.default !== null && !isRoot) {
    const at = `${path}.default`;
    const pruned = conformPart(schema, schema.default, { prune: true, defaults: false, validate: false });
    if (!jsonEqual(pruned.object, schema.default)) {
      problems.push({ path: at, type: 'Invalid', value: schema.default, detail: 'must not have unknown fields' });
    }
    const checked = conformPart(schema, schema.default, { prune: false, defaults: true, validate: true });
    for (const problem of checked.problems) problems.push({ ...problem, path: joined(at, problem.path) });
    if (checked.problems.length === 0 && hasRules(schema)) {
      for (const problem of validateRules(schema, checked.object)) problems.push({ ...problem, path: joined(at, problem.path) });
    }
  }
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const isMeta = isRoot && (key === 'metadata' || key === 'kind' || key === 'apiVersion');
    if (!isMeta) checkDefaults(child, `${path}.properties[${key}]`, false, problems);
  }
  if (schema.items !== undefined) checkDefaults(schema.items, `${path}.items`, false, problems);
  if (typeof schema.additionalProperties === 'object') {
    checkDefaults(schema.additionalProperties, `${path}.additionalProperties`, false, problems);
  }
}

function joined(path: string, rest: string): string {
  if (rest === '') return path;
  return rest.startsWith('[') ? `${path}${rest}` : `${path}.${rest}`;
}
