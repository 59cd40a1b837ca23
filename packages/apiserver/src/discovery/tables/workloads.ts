/** Rows of the kinds that make pods: Deployments and what is below and beside them, Jobs and CronJobs. */
import {
  type Condition,
  controllerOf,
  formatHumanDuration,
  formatLabelSelector,
  type KubeObject,
  type LabelSelector,
  parseApiVersion,
  parseTime,
} from '@sluice/api';
import { age, containerCells, labelText, type PodTemplate, since } from './cells.ts';
import { type Printers, printer } from './printer.ts';

type Workload = {
  readonly spec: { readonly replicas?: number; readonly selector?: LabelSelector; readonly template?: PodTemplate };
  readonly status: {
    readonly replicas?: number;
    readonly readyReplicas?: number;
    readonly updatedReplicas?: number;
    readonly availableReplicas?: number;
  };
};

type DaemonSet = {
  readonly spec: {
    readonly selector?: LabelSelector;
    readonly template?: PodTemplate & { readonly spec?: { readonly nodeSelector?: Readonly<Record<string, string>> } };
  };
  readonly status: {
    readonly desiredNumberScheduled?: number;
    readonly currentNumberScheduled?: number;
    readonly numberReady?: number;
    readonly updatedNumberScheduled?: number;
    readonly numberAvailable?: number;
  };
};

type ReplicationController = {
  readonly spec: { readonly replicas?: number; readonly selector?: Readonly<Record<string, string>>; readonly template?: PodTemplate };
  readonly status: Workload['status'];
};

type Job = {
  readonly spec: {
    readonly completions?: number;
    readonly parallelism?: number;
    readonly selector?: LabelSelector;
    readonly template?: PodTemplate;
  };
  readonly status: {
    readonly succeeded?: number;
    readonly startTime?: string;
    readonly completionTime?: string;
    readonly conditions?: readonly Condition[];
  };
};

type CronJob = {
  readonly spec: {
    readonly schedule?: string;
    readonly timeZone?: string;
    readonly suspend?: boolean;
    readonly jobTemplate?: { readonly spec?: { readonly selector?: LabelSelector; readonly template?: PodTemplate } };
  };
  readonly status: { readonly active?: readonly unknown[]; readonly lastScheduleTime?: string };
};

const replicaColumns = 'Name|Desired:integer|Current:integer|Ready:integer|Age|Containers!|Images!|Selector!';

export const workloadPrinters: Printers = {
  'apps/deployments': printer<Workload>('Name|Ready|Up-to-date|Available|Age|Containers!|Images!|Selector!', (object, now) => {
    const { spec = {}, status = {} } = object;
    return [
      object.metadata.name,
      `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
      status.updatedReplicas ?? 0,
      status.availableReplicas ?? 0,
      age(object, now),
      ...containerCells(spec.template),
      formatLabelSelector(spec.selector),
    ];
  }),
  'apps/replicasets': printer<Workload>(replicaColumns, (object, now) => [
    object.metadata.name,
    object.spec?.replicas ?? 0,
    object.status?.replicas ?? 0,
    object.status?.readyReplicas ?? 0,
    age(object, now),
    ...containerCells(object.spec?.template),
    formatLabelSelector(object.spec?.selector),
  ]),
  '/replicationcontrollers': printer<ReplicationController>(replicaColumns, (object, now) => [
    object.metadata.name,
    object.spec?.replicas ?? 0,
    object.status?.replicas ?? 0,
    object.status?.readyReplicas ?? 0,
    age(object, now),
    ...containerCells(object.spec?.template),
    labelText(object.spec?.selector),
  ]),
  'apps/statefulsets': printer<Workload>('Name|Ready|Age|Containers!|Images!', (object, now) => [
    object.metadata.name,
    `${object.status?.readyReplicas ?? 0}/${object.spec?.replicas ?? 0}`,
    age(object, now),
    ...containerCells(object.spec?.template),
  ]),
  'apps/daemonsets': printer<DaemonSet>(
    'Name|Desired:integer|Current:integer|Ready:integer|Up-to-date:integer|Available:integer|Node Selector|Age|Containers!|Images!|Selector!',
    (object, now) => {
      const { spec = {}, status = {} } = object;
      return [
        object.metadata.name,
        status.desiredNumberScheduled ?? 0,
        status.currentNumberScheduled ?? 0,
        status.numberReady ?? 0,
        status.updatedNumberScheduled ?? 0,
        status.numberAvailable ?? 0,
        labelText(spec.template?.spec?.nodeSelector),
        age(object, now),
        ...containerCells(spec.template),
        formatLabelSelector(spec.selector),
      ];
    },
  ),
  'apps/controllerrevisions': printer<{ readonly revision: number }>('Name|Controller|Revision|Age', (object, now) => [
    object.metadata.name,
    ownerText(object),
    object.revision ?? 0,
    age(object, now),
  ]),
  '/podtemplates': printer<{ readonly template: PodTemplate }>('Name|Containers|Images|Pod Labels', (object) => [
    object.metadata.name,
    ...containerCells(object.template),
    labelText(object.template?.metadata?.labels),
  ]),
  'batch/jobs': printer<Job>('Name|Status|Completions|Duration|Age|Containers!|Images!|Selector!', (job, now) => [
    job.metadata.name,
    jobStatus(job),
    completions(job),
    jobDuration(job, now),
    age(job, now),
    ...containerCells(job.spec?.template),
    formatLabelSelector(job.spec?.selector),
  ]),
  'batch/cronjobs': printer<CronJob>(
    'Name|Schedule|Timezone|Suspend:boolean|Active:integer|Last Schedule|Age|Containers!|Images!|Selector!',
    (object, now) => {
      const { spec = {}, status = {} } = object;
      return [
        object.metadata.name,
        spec.schedule ?? '',
        spec.timeZone ?? '<none>',
        spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False',
        status.active?.length ?? 0,
        status.lastScheduleTime === undefined ? '<none>' : since(status.lastScheduleTime, now),
        age(object, now),
        ...containerCells(spec.jobTemplate?.spec?.template),
        formatLabelSelector(spec.jobTemplate?.spec?.selector),
      ];
    },
  ),
};

/** `statefulset.apps/web` */
function ownerText(object: KubeObject): string {
  const owner = controllerOf(object);
  if (owner === undefined) return '<none>';
  const { group } = parseApiVersion(owner.apiVersion);
  return `${(group === '' ? owner.kind : `${owner.kind}.${group}`).toLowerCase()}/${owner.name}`;
}

/** In the order in which upstream looks for them. */
function jobStatus(job: KubeObject & Partial<Job>): string {
  const has = (type: string): boolean => job.status?.conditions?.some((each) => each.type === type && each.status === 'True') === true;
  if (has('Complete')) return 'Complete';
  if (has('Failed')) return 'Failed';
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating';
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running';
}

function completions({ spec = {}, status = {} }: Partial<Job>): string {
  const succeeded = status.succeeded ?? 0;
  if (spec.completions !== undefined) return `${succeeded}/${spec.completions}`;
  const parallelism = spec.parallelism ?? 0;
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`;
}

function jobDuration({ status = {} }: Partial<Job>, now: number): string {
  const start = parseTime(status.startTime);
  return start === undefined ? '' : formatHumanDuration((parseTime(status.completionTime) ?? now) - start);
}
