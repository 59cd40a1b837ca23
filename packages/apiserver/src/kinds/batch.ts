/** Job and CronJob: defaults, the generated selector and labels, what may change later. */
import type { FieldError } from '@sluice/api';
import { equal } from '../rest/clone.ts';
import { invalidValue, notSupported, required } from '../rest/errors.ts';
import type { Draft } from '../store/store.ts';
import { ensured, type Fields, fieldsOf, fill, own, textOf } from './fields.ts';
import { defaultedTemplate, nonNegatives, validateTemplate } from './pod-spec.ts';
import type { KindStrategy } from './strategy.ts';

const uidLabel = 'batch.kubernetes.io/controller-uid';

export const jobStrategy: KindStrategy = {
  hasStatus: true,
  hasGeneration: true,
  defaultPropagation: 'Orphan',
  defaults: (draft, _context, live) => {
    const spec = { ...fieldsOf(draft.spec) };
    draft.spec = spec;
    defaultJob(spec, fieldsOf(live?.spec).template);
    if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1;
    fill(spec, 'parallelism', 1);
    fill(spec, 'backoffLimit', spec.backoffLimitPerIndex === undefined ? 6 : 2_147_483_647);
    fill(spec, 'completionMode', 'NonIndexed');
    fill(spec, 'suspend', false);
    fill(spec, 'manualSelector', false);
    fill(spec, 'podReplacementPolicy', spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed');
    const labels = fieldsOf(fieldsOf(spec.template).metadata).labels;
    if (draft.metadata.labels === undefined && labels !== undefined) draft.metadata.labels = { ...(labels as Record<string, string>) };
  },
  prepareCreate: generateSelector,
  validate: (object, _context, live) => {
    const spec = fieldsOf(object.spec);
    const numbers = ['parallelism', 'completions', 'activeDeadlineSeconds', 'backoffLimit', 'ttlSecondsAfterFinished'];
    const problems: FieldError[] = nonNegatives(spec, 'spec', numbers);
    if (!['NonIndexed', 'Indexed'].includes(textOf(spec.completionMode)))
      problems.push(notSupported('spec.completionMode', spec.completionMode, ['NonIndexed', 'Indexed']));
    problems.push(...validateTemplate('spec.template', spec.template, { kind: 'job', live: fieldsOf(live?.spec).template }));
    const labels = fieldsOf(fieldsOf(fieldsOf(spec.template).metadata).labels);
    const chosen = fieldsOf(fieldsOf(spec.selector).matchLabels);
    if (spec.manualSelector !== true && Object.keys(chosen).some((key) => chosen[key] !== labels[key])) {
      problems.push(invalidValue('spec.selector', spec.selector, '`selector` not auto-generated'));
      problems.push(invalidValue('spec.template.metadata.labels', labels, '`selector` does not match template `labels`'));
    }
    return problems;
  },
  validateUpdate: (next, live) => {
    const isSuspended = fieldsOf(live.spec).suspend === true;
    return ['completions', 'selector', 'template', 'completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy'].flatMap(
      (field) => {
        const value = fieldsOf(next.spec)[field];
        if (equal(value, fieldsOf(live.spec)[field])) return [];
        if (field === 'template' && isSuspended) return [];
        return [invalidValue(`spec.${field}`, value ?? null, 'field is immutable')];
      },
    );
  },
};

/** Pods of a job are known by the uid of the job, unless its author chose another selector. */
function generateSelector(draft: Draft): void {
  const spec = fieldsOf(draft.spec);
  if (spec.manualSelector === true) return;
  const uid = draft.metadata.uid ?? '';
  const name = draft.metadata.name ?? '';
  const metadata = ensured(ensured(spec, 'template'), 'metadata');
  const isShared = draft.metadata.labels !== undefined && equal(draft.metadata.labels, metadata.labels);
  metadata.labels = {
    ...fieldsOf(metadata.labels),
    'controller-uid': uid,
    'job-name': name,
    [uidLabel]: uid,
    'batch.kubernetes.io/job-name': name,
  };
  if (isShared || draft.metadata.labels === undefined) draft.metadata.labels = { ...(metadata.labels as Record<string, string>) };
  const selector = ensured(spec, 'selector');
  selector.matchLabels = { ...fieldsOf(selector.matchLabels), [uidLabel]: uid };
}

function defaultJob(spec: Fields, live: unknown): void {
  if (spec.template !== undefined && spec.template !== live) spec.template = defaultedTemplate(spec.template);
}

export const cronJobStrategy: KindStrategy = {
  hasStatus: true,
  hasGeneration: true,
  defaults: (draft) => {
    const spec = own(draft, 'spec');
    fill(spec, 'concurrencyPolicy', 'Allow');
    fill(spec, 'suspend', false);
    fill(spec, 'successfulJobsHistoryLimit', 3);
    fill(spec, 'failedJobsHistoryLimit', 1);
    const template = ensured(spec, 'jobTemplate');
    ensured(template, 'metadata');
    defaultJob(ensured(template, 'spec'), undefined);
  },
  validate: (object) => {
    const spec = fieldsOf(object.spec);
    const problems: FieldError[] = [];
    const schedule = textOf(spec.schedule);
    if (schedule === '') problems.push(required('spec.schedule'));
    else problems.push(...validateSchedule(schedule));
    const policies = ['Allow', 'Forbid', 'Replace'];
    if (!policies.includes(textOf(spec.concurrencyPolicy)))
      problems.push(notSupported('spec.concurrencyPolicy', spec.concurrencyPolicy, policies));
    const template = fieldsOf(fieldsOf(spec.jobTemplate).spec).template;
    problems.push(...validateTemplate('spec.jobTemplate.spec.template', template, { kind: 'job', live: undefined }));
    problems.push(...nonNegatives(spec, 'spec', ['startingDeadlineSeconds', 'successfulJobsHistoryLimit', 'failedJobsHistoryLimit']));
    if ((object.metadata.name ?? '').length > 52)
      problems.push(invalidValue('metadata.name', object.metadata.name, 'must be no more than 52 characters'));
    return problems;
  },
};

const bounds: readonly (readonly [number, number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
];
const named = /^(?:[a-z]{3}|[*?]|\d+)(?:-(?:[a-z]{3}|\d+))?(?:\/\d+)?$/i;

function validateSchedule(schedule: string): FieldError[] {
  const path = 'spec.schedule';
  if (schedule.startsWith('@')) {
    const known = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
    return known.includes(schedule) || /^@every \S+$/.test(schedule)
      ? []
      : [invalidValue(path, schedule, `unrecognized descriptor: ${schedule}`)];
  }
  const fields = schedule.trim().split(/\s+/);
  if (fields.length !== 5)
    return [invalidValue(path, schedule, `expected exactly 5 fields, found ${fields.length}: [${fields.join(' ')}]`)];
  for (const [index, field] of fields.entries()) {
    const [low, high] = bounds[index] ?? [0, 0];
    for (const part of field.split(',')) {
      if (!named.test(part)) return [invalidValue(path, schedule, `failed to parse int from ${part}`)];
      const values = [...part.replace(/\/\d+$/, '').matchAll(/\d+/g)].map(([digits]) => Number(digits));
      const beyond = values.find((value) => value > high);
      if (beyond !== undefined) return [invalidValue(path, schedule, `end of range (${beyond}) above maximum (${high}): ${part}`)];
      const below = values.find((value) => value < low);
      if (below !== undefined) return [invalidValue(path, schedule, `beginning of range (${below}) below minimum (${low}): ${part}`)];
    }
  }
  return [];
}
