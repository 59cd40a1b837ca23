/** ClusterRoles that are made of others: what their rules should be (upstream pkg/controller/clusterroleaggregation). */
import { type KubeObject, type LabelSelector, matches, requirementsOf } from '@sluice/api';
import type { Reader } from '../../ports.ts';
import { rbacGroup } from './authorizer.ts';
import type { PolicyRule } from './rules.ts';

/** Rules of all roles that the aggregation rule selects, in order of their names, each rule once. Empty without such a rule. */
export function aggregatedRules(role: KubeObject, roles: readonly KubeObject[]): readonly PolicyRule[] {
  const selectors = selectorsOf(role).map(requirementsOf);
  const selected = roles
    .filter((other) => other.metadata.name !== role.metadata.name)
    .filter((other) => selectors.some((selector) => matches(selector, other.metadata.labels)))
    .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  const rules = new Map<string, PolicyRule>();
  for (const rule of selected.flatMap((other) => (other.rules ?? []) as readonly PolicyRule[])) {
    const { verbs, apiGroups, resources, resourceNames, nonResourceURLs } = rule;
    const key = JSON.stringify([verbs, apiGroups, resources, resourceNames, nonResourceURLs]);
    if (!rules.has(key)) rules.set(key, rule);
  }
  return [...rules.values()];
}

/** ClusterRoles whose rules are not what their aggregation rule says, with the right rules. Write them, and ask again until there are none. */
export function staleAggregates(reader: Reader): readonly KubeObject[] {
  const roles = reader.list(rbacGroup, 'clusterroles');
  return roles.flatMap((role) => {
    if (selectorsOf(role).length === 0 || role.metadata.deletionTimestamp !== undefined) return [];
    const rules = aggregatedRules(role, roles);
    return JSON.stringify(rules) === JSON.stringify(role.rules ?? []) ? [] : [{ ...role, rules }];
  });
}

function selectorsOf(role: KubeObject): readonly LabelSelector[] {
  const rule = role.aggregationRule as { readonly clusterRoleSelectors?: readonly LabelSelector[] } | undefined;
  return rule?.clusterRoleSelectors ?? [];
}
