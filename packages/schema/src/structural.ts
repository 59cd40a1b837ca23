/**
 * What makes a CRD's schema structural: the shape of every object is told outside of `allOf`, `anyOf`, `oneOf` and `not`, and those only
 * narrow values. Messages are those of a real server, and so is their order (sorted).
 */
import { jsonEqual } from './copy-on-write.ts';
import { type FieldProblem, formatProblem } from './field-problem.ts';
import { goPattern } from './patterns.ts';
import { isObject, type JsonObject } from './schema.ts';

type Level = 'root' | 'item' | 'field';

const junctors = ['allOf', 'anyOf', 'oneOf'] as const;
const intOrString = [{ type: 'integer' }, { type: 'string' }];

/** @param path - where the schema stands, such as `openAPIV3Schema` */
export function structuralProblems(schema: JsonObject, path: string): FieldProblem[] {
  const problems: FieldProblem[] = [];
  checkInvariants(schema, 'root', path, problems);
  checkCompleteness(schema, schema, path, path, problems);
  return problems.sort((a, b) => {
    const left = formatProblem(a);
    const right = formatProblem(b);
    return left < right ? -1 : left > right ? 1 : 0;
  });
}

function checkInvariants(schema: JsonObject, level: Level, path: string, problems: FieldProblem[]): void {
  const { type, items, properties, additionalProperties } = schema;
  const isEmbedded = schema['x-kubernetes-embedded-resource'] === true;
  const preserves = schema['x-kubernetes-preserve-unknown-fields'] === true;
  const isIntOrString = schema['x-kubernetes-int-or-string'] === true;
  const report = (kind: FieldProblem['type'], child: string, detail: string, value?: unknown): void => {
    problems.push({ path: `${path}.${child}`, type: kind, value, detail });
  };
  if (type === 'array' && items === undefined) report('Required', 'items', 'must be specified');
  if (isObject(items)) checkInvariants(items, 'item', `${path}.items`, problems);
  for (const [key, child] of entries(properties)) checkInvariants(child, 'field', `${path}.properties[${key}]`, problems);
  if (additionalProperties !== undefined) {
    if (level === 'root') report('Forbidden', 'additionalProperties', 'must not be used at the root');
    if (isObject(additionalProperties)) checkInvariants(additionalProperties, 'field', `${path}.additionalProperties`, problems);
  }
  if (isIntOrString && preserves)
    report('Invalid', 'x-kubernetes-preserve-unknown-fields', 'must be false if x-kubernetes-int-or-string is true', true);
  if (isIntOrString && isEmbedded)
    report('Invalid', 'x-kubernetes-embedded-resource', 'must be false if x-kubernetes-int-or-string is true', true);

  checkValues(schema, path, problems, {
    skipAnyOf: jsonEqual(schema.anyOf, intOrString),
    skipFirstAllOf: Array.isArray(schema.allOf) && jsonEqual((schema.allOf[0] as JsonObject | undefined)?.anyOf, intOrString),
  });

  const hasType = typeof type === 'string' && type !== '';
  if (isEmbedded && type !== 'object') {
    const detail = 'must be object if x-kubernetes-embedded-resource is true';
    if (hasType) report('Invalid', 'type', detail, type);
    else report('Required', 'type', detail);
  } else if (!hasType && !isIntOrString && !preserves) {
    const where = { root: 'at the root', item: 'for specified array items', field: 'for specified object fields' };
    report('Required', 'type', `must not be empty ${where[level]}`);
  }
  if (isEmbedded && additionalProperties !== undefined)
    report('Forbidden', 'additionalProperties', 'must not be used if x-kubernetes-embedded-resource is set');
  if (level === 'root' && hasType && type !== 'object') report('Invalid', 'type', 'must be object at the root', type);
  checkMeta(schema, level, isEmbedded, path, problems);
  if (isEmbedded && !preserves && entries(properties).length === 0)
    report(
      'Required',
      'properties',
      'must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields',
    );
}

function checkMeta(schema: JsonObject, level: Level, isEmbedded: boolean, path: string, problems: FieldProblem[]): void {
  const isChecked = level === 'root' || isEmbedded;
  const named = new Map(entries(schema.properties));
  for (const key of ['kind', 'apiVersion']) {
    const child = named.get(key);
    if (isChecked && child !== undefined && child.type !== 'string')
      problems.push({ path: `${path}.properties[${key}].type`, type: 'Invalid', value: child.type ?? '', detail: 'must be string' });
  }
  const metadata = named.get('metadata');
  if (metadata === undefined) return;
  const at = `${path}.properties[metadata]`;
  if (isChecked && metadata.type !== 'object')
    problems.push({ path: `${at}.type`, type: 'Invalid', value: metadata.type ?? '', detail: 'must be object' });
  if (level !== 'root') return;
  const { type: _type, properties, default: _default, ...rest } = metadata;
  const names = entries(properties).map(([key]) => key);
  const isNameOnly = names.every((name) => name === 'name' || name === 'generateName');
  if (!isNameOnly || Object.keys(rest).length > 0)
    problems.push({
      path: at,
      type: 'Forbidden',
      detail: 'must not specify anything other than name and generateName, but metadata is implicitly specified',
    });
}

