/**
 * The decision about an Experiment: facts in, plan out. As with Rollouts, upstream's passes run one after the other on the objects as the
 * writes will leave them, and the plan is what is different at the end.
 *
 * The writes go out in this order: what is created or deleted, the status, then sizes. A ReplicaSet or Service is recognised by its owner
 * and annotations and a run by its spec, so each of them may exist before the status says so. A pass that creates or ends a run, or deletes a
 * Service, does it on a written status alone: it waits for the next plan.
 */
import type { Experiment, ExperimentStatus, Instant } from '@sluice/api';
import { annotations, parseTime } from '@sluice/api';
import type { WriteKey } from '../plan.ts';
import { nameOf, sizeOf } from '../replica-sets.ts';
import { reconcileAnalysis } from './analyses.ts';
import { concludeExperiment } from './conclusion.ts';
import { beginPass, type Pass, type World } from './pass.ts';
import type { ExperimentAction, ExperimentFacts, ExperimentPlan } from './plan.ts';
import { byTemplate } from './replica-set.ts';
import { endOf, experimentStatusPatch, isTerminating, progressDeadlineSeconds, sizeOfTemplate, templateEntry } from './status.ts';
import { reconcileTemplate } from './templates.ts';
import { experimentProblem, templatesOf, withInvalidExperiment } from './validation.ts';

/** More passes than any sequence needs. Should two undo each other, this ends it, and the next plan goes on from what was written. */
const passesMax = 10;

/** What is to be done about an Experiment now. Pure; may be asked at any time, twice, or late. */
export function decideExperiment(facts: ExperimentFacts, now: Instant): ExperimentPlan {
  const { experiment } = facts;
  if (experiment.metadata.deletionTimestamp !== undefined) return idle(experiment, 'the Experiment is being deleted');
  const invalid = experimentProblem(experiment);
  if (invalid !== undefined) {
    const status = withInvalidExperiment(experiment.status ?? {}, invalid, now);
    const reason = `the spec is invalid: ${invalid}`;
    return { actions: statusWrite(experiment, status, reason), status, notes: [], reason };
  }
  const replicaSets = byTemplate(experiment, templatesOf(experiment), facts.replicaSets);
  if ('claimedTwice' in replicaSets) {
    const problem = `multiple ReplicaSets match single experiment template: ${replicaSets.claimedTwice}`;
    return { ...idle(experiment, problem), problem };
  }
  const services = byTemplate(experiment, templatesOf(experiment), facts.services);
  if ('claimedTwice' in services) {
    const problem = `multiple Services match single experiment template: ${services.claimedTwice}`;
    return { ...idle(experiment, problem), problem };
  }
  return compose({ experiment, replicaSets, services, runs: facts.analysisRuns }, facts, now);
}

function compose(start: World, facts: ExperimentFacts, now: Instant): ExperimentPlan {
  const { end, passes, isCut } = runPasses(start, facts, now);
  const status = end.experiment.status ?? {};
  const reasonOf = (write: WriteKey): string => joined(passes, (reason) => reason.write === write);
  const wake = isCut ? now : wakeOf(end.experiment, passes.at(-1)?.wakes ?? [], now);
  const unscaled = unscaledSets(start, end);
  return {
    actions: [
      ...createdSets(start, end, reasonOf),
      ...changedServices(start, end, reasonOf),
      ...passes.flatMap((pass) => pass.actions),
      ...statusWrite(start.experiment, status, reasonOf('status')),
      ...changedSets(start, end, reasonOf),
    ],
    status,
    notes: passes.flatMap((pass) => pass.notes).filter(({ write }) => write === undefined || !unscaled.has(write)),
    reason: joined(passes, () => true),
    ...(wake === undefined ? {} : { requeueAfterMs: Math.max(0, wake - now) }),
  };
}

/** Passes until one changes nothing, or until the next would have to wait for a write. */
function runPasses(start: World, facts: ExperimentFacts, now: Instant): { end: World; passes: readonly Pass[]; isCut: boolean } {
  const passes: Pass[] = [];
  let world = start;
  while (passes.length < passesMax) {
    const pass = beginPass(world, facts, now);
    for (const template of templatesOf(world.experiment)) reconcileTemplate(pass, template);
    for (const analysis of world.experiment.spec.analyses ?? []) reconcileAnalysis(pass, analysis);
    concludeExperiment(pass);
    if (passes.length > 0 && pass.hasActed) return { end: world, passes, isCut: true };
    passes.push(pass);
    const { replicaSets, services, runs } = pass.world;
    const isSettled =
      experimentStatusPatch(world.experiment.status, pass.status) === undefined &&
      replicaSets === world.replicaSets &&
      services === world.services &&
      runs === world.runs;
    world = { ...pass.world, experiment: { ...world.experiment, status: pass.status } };
    if (isSettled) return { end: world, passes, isCut: false };
  }
  return { end: world, passes, isCut: true };
}

