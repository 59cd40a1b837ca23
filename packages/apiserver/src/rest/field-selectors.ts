/** Field selectors: which fields a kind lets one select by, and what their values are. @see pkg/apis fields conversions of a real server */
import type { FieldRequirement, KubeObject } from '@sluice/api';
import type { ServedResource } from '../ports.ts';
import { badRequest } from './errors.ts';

/** Beyond `metadata.name` and `metadata.namespace`, by place of storage. */
const selectable: Readonly<Record<string, readonly string[]>> = {
  '/pods': [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  '/events': [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.resourceVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  '/secrets': ['type'],
  '/namespaces': ['status.phase'],
  '/nodes': ['spec.unschedulable'],
  '/services': ['spec.clusterIP', 'spec.type'],
  '/replicationcontrollers': ['status.replicas'],
  'apps/replicasets': ['status.replicas'],
  'batch/jobs': ['status.successful'],
  'certificates.k8s.io/certificatesigningrequests': ['spec.signerName'],
};

export type ObjectTest = (object: KubeObject) => boolean;

/**
 * A test of stored objects; `undefined` when everything passes.
 *
 * @throws StatusError 400 for a field that the kind does not select by
 */
export function fieldTest(requirements: readonly FieldRequirement[], served: ServedResource, storageId: string): ObjectTest | undefined {
  if (requirements.length === 0) return undefined;
  const known =
    served.custom === undefined ? (selectable[storageId] ?? []) : served.custom.selectableFields.map((path) => path.replace(/^\./, ''));
  const tests = requirements.map(({ path, equals, value }) => {
    const core =
      served.group === 'events.k8s.io'
        ? path.replace(/^regarding\./, 'involvedObject.').replace('reportingController', 'reportingComponent')
        : path;
    if (core !== 'metadata.name' && core !== 'metadata.namespace' && !known.includes(core)) throw unknownField(path, served, storageId);
    const read = readerOf(storageId, core);
    return (object: KubeObject): boolean => (read(object) === value) === equals;
  });
  return (object) => tests.every((test) => test(object));
}

/** Kinds with fields of their own say less. */
function unknownField(path: string, served: ServedResource, storageId: string): Error {
  const hasOwn = served.custom === undefined && selectable[storageId] !== undefined;
  return badRequest(
    hasOwn
      ? `field label not supported: ${path}`
      : `${JSON.stringify(path)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
  );
}

/** The name that a selector pins, for authorization by name and for a look-up in place of a scan. */
export function selectedName(requirements: readonly FieldRequirement[]): string | undefined {
  return requirements.find(({ path, equals }) => path === 'metadata.name' && equals)?.value;
}

function readerOf(storageId: string, path: string): (object: KubeObject) => string {
  if (path === 'metadata.name') return (object) => object.metadata.name ?? '';
  if (path === 'metadata.namespace') return (object) => object.metadata.namespace ?? '';
  if (storageId === '/events' && path === 'source')
    return (object) => textAt(object, ['source', 'component']) || textAt(object, ['reportingComponent']);
  if (storageId === '/pods' && path === 'status.podIPs') return (object) => textAt(object, ['status', 'podIP']);
  if (path === 'status.successful') return (object) => textAt(object, ['status', 'succeeded']) || '0';
  if (path === 'status.replicas') return (object) => textAt(object, ['status', 'replicas']) || '0';
  if (path === 'spec.unschedulable' || path === 'spec.hostNetwork') return (object) => textAt(object, path.split('.')) || 'false';
  const segments = path.split('.');
  return (object) => textAt(object, segments);
}

function textAt(object: unknown, path: readonly string[]): string {
  let value = object;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null) return '';
    value = (value as Record<string, unknown>)[segment];
  }
  return value === undefined || value === null ? '' : String(value);
}
