/**
 * Stored objects in the form that a caller asked for: its version, and whole, as metadata only, or as rows of a table.
 * Forms that differ from what is stored are made once an object and kept as long as it is.
 */
import { apiVersionOf, type KubeObject } from '@sluice/api';
import { conform } from '@sluice/schema';
import { fromStorage } from '../kinds/conversion.ts';
import type { ServedResource, Tables } from '../ports.ts';
import type { Storage } from '../registry.ts';
import { encodedPrefix, type StoredObject } from '../store/stored-object.ts';
import { badRequest, notAcceptable } from './errors.ts';

type Form = 'object' | 'metadata' | 'table';

export type Accepted = {
  readonly form: Form;
  /** `v1` or `v1beta1` of meta.k8s.io. */
  readonly metaVersion: string;
  readonly isYaml: boolean;
};

const plain: Accepted = { form: 'object', metaVersion: 'v1', isYaml: false };

/** Picks the first entry of an `Accept` header that can be answered. @throws StatusError 406 */
export function negotiate(accept: string | undefined): Accepted {
  if (accept === undefined || accept === '' || accept === 'application/json') return plain;
  for (const entry of accept.split(',')) {
    const [type = '', ...parameters] = entry.split(';').map((part) => part.trim());
    const values = new Map(
      parameters.map((parameter) => [parameter.slice(0, parameter.indexOf('=')), parameter.slice(parameter.indexOf('=') + 1)]),
    );
    const isYaml = type === 'application/yaml';
    if (!isYaml && type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue;
    const as = values.get('as');
    if (as === undefined) return { ...plain, isYaml };
    const metaVersion = values.get('v') ?? 'v1';
    if ((values.get('g') ?? 'meta.k8s.io') !== 'meta.k8s.io' || (metaVersion !== 'v1' && metaVersion !== 'v1beta1')) continue;
    if (as === 'Table') return { form: 'table', metaVersion, isYaml };
    if (as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList') return { form: 'metadata', metaVersion, isYaml };
  }
  throw notAcceptable();
}

/** One object in one representation: its bytes are often those of the store. */
export type Representation = {
  /** In the version asked for, otherwise whole. */
  object(stored: StoredObject): KubeObject;
  bytes(stored: StoredObject): Buffer;
  /** Bytes as an item of a typed list: without `kind` and `apiVersion` for built-in kinds, as Go writes them. */
  itemParts(stored: StoredObject, push: (part: Buffer) => void): void;
};

const representations: WeakMap<ServedResource, Map<string, Representation>> = new WeakMap();

export function representationOf(served: ServedResource, storage: Storage, accepted: Accepted): Representation {
  let known = representations.get(served);
  if (known === undefined) {
    known = new Map();
    representations.set(served, known);
  }
  const key = accepted.form === 'metadata' ? accepted.metaVersion : 'object';
  let representation = known.get(key);
  if (representation === undefined) {
    representation = key === 'object' ? wholeOf(served, storage) : metadataOf(accepted.metaVersion);
    known.set(key, representation);
  }
  return representation;
}

const writtenUnder: WeakMap<ServedResource, WeakSet<StoredObject>> = new WeakMap();

/** Notes that an object was just written under this very schema: reading it needs no second look. */
export function noteCurrent(served: ServedResource, storage: Storage, stored: StoredObject): void {
  if (served.custom === undefined || storage.apiVersion !== apiVersionOf(served)) return;
  let known = writtenUnder.get(served);
  if (known === undefined) {
    known = new WeakSet();
    writtenUnder.set(served, known);
  }
  known.add(stored);
}

const openBrace = Buffer.from('{');

function wholeOf(served: ServedResource, storage: Storage): Representation {
  const prefix = encodedPrefix(storage.kind, storage.apiVersion);
  if (served.custom === undefined) {
    if (storage.apiVersion !== apiVersionOf(served)) return converted((stored) => fromStorage(served, stored.object));
    return {
      object: (stored) => stored.object,
      bytes: (stored) => stored.bytes,
      itemParts: (stored, push) => {
        push(openBrace);
        push(stored.bytes.subarray(prefix.length));
      },
    };
  }
  const { schema } = served;
  const isStored = storage.apiVersion === apiVersionOf(served);
  const prune = served.custom.preserveUnknownFields !== true;
  // What was stored under an older schema is pruned and defaulted when it is read; mostly the walk finds nothing to do.
  return converted((stored) => {
    if (writtenUnder.get(served)?.has(stored) === true) return stored.object;
    const current =
      schema === undefined
        ? stored.object
        : (conform(schema, stored.object, { prune, defaults: true, validate: false }).object as KubeObject);
    return isStored ? current : fromStorage(served, current);
  });
}

function converted(convert: (stored: StoredObject) => KubeObject): Representation {
  const objects: WeakMap<StoredObject, KubeObject> = new WeakMap();
  const encoded: WeakMap<StoredObject, Buffer> = new WeakMap();
  const object = (stored: StoredObject): KubeObject => {
    let made = objects.get(stored);
    if (made === undefined) {
      made = convert(stored);
      objects.set(stored, made);
    }
    return made;
  };
  const bytes = (stored: StoredObject): Buffer => {
    const made = object(stored);
    if (made === stored.object) return stored.bytes;
    let buffer = encoded.get(stored);
    if (buffer === undefined) {
      buffer = Buffer.from(JSON.stringify(made), 'utf8');
      encoded.set(stored, buffer);
    }
    return buffer;
  };
  return { object, bytes, itemParts: (stored, push) => push(bytes(stored)) };
}

function metadataOf(metaVersion: string): Representation {
  return converted((stored) => partialMetadata(stored.object, metaVersion));
}

function partialMetadata(object: KubeObject, metaVersion: string): KubeObject {
  return { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${metaVersion}`, metadata: object.metadata };
}

export type TableQuery = { readonly includeObject: 'None' | 'Metadata' | 'Object' };

export function tableQuery(query: URLSearchParams): TableQuery {
  const asked = query.get('includeObject') ?? '';
  if (asked === '' || asked === 'Metadata') return { includeObject: 'Metadata' };
  if (asked === 'None' || asked === 'Object') return { includeObject: asked };
  throw badRequest(`unrecognized includeObject value: ${JSON.stringify(asked)}`);
}

/** The `Table` of some objects, as `kubectl get` asks for it. */
export function tableOf(
  tables: Tables,
  served: ServedResource,
  objects: readonly KubeObject[],
  options: TableQuery & { readonly metaVersion: string; readonly metadata: Record<string, unknown>; readonly withColumns: boolean },
): Record<string, unknown> {
  const table = tables.toTable(served, objects);
  return {
    kind: 'Table',
    apiVersion: `meta.k8s.io/${options.metaVersion}`,
    metadata: options.metadata,
    columnDefinitions: options.withColumns ? table.columns : null,
    rows: table.rows.map(({ cells, object }) => ({
      cells,
      object:
        options.includeObject === 'None'
          ? null
          : options.includeObject === 'Object'
            ? object
            : partialMetadata(object, options.metaVersion),
    })),
  };
}
