/** Reads the caches into the facts of a decision about an Experiment. No calls. */
import type { AnalysisRun, Experiment, KubeObject, ReplicaSet, Service } from '@sluice/api';
import type { ExperimentFacts, ExperimentRefusal } from '@sluice/engine';
import { ownerIndexName, type Store } from '@sluice/kube';
import type { ExperimentInformers } from './experiment-informers.ts';

/** What a pass has learnt from the API beyond the caches. */
export type Learnt = {
  /** Objects that bear a name which was to be given, and that the caches do not have: their selectors may leave them out. */
  readonly replicaSets: ReplicaSet[];
  readonly services: Service[];
  readonly runs: AnalysisRun[];
  readonly refusals: ExperimentRefusal[];
};

export function nothingLearnt(): Learnt {
  return { replicaSets: [], services: [], runs: [], refusals: [] };
}

/** @param gone - uids of objects that were deleted, which the caches may still have for a moment */
export function observeExperiment(
  experiment: Experiment,
  informers: ExperimentInformers,
  learnt: Learnt,
  gone: ReadonlySet<string>,
): ExperimentFacts {
  const { namespace = '', name = '', uid = '' } = experiment.metadata;
  const { templates = [], analyses = [] } = experiment.spec;
  const collect = <T extends KubeObject>(store: Store<T>, names: readonly string[], more: readonly T[]): readonly T[] => {
    const found = new Map(store.byIndex(ownerIndexName, uid).map((object) => [object.metadata.uid ?? '', object]));
    for (const wanted of names) {
      const object = store.get(`${namespace}/${wanted}`);
      if (object !== undefined) found.set(object.metadata.uid ?? '', object);
    }
    for (const object of more) if (!found.has(object.metadata.uid ?? '')) found.set(object.metadata.uid ?? '', object);
    return [...found.values()].filter(({ metadata }) => metadata.namespace === namespace && !gone.has(metadata.uid ?? ''));
  };
  const setNames = templates.map((template) => `${name}-${template.name}`);
  const serviceNames = templates.flatMap(({ service }) => (service?.name === undefined || service.name === '' ? [] : [service.name]));
  const known = (analyses.length === 0 ? [] : (experiment.status?.analysisRuns ?? [])).map(({ analysisRun }) => analysisRun);
  const runNames = analyses.flatMap((analysis) => takenNames(informers.runs, namespace, `${name}-${analysis.name}`));
  return {
    experiment,
    replicaSets: collect(informers.replicaSets, setNames, learnt.replicaSets),
    services: collect(informers.services, [...setNames, ...serviceNames], learnt.services),
    analysisRuns: collect(informers.runs, [...known, ...runNames], learnt.runs),
    templates: {
      template: (wanted) => informers.templates.get(`${namespace}/${wanted}`),
      clusterTemplate: (wanted) => informers.clusterTemplates.get(wanted),
    },
    refusals: learnt.refusals,
  };
}

/** `x`, `x.1`, `x.2`, ... as far as they are taken. */
function takenNames(runs: Store<AnalysisRun>, namespace: string, base: string): readonly string[] {
  const names: string[] = [];
  for (let name = base; runs.get(`${namespace}/${name}`) !== undefined; name = `${base}.${names.length}`) names.push(name);
  return names;
}
