/** What a definition says about its objects, as the strategy of one served version: status apart or not, validation by schema and rules. */
import type { KubeObject } from '@sluice/api';
import { conform, type FieldProblem, validateRules } from '@sluice/schema';
import type { KindStrategy } from '../kinds/strategy.ts';
import type { ServedResource } from '../ports.ts';

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

/** Schema, then rules. On an update what was wrong before and has not changed is let through, as a real server does since 1.33. */
function validateCustom(served: ServedResource, object: KubeObject, live: KubeObject | undefined): readonly FieldProblem[] {
  const { schema } = served;
  if (schema === undefined) return [];
  const options = { prune: false, defaults: false, validate: true };
  const { problems } = conform(schema, object, live === undefined ? options : { ...options, old: live });
  return problems.length > 0 ? problems : validateRules(schema, object, live);
}
