/** Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController: what keeps a number of pods of one template. */
import { type FieldError, type KubeObject, scaledValue } from '@sluice/api';
import { equal } from '../rest/clone.ts';
import { forbiddenField, invalidValue, notSupported, required } from '../rest/errors.ts';
import type { Draft } from '../store/store.ts';
import { ensured, type Fields, fieldsOf, fill, itemsOf, numberOf, own, ownItems, textOf } from './fields.ts';
import { defaultedTemplate, nonNegatives, validateSelector, validateTemplate } from './pod-spec.ts';
import { defaultClaim } from './storage.ts';
import type { KindStrategy } from './strategy.ts';

export const deploymentStrategy: KindStrategy = {
  hasStatus: true,
  hasGeneration: true,
  // Revisions live in annotations, so a change of one is news for the controller.
  startsGeneration: (next, live) => !equal(next.metadata.annotations, live.metadata.annotations),
  defaults: (draft, _context, live) => {
    const spec = withTemplate(draft, live);
    fill(spec, 'replicas', 1);
    fill(spec, 'revisionHistoryLimit', 10);
    fill(spec, 'progressDeadlineSeconds', 600);
    const strategy = own(spec, 'strategy');
    fill(strategy, 'type', 'RollingUpdate');
    if (strategy.type !== 'RollingUpdate') return;
    const rolling = ensured(strategy, 'rollingUpdate');
    fill(rolling, 'maxUnavailable', '25%');
    fill(rolling, 'maxSurge', '25%');
  },
  validate: (object, _context, live) => {
    const spec = fieldsOf(object.spec);
    return [
      ...nonNegatives(spec, 'spec', ['replicas']),
      ...validateSelector(spec, 'deployment'),
      ...validateTemplate('spec.template', spec.template, { kind: 'replicated', live: templateOf(live) }),
      ...validateDeploymentStrategy(fieldsOf(spec.strategy)),
      ...nonNegatives(spec, 'spec', ['minReadySeconds', 'revisionHistoryLimit', 'progressDeadlineSeconds']),
      ...validateDeadline(spec),
    ];
  },
  validateUpdate: (next, live) => immutableSelector(next, live),
};

function validateDeadline(spec: Fields): FieldError[] {
  const deadline = numberOf(spec.progressDeadlineSeconds);
  return deadline !== undefined && deadline <= (numberOf(spec.minReadySeconds) ?? 0)
    ? [invalidValue('spec.progressDeadlineSeconds', deadline, 'must be greater than minReadySeconds')]
    : [];
}

