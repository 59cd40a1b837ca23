/** The CEL environment of Kubernetes 1.34 rules. Made on first use and never changed: typed environments are clones. */
import { Environment } from '@marcbachmann/cel-js';
import { registerComprehensions } from './comprehensions.ts';
import { registerLists } from './lists.ts';
import { registerNetwork } from './network.ts';
import { registerQuantities } from './quantities.ts';
import { registerStrings } from './strings.ts';

/** Bounds of one expression; the real server bounds the estimated cost instead. */
const limits = { maxAstNodes: 20_000, maxDepth: 100, maxListElements: 2_000, maxMapEntries: 2_000, maxCallArguments: 32 };

let base: Environment | undefined;
let dynamic: Environment | undefined;
let optional: Environment | undefined;

/** Functions without variables. Clone it to declare typed ones. */
export function baseEnvironment(): Environment {
  if (base === undefined) {
    base = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false, limits });
    registerStrings(base);
    registerLists(base);
    registerQuantities(base);
    registerNetwork(base);
    registerComprehensions(base);
  }
  return base;
}

/** `self` and `oldSelf` of any type: rules run here, once their types have been checked. */
export function dynamicEnvironment(): Environment {
  dynamic ??= baseEnvironment().clone().registerVariable('self', 'dyn').registerVariable('oldSelf', 'dyn');
  return dynamic;
}

/** The same for rules whose `oldSelf` is optional. */
export function optionalEnvironment(): Environment {
  optional ??= baseEnvironment().clone().registerVariable('self', 'dyn').registerVariable('oldSelf', 'optional<dyn>');
  return optional;
}
