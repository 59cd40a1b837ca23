/** Pods: defaults, what admission adds (service account, priority, tolerations), what may change later, and their graceful end. */
import { type FieldError, failure, StatusError, validatePodSpec } from '@sluice/api';
import { equal } from '../rest/clone.ts';
import { forbiddenField } from '../rest/errors.ts';
import { nameSuffix } from '../rest/names.ts';
import type { Draft } from '../store/store.ts';
import { ensured, type Fields, fieldsOf, fill, itemsOf, numberOf, textOf } from './fields.ts';
import { defaultedPodSpec } from './pod-spec.ts';
import type { KindContext, KindStrategy } from './strategy.ts';

export const podStrategy: KindStrategy = {
  hasStatus: true,
  hasGeneration: true,
  returnsDeleted: true,
  initialStatus: (draft) => ({ phase: 'Pending', qosClass: qosClass(fieldsOf(draft.spec)) }),
  defaults: (draft, _context, live) => {
    if (draft.spec !== undefined && draft.spec === live?.spec) return;
    const spec = defaultedPodSpec(draft.spec);
    for (const container of [...itemsOf(spec.containers), ...itemsOf(spec.initContainers)]) requestLimits(container);
    fill(spec, 'enableServiceLinks', true);
    draft.spec = spec;
  },
  prepareCreate: admit,
  validate: (object, _context, live) =>
    object.spec !== undefined && object.spec === live?.spec ? [] : validatePodSpec('spec', fieldsOf(object.spec)),
  validateUpdate: (next, live) => validateChange(fieldsOf(next.spec), fieldsOf(live.spec)),
  gracePeriodSeconds: (live, asked) => {
    const spec = fieldsOf(live.spec);
    const phase = textOf(fieldsOf(live.status).phase);
    // Nothing runs that would need time to stop.
    if (textOf(spec.nodeName) === '' || phase === 'Succeeded' || phase === 'Failed') return 0;
    const seconds = asked ?? numberOf(spec.terminationGracePeriodSeconds) ?? 30;
    return seconds < 0 ? 1 : seconds;
  },
};

/** What is limited and not requested is requested to its limit. */
function requestLimits(container: Fields): void {
  const resources = ensured(container, 'resources');
  const limits = fieldsOf(resources.limits);
  if (Object.keys(limits).length === 0) return;
  resources.requests = { ...limits, ...fieldsOf(resources.requests) };
}

const tokenMountPath = '/var/run/secrets/kubernetes.io/serviceaccount';
const unhealthyNode = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'];

function admit(draft: Draft, context: KindContext): void {
  const spec = fieldsOf(draft.spec);
  admitServiceAccount(draft, spec, context);
  admitPriority(draft, spec, context);
  const tolerations = itemsOf(spec.tolerations);
  for (const key of unhealthyNode) {
    const isTolerated = tolerations.some(
      (one) => (one.key === key || textOf(one.key) === '') && (textOf(one.effect) === '' || one.effect === 'NoExecute'),
    );
    if (!isTolerated) tolerations.push({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 });
  }
  spec.tolerations = tolerations;
}

function admitServiceAccount(draft: Draft, spec: Fields, context: KindContext): void {
  const namespace = draft.metadata.namespace ?? '';
  fill(spec, 'serviceAccountName', 'default');
  const name = textOf(spec.serviceAccountName);
  spec.serviceAccount = name;
  const account = context.heads.get('', 'serviceaccounts', namespace, name);
  // The one called `default` is made by a controller, which may come a moment later than the first pod.
  if (account === undefined && name !== 'default') {
    const detail = `error looking up service account ${namespace}/${name}: serviceaccount "${name}" not found`;
    throw new StatusError(
      failure(403, 'Forbidden', `pods "${draft.metadata.name}" is forbidden: ${detail}`, { name: draft.metadata.name ?? '', kind: 'pods' }),
    );
  }
  if (itemsOf(spec.imagePullSecrets).length === 0 && itemsOf(account?.imagePullSecrets).length > 0)
    spec.imagePullSecrets = account?.imagePullSecrets;
  if ((spec.automountServiceAccountToken ?? account?.automountServiceAccountToken) === false) return;
  mountToken(spec, context);
}

