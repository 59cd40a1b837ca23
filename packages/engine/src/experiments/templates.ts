/**
 * One template of an Experiment in one pass: its ReplicaSet, its Service, its size, and the state that follows. Begin at
 * `reconcileTemplate`; the order of its parts is that in which upstream acts.
 *
 * @see argoproj/argo-rollouts experiments/experiment.go, reconcileTemplate
 */
import {
  annotations,
  type ExperimentTemplate,
  type ExperimentTemplateStatus,
  formatTime,
  labels,
  parseTime,
  type ReplicaSet,
} from '@sluice/api';
import { availableOf, createdOf, nameOf, sizeOf } from '../replica-sets.ts';
import { experimentNotes } from './events.ts';
import { because, type Pass, refusalOf, replaceReplicaSet, replaceService, tell } from './pass.ts';
import { newExperimentReplicaSet } from './replica-set.ts';
import { newExperimentService } from './service.ts';
import {
  endOf,
  isCompletedTemplate,
  progressDeadlineSeconds,
  scaleDownDelaySeconds,
  sizeOfTemplate,
  templateEntry,
  withEntry,
} from './status.ts';

/** The entry of a template as it is being worked out. */
type Draft = { -readonly [K in keyof ExperimentTemplateStatus]: ExperimentTemplateStatus[K] | undefined } & { readonly name: string };

/** How often a name that somebody else uses is tried again. */
const takenNameRetryMs = 10_000;

export function reconcileTemplate(pass: Pass, template: ExperimentTemplate): void {
  const previous = templateEntry(pass.previous, template.name);
  const draft: Draft = { replicas: 0, updatedReplicas: 0, readyReplicas: 0, availableReplicas: 0, ...previous, name: template.name };
  if (!isCompletedTemplate(previous)) draft.message = undefined;
  const desired = pass.isTerminating || isCompletedTemplate(previous) ? 0 : sizeOfTemplate(template);

  const present = pass.world.replicaSets.get(template.name);
  if (present === undefined) createReplicaSet(pass, template, draft);
  else {
    reconcileService(pass, template, draft, present, desired);
    reconcileSize(pass, template, draft, desired);
  }
  count(pass, draft, previous, pass.world.replicaSets.get(template.name));
  if (!isCompletedTemplate(draft as ExperimentTemplateStatus)) conclude(pass, draft, desired);

  const next = withoutAbsent(draft);
  if (next.status !== undefined && next.status !== previous?.status) {
    tell(pass, experimentNotes.template(template.name, previous?.status ?? '', next.status, next.message ?? ''), 'status');
    because(pass, 'status', `template ${template.name} is ${next.status}`);
  }
  pass.status = { ...pass.status, templateStatuses: withEntry(pass.status.templateStatuses, next) };
}

/**
 * Its name holds no hash, so another number cannot get around one that is taken. Upstream appends an entry to the status at every try;
 * here the one entry says so, and the deadline runs.
 */
function createReplicaSet(pass: Pass, template: ExperimentTemplate, draft: Draft): void {
  // What would be created without pods only to stay without.
  if (pass.isTerminating || isCompletedTemplate(draft as ExperimentTemplateStatus)) return;
  const set = newExperimentReplicaSet(pass.world.experiment, template, draft.collisionCount);
  const name = nameOf(set);
  const refusal = refusalOf(pass, 'create-replica-set', template.name);
  if (refusal !== undefined) {
    fail(draft, `Failed to create ReplicaSet for template '${template.name}': ${refusal}`);
    tell(pass, experimentNotes.createRefused(name, refusal), 'status');
    return;
  }
  if (pass.facts.replicaSets.some((other) => nameOf(other) === name)) {
    draft.collisionCount = 1;
    draft.lastTransitionTime ??= formatTime(pass.now);
    draft.message = `ReplicaSet ${name} exists already and is not owned by experiment template ${template.name}`;
    because(pass, 'status', `the name ${name} is taken`);
    pass.wakes.push(pass.now + takenNameRetryMs);
    return;
  }
  replaceReplicaSet(pass, template.name, set);
  draft.lastTransitionTime = formatTime(pass.now);
  because(pass, `replicaset/${name}`, `template ${template.name} has none`);
}

function reconcileService(pass: Pass, template: ExperimentTemplate, draft: Draft, set: ReplicaSet, desired: number): void {
  const present = pass.world.services.get(template.name);
  if (template.service !== undefined && desired !== 0) {
    const service = present ?? createService(pass, template, draft, set);
    if (service === undefined) return;
    draft.serviceName = service.metadata.name ?? '';
    draft.podTemplateHash = set.metadata.labels?.[labels.podTemplateHash] ?? '';
    return;
  }
  if (template.service !== undefined && availableOf(set) > 0) return;
  if (present !== undefined) {
    const refusal = refusalOf(pass, 'delete-service', template.name);
    if (refusal !== undefined) {
      fail(draft, `Failed to delete Service for template '${template.name}': ${refusal}`);
      return;
    }
    replaceService(pass, template.name, undefined);
    because(pass, `service/${present.metadata.name ?? ''}`, `template ${template.name} has no pods that could answer`);
    pass.hasActed = true;
  }
  draft.serviceName = undefined;
  draft.podTemplateHash = undefined;
}

