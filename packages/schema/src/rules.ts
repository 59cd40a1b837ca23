/**
 * `x-kubernetes-validations`: rules in CEL that a schema's nodes carry. They are compiled once per schema and run where the object has
 * the node. A rule that mentions `oldSelf` judges a transition and runs only where the old object has the node too.
 */

import { Optional } from '@marcbachmann/cel-js';
import { compileExpression, type Program, runtimeMessage } from './cel/compile.ts';
import { CelTypes } from './cel/types.ts';
import { CelValues } from './cel/values.ts';
import { jsonEqual } from './copy-on-write.ts';
import type { FieldProblem } from './field-problem.ts';
import { GoStruct } from './go-text.ts';
import { fieldPathOf } from './rule-field-path.ts';
import { isObject, type Rule, type Schema } from './schema.ts';

type CompiledRule = {
  readonly rule: Rule;
  readonly program: Program | undefined;
  readonly error: string | undefined;
  readonly message: Program | undefined;
  readonly usesOldSelf: boolean;
  readonly fieldPath: string;
};

/** The nodes that have rules, or lead to nodes that have. */
type RuleNode = {
  readonly schema: Schema;
  readonly isResource: boolean;
  readonly rules: readonly CompiledRule[];
  readonly properties: ReadonlyMap<string, RuleNode>;
  readonly additional: RuleNode | undefined;
  readonly items: RuleNode | undefined;
};

const trees = new WeakMap<Schema, { readonly node: RuleNode | undefined; readonly problems: readonly FieldProblem[] }>();

/**
 * Compiles every rule of a custom resource's schema.
 *
 * @param path - of the schema, for the problems: `openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule`
 */
export function compileRules(root: Schema, path: string): readonly FieldProblem[] {
  return treeOf(root, path).problems;
}

function treeOf(root: Schema, path: string): { readonly node: RuleNode | undefined; readonly problems: readonly FieldProblem[] } {
  let tree = trees.get(root);
  if (tree === undefined && !hasRules(root)) tree = { node: undefined, problems: [] };
  if (tree === undefined) {
    const problems: FieldProblem[] = [];
    const types = new CelTypes();
    registerTypes(root, true, types);
    tree = { node: compileNode(root, { path, isResource: true, uncorrelatable: undefined }, types, problems), problems };
  }
  trees.set(root, tree);
  return tree;
}

/** Whether a schema has rules anywhere. */
export function hasRules(schema: Schema): boolean {
  if ((schema['x-kubernetes-validations']?.length ?? 0) > 0) return true;
  if (schema.items !== undefined && hasRules(schema.items)) return true;
  if (typeof schema.additionalProperties === 'object' && hasRules(schema.additionalProperties)) return true;
  return Object.values(schema.properties ?? {}).some(hasRules);
}

/** Every type must be known before the first rule is compiled. */
function registerTypes(schema: Schema, isResource: boolean, types: CelTypes): void {
  if ((schema['x-kubernetes-validations']?.length ?? 0) > 0) types.selfType(schema, isResource);
  for (const child of Object.values(schema.properties ?? {})) registerTypes(child, isEmbedded(child), types);
  if (typeof schema.additionalProperties === 'object')
    registerTypes(schema.additionalProperties, isEmbedded(schema.additionalProperties), types);
  if (schema.items !== undefined) registerTypes(schema.items, isEmbedded(schema.items), types);
}

type Place = { readonly path: string; readonly isResource: boolean; readonly uncorrelatable: string | undefined };

function compileNode(schema: Schema, place: Place, types: CelTypes, problems: FieldProblem[]): RuleNode | undefined {
  const { path } = place;
  const rules = (schema['x-kubernetes-validations'] ?? []).flatMap((rule, index) => {
    const compiled = compileRule(schema, rule, `${path}.x-kubernetes-validations[${index}]`, place, types, problems);
    return compiled === undefined ? [] : [compiled];
  });
  const properties = new Map<string, RuleNode>();
  for (const [key, child] of Object.entries(schema.properties ?? {})) {
    const at = { path: `${path}.properties[${key}]`, isResource: isEmbedded(child), uncorrelatable: place.uncorrelatable };
    const node = compileNode(child, at, types, problems);
    if (node !== undefined) properties.set(key, node);
  }
  let additional: RuleNode | undefined;
  if (typeof schema.additionalProperties === 'object') {
    const child = schema.additionalProperties;
    const at = { path: `${path}.additionalProperties`, isResource: isEmbedded(child), uncorrelatable: place.uncorrelatable };
    additional = compileNode(child, at, types, problems);
  }
  let items: RuleNode | undefined;
  if (schema.items !== undefined) {
    const isMap = schema['x-kubernetes-list-type'] === 'map';
    const at = {
      path: `${path}.items`,
      isResource: isEmbedded(schema.items),
      uncorrelatable: place.uncorrelatable ?? (isMap ? undefined : path),
    };
    items = compileNode(schema.items, at, types, problems);
  }
  if (rules.length === 0 && properties.size === 0 && additional === undefined && items === undefined) return undefined;
  return { schema, isResource: place.isResource, rules, properties, additional, items };
}