function mountToken(spec: Fields, context: KindContext): void {
  const containers = [...itemsOf(spec.initContainers), ...itemsOf(spec.containers)];
  const without = containers.filter((container) => !itemsOf(container.volumeMounts).some(({ mountPath }) => mountPath === tokenMountPath));
  if (without.length === 0) return;
  const name = `kube-api-access-${nameSuffix(context.randomBytes)}`;
  for (const container of without) {
    container.volumeMounts = [...itemsOf(container.volumeMounts), { name, readOnly: true, mountPath: tokenMountPath }];
  }
  spec.volumes = [
    ...itemsOf(spec.volumes),
    {
      name,
      projected: {
        sources: [
          { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
          { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
          { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
        ],
        defaultMode: 420,
      },
    },
  ];
}

const systemPriorities: Readonly<Record<string, number>> = {
  'system-cluster-critical': 2_000_000_000,
  'system-node-critical': 2_000_001_000,
};

function admitPriority(draft: Draft, spec: Fields, context: KindContext): void {
  const asked = textOf(spec.priorityClassName);
  const classes = asked === '' ? context.heads.list('scheduling.k8s.io', 'priorityclasses') : [];
  const chosen =
    asked === '' ? classes.find((one) => one.globalDefault === true) : context.heads.get('scheduling.k8s.io', 'priorityclasses', '', asked);
  const value = chosen === undefined ? systemPriorities[asked] : numberOf(chosen.value);
  if (asked !== '' && value === undefined) {
    const name = draft.metadata.name ?? '';
    throw new StatusError(
      failure(403, 'Forbidden', `pods "${name}" is forbidden: no PriorityClass with name ${asked} was found`, { name, kind: 'pods' }),
    );
  }
  if (chosen?.metadata.name !== undefined) spec.priorityClassName = chosen.metadata.name;
  spec.priority = value ?? 0;
  fill(spec, 'preemptionPolicy', textOf(chosen?.preemptionPolicy) || 'PreemptLowerPriority');
}

/** Guaranteed, Burstable or BestEffort, from cpu and memory of all containers. */
function qosClass(spec: Fields): string {
  const containers = [...itemsOf(spec.containers), ...itemsOf(spec.initContainers)];
  const kinds = ['cpu', 'memory'];
  let hasAny = false;
  let isGuaranteed = containers.length > 0;
  for (const container of containers) {
    const { requests, limits } = fieldsOf(container.resources);
    const [asked, bounded] = [fieldsOf(requests), fieldsOf(limits)];
    if (kinds.some((kind) => asked[kind] !== undefined || bounded[kind] !== undefined)) hasAny = true;
    if (!kinds.every((kind) => bounded[kind] !== undefined && equal(asked[kind], bounded[kind]))) isGuaranteed = false;
  }
  return isGuaranteed ? 'Guaranteed' : hasAny ? 'Burstable' : 'BestEffort';
}

const changeable =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)';

function validateChange(next: Fields, live: Fields): FieldError[] {
  if (next === live) return [];
  const masked = (spec: Fields): Fields => {
    const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, nodeName: _node, schedulingGates: _gates, ...rest } = spec;
    const unnamed = (containers: unknown): unknown => itemsOf(containers).map(({ image: _image, ...container }) => container);
    return { ...rest, containers: unnamed(spec.containers), initContainers: unnamed(spec.initContainers) };
  };
  const problems: FieldError[] = [];
  if (!equal(masked(next), masked(live)) || !mayMove(next, live)) problems.push(forbiddenField('spec', changeable));
  return problems;
}

/** A pod is bound once. */
function mayMove(next: Fields, live: Fields): boolean {
  return textOf(live.nodeName) === textOf(next.nodeName);
}
