/**
 * Makes an object what its schema says: unknown fields go, defaults come, everything wrong is reported. An object that is already right
 * comes back as the same reference. Rules in CEL are not looked at here: see `rules.ts`.
 */
import { jsonEqual } from './copy-on-write.ts';
import type { FieldProblem } from './field-problem.ts';
import type { Segment } from './findings.ts';
import { type Plan, planOf } from './plan.ts';
import { isObject, type JsonObject, type Schema } from './schema.ts';
import { absent, Walk, type WalkOptions } from './walk.ts';

/** With `old`, the object before an update, what was wrong before and has not changed is let through, as a real server does since 1.33. */
export type ConformOptions = WalkOptions & { readonly old?: unknown };

export type Conformed = { readonly object: unknown; readonly unknownFields: string[]; readonly problems: FieldProblem[] };

/**
 * Prunes, defaults and validates `object`, which is taken for a whole resource: `apiVersion`, `kind` and `metadata` are always known.
 *
 * Built-in kinds are read as Go reads them: null is absent, empty lists and maps that are not required vanish, quantities and times get
 * their canonical text.
 *
 * @returns the object (the same reference if nothing changed), the paths of what was pruned (`spec.containers[0].foo`, sorted), and
 *   the problems with the words of a real API server
 */
export function conform(schema: Schema, object: unknown, options: ConformOptions): Conformed {
  const walk = new Walk(options);
  const plan = planOf(schema);
  const result = walk.value(plan, object, true);
  if (walk.unknownFields.length > 1) walk.unknownFields.sort();
  const { problems, places } = walk.found;
  const { old } = options;
  return {
    object: result === absent ? null : result,
    unknownFields: walk.unknownFields,
    problems: old === undefined ? problems : problems.filter((_, index) => !isUnchanged(plan, result, old, places[index] ?? [])),
  };
}

/** The same for a part of an object, such as a default value. */
export function conformPart(schema: Schema, value: unknown, options: WalkOptions): Conformed {
  const walk = new Walk(options);
  const result = walk.value(planOf(schema), value, false);
  return { object: result === absent ? null : result, unknownFields: walk.unknownFields, problems: walk.found.problems };
}

/** Whether the value at a place, or anything it is part of, is as it was. Items of lists without keys cannot be told apart. */
function isUnchanged(root: Plan, object: unknown, old: unknown, place: readonly Segment[]): boolean {
  let plan: Plan | undefined = root;
  let value = object;
  let before = old;
  for (const segment of place) {
    if (jsonEqual(value, before)) return true;
    if (typeof segment === 'number') {
      value = Array.isArray(value) ? value[segment] : undefined;
      before = plan === undefined ? undefined : sameItem(plan, value, before);
      plan = plan?.items;
    } else {
      value = isObject(value) ? value[segment] : undefined;
      before = isObject(before) ? before[segment] : undefined;
      plan = plan?.child(segment);
    }
    if (before === undefined) return false;
  }
  return jsonEqual(value, before);
}

function sameItem(plan: Plan, item: unknown, old: unknown): unknown {
  if (plan.listType !== 'map' || !Array.isArray(old) || !isObject(item)) return undefined;
  return old.find((other): other is JsonObject => isObject(other) && plan.listKeys.every((key) => jsonEqual(other[key], item[key])));
}