type Skipped = { readonly skipAnyOf: boolean; readonly skipFirstAllOf: boolean };

function checkValues(schema: JsonObject, path: string, problems: FieldProblem[], skipped: Skipped): void {
  for (const [name, index, child] of nested(schema)) {
    if (name === 'anyOf' && skipped.skipAnyOf) continue;
    const isAllowed = name === 'allOf' && index === 0 && skipped.skipFirstAllOf;
    checkNested(child, nestedPath(path, name, index), problems, { skipAnyOf: isAllowed, skipFirstAllOf: false });
  }
  const { pattern } = schema;
  if (typeof pattern === 'string' && pattern !== '') {
    try {
      goPattern(pattern);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const detail = `must be a valid regular expression, but isn't: ${reason}`;
      problems.push({ path: `${path}.pattern`, type: 'Invalid', value: pattern, detail });
    }
  }
}

const forbiddenInside: readonly (readonly [string, string])[] = [
  ['type', 'must be empty to be structural'],
  ['additionalProperties', 'must be undefined to be structural'],
  ['default', 'must be undefined to be structural'],
  ['title', 'must be empty to be structural'],
  ['description', 'must be empty to be structural'],
  ['nullable', 'must be false to be structural'],
  ['x-kubernetes-preserve-unknown-fields', 'must be false to be structural'],
  ['x-kubernetes-embedded-resource', 'must be false to be structural'],
  ['x-kubernetes-int-or-string', 'must be false to be structural'],
  ['x-kubernetes-list-map-keys', 'must be empty to be structural'],
  ['x-kubernetes-list-type', 'must be undefined to be structural'],
  ['x-kubernetes-map-type', 'must be undefined to be structural'],
  ['x-kubernetes-validations', 'must be empty to be structural'],
];

function checkNested(schema: JsonObject, path: string, problems: FieldProblem[], skipped: Skipped): void {
  checkValues(schema, path, problems, skipped);
  const none = { skipAnyOf: false, skipFirstAllOf: false };
  if (isObject(schema.items)) checkNested(schema.items, `${path}.items`, problems, none);
  for (const [key, child] of entries(schema.properties)) checkNested(child, `${path}.properties[${key}]`, problems, none);
  for (const [key, detail] of forbiddenInside) {
    const value = schema[key];
    const isSet = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== '' && value !== false;
    if (isSet) problems.push({ path: `${path}.${key}`, type: 'Forbidden', detail });
  }
  if (isObject(schema.properties) && Object.hasOwn(schema.properties, 'metadata'))
    problems.push({ path: `${path}.properties[metadata]`, type: 'Forbidden', detail: 'must not be specified in a nested context' });
}

/** Fields and items that a junctor speaks of must be there outside of it. */
function checkCompleteness(values: JsonObject, spine: JsonObject, spinePath: string, path: string, problems: FieldProblem[]): void {
  for (const [name, index, child] of nested(values)) {
    checkNestedCompleteness(child, spine, spinePath, nestedPath(path, name, index), problems);
  }
}

function checkNestedCompleteness(
  values: JsonObject,
  spine: JsonObject | undefined,
  spinePath: string,
  path: string,
  problems: FieldProblem[],
): void {
  if (spine === undefined) {
    problems.push({ path: spinePath, type: 'Required', detail: `because it is defined in ${path}` });
    return;
  }
  checkCompleteness(values, spine, spinePath, path, problems);
  if (isObject(values.items)) {
    checkNestedCompleteness(values.items, isObject(spine.items) ? spine.items : undefined, `${spinePath}.items`, `${path}.items`, problems);
  }
  const named = new Map(entries(spine.properties));
  for (const [key, child] of entries(values.properties)) {
    checkNestedCompleteness(child, named.get(key), `${spinePath}.properties[${key}]`, `${path}.properties[${key}]`, problems);
  }
}

function nested(schema: JsonObject): readonly (readonly [string, number, JsonObject])[] {
  const found: (readonly [string, number, JsonObject])[] = [];
  for (const name of junctors) {
    const list = schema[name];
    if (Array.isArray(list)) for (const [index, child] of list.entries()) if (isObject(child)) found.push([name, index, child]);
  }
  if (isObject(schema.not)) found.push(['not', -1, schema.not]);
  return found;
}

function nestedPath(path: string, name: string, index: number): string {
  return index < 0 ? `${path}.${name}` : `${path}.${name}[${index}]`;
}

function entries(record: unknown): readonly (readonly [string, JsonObject])[] {
  return isObject(record) ? Object.entries(record).filter((entry): entry is [string, JsonObject] => isObject(entry[1])) : [];
}
