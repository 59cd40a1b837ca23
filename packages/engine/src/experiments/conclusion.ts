/**
 * What follows for the Experiment from its templates and analyses: phase, message, the instant from which it was available, conditions.
 *
 * @see argoproj/argo-rollouts experiments/experiment.go, calculateStatus; experiments/conditions.go
 */
import { type AnalysisPhase, type Experiment, type ExperimentStatus, formatTime, type Instant, type TemplateStatusCode } from '@sluice/api';
import { isCompletedPhase, isWorsePhase } from '../analysis/phases.ts';
import { findCondition, type NewCondition, refreshCondition, setCondition, withoutCondition } from '../conditions.ts';
import { experimentNotes } from './events.ts';
import { because, type Pass, tell } from './pass.ts';
import { endOf, hasRequired, isRequiredDone, runEntry, templateEntry } from './status.ts';
import { hasCountChanged } from './templates.ts';
import { templatesOf } from './validation.ts';

type Verdict = { readonly phase: AnalysisPhase; readonly message: string };

const templateOrder: readonly TemplateStatusCode[] = ['Successful', 'Running', 'Progressing', 'Error', 'Failed'];

const phaseOfTemplates: Readonly<Record<TemplateStatusCode, AnalysisPhase>> = {
  Successful: 'Successful',
  Running: 'Running',
  Progressing: 'Pending',
  Error: 'Error',
  Failed: 'Failed',
};

/** Completes the status of a pass. Phases that are final stay. */
export function concludeExperiment(pass: Pass): void {
  const { experiment } = pass.world;
  const before = pass.previous.phase ?? '';
  if (before === '') pass.status = { ...pass.status, phase: 'Pending' };
  else if (!isCompletedPhase(before)) {
    const templates = assessTemplates(experiment, pass.status);
    const analyses = assessAnalyses(experiment, pass.status);
    if (templates.phase === 'Running' && pass.status.availableAt === undefined) {
      pass.status = { ...pass.status, availableAt: formatTime(pass.now) };
      because(pass, 'status', 'all templates are available');
    }
    const { phase, message } = decisive(experiment, pass.status, templates, analyses);
    const { message: _, ...rest } = pass.status;
    pass.status = { ...rest, phase, ...(message === '' ? {} : { message }) };
  }
  pass.status = { ...pass.status, conditions: conditionsOf(pass) };
  const { phase = '' } = pass.status;
  if (phase === '' || phase === before) return;
  tell(pass, experimentNotes.phase(before, phase), 'status');
  because(pass, 'status', `the experiment is ${phase}`);
}

/** Which of the two verdicts is that of the Experiment. */
function decisive(experiment: Experiment, status: ExperimentStatus, templates: Verdict, analyses: Verdict): Verdict {
  const areAnalysesDone = isCompletedPhase(analyses.phase);
  if (isCompletedPhase(templates.phase)) {
    return templates.phase === 'Successful' && (areAnalysesDone || hasRequired(experiment.spec)) ? analyses : templates;
  }
  const haveFailed = areAnalysesDone && analyses.phase !== 'Successful';
  return haveFailed || isRequiredDone(experiment.spec, status) ? analyses : templates;
}

function assessTemplates(experiment: Experiment, status: ExperimentStatus): Verdict {
  let worst: TemplateStatusCode = 'Successful';
  let message = '';
  for (const { name } of templatesOf(experiment)) {
    const entry = templateEntry(status, name);
    const code = entry?.status ?? 'Progressing';
    if (templateOrder.indexOf(code) <= templateOrder.indexOf(worst)) continue;
    worst = code;
    message = entry?.message ?? '';
  }
  return { phase: phaseOfTemplates[worst], message };
}

/** One that has no run yet does not count. Without any analysis the verdict is Successful. */
function assessAnalyses({ spec }: Experiment, status: ExperimentStatus): Verdict {
  let worst: AnalysisPhase = 'Successful';
  let message = '';
  for (const { name } of spec.analyses ?? []) {
    const entry = runEntry(status, name);
    if (entry === undefined || entry.phase === '' || !isWorsePhase(entry.phase, worst)) continue;
    worst = entry.phase;
    message = entry.message ?? '';
  }
  if (worst === 'Successful' && isRequiredDone(spec, status)) return { phase: worst, message: 'Required AnalysisRuns completed' };
  return { phase: worst === 'Pending' ? 'Running' : worst, message };
}

const progressing = (status: 'True' | 'False', reason: string, message: string): NewCondition => ({
  type: 'Progressing',
  status,
  reason,
  message,
});

function conditionsOf(pass: Pass): NonNullable<ExperimentStatus['conditions']> {
  const { world, status, now, previous } = pass;
  const { experiment } = world;
  const name = experiment.metadata.name ?? '';
  const present = withoutCondition(status.conditions ?? [], 'InvalidSpec');
  if (status.phase === 'Successful') {
    return setCondition(
      present,
      progressing('False', 'ExperimentCompleted', `Experiment "${name}" has successfully ran and completed.`),
      now,
    );
  }
  if (hasProgressed(previous, status)) {
    const next = progressing('True', 'ReplicaSetUpdated', `Experiment "${name}" is progressing.`);
    return findCondition(present, 'Progressing') === undefined ? setCondition(present, next, now) : refreshCondition(present, next, now);
  }
  if (isRunning(experiment, now)) {
    return setCondition(present, progressing('True', 'NewReplicaSetAvailable', `Experiment "${name}" is running.`), now);
  }
  return present;
}

/** A template is new, or its counts have changed. */
function hasProgressed(previous: ExperimentStatus, next: ExperimentStatus): boolean {
  return (next.templateStatuses ?? []).some((entry) => {
    const old = templateEntry(previous, entry.name);
    return old === undefined || hasCountChanged(old, entry);
  });
}

/** By what was known at the beginning of the pass. */
function isRunning(experiment: Experiment, now: Instant): boolean {
  const end = endOf(experiment);
  return experiment.status?.availableAt !== undefined && (end === undefined || now < end);
}
