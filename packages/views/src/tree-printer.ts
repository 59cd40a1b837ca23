/** The tree under a rollout or an experiment: one row an object, as `kubectl argo rollouts get` prints it. */
import type { AnalysisRunView } from './analysis-run-view.ts';
import type { Pen } from './colour.ts';
import type { ExperimentView } from './experiment-view.ts';
import { kindIcons, statusIcons } from './icons.ts';
import type { ReplicaSetView } from './replica-set-view.ts';
import type { RolloutView } from './rollout-view.ts';
import { table } from './table.ts';

type Row = readonly [name: string, kind: string, status: string, age: string, info: string];

/** A node draws its own row behind `prefix` and its children behind `below`. */
type Node = (prefix: string, below: string) => readonly Row[];

const header: Row = ['NAME', 'KIND', 'STATUS', 'AGE', 'INFO'];

export function rolloutTree(view: RolloutView, ink: Pen): string {
  const root: Row = [`${kindIcons.rollout} ${view.name}`, 'Rollout', `${ink.word(view.icon)} ${view.phase}`, view.age, ''];
  const revisions = view.revisions.map(
    ({ revision, replicaSets, experiments, analysisRuns }): Node =>
      (prefix, below) => [
        [`${prefix}${kindIcons.revision} revision:${revision}`, '', ' ', '', ''],
        ...branch(below, [
          ...replicaSets.map((set) => replicaSetNode(set, ink)),
          ...experiments.map((experiment) => experimentNode(experiment, ink)),
          ...analysisRuns.map((run) => analysisRunNode(run, ink)),
        ]),
      ],
  );
  return table([header, root, ...branch('', revisions)]);
}

export function experimentTree(view: ExperimentView, ink: Pen): string {
  return table([header, ...experimentNode(view, ink)('', '')]);
}

function branch(below: string, nodes: readonly Node[]): readonly Row[] {
  return nodes.flatMap((node, index) =>
    index === nodes.length - 1 ? node(`${below}└──`, `${below}   `) : node(`${below}├──`, `${below}│  `),
  );
}

function replicaSetNode(set: ReplicaSetView, ink: Pen): Node {
  const [tag] = set.tags.slice(-1);
  const name = tag === undefined ? set.name : ink.like(set.name, tag);
  const info = [...set.tags.map((word) => ink.word(word)), ...(set.scaleDownDelay === '' ? [] : [`delay:${set.scaleDownDelay}`])];
  const pods = set.pods.map(
    (pod): Node =>
      (prefix) => {
        const details = [`ready:${pod.ready}`, ...(pod.restarts > 0 ? [`restarts:${pod.restarts}`] : [])];
        return [[`${prefix}${kindIcons.pod} ${pod.name}`, 'Pod', `${ink.word(pod.icon)} ${pod.status}`, pod.age, details.join(',')]];
      },
  );
  return (prefix, below) => [
    [`${prefix}${kindIcons.replicaSet} ${name}`, 'ReplicaSet', `${ink.word(set.icon)} ${set.status}`, set.age, info.join(',')],
    ...branch(below, pods),
  ];
}

function experimentNode(view: ExperimentView, ink: Pen): Node {
  const name = ink.like(view.name, view.status);
  return (prefix, below) => [
    [`${prefix}${kindIcons.experiment} ${name}`, 'Experiment', `${ink.word(view.icon)} ${view.status}`, view.age, ''],
    ...branch(below, [
      ...view.replicaSets.map((set) => replicaSetNode(set, ink)),
      ...view.analysisRuns.map((run) => analysisRunNode(run, ink)),
    ]),
  ];
}

function analysisRunNode(run: AnalysisRunView, ink: Pen): Node {
  const counts: readonly (readonly [string, number])[] = [
    [statusIcons.ok, run.successful],
    [statusIcons.bad, run.failed],
    [statusIcons.unknown, run.inconclusive],
    [statusIcons.warning, run.error],
  ];
  const info = counts.filter(([, count]) => count > 0).map(([icon, count]) => `${ink.word(icon)} ${count}`);
  const jobs = run.jobs.map(
    (job): Node =>
      (prefix) => [
        [`${prefix}${kindIcons.job} ${ink.like(job.name, job.status)}`, 'Job', `${ink.word(job.icon)} ${job.status}`, job.age, ''],
      ],
  );
  return (prefix, below) => [
    [
      `${prefix}${kindIcons.analysisRun} ${ink.like(run.name, run.status)}`,
      'AnalysisRun',
      `${ink.word(run.icon)} ${run.status}`,
      run.age,
      info.join(','),
    ],
    ...branch(below, jobs),
  ];
}
