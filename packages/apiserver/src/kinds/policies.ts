/** HorizontalPodAutoscaler, PodDisruptionBudget, PriorityClass, Lease, RBAC objects and Namespace. */
import type { FieldError } from '@sluice/api';
import { equal } from '../rest/clone.ts';
import { forbiddenField, invalidValue, notSupported, required } from '../rest/errors.ts';
import { labelNameProblems } from '../rest/names.ts';
import type { Draft } from '../store/store.ts';
import { ensured, type Fields, fieldsOf, fill, itemsOf, numberOf, own, ownItems, textOf } from './fields.ts';
import type { KindStrategy } from './strategy.ts';
import { intOrPercent } from './workloads.ts';

const metricTypes = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];
const metricFields: Readonly<Record<string, string>> = {
  ContainerResource: 'containerResource',
  External: 'external',
  Object: 'object',
  Pods: 'pods',
  Resource: 'resource',
};

export const autoscalerStrategy: KindStrategy = {
  hasStatus: true,
  initialStatus: () => ({ desiredReplicas: 0, currentMetrics: null }),
  defaults: (draft) => {
    const spec = own(draft, 'spec');
    fill(spec, 'minReplicas', 1);
    if (itemsOf(spec.metrics).length === 0)
      spec.metrics = [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }];
    if (spec.behavior !== undefined) defaultBehavior(fieldsOf(spec.behavior));
  },
  validate: (object) => {
    const spec = fieldsOf(object.spec);
    const problems: FieldError[] = [];
    const [least, most] = [numberOf(spec.minReplicas) ?? 1, numberOf(spec.maxReplicas) ?? 0];
    if (least < 1) problems.push(invalidValue('spec.minReplicas', least, 'must be greater than or equal to 1'));
    if (most < 1) problems.push(invalidValue('spec.maxReplicas', most, 'must be greater than 0'));
    else if (most < least) problems.push(invalidValue('spec.maxReplicas', most, 'must be greater than or equal to `minReplicas`'));
    const target = fieldsOf(spec.scaleTargetRef);
    if (textOf(target.kind) === '') problems.push(required('spec.scaleTargetRef.kind'));
    if (textOf(target.name) === '') problems.push(required('spec.scaleTargetRef.name'));
    if (!textOf(target.apiVersion).includes('/') && textOf(target.kind) !== 'ReplicationController')
      problems.push(invalidValue('spec.scaleTargetRef.apiVersion', textOf(target.apiVersion), 'apiVersion must specify API group'));
    for (const [index, metric] of itemsOf(spec.metrics).entries()) problems.push(...validateMetric(`spec.metrics[${index}]`, metric));
    const canReachZero = itemsOf(spec.metrics).some(({ type }) => type === 'Object' || type === 'External');
    if (least === 0 && !canReachZero)
      problems.push(
        forbiddenField('spec.metrics', 'must specify at least one Object or External metric to support scaling to zero replicas'),
      );
    return problems;
  },
};

function validateMetric(at: string, metric: Fields): FieldError[] {
  const type = textOf(metric.type);
  const problems: FieldError[] = [];
  if (type === '') problems.push(required(`${at}.type`, 'must specify a metric source type'));
  const field = metricFields[type];
  if (field === undefined) return [...problems, notSupported(`${at}.type`, type, metricTypes)];
  if (metric[field] === undefined)
    return [...problems, required(`${at}.${field}`, 'must populate information for the given metric source')];
  const target = fieldsOf(fieldsOf(metric[field]).target);
  if (textOf(target.type) === '') problems.push(required(`${at}.${field}.target.type`, 'must specify a metric target type'));
  if ((type === 'Resource' || type === 'ContainerResource') && target.averageUtilization === undefined && target.averageValue === undefined)
    problems.push(required(`${at}.${field}.target.averageUtilization`, 'must set either a target raw value or a target utilization'));
  return problems;
}

const scaleUpPolicies: readonly Fields[] = [
  { type: 'Pods', value: 4, periodSeconds: 15 },
  { type: 'Percent', value: 100, periodSeconds: 15 },
];

/** A behavior that names one side gets both. */
function defaultBehavior(behavior: Fields): void {
  const up = ensured(behavior, 'scaleUp');
  const down = ensured(behavior, 'scaleDown');
  fill(up, 'stabilizationWindowSeconds', 0);
  for (const side of [up, down]) fill(side, 'selectPolicy', 'Max');
  if (itemsOf(up.policies).length === 0) up.policies = scaleUpPolicies.map((policy) => ({ ...policy }));
  if (itemsOf(down.policies).length === 0) down.policies = [{ type: 'Percent', value: 100, periodSeconds: 15 }];
}

