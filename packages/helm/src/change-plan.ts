/**
 * What a delivery will change: each object of the render against the live one, with the paths of the fields, before anything is done.
 * Pure. Defaults that the server adds are not differences: only what the chart writes, or wrote last time and no longer does, counts.
 * Content of Secrets is never shown.
 */
import { type KubeObject, parseQuantity } from '@sluice/api';
import { identityOf } from './render.ts';

export type FieldChange = {
  /** `spec.template.spec.containers[app].image` */
  readonly path: string;
  /** Short text of the live value; absent when there is none, or when it must not be shown. */
  readonly from?: string;
  readonly to?: string;
};

export type ObjectChange = {
  readonly kind: 'create' | 'change' | 'unchanged' | 'delete';
  readonly object: KubeObject;
  readonly fields: readonly FieldChange[];
};

export type ChangePlan = {
  readonly objects: readonly ObjectChange[];
  readonly counts: Readonly<Record<ObjectChange['kind'], number>>;
};

export type PlanInput = {
  readonly rendered: readonly KubeObject[];
  /** Manifest of the last deployed revision; empty for a first delivery. */
  readonly previous: readonly KubeObject[];
  /** The live objects of both, by `identityOf`. */
  readonly live: ReadonlyMap<string, KubeObject>;
};

export function planChanges({ rendered, previous, live }: PlanInput): ChangePlan {
  const before = new Map(previous.map((object) => [identityOf(object), object]));
  const after = new Set(rendered.map(identityOf));
  const objects: ObjectChange[] = rendered.map((object) => {
    const present = live.get(identityOf(object));
    if (present === undefined) return { kind: 'create', object, fields: [] };
    const fields = changedFields(object, before.get(identityOf(object)), present);
    return { kind: fields.length === 0 ? 'unchanged' : 'change', object, fields };
  });
  for (const object of previous) {
    const stays = after.has(identityOf(object)) || object.metadata.annotations?.['helm.sh/resource-policy'] === 'keep';
    if (!stays && live.has(identityOf(object))) objects.push({ kind: 'delete', object, fields: [] });
  }
  const counts = { create: 0, change: 0, unchanged: 0, delete: 0 };
  for (const { kind } of objects) counts[kind]++;
  return { objects, counts };
}

/** What differs between the wished object and the live one; `previous` tells which fields the chart has given up. */
export function changedFields(wished: KubeObject, previous: KubeObject | undefined, live: KubeObject): readonly FieldChange[] {
  const changes: FieldChange[] = [];
  compare({ wished: written(wished), previous: written(previous), live: written(live), path: '', changes });
  if (wished.kind !== 'Secret') return changes;
  return changes.map(({ path, ...values }) => (/^(data|stringData)(\.|$)/.test(path) ? { path } : { path, ...values }));
}

type Comparison = {
  readonly wished: unknown;
  readonly previous: unknown;
  readonly live: unknown;
  readonly path: string;
  readonly changes: FieldChange[];
};

function compare({ wished, previous, live, path, changes }: Comparison): void {
  if (isMap(wished) && (isMap(live) || live === undefined || live === null)) {
    const liveMap = isMap(live) ? live : {};
    const previousMap = isMap(previous) ? previous : {};
    for (const [key, value] of Object.entries(wished)) {
      if (value === null || value === undefined) continue;
      compare({ wished: value, previous: previousMap[key], live: liveMap[key], path: joined(path, key), changes });
    }
    for (const key of Object.keys(previousMap)) {
      const isGivenUp = (wished[key] === undefined || wished[key] === null) && liveMap[key] !== undefined && previousMap[key] !== null;
      if (isGivenUp) changes.push({ path: joined(path, key), ...shown('from', liveMap[key]) });
    }
    return;
  }
  if (Array.isArray(wished) && Array.isArray(live)) {
    compareLists({ wished, previous, live, path, changes });
    return;
  }
  if (isEmpty(wished) && isEmpty(live)) return;
  if (!isSame(wished, live, path)) changes.push({ path, ...shown('from', live), ...shown('to', wished) });
}

