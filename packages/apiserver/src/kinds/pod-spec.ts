/** Pod specs and templates as a real server keeps them: defaults filled in, Go's empty values left out, quantities in one form. */
import {
  defaultPodTemplate,
  type FieldError,
  type LabelSelector,
  matches,
  podTemplateJson,
  requirementsOf,
  SelectorError,
  validateLabelSelector,
  validatePodSpec,
} from '@sluice/api';
import { forbiddenField, invalidValue, notSupported, required } from '../rest/errors.ts';
import { validateAnnotations, validateLabels } from '../rest/names.ts';
import { type Fields, fieldsOf, itemsOf, numberOf, textOf } from './fields.ts';

/** A template in its canonical form. The input is not changed. */
export function defaultedTemplate(template: unknown): Fields {
  return JSON.parse(podTemplateJson(defaultPodTemplate(fieldsOf(template)))) as Fields;
}

/** A pod's own spec in its canonical form. */
export function defaultedPodSpec(spec: unknown): Fields {
  return fieldsOf(defaultedTemplate({ spec }).spec);
}

export type TemplateRules = {
  /** `replicated`: restarted for ever; `job`: what ends. */
  readonly kind: 'replicated' | 'job';
  /** A template that is known to be right. */
  readonly live: unknown;
};

/** Findings in a defaulted template. */
export function validateTemplate(path: string, template: unknown, rules: TemplateRules): FieldError[] {
  if (template !== undefined && template === rules.live) return [];
  const { metadata, spec } = fieldsOf(template);
  const labels = fieldsOf(metadata).labels as Record<string, string> | undefined;
  const annotations = fieldsOf(metadata).annotations as Record<string, string> | undefined;
  const pod = fieldsOf(spec);
  const at = `${path}.spec`;
  const problems: FieldError[] = [
    ...validateLabels(labels, `${path}.labels`),
    ...validateAnnotations(annotations, `${path}.annotations`),
    ...validatePodSpec(at, pod),
  ];
  if (itemsOf(pod.ephemeralContainers).length > 0)
    problems.push(forbiddenField(`${at}.ephemeralContainers`, 'ephemeral containers not allowed in pod template'));
  const policy = textOf(pod.restartPolicy);
  if (rules.kind === 'job') {
    if (policy === 'Always' || policy === '') problems.push(required(`${at}.restartPolicy`, 'valid values: "OnFailure", "Never"'));
  } else {
    if (policy !== 'Always') problems.push(notSupported(`${at}.restartPolicy`, policy, ['Always']));
    if (numberOf(pod.activeDeadlineSeconds) !== undefined)
      problems.push(forbiddenField(`${at}.activeDeadlineSeconds`, 'activeDeadlineSeconds in ReplicaSet is not Supported'));
  }
  return problems;
}

/** A workload's selector must be there, be right, and choose the pods of its template. */
export function validateSelector(spec: Fields, kindName: string): FieldError[] {
  const template = fieldsOf(spec.template);
  const labels = fieldsOf(template.metadata).labels as Record<string, string> | undefined;
  const mismatch = invalidValue('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`');
  if (spec.selector === undefined) return [required('spec.selector'), mismatch];
  const selector = spec.selector as LabelSelector;
  const problems: FieldError[] = [...validateLabelSelector('spec.selector', selector)];
  const isEmpty = Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0;
  if (isEmpty) problems.push(invalidValue('spec.selector', selector, `empty selector is invalid for ${kindName}`));
  try {
    const requirements = requirementsOf(selector);
    if (!isEmpty && !matches(requirements, labels)) problems.push(mismatch);
  } catch (error) {
    if (!(error instanceof SelectorError)) throw error;
    problems.push(invalidValue('spec.selector', selector, 'invalid label selector'));
  }
  return problems;
}

/** `must be greater than or equal to 0` for the named fields that are there and are not. */
export function nonNegatives(spec: Fields, path: string, fields: readonly string[]): FieldError[] {
  return fields.flatMap((field) => {
    const value = numberOf(spec[field]);
    return value !== undefined && value < 0 ? [invalidValue(`${path}.${field}`, value, 'must be greater than or equal to 0')] : [];
  });
}