export const disruptionBudgetStrategy: KindStrategy = {
  hasStatus: true,
  hasGeneration: true,
  initialStatus: () => ({ disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }),
  validate: (object) => {
    const spec = fieldsOf(object.spec);
    if (spec.minAvailable !== undefined && spec.maxUnavailable !== undefined)
      return [
        invalidValue(
          'spec',
          {
            MinAvailable: spec.minAvailable,
            Selector: spec.selector ?? null,
            MaxUnavailable: spec.maxUnavailable,
            UnhealthyPodEvictionPolicy: spec.unhealthyPodEvictionPolicy ?? null,
          },
          'minAvailable and maxUnavailable cannot be both set',
        ),
      ];
    return [
      ...intOrPercent('spec.minAvailable', spec.minAvailable, true),
      ...intOrPercent('spec.maxUnavailable', spec.maxUnavailable, true),
    ];
  },
};

export const priorityClassStrategy: KindStrategy = {
  hasGeneration: true,
  defaults: (draft) => fill(draft, 'preemptionPolicy', 'PreemptLowerPriority'),
  validate: (object) => {
    const name = object.metadata.name ?? '';
    const value = numberOf(object.value) ?? 0;
    const isSystem = name === 'system-cluster-critical' || name === 'system-node-critical';
    if (isSystem) return [];
    if (name.startsWith('system-'))
      return [
        forbiddenField(
          'metadata.name',
          `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`,
        ),
      ];
    return value > 1_000_000_000 ? [forbiddenField('value', 'maximum allowed value of a user defined priority is 1000000000')] : [];
  },
  validateUpdate: (next, live) => (equal(next.value, live.value) ? [] : [forbiddenField('value', 'may not be changed in an update.')]),
};

export const leaseStrategy: KindStrategy = {
  allowsUnconditionalUpdate: false,
  allowsCreateOnUpdate: true,
  validate: (object) => {
    const spec = fieldsOf(object.spec);
    const duration = numberOf(spec.leaseDurationSeconds);
    const transitions = numberOf(spec.leaseTransitions);
    return [
      ...(duration !== undefined && duration <= 0 ? [invalidValue('spec.leaseDurationSeconds', duration, 'must be greater than 0')] : []),
      ...(transitions !== undefined && transitions < 0
        ? [invalidValue('spec.leaseTransitions', transitions, 'must be greater than or equal to 0')]
        : []),
    ];
  },
};

/** Fields of an Event that a real server shows even when nobody has said anything. */
const eventBlanks: readonly (readonly [string, unknown])[] = [
  ['eventTime', null],
  ['firstTimestamp', null],
  ['lastTimestamp', null],
  ['reportingComponent', ''],
  ['reportingInstance', ''],
  ['source', {}],
];

function showBlanks(draft: Draft): void {
  for (const [field, blank] of eventBlanks) draft[field] ??= blank;
}

export const eventStrategy: KindStrategy = { allowsCreateOnUpdate: true, prepareCreate: showBlanks, prepareUpdate: showBlanks };

export const limitRangeStrategy: KindStrategy = {
  defaults: (draft) => {
    for (const limit of itemsOf(own(draft, 'spec').limits)) {
      if (limit.type !== 'Container') continue;
      const most = { ...fieldsOf(limit.max), ...fieldsOf(limit.default) };
      if (Object.keys(most).length > 0) limit.default = most;
      const asked = { ...most, ...fieldsOf(limit.min), ...fieldsOf(limit.defaultRequest) };
      if (Object.keys(asked).length > 0) limit.defaultRequest = asked;
    }
  },
};

export const endpointsStrategy: KindStrategy = {
  defaults: (draft) => {
    for (const subset of ownItems(draft, 'subsets')) for (const port of itemsOf(subset.ports)) fill(port, 'protocol', 'TCP');
  },
};

export const endpointSliceStrategy: KindStrategy = {
  hasGeneration: true,
  defaults: (draft) => {
    for (const port of ownItems(draft, 'ports')) {
      fill(port, 'protocol', 'TCP');
      port.name ??= '';
    }
  },
};