function createService(pass: Pass, template: ExperimentTemplate, draft: Draft, set: ReplicaSet): ReturnType<typeof newExperimentService> {
  const service = newExperimentService(pass.world.experiment, template, set);
  if (service === undefined) return undefined;
  const { name = '' } = service.metadata;
  const failed = `Failed to create Service ${name} for template '${template.name}'`;
  const refusal = refusalOf(pass, 'create-service', template.name);
  const isTaken = pass.facts.services.some(({ metadata }) => metadata.name === name);
  if (refusal !== undefined) fail(draft, `${failed}: ${refusal}`);
  else if (isTaken) fail(draft, `${failed}: service ${name} already exists and is not owned by experiment template ${template.name}`);
  if (refusal !== undefined || isTaken) return undefined;
  replaceService(pass, template.name, service);
  because(pass, `service/${name}`, `template ${template.name} has a service`);
  return service;
}

function reconcileSize(pass: Pass, template: ExperimentTemplate, draft: Draft, desired: number): void {
  if (desired === 0) noteDeadline(pass, template.name);
  const set = pass.world.replicaSets.get(template.name);
  if (set === undefined || sizeOf(set) === desired) return;
  // At each pass, also while the delay keeps the size (upstream's behaviour, kept).
  draft.lastTransitionTime = formatTime(pass.now);
  const deadline = parseTime(set.metadata.annotations?.[annotations.scaleDownDeadline]);
  let size = desired;
  if (desired === 0 && deadline !== undefined && deadline > pass.now) {
    pass.wakes.push(deadline);
    size = sizeOfTemplate(template);
  }
  const from = sizeOf(set);
  if (from === size) return;
  const refusal = refusalOf(pass, 'scale', template.name, size);
  if (refusal !== undefined) {
    fail(draft, `Unable to scale ReplicaSet for template '${template.name}' to desired replica count '${size}': ${refusal}`);
    tell(pass, experimentNotes.scaleRefused(nameOf(set), from, size, refusal), 'status');
    return;
  }
  replaceReplicaSet(pass, template.name, { ...set, spec: { ...set.spec, replicas: size } });
  because(pass, `size/${nameOf(set)}`, `template ${template.name} is to have ${size} pods`);
  tell(pass, experimentNotes.scaled(nameOf(set), from, size), `size/${nameOf(set)}`);
}

/** Set once; a delay of 0 takes away what an earlier, longer one has set. */
function noteDeadline(pass: Pass, template: string): void {
  const set = pass.world.replicaSets.get(template);
  if (set === undefined) return;
  const { [annotations.scaleDownDeadline]: present, ...others } = set.metadata.annotations ?? {};
  const delay = scaleDownDelaySeconds(pass.world.experiment);
  if ((delay === 0) === (present === undefined || present === '')) return;
  const deadline = delay === 0 ? {} : { [annotations.scaleDownDeadline]: formatTime(pass.now + delay * 1000) };
  replaceReplicaSet(pass, template, { ...set, metadata: { ...set.metadata, annotations: { ...others, ...deadline } } });
  because(pass, `size/${nameOf(set)}`, delay === 0 ? 'its pods go at once' : `its pods stay for ${delay} s`);
}

function count(pass: Pass, draft: Draft, previous: ExperimentTemplateStatus | undefined, set: ReplicaSet | undefined): void {
  draft.replicas = createdOf(set);
  draft.updatedReplicas = createdOf(set);
  draft.readyReplicas = set?.status?.readyReplicas ?? 0;
  draft.availableReplicas = availableOf(set);
  if (hasCountChanged(previous, draft as ExperimentTemplateStatus)) draft.lastTransitionTime = formatTime(pass.now);
}

export function hasCountChanged(previous: ExperimentTemplateStatus | undefined, next: ExperimentTemplateStatus): boolean {
  const counts = ['replicas', 'updatedReplicas', 'readyReplicas', 'availableReplicas'] as const;
  return counts.some((field) => (previous?.[field] ?? 0) !== next[field]);
}

/** The state of a template that has not come to an end. One that runs and loses pods progresses again. */
function conclude(pass: Pass, draft: Draft, desired: number): void {
  const { experiment } = pass.world;
  const end = endOf(experiment);
  if (draft.availableReplicas === desired && draft.message === undefined) {
    const isOver = pass.isTerminating || (end !== undefined && pass.now >= end);
    draft.status = isOver ? 'Successful' : 'Running';
    return;
  }
  const seconds = progressDeadlineSeconds(experiment);
  const since = parseTime(draft.lastTransitionTime) ?? pass.now;
  if (pass.now >= since + seconds * 1000) {
    fail(draft, `Template '${draft.name}' exceeded its progressDeadlineSeconds (${seconds})`);
    draft.status = 'Failed';
  } else draft.status = pass.isTerminating ? 'Successful' : 'Progressing';
}

function fail(draft: Draft, message: string): void {
  draft.status = 'Error';
  draft.message = message;
}

function withoutAbsent(draft: Draft): ExperimentTemplateStatus {
  return Object.fromEntries(Object.entries(draft).filter(([, value]) => value !== undefined)) as ExperimentTemplateStatus;
}
