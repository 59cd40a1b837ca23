/** Rules of a Gateway API route: which of them a Rollout weighs, and those that its steps put in. */
import type { KubeObject, Rollout, SetHeaderRoute, SetMirrorRoute, StringMatch } from '@sluice/api';
import type { WeightTarget } from '@sluice/engine';
import { RoutingProblem, stepName } from '../draft.ts';
import { type Fields, fieldAt, isFields, isSame, listOf, textOf, withField } from '../fields.ts';
import { canaryOf, namespaceOf, routingOf, servicesOf } from '../rollout.ts';
import type { GatewayKind, NamedRoute } from './config.ts';

export type Rule = Fields & { readonly name?: unknown; readonly backendRefs: readonly Fields[] };

/** @throws RoutingProblem when the rules are no rules */
export function rulesOf(route: KubeObject, kind: GatewayKind): readonly Rule[] {
  const rules = fieldAt(route, 'spec', 'rules');
  const isRule = (rule: unknown): rule is Fields =>
    isFields(rule) && Array.isArray(rule.backendRefs ?? []) && ((rule.backendRefs ?? []) as unknown[]).every(isFields);
  if (!Array.isArray(rules) || !rules.every(isRule)) throw notFound(kind);
  return rules.map((rule) => ({ ...rule, backendRefs: (rule.backendRefs ?? []) as readonly Fields[] }));
}

export function withRules(route: KubeObject, rules: readonly Rule[]): KubeObject {
  const before = listOf(fieldAt(route, 'spec', 'rules')) ?? [];
  // A rule without backends gets no empty list.
  const next = rules.map(({ backendRefs, ...rule }) => {
    const whole: Fields = { ...rule, backendRefs };
    return backendRefs.length === 0 && before.some((old) => isSame(old, rule)) ? rule : whole;
  });
  return isSame(before, next) ? route : withField(route, ['spec', 'rules'], next);
}

/**
 * Rules with the canary at `weight`, experiments at theirs and the stable version at what is left of the whole; copies of them for mirroring too.
 * Backends of experiments that were recorded and are over are taken out.
 */
export function weighed(
  rollout: Rollout,
  rules: readonly Rule[],
  route: NamedRoute,
  weight: number,
  targets: readonly WeightTarget[],
): readonly Rule[] {
  const { stable, canary } = servicesOf(rollout);
  const whole = routingOf(rollout).maxTrafficWeight ?? 100;
  const rest = targets.reduce((left, target) => left - target.weight, whole - weight);
  const shares = new Map([[canary, weight], [stable, rest], ...targets.map((target) => [target.serviceName, target.weight] as const)]);
  const over = new Set(rollout.status?.canary?.weights?.additional?.map(({ serviceName = '' }) => serviceName));
  const own = new Set(ownRules(rollout, rules, route));
  return rules.map((rule) => {
    if (!own.has(rule) && !isMirrorRule(rollout, rule)) return rule;
    const kept = rule.backendRefs.filter((backend) => shares.has(textOf(backend.name)) || !over.has(textOf(backend.name)));
    const model = kept.find((backend) => backend.name === canary) ?? {};
    const added = targets.filter(({ serviceName }) => !kept.some((backend) => backend.name === serviceName));
    return {
      ...rule,
      backendRefs: [
        ...kept.map((backend) => {
          const share = shares.get(textOf(backend.name));
          return share === undefined ? backend : { ...backend, weight: share };
        }),
        ...added.map((target) => experimentBackend(rollout, model, target)),
      ],
    };
  });
}

/** An experiment's service has the ports of the services that it stands beside. */
function experimentBackend(rollout: Rollout, model: Fields, { serviceName, weight }: WeightTarget): Fields {
  const { filters: _, name: __, weight: ___, ...reference } = model;
  return { ...reference, name: serviceName, namespace: textOf(reference.namespace) || namespaceOf(rollout), weight };
}

/**
 * Rules that lead to both versions, or the one that is named; none that a step has put in.
 *
 * @throws RoutingProblem when there is none
 */