function validateRules(rules: readonly Fields[], isNamespaced: boolean): FieldError[] {
  const problems: FieldError[] = [];
  for (const [index, rule] of rules.entries()) {
    const at = `rules[${index}]`;
    if (itemsOf(rule.verbs).length === 0) problems.push(required(`${at}.verbs`, 'verbs must contain at least one value'));
    if (itemsOf(rule.nonResourceURLs).length > 0) {
      if (isNamespaced)
        problems.push(invalidValue(`${at}.nonResourceURLs`, rule.nonResourceURLs, 'namespaced rules cannot apply to non-resource URLs'));
      continue;
    }
    if (itemsOf(rule.apiGroups).length === 0)
      problems.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'));
    if (itemsOf(rule.resources).length === 0)
      problems.push(required(`${at}.resources`, 'resource rules must supply at least one resource'));
  }
  return problems;
}

const rbac = { nameRule: 'path-segment', allowsCreateOnUpdate: true } as const;

export const roleStrategy: KindStrategy = {
  ...rbac,
  prepareCreate: (draft) => {
    draft.rules ??= null;
  },
  prepareUpdate: (draft) => {
    draft.rules ??= null;
  },
  validate: (object) => validateRules(itemsOf(object.rules), object.kind === 'Role'),
};

const rbacGroup = 'rbac.authorization.k8s.io';
const subjectKinds = ['ServiceAccount', 'User', 'Group'];

export const bindingStrategy: KindStrategy = {
  ...rbac,
  defaults: (draft) => {
    fill(own(draft, 'roleRef'), 'apiGroup', rbacGroup);
    for (const subject of itemsOf(draft.subjects))
      if (subject.kind === 'User' || subject.kind === 'Group') fill(subject, 'apiGroup', rbacGroup);
  },
  validate: (object) => {
    const reference = fieldsOf(object.roleRef);
    const kinds = object.kind === 'RoleBinding' ? ['Role', 'ClusterRole'] : ['ClusterRole'];
    const problems: FieldError[] = [];
    if (reference.apiGroup !== rbacGroup) problems.push(notSupported('roleRef.apiGroup', reference.apiGroup, [rbacGroup]));
    if (!kinds.includes(textOf(reference.kind))) problems.push(notSupported('roleRef.kind', textOf(reference.kind), kinds));
    if (textOf(reference.name) === '') problems.push(required('roleRef.name'));
    for (const [index, subject] of itemsOf(object.subjects).entries()) {
      const at = `subjects[${index}]`;
      if (textOf(subject.name) === '') problems.push(required(`${at}.name`));
      if (!subjectKinds.includes(textOf(subject.kind))) problems.push(notSupported(`${at}.kind`, textOf(subject.kind), subjectKinds));
      else if (subject.kind === 'ServiceAccount' && textOf(subject.namespace) === '' && object.kind === 'ClusterRoleBinding')
        problems.push(required(`${at}.namespace`));
    }
    return problems;
  },
  validateUpdate: (next, live) =>
    equal(next.roleRef, live.roleRef) ? [] : [invalidValue('roleRef', next.roleRef, 'cannot change roleRef')],
};

const nameLabel = 'kubernetes.io/metadata.name';

export const namespaceStrategy: KindStrategy = {
  nameRule: 'label',
  hasStatus: true,
  returnsDeleted: true,
  initialStatus: () => ({ phase: 'Active' }),
  defaults: (draft) => {
    const { name } = draft.metadata;
    if (name !== undefined && name !== '') draft.metadata.labels = { ...draft.metadata.labels, [nameLabel]: name };
  },
  prepareCreate: (draft) => {
    const { name } = draft.metadata;
    if (name !== undefined) draft.metadata.labels = { ...draft.metadata.labels, [nameLabel]: name };
    const spec = ensured(draft, 'spec');
    const finalizers = itemsOf(spec.finalizers) as unknown as string[];
    if (!finalizers.includes('kubernetes')) spec.finalizers = [...finalizers, 'kubernetes'];
  },
  prepareUpdate: (draft, live) => {
    // Only the `finalize` subresource takes these away.
    draft.spec = live.spec;
  },
  validate: (object) => {
    const name = object.metadata.name ?? '';
    return labelNameProblems(name).length > 0 && object.metadata.labels?.[nameLabel] !== name
      ? [invalidValue(`metadata.labels[${nameLabel}]`, object.metadata.labels?.[nameLabel], `must be equal to metadata.name`)]
      : [];
  },
};

export const serviceAccountStrategy: KindStrategy = { returnsDeleted: true };
