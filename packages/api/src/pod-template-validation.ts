/**
 * Validation of a pod template, worded and ordered as the API server does for a ReplicaSet. It covers what people get wrong:
 * names, images, ports, environment, mounts, resources, probes, volumes and the pod's own fields. What it does not cover the
 * API server refuses when the ReplicaSet is created. `privileged` is not looked at, since what is allowed depends on the cluster.
 * @see kubernetes pkg/apis/core/validation
 */
import { validateContainer } from './container-validation.ts';
import { duplicate, type FieldError, forbidden, invalid, notSupported, required } from './field-error.ts';
import { validateAnnotations, validateLabelSelector, validateLabels } from './label-validation.ts';
import { dnsLabelProblems, dnsSubdomainProblems, qualifiedNameProblems } from './name-rules.ts';
import { defaultPodTemplate } from './pod-defaults.ts';
import type { LabelSelector } from './selector.ts';
import type { PodTemplateSpec } from './types/workloads.ts';
import { type Fields, fieldsOf, itemsOf, numberOf, textOf } from './untyped.ts';
import { validateVolumes } from './volume-validation.ts';

/** Findings in a pod template of a ReplicaSet; defaults are filled in first. */
export function validatePodTemplate(path: string, template: PodTemplateSpec): readonly FieldError[] {
  const defaulted = defaultPodTemplate(template);
  const spec = fieldsOf(defaulted.spec);
  const at = `${path}.spec`;
  const errors: FieldError[] = [
    ...validateLabels(`${path}.labels`, template.metadata?.labels),
    ...validateAnnotations(`${path}.annotations`, template.metadata?.annotations),
    ...validatePodSpec(at, spec),
  ];
  if (itemsOf(spec.ephemeralContainers).length > 0) {
    errors.push(forbidden(`${at}.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  }
  if (spec.restartPolicy !== 'Always') errors.push(notSupported(`${at}.restartPolicy`, spec.restartPolicy, ['Always']));
  if (numberOf(spec.activeDeadlineSeconds) !== undefined) {
    errors.push(forbidden(`${at}.activeDeadlineSeconds`, 'activeDeadlineSeconds in ReplicaSet is not Supported'));
  }
  return errors;
}

/** Findings in a pod spec whose defaults are filled in; `at` is the path of the spec. */
export function validatePodSpec(at: string, spec: Fields): readonly FieldError[] {
  const volumeNames = new Set(itemsOf(spec.volumes).map((volume) => textOf(volume.name)));
  const context = { volumeNames, isHostNetwork: spec.hostNetwork === true };
  const containers = itemsOf(spec.containers);
  const errors: FieldError[] = [...validateVolumes(`${at}.volumes`, itemsOf(spec.volumes))];
  if (containers.length === 0) errors.push(required(`${at}.containers`));
  const names = new Set<string>();
  const portKeys = new Set<string>();
  for (const [index, container] of containers.entries()) {
    errors.push(...validateContainer(`${at}.containers[${index}]`, container, { ...context, isInit: false }));
    errors.push(...unseen(`${at}.containers[${index}].name`, textOf(container.name), names));
    errors.push(...hostPortConflicts(`${at}.containers[${index}].ports`, container, portKeys));
  }
  for (const [index, container] of itemsOf(spec.initContainers).entries()) {
    errors.push(...validateContainer(`${at}.initContainers[${index}]`, container, { ...context, isInit: true }));
    errors.push(...unseen(`${at}.initContainers[${index}].name`, textOf(container.name), names));
  }
  return [...errors, ...validatePolicies(at, spec), ...validateNames(at, spec), ...validatePlacement(at, spec)];
}

function unseen(path: string, name: string, seen: Set<string>): readonly FieldError[] {
  if (name !== '' && seen.has(name)) return [duplicate(path, name)];
  seen.add(name);
  return [];
}

function hostPortConflicts(path: string, container: Fields, seen: Set<string>): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, port] of itemsOf(container.ports).entries()) {
    const number = numberOf(port.hostPort) ?? 0;
    if (number === 0) continue;
    const key = `${textOf(port.protocol)}/${textOf(port.hostIP)}/${number}`;
    errors.push(...unseen(`${path}[${index}].hostPort`, key, seen));
  }
  return errors;
}

function validatePolicies(at: string, spec: Fields): readonly FieldError[] {
  const errors: FieldError[] = [];
  const restartPolicies = ['Always', 'OnFailure', 'Never'];
  if (!restartPolicies.includes(textOf(spec.restartPolicy))) {
    errors.push(notSupported(`${at}.restartPolicy`, spec.restartPolicy, restartPolicies));
  }
  const dnsPolicies = ['ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'];
  const dnsPolicy = textOf(spec.dnsPolicy);
  if (!dnsPolicies.includes(dnsPolicy)) errors.push(notSupported(`${at}.dnsPolicy`, dnsPolicy, dnsPolicies));
  errors.push(...validateLabels(`${at}.nodeSelector`, fieldsOf(spec.nodeSelector)));
  const security = fieldsOf(spec.securityContext);
  for (const field of ['fsGroup', 'runAsGroup', 'runAsUser']) {
    const id = numberOf(security[field]);
    if (id !== undefined && id < 0) {
      errors.push(invalid(`${at}.securityContext.${field}`, id, 'must be between 0 and 2147483647, inclusive'));
    }
  }
  if (spec.shareProcessNamespace === true && spec.hostPID === true) {
    const message = 'ShareProcessNamespace and HostPID cannot both be enabled';
    errors.push(invalid(`${at}.securityContext.shareProcessNamespace`, true, message));
  }
  if (dnsPolicy === 'None' && itemsOfText(fieldsOf(spec.dnsConfig).nameservers).length === 0) {
    const hasConfig = spec.dnsConfig !== undefined;
    errors.push(
      hasConfig
        ? required(`${at}.dnsConfig.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None')
        : required(`${at}.dnsConfig`, 'must provide `dnsConfig` when `dnsPolicy` is None'),
    );
  }
  for (const [index, gate] of itemsOf(spec.readinessGates).entries()) {
    const type = textOf(gate.conditionType);
    errors.push(...qualifiedNameProblems(type).map((problem) => invalid(`${at}.readinessGates[${index}].conditionType`, type, problem)));
  }
  const deadline = numberOf(spec.activeDeadlineSeconds);
  if (deadline !== undefined && deadline < 1) {
    errors.push(invalid(`${at}.activeDeadlineSeconds`, deadline, 'must be between 1 and 2147483647, inclusive'));
  }
  return errors;
}

function validateNames(at: string, spec: Fields): readonly FieldError[] {
  const rules: readonly (readonly [string, (value: string) => readonly string[]])[] = [
    ['serviceAccountName', dnsSubdomainProblems],
    ['nodeName', dnsSubdomainProblems],
    ['hostname', dnsLabelProblems],
    ['subdomain', dnsLabelProblems],
    ['priorityClassName', dnsSubdomainProblems],
    ['runtimeClassName', dnsSubdomainProblems],
  ];
  return rules.flatMap(([field, rule]) => {
    const value = textOf(spec[field]);
    return value === '' ? [] : rule(value).map((problem) => invalid(`${at}.${field}`, value, problem));
  });
}

function validatePlacement(at: string, spec: Fields): readonly FieldError[] {
  const errors: FieldError[] = [...validateAffinity(`${at}.affinity`, fieldsOf(spec.affinity))];
  for (const [index, toleration] of itemsOf(spec.tolerations).entries()) {
    errors.push(...validateToleration(`${at}.tolerations[${index}]`, toleration));
  }
  for (const [index, constraint] of itemsOf(spec.topologySpreadConstraints).entries()) {
    const path = `${at}.topologySpreadConstraints[${index}]`;
    const skew = numberOf(constraint.maxSkew) ?? 0;
    if (skew <= 0) errors.push(invalid(`${path}.maxSkew`, skew, 'must be greater than zero'));
    if (textOf(constraint.topologyKey) === '') errors.push(required(`${path}.topologyKey`, 'can not be empty'));
    const supported = ['DoNotSchedule', 'ScheduleAnyway'];
    const action = textOf(constraint.whenUnsatisfiable);
    if (!supported.includes(action)) errors.push(notSupported(`${path}.whenUnsatisfiable`, action, supported));
    if (constraint.labelSelector !== undefined) {
      errors.push(...validateLabelSelector(`${path}.labelSelector`, constraint.labelSelector as LabelSelector));
    }
  }
  return errors;
}

function validateToleration(path: string, toleration: Fields): readonly FieldError[] {
  const errors: FieldError[] = [];
  const key = textOf(toleration.key);
  const operator = textOf(toleration.operator);
  const value = textOf(toleration.value);
  const effect = textOf(toleration.effect);
  if (key !== '') errors.push(...qualifiedNameProblems(key).map((problem) => invalid(`${path}.key`, key, problem)));
  if (key === '' && operator !== 'Exists') {
    const message = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
    errors.push(invalid(`${path}.operator`, operator, message));
  }
  if (toleration.tolerationSeconds !== undefined && effect !== 'NoExecute') {
    errors.push(invalid(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"));
  }
  if (operator === 'Exists' && value !== '') {
    errors.push(invalid(`${path}.operator`, value, "value must be empty when `operator` is 'Exists'"));
  }
  if (!['', 'Equal', 'Exists'].includes(operator)) errors.push(notSupported(`${path}.operator`, operator, ['Equal', 'Exists']));
  const effects = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'];
  if (effect !== '' && !effects.includes(effect)) errors.push(notSupported(`${path}.effect`, effect, effects));
  return errors;
}

function validateAffinity(at: string, affinity: Fields): readonly FieldError[] {
  const errors: FieldError[] = [];
  const requiredField = 'requiredDuringSchedulingIgnoredDuringExecution';
  const preferredField = 'preferredDuringSchedulingIgnoredDuringExecution';
  const node = fieldsOf(affinity.nodeAffinity);
  if (node[requiredField] !== undefined && itemsOf(fieldsOf(node[requiredField]).nodeSelectorTerms).length === 0) {
    errors.push(required(`${at}.nodeAffinity.${requiredField}.nodeSelectorTerms`, 'must have at least one node selector term'));
  }
  errors.push(...weights(`${at}.nodeAffinity.${preferredField}`, itemsOf(node[preferredField])));
  for (const kind of ['podAffinity', 'podAntiAffinity']) {
    const rules = fieldsOf(affinity[kind]);
    for (const [index, term] of itemsOf(rules[requiredField]).entries()) {
      errors.push(...validateTerm(`${at}.${kind}.${requiredField}[${index}]`, term));
    }
    const preferred = itemsOf(rules[preferredField]);
    errors.push(...weights(`${at}.${kind}.${preferredField}`, preferred));
    for (const [index, item] of preferred.entries()) {
      errors.push(...validateTerm(`${at}.${kind}.${preferredField}[${index}].podAffinityTerm`, fieldsOf(item.podAffinityTerm)));
    }
  }
  return errors;
}

function weights(path: string, items: readonly Fields[]): readonly FieldError[] {
  return items.flatMap((item, index) => {
    const weight = numberOf(item.weight) ?? 0;
    return weight >= 1 && weight <= 100 ? [] : [invalid(`${path}[${index}].weight`, weight, 'must be in the range 1-100')];
  });
}

function validateTerm(path: string, term: Fields): readonly FieldError[] {
  const key = textOf(term.topologyKey);
  const selector = term.labelSelector;
  return [
    ...(selector === undefined ? [] : validateLabelSelector(`${path}.labelSelector`, selector as LabelSelector)),
    ...(key === '' ? [required(`${path}.topologyKey`, 'can not be empty')] : []),
    ...qualifiedNameProblems(key).map((problem) => invalid(`${path}.topologyKey`, key, problem)),
  ];
}

function itemsOfText(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