function ownRules(rollout: Rollout, rules: readonly Rule[], { kind, ruleName }: NamedRoute): readonly Rule[] {
  const { stable, canary } = servicesOf(rollout);
  const leadsTo = (rule: Rule, service: string): boolean => service !== '' && rule.backendRefs.some(({ name }) => name === service);
  const steps = new Set(stepNames(rollout));
  const own = rules.filter(
    (rule) =>
      leadsTo(rule, stable) &&
      leadsTo(rule, canary) &&
      (ruleName === undefined ? !isStepRule(rollout, rule, steps) : rule.name === ruleName),
  );
  if (own.length === 0) throw notFound(kind, ruleName);
  return own;
}

/** One rule for each own rule, with its matches and these headers besides, all to the canary. */
export function withHeaderRules(rollout: Rollout, rules: readonly Rule[], route: NamedRoute, step: SetHeaderRoute): readonly Rule[] {
  const { match = [] } = step;
  const name = stepName(step);
  const others = withoutStepRules(rollout, rules, [name]);
  if (match.length === 0) return others;
  const headers = match.map(({ headerName, headerValue }) => headerMatch(headerName, headerValue));
  const { canary } = servicesOf(rollout);
  const added = ownRules(rollout, others, route).map((rule, at): Rule => {
    const { weight: _, ...backend } = rule.backendRefs.find((candidate) => candidate.name === canary) ?? {};
    const matches = (listOf(rule.matches) ?? [{}]).map((base) => withHeaders(base, headers));
    const filters = rule.filters === undefined ? {} : { filters: rule.filters };
    return { name: ruleNameOf(name, at), matches, ...filters, backendRefs: [{ ...backend, weight: 1 }] };
  });
  return isSettled(rollout, rules, added, name) ? rules : [...others, ...added];
}

/** One rule for each own rule, with its backends and the step's matches, and the canary as a mirror. */
export function withMirrorRules(rollout: Rollout, rules: readonly Rule[], route: NamedRoute, step: SetMirrorRoute): readonly Rule[] {
  const { match = [], percentage } = step;
  const name = stepName(step);
  const others = withoutStepRules(rollout, rules, [name]);
  if (match.length === 0) return others;
  const { canary } = servicesOf(rollout);
  const matches = match.map(({ method, path, headers }) => ({
    ...(path === undefined ? {} : { path: pathMatch(path) }),
    ...(method?.exact === undefined ? {} : { method: method.exact }),
    ...(headers === undefined ? {} : { headers: Object.entries(headers).map(([header, value]) => headerMatch(header, value)) }),
  }));
  const [first] = ownRules(rollout, others, route);
  if (first === undefined) return others;
  const { weight: _, filters: __, ...backendRef } = first.backendRefs.find((candidate) => candidate.name === canary) ?? {};
  const mirror = { type: 'RequestMirror', requestMirror: { backendRef, ...(percentage === undefined ? {} : { percent: percentage }) } };
  const filters = [...(listOf(first.filters) ?? []), mirror];
  const added = [{ name, matches, filters, backendRefs: first.backendRefs }];
  // Of two rules that match alike the first one counts.
  return isSettled(rollout, rules, added, name) ? rules : [...added, ...others];
}

/** Without the rules of these steps. */
export function withoutStepRules(rollout: Rollout, rules: readonly Rule[], names: readonly string[]): readonly Rule[] {
  const wanted = new Set(names.filter((name) => name !== ''));
  return rules.filter((rule) => !isStepRule(rollout, rule, wanted));
}

/** Whether the rules of a step are there; the API may spell them out more fully. */
function isSettled(rollout: Rollout, rules: readonly Rule[], added: readonly Rule[], name: string): boolean {
  const present = rules.filter((rule) => isStepRule(rollout, rule, new Set([name])));
  return present.length === added.length && added.every((rule, at) => isContained(withoutName(rule), withoutName(present[at])));
}

function withoutName(rule: Rule | undefined): unknown {
  if (rule === undefined) return undefined;
  const { name: _, ...rest } = rule;
  return rest;
}

/** Whether `actual` says all that `wanted` says; the API may have filled in defaults. */
function isContained(wanted: unknown, actual: unknown): boolean {
  if (Array.isArray(wanted))
    return Array.isArray(actual) && actual.length === wanted.length && wanted.every((item, at) => isContained(item, actual[at]));
  if (!isFields(wanted)) return wanted === actual;
  return isFields(actual) && Object.entries(wanted).every(([key, value]) => isContained(value, actual[key]));
}