/** Lists whose elements all have a name are compared element by element under that name; others by position. */
function compareLists({ wished, previous, live, path, changes }: Comparison & { wished: unknown[]; live: unknown[] }): void {
  const previousList: unknown[] = Array.isArray(previous) ? previous : [];
  const key = listKey([...wished, ...live]);
  if (key === undefined) {
    if (wished.length !== live.length) {
      changes.push({ path, ...shown('from', live), ...shown('to', wished) });
      return;
    }
    wished.forEach((value, index) => {
      compare({ wished: value, previous: previousList[index], live: live[index], path: `${path}[${index}]`, changes });
    });
    return;
  }
  const find = (list: readonly unknown[], name: unknown): unknown => list.find((element) => isMap(element) && element[key] === name);
  for (const element of wished as Readonly<Record<string, unknown>>[]) {
    const present = find(live, element[key]);
    const at = `${path}[${String(element[key])}]`;
    if (present === undefined) changes.push({ path: at, ...shown('to', element) });
    else compare({ wished: element, previous: find(previousList, element[key]), live: present, path: at, changes });
  }
  for (const element of previousList) {
    const name = isMap(element) ? element[key] : undefined;
    const present = find(live, name);
    if (name !== undefined && find(wished, name) === undefined && present !== undefined) {
      changes.push({ path: `${path}[${String(name)}]`, ...shown('from', present) });
    }
  }
}

function listKey(elements: readonly unknown[]): string | undefined {
  return ['name', 'containerPort', 'mountPath', 'port'].find(
    (key) => elements.length > 0 && elements.every((element) => isMap(element) && element[key] !== undefined),
  );
}

/** The parts of an object that a chart writes; `stringData` is folded into `data`, as the server does. */
function written(object: KubeObject | undefined): unknown {
  if (object === undefined) return undefined;
  const { apiVersion: _apiVersion, kind, metadata, status: _status, stringData, ...rest } = object;
  const encoded = isMap(stringData)
    ? Object.fromEntries(Object.entries(stringData).map(([key, value]) => [key, Buffer.from(String(value), 'utf8').toString('base64')]))
    : undefined;
  const data = kind === 'Secret' && encoded !== undefined ? { ...(isMap(rest.data) ? rest.data : {}), ...encoded } : rest.data;
  return {
    ...rest,
    ...(data === undefined ? {} : { data }),
    metadata: { labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} },
  };
}

/** Equal in meaning: `8080` and `"8080"` where a field takes both; `1000m` and `1` where the field is a quantity. */
function isSame(a: unknown, b: unknown, path: string): boolean {
  if (a === b) return true;
  if (isMap(a) || isMap(b) || Array.isArray(a) || Array.isArray(b)) return JSON.stringify(a) === JSON.stringify(b);
  if (a === undefined || b === undefined || a === null || b === null) return false;
  if (String(a) === String(b)) return true;
  if (!quantityPath.test(path)) return false;
  const [left, right] = [parseQuantity(String(a)), parseQuantity(String(b))];
  return left !== undefined && left.nanos === right?.nanos;
}

const quantityPath = /\.(requests|limits|capacity|hard|default|defaultRequest|min|max)\.|\.(sizeLimit|divisor)$/;

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    value === '' ||
    (isMap(value) && Object.keys(value).length === 0) ||
    (Array.isArray(value) && value.length === 0)
  );
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A key with a dot or slash is quoted, as in `metadata.annotations["helm.sh/hook"]`. */
function joined(path: string, key: string): string {
  if (/[./]/.test(key)) return `${path}["${key}"]`;
  return path === '' ? key : `${path}.${key}`;
}

const shownMax = 60;

function shown(side: 'from' | 'to', value: unknown): { readonly from?: string; readonly to?: string } {
  if (value === undefined) return {};
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const line = text.includes('\n') ? `${text.split('\n').length} lines` : text;
  return { [side]: line.length > shownMax ? `${line.slice(0, shownMax - 1)}…` : line };
}
