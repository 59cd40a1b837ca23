/** What is particular about CustomResourceDefinitions: defaults, validation, and conditions that are right from the first answer on. */
import { formatTime, type KubeObject } from '@sluice/api';
import type { FieldProblem } from '@sluice/schema';
import type { KindContext, KindStrategy } from '../kinds/strategy.ts';
import { equal } from '../rest/clone.ts';
import { forbiddenField, invalidValue, notSupported, required } from '../rest/errors.ts';
import { dns1035Problems, labelNameProblems, subdomainProblems } from '../rest/names.ts';
import { compiledSchema } from './compiled-schema.ts';
import {
  cleanupFinalizer,
  type Definition,
  type DefinitionCondition,
  type DefinitionNames,
  type DefinitionSpec,
  type DefinitionStatus,
  defaultNames,
} from './definition.ts';

export const definitionStrategy: KindStrategy = {
  hasStatus: true,
  hasGeneration: true,
  allowsUnconditionalUpdate: false,
  initialStatus: () => ({}),
  deletionFinalizers: () => [cleanupFinalizer],
  defaults: (draft) => {
    if (draft.spec === undefined) return;
    const spec = { ...(draft.spec as DefinitionSpec) };
    draft.spec = spec;
    if (spec.names !== undefined) spec.names = defaultNames(spec.names);
    if (spec.conversion === undefined) spec.conversion = { strategy: 'None' };
  },
  prepareCreate: (draft, context) => {
    draft.status = statusFor(draft as unknown as Definition, undefined, context);
  },
  prepareUpdate: (draft, live, context) => {
    draft.status = statusFor(draft as unknown as Definition, (live as Definition).status, context);
  },
  validate: (object, _context, live) => (object.spec === live?.spec ? [] : validateDefinition(object as Definition)),
  validateUpdate: (next, live) => validateChange(next as Definition, live as Definition),
};

/** Conditions, accepted names and stored versions after a write. Conditions of other writers are kept. */
function statusFor(definition: Definition, old: DefinitionStatus | undefined, context: KindContext): DefinitionStatus {
  const now = formatTime(context.clock.now());
  const names = definition.spec?.names ?? { plural: '', kind: '' };
  const clash = clashOf(definition, context);
  const wasEstablished = (old?.conditions ?? []).some(({ type, status }) => type === 'Established' && status === 'True');
  const namesAccepted: DefinitionCondition =
    clash === undefined
      ? { type: 'NamesAccepted', status: 'True', lastTransitionTime: now, reason: 'NoConflicts', message: 'no conflicts found' }
      : { type: 'NamesAccepted', status: 'False', lastTransitionTime: now, ...clash };
  const established: DefinitionCondition =
    clash === undefined || wasEstablished
      ? {
          type: 'Established',
          status: 'True',
          lastTransitionTime: now,
          reason: 'InitialNamesAccepted',
          message: 'the initial names have been accepted',
        }
      : {
          type: 'Established',
          status: 'False',
          lastTransitionTime: now,
          reason: 'NotAccepted',
          message: 'not all names are accepted',
        };
  const stored = old?.storedVersions ?? [];
  const storage = (definition.spec?.versions ?? []).find((version) => version.storage)?.name;
  const own = [namesAccepted, established].map((condition) => settled(condition, old?.conditions ?? []));
  const others = (old?.conditions ?? []).filter(({ type }) => type !== 'NamesAccepted' && type !== 'Established');
  return {
    conditions: [...own, ...others],
    acceptedNames: clash === undefined ? names : (old?.acceptedNames ?? { plural: '', kind: '' }),
    storedVersions: storage === undefined || stored.includes(storage) ? stored : [...stored, storage],
  };
}

/** A condition that says what it said before keeps its time. */
function settled(condition: DefinitionCondition, old: readonly DefinitionCondition[]): DefinitionCondition {
  const before = old.find(({ type }) => type === condition.type);
  return before !== undefined && before.status === condition.status && before.reason === condition.reason ? before : condition;
}

