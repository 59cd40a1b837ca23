/**
 * The job provider: a Kubernetes Job a measurement, successful or failed as the Job is. A measurement stays Running between passes; the Job's
 * name is remembered in its metadata.
 *
 * @see argoproj/argo-rollouts metricproviders/job/job.go
 */
import {
  type AnalysisRun,
  type Instant,
  isStatusError,
  type Job,
  type JobMetric,
  type KubeObject,
  type Measurement,
  type OwnerReference,
  type Pod,
  parseTime,
} from '@sluice/api';
import type { MetricQuestion, MetricReading, MetricSource } from '@sluice/engine';
import { builtinTypes, type Client } from '@sluice/kube';
import type { MetricDependencies } from '../dependencies.ts';

const uidLabel = 'analysisrun.argoproj.io/uid';
const nameAnnotation = 'analysisrun.argoproj.io/name';
const namespaceAnnotation = 'analysisrun.argoproj.io/namespace';
const metricAnnotation = 'analysisrun.argoproj.io/metric-name';

/** Longest name of a Job, which becomes a label of its pods. */
const nameMax = 63;

/** A container that waits for one of these reasons never starts. */
const terminalReasons: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName']);

/** Where Jobs run. */
type Target = { readonly client: Client; readonly namespace: string; readonly isOtherCluster: boolean };

export function jobSource(job: JobMetric, { kube, jobKube, environment }: MetricDependencies): MetricSource {
  const targetOf = (run: AnalysisRun): Target => ({
    client: jobKube ?? kube,
    namespace: environment.ARGO_ROLLOUTS_ANALYSIS_JOB_NAMESPACE || (run.metadata.namespace ?? ''),
    isOtherCluster: jobKube !== undefined,
  });
  return {
    type: 'Job',
    measure: (question) => begin(job, question, targetOf(question.run)),
    resume: (question, measurement) => look(question, measurement, targetOf(question.run)),
    async terminate({ run }, measurement) {
      const { name, namespace } = referenceOf(run, measurement);
      await remove(targetOf(run).client, namespace, name);
      return { kind: 'verdict', phase: 'Inconclusive', ...metadataOf(measurement) };
    },
    collectGarbage: ({ run }, keep) => collectGarbage(run, keep, targetOf(run)),
  };
}

async function begin(job: JobMetric, { run, metric, now }: MetricQuestion, target: Target): Promise<MetricReading> {
  const wanted = newJob(job, run, metric.name, target);
  const created = await target.client
    .create<KubeObject>(builtinTypes.jobs, wanted)
    .catch((error: unknown) => adopt(error, wanted, run, target));
  return {
    kind: 'verdict',
    phase: 'Running',
    resumeAt: now,
    metadata: { 'job-name': created.metadata.name ?? '', 'job-namespace': created.metadata.namespace ?? target.namespace },
  };
}

/** A Job of this run that a former pass made, and did not live to note, is taken; any other is the error that it was. */
async function adopt(error: unknown, wanted: KubeObject, run: AnalysisRun, { client, namespace }: Target): Promise<KubeObject> {
  if (!isStatusError(error, 'AlreadyExists')) throw error;
  const existing = await client.get<KubeObject>(builtinTypes.jobs, { namespace, name: wanted.metadata.name ?? '' }).catch(() => undefined);
  const controller = existing?.metadata.ownerReferences?.find((owner) => owner.controller === true);
  // Without owners, in another namespace or cluster, the label tells whose it is.
  const isOwned = wanted.metadata.ownerReferences !== undefined;
  const owner = isOwned ? controller?.uid : existing?.metadata.labels?.[uidLabel];
  if (existing === undefined || owner === undefined || owner !== run.metadata.uid) throw error;
  return existing;
}

function newJob(job: JobMetric, run: AnalysisRun, metricName: string, { namespace, isOtherCluster }: Target): KubeObject {
  const { name = '', uid = '' } = run.metadata;
  const isOwned = namespace === run.metadata.namespace && !isOtherCluster;
  const owner: OwnerReference = {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    name,
    uid,
    controller: true,
    blockOwnerDeletion: true,
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(run, metricName),
      namespace,
      ...(isOwned ? { ownerReferences: [owner] } : {}),
      labels: { ...job.metadata?.labels, [uidLabel]: uid },
      annotations: {
        ...job.metadata?.annotations,
        [nameAnnotation]: name,
        [namespaceAnnotation]: run.metadata.namespace ?? '',
        [metricAnnotation]: metricName,
      },
    },
    spec: job.spec,
  };
}

