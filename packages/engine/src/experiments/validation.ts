/** What is wrong with an Experiment beyond its schema, in upstream's words and order. The first finding counts. */
import type { Experiment, ExperimentStatus, Instant, LabelSelector } from '@sluice/api';
import { conditionOf, findCondition, setCondition, withoutCondition } from '../conditions.ts';
import { progressDeadlineSeconds } from './status.ts';

/** @see argoproj/argo-rollouts utils/conditions, VerifyExperimentSpec */
export function experimentProblem(experiment: Experiment): string | undefined {
  const { name = '' } = experiment.metadata;
  const seen = new Set<string>();
  for (const [at, template] of templatesOf(experiment).entries()) {
    // The schema asks for a selector; an object from before it may have none.
    const selector = template.selector as LabelSelector | undefined | null;
    if (selector === undefined || selector === null) return `Rollout has missing field '.Spec.Templates[${at}].Selector'`;
    if (isEmpty(selector)) return `This experiment is selecting all pods at index ${at}. A non-empty selector is required.`;
    if ((template.minReadySeconds ?? 0) > progressDeadlineSeconds(experiment)) {
      return `MinReadySeconds cannot be longer than ProgressDeadlineSeconds. Check template index ${at}`;
    }
    if ((template.name ?? '') === '') return `Experiment ${name} has empty template name at index ${at}`;
    if (seen.has(template.name)) return `Experiment ${name} has repeated template name '${template.name}' in templates`;
    seen.add(template.name);
  }
  return undefined;
}

export function templatesOf({ spec }: Experiment): Experiment['spec']['templates'] {
  return spec.templates ?? [];
}

function isEmpty({ matchLabels, matchExpressions }: LabelSelector): boolean {
  return Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;
}

/** The status that says so, and is otherwise as it was. A changed message replaces the old condition. */
export function withInvalidExperiment(status: ExperimentStatus, problem: string, now: Instant): ExperimentStatus {
  const present = status.conditions ?? [];
  const old = findCondition(present, 'InvalidSpec');
  const base = old !== undefined && old.message !== problem ? withoutCondition(present, 'InvalidSpec') : present;
  return { ...status, conditions: setCondition(base, conditionOf.invalidSpec(problem), now) };
}