/** The first of its names that another definition of the group has already. */
function clashOf(definition: Definition, context: KindContext): { readonly reason: string; readonly message: string } | undefined {
  const { spec } = definition;
  if (spec?.names === undefined) return undefined;
  const others = context.heads
    .list('apiextensions.k8s.io', 'customresourcedefinitions')
    .filter((other) => other.metadata.name !== definition.metadata.name && (other as Definition).spec.group === spec.group)
    .map((other) => (other as Definition).status?.acceptedNames)
    .filter((names) => names !== undefined);
  const resources = new Set(others.flatMap(resourceNames));
  const kinds = new Set(others.flatMap((names) => [names.kind, names.listKind ?? '']));
  const names = defaultNames(spec.names);
  const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`;
  if (resources.has(names.plural)) return { reason: 'PluralConflict', message: inUse(names.plural) };
  if (resources.has(names.singular ?? '')) return { reason: 'SingularConflict', message: inUse(names.singular ?? '') };
  const short = (names.shortNames ?? []).find((name) => resources.has(name));
  if (short !== undefined) return { reason: 'ShortNamesConflict', message: inUse(short) };
  if (kinds.has(names.kind)) return { reason: 'KindConflict', message: inUse(names.kind) };
  if (kinds.has(names.listKind ?? '')) return { reason: 'ListKindConflict', message: inUse(names.listKind ?? '') };
  return undefined;
}

function resourceNames(names: DefinitionNames): readonly string[] {
  return [names.plural, names.singular ?? '', ...(names.shortNames ?? [])].filter((name) => name !== '');
}

const approvalAnnotation = 'api-approved.kubernetes.io';

function validateDefinition(definition: Definition): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const { spec } = definition;
  if (spec === undefined) return [required('spec')];
  const names = spec.names ?? { plural: '', kind: '' };
  const expected = `${names.plural}.${spec.group}`;
  if (definition.metadata.name !== expected)
    problems.push(invalidValue('metadata.name', definition.metadata.name, 'must be spec.names.plural+"."+spec.group'));
  if (!spec.group) problems.push(required('spec.group'));
  else {
    problems.push(...subdomainProblems(spec.group).map((detail) => invalidValue('spec.group', spec.group, detail)));
    if (!spec.group.includes('.')) problems.push(invalidValue('spec.group', spec.group, 'should be a domain with at least one dot'));
    const isProtected = /(^|\.)(k8s|kubernetes)\.io$/.test(spec.group);
    if (isProtected && definition.metadata.annotations?.[approvalAnnotation] === undefined)
      problems.push(
        required(
          `metadata.annotations[${approvalAnnotation}]`,
          `protected groups must have approval annotation "${approvalAnnotation}", see https://github.com/kubernetes/enhancements/pull/1111`,
        ),
      );
  }
  if (spec.scope !== 'Cluster' && spec.scope !== 'Namespaced')
    problems.push(notSupported('spec.scope', spec.scope ?? '', ['Cluster', 'Namespaced']));
  problems.push(...validateNames(names));
  problems.push(...validateVersions(spec));
  const strategy = spec.conversion?.strategy;
  if (strategy === 'Webhook')
    problems.push(forbiddenField('spec.conversion.strategy', 'conversion webhooks are not called by this server; use None'));
  else if (strategy !== undefined && strategy !== 'None')
    problems.push(notSupported('spec.conversion.strategy', strategy, ['None', 'Webhook']));
  if (spec.preserveUnknownFields === true)
    problems.push(
      invalidValue(
        'spec.preserveUnknownFields',
        true,
        'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
      ),
    );
  return problems;
}

function validateNames(names: DefinitionNames): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const check = (path: string, name: string | undefined): void => {
    if (!name) problems.push(required(path));
    else problems.push(...dns1035Problems(name).map((detail) => invalidValue(path, name, detail)));
  };
  check('spec.names.plural', names.plural);
  check('spec.names.singular', names.singular);
  check('spec.names.kind', names.kind?.toLowerCase());
  check('spec.names.listKind', names.listKind?.toLowerCase());
  if (names.kind && names.kind === names.listKind)
    problems.push(invalidValue('spec.names.listKind', names.listKind, 'kind and listKind may not be the same'));
  for (const [index, name] of (names.shortNames ?? []).entries()) check(`spec.names.shortNames[${index}]`, name);
  for (const [index, name] of (names.categories ?? []).entries()) check(`spec.names.categories[${index}]`, name);
  return problems;
}