/** `<uid of the run>.<metric>.<number>`, the metric's name cut so that it fits. The number is one more than measurements were ever taken. */
function jobName(run: AnalysisRun, metricName: string): string {
  const result = run.status?.metricResults?.find(({ name }) => name === metricName);
  const number = (result?.count ?? 0) + (result?.error ?? 0) + 1;
  const nameOf = (metric: string): string => `${run.metadata.uid ?? ''}.${metric}.${number}`;
  const excess = Math.max(0, nameOf(metricName).length - nameMax);
  return nameOf(metricName.slice(0, Math.max(0, metricName.length - excess)));
}

function referenceOf(run: AnalysisRun, { metadata }: Measurement): { readonly name: string; readonly namespace: string } {
  const name = metadata?.['job-name'] ?? '';
  if (name === '') throw new Error('job metadata reference missing');
  return { name, namespace: metadata?.['job-namespace'] || (run.metadata.namespace ?? '') };
}

function metadataOf({ metadata }: Measurement): { readonly metadata?: Readonly<Record<string, string>> } {
  return metadata === undefined ? {} : { metadata };
}

async function look({ run, now }: MetricQuestion, measurement: Measurement, { client }: Target): Promise<MetricReading> {
  const at = referenceOf(run, measurement);
  const job = await client.get<Job>(builtinTypes.jobs, at).catch((error: unknown) => {
    if (isStatusError(error, 'NotFound')) throw new Error(`job.batch "${at.name}" not found`);
    throw error;
  });
  const kept = metadataOf(measurement);
  // By type alone, whatever the condition's status, and the last one decides: as upstream.
  const last = job.status?.conditions?.findLast(({ type }) => type === 'Complete' || type === 'Failed');
  if (last !== undefined) return { kind: 'verdict', phase: last.type === 'Complete' ? 'Successful' : 'Failed', ...kept };
  const message = await terminalMessage(client, at);
  if (message !== '') return { kind: 'verdict', phase: 'Inconclusive', message, ...kept };
  return { kind: 'verdict', phase: 'Running', resumeAt: nextLook(measurement, now), ...kept };
}

/** Looks become rarer the longer a Job runs: after 50 s the next one is in 10 s. */
function nextLook({ startedAt }: Measurement, now: Instant): Instant {
  const elapsedSeconds = Math.max(0, (now - (parseTime(startedAt) ?? now)) / 1000);
  return now + Math.sqrt(2 * elapsedSeconds) * 1000;
}

/** One line for each container that can never start; empty if there is none. */
async function terminalMessage(
  client: Client,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): Promise<string> {
  const { items } = await client.list<Pod>(builtinTypes.pods, { namespace, labelSelector: { matchLabels: { 'job-name': name } } });
  return items
    .flatMap((pod) =>
      [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].flatMap(({ name: container, state }) => {
        const { reason = '', message = '' } = state?.waiting ?? {};
        return terminalReasons.has(reason)
          ? [`Pod ${pod.metadata.name ?? ''}, container ${container} has terminal error (${reason}): ${message}\n`]
          : [];
      }),
    )
    .join('');
}

async function remove(client: Client, namespace: string, name: string): Promise<void> {
  await client.delete(builtinTypes.jobs, { namespace, name }, { propagationPolicy: 'Foreground' }).catch((error: unknown) => {
    if (!isStatusError(error, 'NotFound')) throw error;
  });
}

/** Deletes the oldest Jobs of the run until `keep` are left, counted over all of its metrics. */
async function collectGarbage(run: AnalysisRun, keep: number, { client, namespace }: Target): Promise<void> {
  const labelSelector = { matchLabels: { [uidLabel]: run.metadata.uid ?? '' } };
  const { items } = await client.list<Job>(builtinTypes.jobs, { namespace, labelSelector });
  const oldestFirst = [...items].sort(
    (a, b) => (parseTime(a.metadata.creationTimestamp) ?? 0) - (parseTime(b.metadata.creationTimestamp) ?? 0),
  );
  for (const job of oldestFirst.slice(0, Math.max(0, items.length - keep))) {
    await remove(client, job.metadata.namespace ?? namespace, job.metadata.name ?? '');
  }
}