function validateDeploymentStrategy(strategy: Fields): FieldError[] {
  const at = 'spec.strategy';
  if (strategy.type === 'Recreate')
    return strategy.rollingUpdate === undefined
      ? []
      : [forbiddenField(`${at}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")];
  if (strategy.type !== 'RollingUpdate') return [notSupported(at, strategy, ['Recreate', 'RollingUpdate'])];
  const rolling = fieldsOf(strategy.rollingUpdate);
  const problems = [
    ...intOrPercent(`${at}.rollingUpdate.maxSurge`, rolling.maxSurge, false),
    ...intOrPercent(`${at}.rollingUpdate.maxUnavailable`, rolling.maxUnavailable, true),
  ];
  if (problems.length === 0 && isZero(rolling.maxUnavailable) && isZero(rolling.maxSurge))
    problems.push(invalidValue(`${at}.rollingUpdate.maxUnavailable`, rolling.maxUnavailable, 'may not be 0 when `maxSurge` is 0'));
  return problems;
}

function isZero(value: unknown): boolean {
  return value === 0 || value === '0%';
}

/** A whole number or a percentage, not negative. `isBounded`: at most 100 %. */
export function intOrPercent(path: string, value: unknown, isBounded: boolean): FieldError[] {
  if (value === undefined) return [];
  if (typeof value === 'number') return value < 0 ? [invalidValue(path, value, 'must be greater than or equal to 0')] : [];
  const text = String(value);
  if (!/^[0-9]+%$/.test(text))
    return [
      invalidValue(
        path,
        text,
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      ),
    ];
  return isBounded && scaledValue(text, 100, false) > 100 ? [invalidValue(path, text, 'must not be greater than 100%')] : [];
}

export const replicaSetStrategy: KindStrategy = {
  hasStatus: true,
  hasGeneration: true,
  initialStatus: () => ({ replicas: 0 }),
  defaults: (draft, _context, live) => {
    fill(withTemplate(draft, live), 'replicas', 1);
  },
  validate: (object, _context, live) => {
    const spec = fieldsOf(object.spec);
    return [
      ...nonNegatives(spec, 'spec', ['replicas', 'minReadySeconds']),
      ...validateSelector(spec, 'replicaset'),
      ...validateTemplate('spec.template', spec.template, { kind: 'replicated', live: templateOf(live) }),
    ];
  },
  validateUpdate: (next, live) => immutableSelector(next, live),
};

export const replicationControllerStrategy: KindStrategy = {
  hasStatus: true,
  hasGeneration: true,
  defaultPropagation: 'Orphan',
  returnsDeleted: true,
  initialStatus: () => ({ replicas: 0 }),
  defaults: (draft, _context, live) => {
    const spec = withTemplate(draft, live);
    fill(spec, 'replicas', 1);
    copyLabels(draft);
    const labels = fieldsOf(fieldsOf(spec.template).metadata).labels;
    if (spec.selector === undefined && labels !== undefined) spec.selector = { ...fieldsOf(labels) };
  },
  validate: (object, _context, live) => {
    const spec = fieldsOf(object.spec);
    const problems: FieldError[] = nonNegatives(spec, 'spec', ['replicas', 'minReadySeconds']);
    if (Object.keys(fieldsOf(spec.selector)).length === 0) problems.push(required('spec.selector'));
    if (spec.template === undefined) return [...problems, required('spec.template')];
    return [...problems, ...validateTemplate('spec.template', spec.template, { kind: 'replicated', live: templateOf(live) })];
  },
};

/** A set without labels of its own takes those of its template. */
function copyLabels(draft: Draft): void {
  const labels = fieldsOf(fieldsOf(fieldsOf(draft.spec).template).metadata).labels;
  if (draft.metadata.labels === undefined && labels !== undefined) draft.metadata.labels = { ...(labels as Record<string, string>) };
}

export const statefulSetStrategy: KindStrategy = {
  hasStatus: true,
  hasGeneration: true,
  initialStatus: () => ({ replicas: 0, availableReplicas: 0 }),
  defaults: (draft, _context, live) => {
    const spec = withTemplate(draft, live);
    fill(spec, 'replicas', 1);
    fill(spec, 'revisionHistoryLimit', 10);
    fill(spec, 'podManagementPolicy', 'OrderedReady');
    const update = own(spec, 'updateStrategy');
    fill(update, 'type', 'RollingUpdate');
    if (update.type === 'RollingUpdate') fill(ensured(update, 'rollingUpdate'), 'partition', 0);
    const retention = own(spec, 'persistentVolumeClaimRetentionPolicy');
    fill(retention, 'whenDeleted', 'Retain');
    fill(retention, 'whenScaled', 'Retain');
    for (const claim of ownItems(spec, 'volumeClaimTemplates')) {
      claim.kind = 'PersistentVolumeClaim';
      claim.apiVersion = 'v1';
      defaultClaim(ensured(claim, 'spec'));
      claim.status = { phase: 'Pending' };
    }
  },
  validate: (object) => {
    const spec = fieldsOf(object.spec);
    const problems: FieldError[] = [];
    if (!['OrderedReady', 'Parallel'].includes(textOf(spec.podManagementPolicy)))
      problems.push(invalidValue('spec.podManagementPolicy', spec.podManagementPolicy, "must be 'OrderedReady' or 'Parallel'"));
    if (!['RollingUpdate', 'OnDelete'].includes(textOf(fieldsOf(spec.updateStrategy).type)))
      problems.push(invalidValue('spec.updateStrategy', spec.updateStrategy, "must be 'RollingUpdate' or 'OnDelete'"));
    return [
      ...problems,
      ...nonNegatives(spec, 'spec', ['replicas', 'minReadySeconds']),
      ...validateSelector(spec, 'statefulset'),
      ...validateTemplate('spec.template', withClaimVolumes(spec), { kind: 'replicated', live: undefined }),
    ];
  },
  validateUpdate: (next, live) => {
    const masked = (object: KubeObject): Fields => {
      const spec = fieldsOf(object.spec);
      const changeable = [
        'replicas',
        'ordinals',
        'template',
        'updateStrategy',
        'revisionHistoryLimit',
        'persistentVolumeClaimRetentionPolicy',
        'minReadySeconds',
      ];
      return Object.fromEntries(Object.entries(spec).filter(([field]) => !changeable.includes(field)));
    };
    return equal(masked(next), masked(live))
      ? []
      : [
          forbiddenField(
            'spec',
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
          ),
        ];
  },
};

/** The pods of a set will have a volume for each of its claims; its containers may mount them. */
function withClaimVolumes(spec: Fields): Fields {
  const template = fieldsOf(spec.template);
  const pod = fieldsOf(template.spec);
  const names = itemsOf(spec.volumeClaimTemplates).map((claim) => textOf(fieldsOf(claim.metadata).name));
  if (names.length === 0) return template;
  const own = itemsOf(pod.volumes).filter(({ name }) => !names.includes(textOf(name)));
  return { ...template, spec: { ...pod, volumes: [...own, ...names.map((name) => ({ name, emptyDir: {} }))] } };
}

const templateGeneration = 'deprecated.daemonset.template.generation';

/** A DaemonSet tells in an annotation how many templates it has had. */
function countTemplates(draft: Draft, spec: Fields, live: KubeObject | undefined): void {
  const before = Number(live?.metadata.annotations?.[templateGeneration] ?? 0);
  const isNew = live === undefined || !equal(spec.template, templateOf(live));
  const count = String(isNew ? before + 1 : before);
  if (spec.template !== undefined) draft.metadata.annotations = { ...draft.metadata.annotations, [templateGeneration]: count };
}

export const daemonSetStrategy: KindStrategy = {
  hasStatus: true,
  hasGeneration: true,
  initialStatus: () => ({ currentNumberScheduled: 0, numberMisscheduled: 0, desiredNumberScheduled: 0, numberReady: 0 }),
  defaults: (draft, _context, live) => {
    const spec = withTemplate(draft, live);
    fill(spec, 'revisionHistoryLimit', 10);
    countTemplates(draft, spec, live);
    const update = own(spec, 'updateStrategy');
    fill(update, 'type', 'RollingUpdate');
    if (update.type !== 'RollingUpdate') return;
    const rolling = ensured(update, 'rollingUpdate');
    fill(rolling, 'maxUnavailable', 1);
    fill(rolling, 'maxSurge', 0);
  },
  validate: (object, _context, live) => {
    const spec = fieldsOf(object.spec);
    const { type } = fieldsOf(spec.updateStrategy);
    return [
      ...validateSelector(spec, 'daemonset').filter(({ type: kind, path }) => !(kind === 'Required' && path === 'spec.selector')),
      ...validateTemplate('spec.template', spec.template, { kind: 'replicated', live: templateOf(live) }),
      ...nonNegatives(spec, 'spec', ['minReadySeconds']),
      ...(type === 'RollingUpdate' || type === 'OnDelete'
        ? []
        : [notSupported('spec.updateStrategy', spec.updateStrategy, ['RollingUpdate', 'OnDelete'])]),
    ];
  },
  validateUpdate: (next, live) => immutableSelector(next, live),
};

function withTemplate(draft: Draft, live: KubeObject | undefined): Fields {
  const spec = { ...fieldsOf(draft.spec) };
  draft.spec = spec;
  if (spec.template !== undefined && spec.template === fieldsOf(live?.spec).template) return spec;
  if (spec.template !== undefined || spec.selector !== undefined) spec.template = defaultedTemplate(spec.template);
  return spec;
}

function templateOf(object: KubeObject | undefined): unknown {
  return fieldsOf(object?.spec).template;
}

function immutableSelector(next: KubeObject, live: KubeObject): FieldError[] {
  const selector = fieldsOf(next.spec).selector;
  return equal(selector, fieldsOf(live.spec).selector) ? [] : [invalidValue('spec.selector', selector, 'field is immutable')];
}