function validateVersions(spec: DefinitionSpec): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const versions = spec.versions ?? [];
  const seen = new Set<string>();
  const hasOneSchema = versions.every(({ schema }) => equal(schema, versions[0]?.schema));
  for (const [index, version] of versions.entries()) {
    const path = `spec.versions[${index}]`;
    if (!version.name) problems.push(required(`${path}.name`));
    else problems.push(...labelNameProblems(version.name).map((detail) => invalidValue(`${path}.name`, version.name, detail)));
    if (seen.has(version.name)) problems.push(invalidValue(path, version.name, 'must contain unique version names'));
    seen.add(version.name);
    const source = version.schema?.openAPIV3Schema;
    if (source === undefined) {
      problems.push(required(`${path}.schema.openAPIV3Schema`, 'schemas are required'));
      continue;
    }
    const compiled = compiledSchema(source);
    if (compiled?.ok === false) {
      // A real server keeps one schema for all versions where they are the same, and says so.
      const at = hasOneSchema ? 'spec.validation' : `${path}.schema`;
      if (!hasOneSchema || index === 0)
        problems.push(...compiled.problems.map((problem) => ({ ...problem, path: `${at}.${problem.path}` })));
    }
    const scale = version.subresources?.scale;
    if (scale !== undefined) {
      for (const field of ['specReplicasPath', 'statusReplicasPath'] as const) {
        const start = field === 'specReplicasPath' ? '.spec.' : '.status.';
        const at = `${path}.subresources.scale.${field}`;
        if (!scale[field]) problems.push(required(at));
        else if (!scale[field].startsWith(start))
          problems.push(invalidValue(at, scale[field], `should be a json path under ${start.slice(0, -1)}`));
      }
    }
    for (const [column, { jsonPath, name }] of (version.additionalPrinterColumns ?? []).entries()) {
      const at = `${path}.additionalPrinterColumns[${column}]`;
      if (!name) problems.push(required(`${at}.name`));
      if (!jsonPath) problems.push(required(`${at}.jsonPath`));
    }
  }
  if (versions.filter(({ storage }) => storage).length !== 1)
    problems.push(
      invalidValue('spec.versions', versions.map(({ name }) => name).join(','), 'must have exactly one version marked as storage version'),
    );
  if (!versions.some(({ served }) => served))
    problems.push(
      invalidValue('spec.versions', versions.map(({ name }) => name).join(','), 'must have at least one version marked as served'),
    );
  return problems;
}

function validateChange(next: Definition, live: Definition): FieldProblem[] {
  const problems: FieldProblem[] = [];
  const immutable = (path: string, value: unknown, old: unknown): void => {
    if (!equal(value, old)) problems.push(invalidValue(path, value, 'field is immutable'));
  };
  immutable('spec.group', next.spec.group, live.spec.group);
  immutable('spec.scope', next.spec.scope, live.spec.scope);
  immutable('spec.names.kind', next.spec.names.kind, live.spec.names.kind);
  immutable('spec.names.plural', next.spec.names.plural, live.spec.names.plural);
  const names = new Set(next.spec.versions.map(({ name }) => name));
  for (const [index, version] of (next.status?.storedVersions ?? []).entries())
    if (!names.has(version))
      problems.push(
        invalidValue(
          `status.storedVersions[${index}]`,
          version,
          `missing from spec.versions; ${version} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${version} and removes ${version} from status.storedVersions`,
        ),
      );
  return problems;
}

/** The condition that tells that instances are being removed. */
export function terminatingCondition(now: string): DefinitionCondition {
  return {
    type: 'Terminating',
    status: 'True',
    lastTransitionTime: now,
    reason: 'InstanceDeletionPending',
    message: 'CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon',
  };
}

export function withCondition(object: KubeObject, condition: DefinitionCondition): DefinitionStatus {
  const status = (object as Definition).status ?? {};
  return { ...status, conditions: [...(status.conditions ?? []).filter(({ type }) => type !== condition.type), condition] };
}
