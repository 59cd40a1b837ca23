/** Which strategy a kind has: the table of what is particular about built-in kinds. */
import type { ServedResource } from '../ports.ts';
import type { KindStrategy } from './strategy.ts';

const statusOnly: KindStrategy = { hasStatus: true, hasGeneration: true };
const none: KindStrategy = {};
const rbac: KindStrategy = { nameRule: 'path-segment', allowsCreateOnUpdate: true };

/** By `group/plural`. A kind that is not here is stored as it comes. */
const strategies: Readonly<Record<string, KindStrategy>> = {
  'rbac.authorization.k8s.io/clusterroles': rbac,
  'rbac.authorization.k8s.io/clusterrolebindings': rbac,
  'rbac.authorization.k8s.io/roles': rbac,
  'rbac.authorization.k8s.io/rolebindings': rbac,
};

export function builtinStrategy(served: ServedResource): KindStrategy {
  const own = strategies[`${served.group}/${served.resource}`];
  if (own !== undefined) return own;
  return served.subresources.some(({ name }) => name === 'status') ? statusOnly : none;
}