function compileRule(
  schema: Schema,
  rule: Rule,
  at: string,
  place: Place,
  types: CelTypes,
  problems: FieldProblem[],
): CompiledRule | undefined {
  if (rule.rule.trim() === '') return undefined;
  const type = types.selfType(schema, place.isResource);
  const shown = ruleValue(rule);
  if (type === undefined) {
    problems.push({
      path: at,
      type: 'Internal',
      detail: 'internal error: failed to retrieve type information for x-kubernetes-validations',
    });
    return undefined;
  }
  const isOldOptional = rule.optionalOldSelf === true;
  const env = types.environment(type, isOldOptional);
  const compiled = compileExpression(rule.rule, env, isOldOptional, 'bool');
  if (!compiled.ok) problems.push({ path: `${at}.rule`, type: 'Invalid', value: shown, detail: compiled.detail });
  const usesOldSelf = compiled.ok && compiled.usesOldSelf;
  if (usesOldSelf && place.uncorrelatable !== undefined) {
    const detail = `oldSelf cannot be used on the uncorrelatable portion of the schema within ${place.uncorrelatable}`;
    problems.push({ path: `${at}.rule`, type: 'Invalid', value: rule.rule, detail });
  }
  if (compiled.ok && !usesOldSelf && rule.optionalOldSelf !== undefined) {
    const detail = 'may not be set if oldSelf is not used in rule';
    problems.push({ path: `${at}.optionalOldSelf`, type: 'Invalid', value: rule.optionalOldSelf, detail });
  }
  let message: Program | undefined;
  if (rule.messageExpression !== undefined && rule.messageExpression !== '') {
    const text = compileExpression(rule.messageExpression, env, isOldOptional, 'string');
    if (text.ok) message = text.program;
    else {
      const detail = text.detail.startsWith('compilation') ? `messageExpression ${text.detail}` : text.detail;
      problems.push({ path: `${at}.messageExpression`, type: 'Invalid', value: shown, detail });
    }
  }
  return {
    rule,
    program: compiled.ok ? compiled.program : undefined,
    error: compiled.ok ? undefined : compiled.detail,
    message,
    usesOldSelf,
    fieldPath: rule.fieldPath === undefined ? '' : (fieldPathOf(rule.fieldPath, schema) ?? ''),
  };
}

/** A rule as the server's messages show it. */
function ruleValue(rule: Rule): GoStruct {
  return new GoStruct({
    Rule: rule.rule,
    Message: rule.message ?? '',
    MessageExpression: rule.messageExpression ?? '',
    Reason: rule.reason ?? null,
    FieldPath: rule.fieldPath ?? '',
    OptionalOldSelf: rule.optionalOldSelf ?? null,
  });
}

function isEmbedded(schema: Schema): boolean {
  return schema['x-kubernetes-embedded-resource'] === true;
}

/**
 * Runs the rules of a custom resource. On an update (`old` given) a part that did not change is not judged again, except by rules that
 * mention `oldSelf`.
 *
 * @param object - pruned, defaulted and valid by its schema
 */
export function validateRules(schema: Schema, object: unknown, old?: unknown): FieldProblem[] {
  const { node } = treeOf(schema, 'openAPIV3Schema');
  if (node === undefined) return [];
  const run = new RuleRun();
  run.visit(node, object, old, '', false);
  return run.problems;
}

const newline = /\n/;
/** Longest text of a message expression. @see apiserver pkg/apis/cel MaxEvaluatedMessageExpressionSizeBytes */
const messageBytesMax = 5 * 1024;