/**
 * A rule that a step has put in: by its name, `NAME` or `NAME-1` and so on. Gateway API versions before rules had names drop it; there the
 * header matches of the step tell.
 */
function isStepRule(rollout: Rollout, rule: Rule, names: ReadonlySet<string>): boolean {
  const name = textOf(rule.name);
  if (name !== '') return names.has(name) || names.has(name.replace(/-\d+$/, ''));
  return (canaryOf(rollout).steps ?? []).some(({ setHeaderRoute, setMirrorRoute }) => {
    if (setHeaderRoute !== undefined && names.has(setHeaderRoute.name ?? '')) return isHeaderRule(rollout, rule, setHeaderRoute);
    return (
      setMirrorRoute !== undefined &&
      names.has(setMirrorRoute.name) &&
      (setMirrorRoute.match ?? []).length > 0 &&
      isMirrorRule(rollout, rule)
    );
  });
}

function isHeaderRule(rollout: Rollout, rule: Rule, { match = [] }: SetHeaderRoute): boolean {
  const { canary } = servicesOf(rollout);
  const wanted = match.map(({ headerName, headerValue }) => headerMatch(headerName, headerValue));
  const matches = listOf(rule.matches) ?? [];
  const leadsToCanary = rule.backendRefs.length === 1 && rule.backendRefs[0]?.name === canary;
  return (
    leadsToCanary &&
    wanted.length > 0 &&
    matches.length > 0 &&
    matches.every((item) => {
      const headers = listOf(fieldAt(item, 'headers')) ?? [];
      return wanted.every((header) => headers.some((present) => isSame(present, header)));
    })
  );
}

function isMirrorRule(rollout: Rollout, rule: Rule): boolean {
  const { canary } = servicesOf(rollout);
  const isStep = stepNames(rollout).includes(textOf(rule.name)) || textOf(rule.name) === '';
  const filters = listOf(rule.filters) ?? [];
  return isStep && filters.some((filter) => canary !== '' && fieldAt(filter, 'requestMirror', 'backendRef', 'name') === canary);
}

function stepNames(rollout: Rollout): readonly string[] {
  const steps = canaryOf(rollout).steps ?? [];
  const managed = (routingOf(rollout).managedRoutes ?? []).map(({ name }) => name);
  const named = steps.flatMap(({ setHeaderRoute, setMirrorRoute }) => [setHeaderRoute?.name ?? '', setMirrorRoute?.name ?? '']);
  return [...managed, ...named].filter((name) => name !== '');
}

/** Names of rules are unique in a route. */
function ruleNameOf(name: string, at: number): string {
  return at === 0 ? name : `${name}-${at}`;
}

/** Headers of the step take the place of headers of the same name. */
function withHeaders(base: unknown, headers: readonly Fields[]): Fields {
  const fields = isFields(base) ? base : {};
  const names = new Set(headers.map(({ name }) => textOf(name).toLowerCase()));
  const kept = (listOf(fields.headers) ?? []).filter((header) => !names.has(textOf(fieldAt(header, 'name')).toLowerCase()));
  return { ...fields, headers: [...kept, ...headers] };
}

function headerMatch(name: string, { exact = '', prefix = '', regex = '' }: StringMatch): Fields {
  if (exact !== '') return { name, type: 'Exact', value: exact };
  if (prefix !== '') return { name, type: 'RegularExpression', value: `${prefix}.*` };
  if (regex !== '') return { name, type: 'RegularExpression', value: regex };
  throw new RoutingProblem('invalid header match type');
}

function pathMatch({ exact = '', prefix = '', regex = '' }: StringMatch): Fields {
  if (exact !== '') return { type: 'Exact', value: exact };
  if (prefix !== '') return { type: 'PathPrefix', value: prefix };
  if (regex !== '') return { type: 'RegularExpression', value: regex };
  throw new RoutingProblem('invalid path match type');
}

function notFound(kind: GatewayKind, ruleName?: string): RoutingProblem {
  const what = kind === 'tcp' || kind === 'tls' ? 'backendRef list' : 'backendRef';
  return new RoutingProblem(`${what} was not found in ${kind}Route${ruleName === undefined ? '' : ` rule ${JSON.stringify(ruleName)}`}`);
}
