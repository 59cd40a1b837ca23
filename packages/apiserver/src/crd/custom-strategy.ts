/** What a definition says about its objects, as the strategy of one served version: status apart or not, validation by schema and rules. */
import type { KubeObject } from '@sluice/api';
import { conform, type FieldProblem, validateRules } from '@sluice/schema';
import type { KindStrategy } from '../kinds/strategy.ts';
import type { ServedResource } from '../ports.ts';
import { equal } from '../rest/clone.ts';

const strategies: WeakMap<ServedResource, KindStrategy> = new WeakMap();

export function customStrategy(served: ServedResource): KindStrategy {
  let strategy = strategies.get(served);
  if (strategy === undefined) {
    strategy = makeStrategy(served);
    strategies.set(served, strategy);
  }
  return strategy;
}

function makeStrategy(served: ServedResource): KindStrategy {
  const hasStatus = served.custom?.hasStatus === true;
  return {
    hasStatus,
    hasGeneration: true,
    allowsUnconditionalUpdate: false,
    ...(hasStatus ? { initialStatus: () => undefined } : {}),
    validateCreate: (object) => validateCustom(served, object, undefined),
    validateUpdate: (next, live) => validateCustom(served, next, live),
  };
}

/**
 * Schema, then rules, as one list. On an update what was wrong before and has not changed is let through, as a real server does since 1.33.
 */
function validateCustom(served: ServedResource, object: KubeObject, live: KubeObject | undefined): readonly FieldProblem[] {
  const { schema } = served;
  if (schema === undefined) return [];
  const { problems } = conform(schema, object, { prune: false, defaults: false, validate: true });
  const found = problems.length > 0 ? problems : validateRules(schema, object, live);
  if (found.length === 0 || live === undefined) return found;
  return found.filter(({ path }) => !equal(valueAt(object, path), valueAt(live, path)) || valueAt(live, path) === undefined);
}

/** The value at a problem's path: `spec.steps[0].setWeight`, `data[key]`. */
function valueAt(object: unknown, path: string): unknown {
  let value = object;
  for (const segment of path.split(/[.[\]]+/)) {
    if (segment === '') continue;
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[segment];
  }
  return value;
}