/** When to look again although nothing changes: pods that may go, the end of the duration, a deadline of progress. */
function wakeOf(experiment: Experiment, wakes: readonly Instant[], now: Instant): Instant | undefined {
  const all = [...wakes];
  const { status = {} } = experiment;
  if (!isTerminating(experiment)) {
    const end = endOf(experiment);
    if (end !== undefined) all.push(end);
    for (const template of templatesOf(experiment)) {
      const entry = templateEntry(status, template.name);
      const since = parseTime(entry?.lastTransitionTime);
      const isUnsatisfied = entry?.status === 'Progressing' || entry?.status === 'Running';
      if (entry === undefined || since === undefined || !isUnsatisfied || entry.availableReplicas === sizeOfTemplate(template)) continue;
      all.push(since + progressDeadlineSeconds(experiment) * 1000);
    }
  }
  // What is past has been acted on.
  const ahead = all.filter((at) => at > now);
  return ahead.length === 0 ? undefined : Math.min(...ahead);
}

/** Keys of sizes that passes of one plan changed and changed back: nothing of it happens, and nothing is told. */
function unscaledSets(start: World, end: World): ReadonlySet<WriteKey> {
  const sizeBefore = (of: string): number => (start.replicaSets.has(of) ? sizeOf(start.replicaSets.get(of)) : 0);
  const same = [...end.replicaSets].filter(([of, set]) => sizeOf(set) === sizeBefore(of));
  return new Set(same.map(([, set]) => `size/${nameOf(set)}`));
}

function createdSets(start: World, end: World, reasonOf: (write: WriteKey) => string): readonly ExperimentAction[] {
  return [...end.replicaSets].flatMap(([of, replicaSet]): readonly ExperimentAction[] =>
    start.replicaSets.has(of) ? [] : [{ kind: 'CreateReplicaSet', of, replicaSet, reason: reasonOf(`replicaset/${nameOf(replicaSet)}`) }],
  );
}

function changedSets(start: World, end: World, reasonOf: (write: WriteKey) => string): readonly ExperimentAction[] {
  return [...end.replicaSets].flatMap(([of, set]): readonly ExperimentAction[] => {
    const old = start.replicaSets.get(of);
    if (old === undefined || old === set) return [];
    const name = nameOf(set);
    const size = sizeOf(set);
    const isSized = sizeOf(old) !== size;
    const deadline = set.metadata.annotations?.[annotations.scaleDownDeadline];
    const isNoted = old.metadata.annotations?.[annotations.scaleDownDeadline] !== deadline;
    const patch = {
      ...(isNoted ? { metadata: { annotations: { [annotations.scaleDownDeadline]: deadline ?? null } } } : {}),
      ...(isSized ? { spec: { replicas: size } } : {}),
    };
    const { resourceVersion } = old.metadata;
    const reason = reasonOf(`size/${name}`);
    return [{ kind: 'PatchReplicaSet', of, name, resourceVersion, patch, ...(isSized ? { size } : {}), reason }];
  });
}

function changedServices(start: World, end: World, reasonOf: (write: WriteKey) => string): readonly ExperimentAction[] {
  const actions: ExperimentAction[] = [];
  for (const [of, service] of end.services) {
    if (start.services.has(of)) continue;
    actions.push({ kind: 'CreateService', of, service, reason: reasonOf(`service/${service.metadata.name ?? ''}`) });
  }
  for (const [of, { metadata }] of start.services) {
    if (end.services.has(of)) continue;
    const { name = '', uid } = metadata;
    actions.push({ kind: 'DeleteService', of, name, uid, reason: reasonOf(`service/${name}`) });
  }
  return actions;
}

function statusWrite(experiment: Experiment, status: ExperimentStatus, reason: string): readonly ExperimentAction[] {
  const patch = experimentStatusPatch(experiment.status, status);
  return patch === undefined ? [] : [{ kind: 'WriteStatus', patch: { status: patch }, reason }];
}

/** The distinct reasons of some writes in one line. What has none follows from what the pods did. */
function joined(passes: readonly Pass[], isMeant: (reason: Pass['reasons'][number]) => boolean): string {
  const texts = passes.flatMap((pass) => pass.reasons.filter(isMeant).map(({ text }) => text));
  return texts.length === 0 ? 'counts and conditions follow the pods' : [...new Set(texts)].join('; ');
}

function idle(experiment: Experiment, reason: string): ExperimentPlan {
  return { actions: [], status: experiment.status ?? {}, notes: [], reason };
}
