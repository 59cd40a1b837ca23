/**
 * Validation of a Rollout's spec beyond its schema, with upstream's sentences in upstream's order: the controller reports the first
 * finding, `lint` all of them. References to other objects (services, templates, ingresses) are checked elsewhere.
 * @see argoproj/argo-rollouts pkg/apis/rollouts/validation/validation.go
 */
import { validateCanary } from './canary-validation.ts';
import { type FieldError, invalid, nonNegative, required } from './field-error.ts';
import { validateLabelSelector } from './label-validation.ts';
import { validatePodTemplate } from './pod-template-validation.ts';
import { type LabelSelector, matches, requirementsOf } from './selector.ts';
import type { AntiAffinity, BlueGreenStrategy, Rollout, RolloutSpec } from './types/rollout.ts';

export type RolloutValidationOptions = {
  /** The template (and selector) in `rollout` were filled in from the workload it refers to. */
  readonly isTemplateResolved?: boolean;
};

/** Every finding, the one that the controller reports first. */
export function validateRollout(rollout: Rollout, options: RolloutValidationOptions = {}): readonly FieldError[] {
  const { spec } = rollout;
  const minReadySeconds = spec.minReadySeconds ?? 0;
  const progressDeadlineSeconds = spec.progressDeadlineSeconds ?? 600;
  const errors: FieldError[] = [
    ...nonNegative('spec.replicas', spec.replicas),
    ...validateSelector(spec),
    ...validateTemplate(spec, options.isTemplateResolved === true),
    ...nonNegative('spec.minReadySeconds', minReadySeconds),
    ...nonNegative('spec.revisionHistoryLimit', spec.revisionHistoryLimit),
    ...nonNegative('spec.progressDeadlineSeconds', progressDeadlineSeconds),
  ];
  if (progressDeadlineSeconds <= minReadySeconds) {
    errors.push(invalid('spec.progressDeadlineSeconds', progressDeadlineSeconds, 'must be greater than minReadySeconds'));
  }
  return [...errors, ...validateStrategy(rollout)];
}

function validateSelector({ selector, workloadRef }: RolloutSpec): readonly FieldError[] {
  if (workloadRef !== undefined) return [];
  const path = 'spec.selector';
  if (selector === undefined) return [required(path, "Rollout has missing field '.spec.selector'")];
  const errors = [...validateLabelSelector(path, selector)];
  if (isEmptySelector(selector)) errors.push(invalid(path, inGoOrder(selector), 'empty selector is invalid for deployment'));
  return errors;
}

function validateTemplate(spec: RolloutSpec, isTemplateResolved: boolean): readonly FieldError[] {
  const errors: FieldError[] = [];
  const template = spec.template ?? {};
  if (spec.workloadRef !== undefined && !isTemplateResolved && !isEmptyTemplate(spec.template)) {
    errors.push({ path: 'spec.template', type: 'Internal', detail: 'template must be empty for workload reference rollout' });
  }
  const isMatch = selectorMatch(spec.selector, template.metadata?.labels);
  if (isMatch === 'unreadable') return [...errors, invalid('spec.selector', inGoOrder(spec.selector ?? {}), 'invalid label selector')];
  if (spec.workloadRef !== undefined && !isTemplateResolved) return errors;
  if (isMatch === 'no') {
    errors.push(
      invalid('spec.template.metadata.labels', sorted(template.metadata?.labels ?? null), '`selector` does not match template `labels`'),
    );
  }
  return [...errors, ...validatePodTemplate('spec.template', template)];
}

function selectorMatch(
  selector: LabelSelector | undefined,
  labels: Readonly<Record<string, string>> | undefined,
): 'yes' | 'no' | 'unreadable' {
  if (selector === undefined) return 'no';
  if (isEmptySelector(selector)) return 'yes';
  if (validateLabelSelector('', selector).length > 0) return 'unreadable';
  return matches(requirementsOf(selector), labels) ? 'yes' : 'no';
}

function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0) === 0;
}

function isEmptyTemplate(template: RolloutSpec['template']): boolean {
  if (template === undefined) return true;
  const { labels, annotations } = template.metadata ?? {};
  const hasMetadata = Object.keys(labels ?? {}).length + Object.keys(annotations ?? {}).length > 0;
  return !hasMetadata && (template.spec?.containers ?? []).length === 0;
}

function inGoOrder({ matchLabels, matchExpressions }: LabelSelector): unknown {
  return {
    ...(matchLabels === undefined || Object.keys(matchLabels).length === 0 ? {} : { matchLabels: sorted(matchLabels) }),
    ...(matchExpressions === undefined || matchExpressions.length === 0 ? {} : { matchExpressions }),
  };
}

function sorted(map: Readonly<Record<string, string>> | null): unknown {
  return map === null ? null : Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function validateStrategy(rollout: Rollout): readonly FieldError[] {
  const { canary, blueGreen } = rollout.spec.strategy ?? {};
  const path = 'spec.strategy';
  if (canary !== undefined && blueGreen !== undefined) {
    return [invalid(`${path}.strategy`, 'blueGreen: true canary: true', 'Multiple Strategies can not be listed')];
  }
  if (canary !== undefined) {
    return [...validateCanary(path, canary, rollout), ...validateAntiAffinity(`${path}.antiAffinity`, canary.antiAffinity)];
  }
  if (blueGreen !== undefined) return validateBlueGreen(path, blueGreen, rollout.spec.revisionHistoryLimit ?? 10);
  return [required(`${path}.strategy`, "Rollout has missing field '.spec.strategy.canary or .spec.strategy.blueGreen'")];
}

function validateBlueGreen(path: string, blueGreen: BlueGreenStrategy, revisionHistoryLimit: number): readonly FieldError[] {
  const errors: FieldError[] = [];
  const active = blueGreen.activeService ?? '';
  if (active === (blueGreen.previewService ?? '')) {
    const message = 'This rollout uses the same service for the active and preview services, but two different services are required.';
    errors.push(invalid(`${path}.activeService`, active, message));
  }
  const limit = blueGreen.scaleDownDelayRevisionLimit;
  if (limit !== undefined && revisionHistoryLimit < limit) {
    const message = "This rollout's revision history limit can not be smaller than the rollout's scale down limit";
    errors.push(invalid(`${path}.scaleDownDelayRevisionLimit`, limit, message));
  }
  return [...errors, ...validateAntiAffinity(`${path}.antiAffinity`, blueGreen.antiAffinity)];
}

function validateAntiAffinity(path: string, antiAffinity: AntiAffinity | undefined): readonly FieldError[] {
  if (antiAffinity === undefined) return [];
  const errors: FieldError[] = [];
  const preferred = antiAffinity.preferredDuringSchedulingIgnoredDuringExecution;
  const required = antiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
  const hasPreferred = preferred !== undefined;
  const hasRequired = required !== undefined;
  if (hasPreferred === hasRequired) {
    const value =
      `antiAffinity.PreferredDuringSchedulingIgnoredDuringExecution: ${hasPreferred} ` +
      `antiAffinity.RequiredDuringSchedulingIgnoredDuringExecution: ${hasRequired}`;
    errors.push(invalid(path, value, 'AntiAffinity must have exactly one strategy listed'));
  }
  if (preferred !== undefined && (preferred.weight < 1 || preferred.weight > 100)) {
    errors.push(invalid(`${path}.weight`, preferred.weight, 'AntiAffinity weight must be between 1-100'));
  }
  return errors;
}