class RuleRun {
  readonly problems: FieldProblem[] = [];
  readonly #values = new CelValues();

  visit(node: RuleNode, value: unknown, old: unknown, path: string, isUnchanged: boolean): void {
    if (value === null || value === undefined) return;
    const isSame = isUnchanged || (old !== undefined && jsonEqual(value, old));
    for (const rule of node.rules) this.#run(node, rule, value, old, path, isSame);
    if (Array.isArray(value)) {
      if (node.items === undefined) return;
      const oldItems = Array.isArray(old) ? old : [];
      for (const [index, item] of value.entries()) {
        this.visit(node.items, item, correlated(node.schema, item, oldItems), `${path}[${index}]`, isSame);
      }
    } else if (isObject(value)) {
      const oldObject = isObject(old) ? old : {};
      for (const key of Object.keys(value)) {
        const property = node.properties.get(key);
        const child = property ?? node.additional;
        if (child === undefined) continue;
        const at = property === undefined ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
        const oldChild = Object.hasOwn(oldObject, key) ? (oldObject[key] ?? undefined) : undefined;
        this.visit(child, value[key], oldChild, at, isSame);
      }
    }
  }

  #run(node: RuleNode, compiled: CompiledRule, value: unknown, old: unknown, path: string, isUnchanged: boolean): void {
    const { rule, program } = compiled;
    const type = node.schema.type ?? '';
    if (program === undefined) {
      this.problems.push({ path, type: 'Invalid', value: type, detail: `rule compile error: ${compiled.error ?? ''}` });
      return;
    }
    const isOptional = rule.optionalOldSelf === true;
    if (compiled.usesOldSelf && old === undefined && !isOptional) return;
    if (!compiled.usesOldSelf && isUnchanged) return;
    const self = this.#values.of(node.schema, value, node.isResource);
    const oldValue = old === undefined ? null : this.#values.of(node.schema, old, node.isResource);
    const optional = old === undefined ? Optional.none() : Optional.of(oldValue);
    const context = { self, oldSelf: isOptional ? optional : oldValue };
    const words = (rule.message ?? '').trim() === '' ? rule.rule.trim() : (rule.message ?? '').trim();
    try {
      if (program(context) === true) return;
    } catch (error) {
      const { text, isOverload } = runtimeMessage(error);
      const detail = isOverload
        ? `'${text}': call arguments did not match a supported operator, function or macro signature for rule: ${words}`
        : `${text} evaluating rule: ${words}`;
      this.problems.push({ path, type: 'Invalid', value: type, detail });
      return;
    }
    const fallback = (rule.message ?? '') === '' ? `failed rule: ${words}` : words;
    const detail = this.#message(compiled, context) ?? fallback;
    const at = compiled.fieldPath === '' ? path : path === '' ? compiled.fieldPath : `${path}.${compiled.fieldPath}`;
    this.problems.push(problemFor(rule, at, type, detail));
  }

  #message(compiled: CompiledRule, context: { self: unknown; oldSelf: unknown }): string | undefined {
    if (compiled.message === undefined) return undefined;
    try {
      const text = compiled.message(context);
      if (typeof text !== 'string') return undefined;
      const trimmed = text.trim();
      return trimmed === '' || newline.test(trimmed) || Buffer.byteLength(trimmed) > messageBytesMax ? undefined : trimmed;
    } catch {
      // The rule's own message stands where the expression fails.
      return undefined;
    }
  }
}

function problemFor(rule: Rule, path: string, type: string, detail: string): FieldProblem {
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return { path, type: 'Forbidden', detail };
    case 'FieldValueRequired':
      return { path, type: 'Required', detail };
    case 'FieldValueDuplicate':
      return { path, type: 'Duplicate', value: type, detail: '' };
    default:
      return { path, type: 'Invalid', value: type, detail };
  }
}

/** The old item with the same keys; only items of a keyed list can be told apart. */
function correlated(schema: Schema, item: unknown, oldItems: readonly unknown[]): unknown {
  const keys = schema['x-kubernetes-list-map-keys'];
  if (schema['x-kubernetes-list-type'] !== 'map' || keys === undefined || !isObject(item)) return undefined;
  return oldItems.find((old) => isObject(old) && keys.every((key) => jsonEqual(old[key], item[key])));
}
