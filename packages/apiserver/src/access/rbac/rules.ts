/** PolicyRules and what they allow: the matching of one rule, the comparison of rule sets, and the text of a rule (upstream pkg/apis/rbac, component-helpers auth/rbac/validation). */
import type { AuthorizationAttributes } from '../../ports.ts';

export type PolicyRule = {
  readonly verbs: readonly string[];
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
};

/** What a decision asks of a rule. */
type RuleQuestion = Pick<AuthorizationAttributes, 'verb' | 'group' | 'resource' | 'subresource' | 'name' | 'path' | 'isResourceRequest'>;

/** A rule made ready for many questions. */
export type Rule = { readonly source: PolicyRule; allows(question: RuleQuestion): boolean };

export function compileRule(source: PolicyRule): Rule {
  const verbs = new Set(source.verbs);
  const groups = new Set(source.apiGroups ?? []);
  const resources = new Set(source.resources ?? []);
  const names = new Set(source.resourceNames ?? []);
  const urls = source.nonResourceURLs ?? [];
  const anyVerb = verbs.has('*');
  const anyGroup = groups.has('*');
  const anyResource = resources.has('*');
  return {
    source,
    allows(question) {
      if (!anyVerb && !verbs.has(question.verb)) return false;
      if (!question.isResourceRequest) return urls.some((url) => matchesUrl(url, question.path));
      if (!anyGroup && !groups.has(question.group)) return false;
      if (names.size > 0 && !names.has(question.name)) return false;
      if (anyResource) return true;
      if (question.subresource === '') return resources.has(question.resource);
      return resources.has(`${question.resource}/${question.subresource}`) || resources.has(`*/${question.subresource}`);
    },
  };
}

/** `*`, the path itself, or a prefix that ends in `*`. */
function matchesUrl(rule: string, path: string): boolean {
  if (rule === '*' || rule === path) return true;
  return rule.endsWith('*') && path.startsWith(rule.replace(/\*+$/, ''));
}

/**
 * The parts of `wanted` that `owned` does not cover, each cut to one verb, group, resource and name.
 *
 * @see k8s.io/component-helpers/auth/rbac/validation Covers
 */
export function uncovered(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap(breakDown).filter((part) => !owned.some((rule) => covers(rule, part)));
}

function breakDown(rule: PolicyRule): readonly PolicyRule[] {
  const parts: PolicyRule[] = [];
  for (const apiGroup of rule.apiGroups ?? []) {
    for (const resource of rule.resources ?? []) {
      for (const verb of rule.verbs) {
        const part = { verbs: [verb], apiGroups: [apiGroup], resources: [resource] };
        if ((rule.resourceNames ?? []).length === 0) parts.push(part);
        for (const name of rule.resourceNames ?? []) parts.push({ ...part, resourceNames: [name] });
      }
    }
  }
  for (const url of rule.nonResourceURLs ?? []) {
    for (const verb of rule.verbs) parts.push({ verbs: [verb], nonResourceURLs: [url] });
  }
  return parts;
}

function covers(owner: PolicyRule, part: PolicyRule): boolean {
  const hasAll = (owned: readonly string[] | undefined, wanted: readonly string[] | undefined): boolean =>
    owned?.includes('*') === true || (wanted ?? []).every((item) => owned?.includes(item) === true);
  if (!hasAll(owner.verbs, part.verbs)) return false;
  if (part.nonResourceURLs !== undefined) {
    return part.nonResourceURLs.every((url) => (owner.nonResourceURLs ?? []).some((mine) => coversUrl(mine, url)));
  }
  if (!hasAll(owner.apiGroups, part.apiGroups)) return false;
  const isResourceCovered = (part.resources ?? []).every((resource) => {
    const subresource = resource.includes('/') ? resource.slice(resource.indexOf('/') + 1) : undefined;
    const owned = owner.resources ?? [];
    return owned.includes('*') || owned.includes(resource) || (subresource !== undefined && owned.includes(`*/${subresource}`));
  });
  if (!isResourceCovered) return false;
  if ((owner.resourceNames ?? []).length === 0) return true;
  return part.resourceNames?.every((name) => owner.resourceNames?.includes(name) === true) ?? false;
}

function coversUrl(mine: string, url: string): boolean {
  return mine === '*' || mine === url || (mine.endsWith('*') && url.startsWith(mine.replace(/\*+$/, '')));
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get"]}`: the text of `rbac.PolicyRule.CompactString`. */
export function compactRule(rule: PolicyRule): string {
  const parts = (
    [
      ['APIGroups', rule.apiGroups],
      ['Resources', rule.resources],
      ['NonResourceURLs', rule.nonResourceURLs],
      ['ResourceNames', rule.resourceNames],
      ['Verbs', rule.verbs],
    ] as const
  )
    .filter(([, values]) => (values ?? []).length > 0)
    .map(([label, values]) => `${label}:[${(values ?? []).map((value) => JSON.stringify(value)).join(' ')}]`);
  return `{${parts.join(', ')}}`;
}

/** Rules with equal groups, names and resources joined, as escalation messages and rule reviews show them. */
export function compactRules(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const joined = new Map<string, PolicyRule>();
  const others: PolicyRule[] = [];
  for (const rule of rules) {
    const isSimple =
      (rule.resourceNames ?? []).length <= 1 &&
      (rule.nonResourceURLs ?? []).length === 0 &&
      rule.apiGroups?.length === 1 &&
      rule.resources?.length === 1;
    if (!isSimple) {
      others.push(rule);
      continue;
    }
    const key = JSON.stringify([rule.apiGroups, rule.resources, rule.resourceNames ?? []]);
    const before = joined.get(key);
    joined.set(key, before === undefined ? rule : { ...before, verbs: [...before.verbs, ...rule.verbs] });
  }
  return [...joined.values(), ...others];
}
