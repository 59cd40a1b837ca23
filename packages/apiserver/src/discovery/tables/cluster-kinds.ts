/** Rows of the kinds around workloads: configuration, namespaces, nodes, events, access, admission and the like. */
import type { Condition, KubeObject } from '@sluice/api';
import { age, orNone, since, sizeOf } from './cells.ts';
import { type Printer, type Printers, printer } from './printer.ts';

type Data = {
  readonly data: Readonly<Record<string, unknown>>;
  readonly binaryData: Readonly<Record<string, unknown>>;
  readonly type: string;
};

type Node = {
  readonly spec: { readonly unschedulable?: boolean };
  readonly status: {
    readonly conditions?: readonly Condition[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo?: Readonly<Record<string, string>>;
  };
};

type Source = { readonly component?: string; readonly host?: string };
type Involved = { readonly kind?: string; readonly name?: string; readonly fieldPath?: string };

/** Both forms: core and, below, `events.k8s.io`. */
type Event = {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: Involved;
  readonly source: Source;
  readonly firstTimestamp: string | null;
  readonly lastTimestamp: string | null;
  readonly eventTime: string | null;
  readonly count: number;
  readonly series: { readonly count: number; readonly lastObservedTime?: string };
  readonly reportingComponent: string;
  readonly reportingInstance: string;
  readonly note: string;
  readonly regarding: Involved;
  readonly deprecatedSource: Source;
  readonly deprecatedFirstTimestamp: string | null;
  readonly deprecatedLastTimestamp: string | null;
  readonly deprecatedCount: number;
  readonly reportingController: string;
};

type Binding = {
  readonly roleRef: { readonly kind: string; readonly name: string };
  readonly subjects: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
};

type Quota = { readonly status: { readonly hard?: Readonly<Record<string, string>>; readonly used?: Readonly<Record<string, string>> } };

type PriorityClass = { readonly value: number; readonly globalDefault: boolean; readonly preemptionPolicy: string };

type ApiService = {
  readonly spec: { readonly service?: { readonly namespace?: string; readonly name?: string } };
  readonly status: { readonly conditions?: readonly Condition[] };
};

/** Upstream has no printer of its own for these. */
const created: Printer = printer('Name|Created At:date', (object) => [object.metadata.name, object.metadata.creationTimestamp ?? null]);

const bindings: Printer = printer<Binding>('Name|Role|Age|Users!|Groups!|ServiceAccounts!', (binding, now) => {
  const of = (kind: string): readonly Binding['subjects'][number][] => (binding.subjects ?? []).filter((subject) => subject.kind === kind);
  return [
    binding.metadata.name,
    `${binding.roleRef?.kind}/${binding.roleRef?.name}`,
    age(binding, now),
    of('User')
      .map(({ name }) => name)
      .join(', '),
    of('Group')
      .map(({ name }) => name)
      .join(', '),
    of('ServiceAccount')
      .map(({ name, namespace }) => `${namespace ?? ''}/${name}`)
      .join(', '),
  ];
});

const webhooks: Printer = printer<{ readonly webhooks: readonly unknown[] }>('Name|Webhooks:integer|Age', (object, now) => [
  object.metadata.name,
  sizeOf(object.webhooks),
  age(object, now),
]);

const events: Printer = printer<Event>(
  'Last Seen|Type|Reason|Object|Subobject!|Source!|Message|First Seen!|Count:string!|Name!',
  eventCells,
);

/** Kinds without a printer here. */
export const defaultPrinter: Printer = printer('Name|Age', (object, now) => [object.metadata.name, age(object, now)]);

export const clusterPrinters: Printers = {
  '/configmaps': printer<Data>('Name|Data|Age', (object, now) => [
    object.metadata.name,
    sizeOf(object.data) + sizeOf(object.binaryData),
    age(object, now),
  ]),
  '/secrets': printer<Data>('Name|Type|Data|Age', (object, now) => [
    object.metadata.name,
    object.type ?? '',
    sizeOf(object.data),
    age(object, now),
  ]),
  '/serviceaccounts': printer<{ readonly secrets: readonly unknown[] }>('Name|Secrets|Age', (object, now) => [
    object.metadata.name,
    sizeOf(object.secrets),
    age(object, now),
  ]),
  '/namespaces': printer<{ readonly status: { readonly phase?: string } }>('Name|Status|Age', (object, now) => [
    object.metadata.name,
    object.status?.phase ?? '',
    age(object, now),
  ]),
  '/nodes': printer<Node>(
    'Name|Status|Roles|Age|Version|Internal-IP!|External-IP!|OS-Image!|Kernel-Version!|Container-Runtime!',
    nodeCells,
  ),
  '/events': events,
  'events.k8s.io/events': events,
  '/limitranges': created,
  '/resourcequotas': printer<Quota>('Name|Request|Limit|Age', (quota, now) => [
    quota.metadata.name,
    quotaText(quota, (name) => !name.startsWith('limits.')),
    quotaText(quota, (name) => name.startsWith('limits.')),
    age(quota, now),
  ]),
  'coordination.k8s.io/leases': printer<{ readonly spec: { readonly holderIdentity?: string } }>('Name|Holder|Age', (lease, now) => [
    lease.metadata.name,
    lease.spec?.holderIdentity ?? '',
    age(lease, now),
  ]),
  'rbac.authorization.k8s.io/roles': created,
  'rbac.authorization.k8s.io/clusterroles': created,
  'rbac.authorization.k8s.io/rolebindings': bindings,
  'rbac.authorization.k8s.io/clusterrolebindings': bindings,
  'apiextensions.k8s.io/customresourcedefinitions': created,
  'admissionregistration.k8s.io/validatingwebhookconfigurations': webhooks,
  'admissionregistration.k8s.io/mutatingwebhookconfigurations': webhooks,
  'scheduling.k8s.io/priorityclasses': printer<PriorityClass>(
    'Name|Value:integer|Global-Default:boolean|Age|PreemptionPolicy',
    (object, now) => [
      object.metadata.name,
      object.value ?? 0,
      object.globalDefault ?? false,
      age(object, now),
      object.preemptionPolicy ?? '',
    ],
  ),
  'apiregistration.k8s.io/apiservices': printer<ApiService>('Name|Service|Available|Age', (object, now) => {
    const service = object.spec?.service;
    const available = object.status?.conditions?.find((condition) => condition.type === 'Available');
    const word = available?.status ?? 'Unknown';
    return [
      object.metadata.name,
      service === undefined ? 'Local' : `${service.namespace ?? ''}/${service.name ?? ''}`,
      available === undefined || word === 'True' ? word : `${word} (${available.reason ?? ''})`,
      age(object, now),
    ];
  }),
  'node.k8s.io/runtimeclasses': printer<{ readonly handler: string }>('Name|Handler|Age', (object, now) => [
    object.metadata.name,
    object.handler ?? '',
    age(object, now),
  ]),
};

function nodeCells(node: KubeObject & Partial<Node>, now: number): readonly unknown[] {
  const { spec = {}, status = {} } = node;
  const ready = status.conditions?.find((condition) => condition.type === 'Ready');
  const word = ready === undefined ? 'Unknown' : ready.status === 'True' ? 'Ready' : 'NotReady';
  const address = (type: string): string => orNone(status.addresses?.find((each) => each.type === type)?.address);
  const info = (name: string): string => {
    const text = status.nodeInfo?.[name] ?? '';
    return text === '' ? '<unknown>' : text;
  };
  return [
    node.metadata.name,
    spec.unschedulable === true ? `${word},SchedulingDisabled` : word,
    orNone(nodeRoles(node).join(',')),
    age(node, now),
    status.nodeInfo?.kubeletVersion ?? '',
    address('InternalIP'),
    address('ExternalIP'),
    info('osImage'),
    info('kernelVersion'),
    info('containerRuntimeVersion'),
  ];
}

function nodeRoles(node: KubeObject): readonly string[] {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.entries(node.metadata.labels ?? {}).flatMap(([key, value]) => {
    if (key.startsWith(prefix) && key.length > prefix.length) return [key.slice(prefix.length)];
    return key === 'kubernetes.io/role' && value !== '' ? [value] : [];
  });
  return [...new Set(roles)].sort();
}

function eventCells(event: KubeObject & Partial<Event>, now: number): readonly unknown[] {
  const about = event.involvedObject ?? event.regarding ?? {};
  const source = event.source ?? event.deprecatedSource ?? {};
  const first = event.firstTimestamp ?? event.deprecatedFirstTimestamp ?? event.eventTime;
  const last = event.series?.lastObservedTime ?? event.lastTimestamp ?? event.deprecatedLastTimestamp ?? first;
  const count = event.series?.count ?? (event.count || event.deprecatedCount || 1);
  const component = firstOf(source.component, event.reportingComponent, event.reportingController);
  const instance = firstOf(source.host, event.reportingInstance);
  const kind = (about.kind ?? '').toLowerCase();
  return [
    since(last, now),
    event.type ?? '',
    event.reason ?? '',
    (about.name ?? '') === '' ? kind : `${kind}/${about.name}`,
    about.fieldPath ?? '',
    instance === '' ? component : `${component}, ${instance}`,
    (event.message ?? event.note ?? '').trim(),
    since(first, now),
    count,
    event.metadata.name,
  ];
}

function firstOf(...texts: readonly (string | undefined)[]): string {
  return texts.find((text) => text !== undefined && text !== '') ?? '';
}

function quotaText({ status = {} }: Partial<Quota>, isWanted: (name: string) => boolean): string {
  return Object.entries(status.hard ?? {})
    .filter(([name]) => isWanted(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, hard]) => `${name}: ${status.used?.[name] ?? '0'}/${hard}`)
    .join(', ');
}
