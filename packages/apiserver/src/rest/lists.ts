/** `list`: a consistent state, perhaps a past one, selected, in pages, in the form asked for. Bytes are put together from those of the store. */
import { keyOf, matches } from '@sluice/api';
import type { ServerResponse } from '../ports.ts';
import type { StoredObject } from '../store/stored-object.ts';
import type { RestContext, Target } from './context.ts';
import { badRequest, expired, tooLargeResourceVersion } from './errors.ts';
import { fieldTest, type ObjectTest } from './field-selectors.ts';
import type { ListOptions } from './options.ts';
import { type Accepted, representationOf, type TableQuery, tableOf } from './representation.ts';
import { invalidListOptions, parseRevision } from './resource-versions.ts';

type Selection = {
  readonly revision: number;
  readonly entries: readonly StoredObject[];
  readonly continueToken: string;
  readonly remaining: number | undefined;
};

const tooOld = 'The resourceVersion for the provided list is too old.';
const tooOldToken =
  'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.';

/** Label and field selectors as one test of stored objects; `undefined` when everything passes. */
export function selectionTest(target: Target, options: Pick<ListOptions, 'labelSelector' | 'fieldSelector'>): ObjectTest | undefined {
  const field = fieldTest(options.fieldSelector, target.served, target.storage.id);
  if (options.labelSelector.length === 0) return field;
  const byLabel: ObjectTest = (object) => matches(options.labelSelector, object.metadata.labels);
  return field === undefined ? byLabel : (object) => byLabel(object) && field(object);
}

export function listObjects(
  context: RestContext,
  target: Target,
  options: ListOptions,
  accepted: Accepted,
  table: TableQuery,
): ServerResponse {
  const selection = select(context, target, options);
  const { served } = target;
  const metadata: Record<string, unknown> = { resourceVersion: String(selection.revision) };
  if (selection.continueToken !== '') metadata.continue = selection.continueToken;
  if (selection.remaining !== undefined && selection.remaining > 0) metadata.remainingItemCount = selection.remaining;
  const representation = representationOf(served, target.storage, accepted);
  if (accepted.form === 'table') {
    const object = tableOf(
      context.tables,
      served,
      selection.entries.map((entry) => representation.object(entry)),
      { ...table, metaVersion: accepted.metaVersion, metadata, withColumns: true },
    );
    return { kind: 'object', status: 200, object };
  }
  const header =
    accepted.form === 'metadata'
      ? { kind: 'PartialObjectMetadataList', apiVersion: `meta.k8s.io/${accepted.metaVersion}`, metadata }
      : { kind: served.listKind, apiVersion: served.group === '' ? served.version : `${served.group}/${served.version}`, metadata };
  return new ListResponse(header, selection.entries, representation);
}

/** Items as objects for callers in the process, as bytes for the wire, each made only when asked for. */
class ListResponse {
  readonly kind = 'object' as const;
  readonly status = 200;
  readonly #header: Record<string, unknown>;
  readonly #entries: readonly StoredObject[];
  readonly #representation: ReturnType<typeof representationOf>;
  #object: unknown;

  constructor(header: Record<string, unknown>, entries: readonly StoredObject[], representation: ReturnType<typeof representationOf>) {
    this.#header = header;
    this.#entries = entries;
    this.#representation = representation;
  }

  get object(): unknown {
    this.#object ??= { ...this.#header, items: this.#entries.map((entry) => this.#representation.object(entry)) };
    return this.#object;
  }

  *encode(): Generator<Buffer, void, undefined> {
    const comma = Buffer.from(',');
    const parts: Buffer[] = [Buffer.from(`${JSON.stringify(this.#header).slice(0, -1)},"items":[`)];
    for (const [index, entry] of this.#entries.entries()) {
      if (index > 0) parts.push(comma);
      this.#representation.itemParts(entry, (part) => parts.push(part));
      if (index % 100 === 99) yield Buffer.concat(parts.splice(0));
    }
    parts.push(Buffer.from(']}\n'));
    yield Buffer.concat(parts);
  }
}

function select(context: RestContext, target: Target, options: ListOptions): Selection {
  const test = selectionTest(target, options);
  const { entries, revision, start, chain } = stateFor(context, target, options);
  const limit = options.limit > 0 ? options.limit : Number.POSITIVE_INFINITY;
  if (test === undefined && start === 0 && entries.length <= limit) return { revision, entries, continueToken: '', remaining: undefined };
  const picked: StoredObject[] = [];
  let index = start;
  for (; index < entries.length && picked.length < limit; index++) {
    const entry = entries[index];
    if (entry !== undefined && (test === undefined || test(entry.object))) picked.push(entry);
  }
  // With a selector a page ends only when another match is known to follow.
  if (test !== undefined) while (index < entries.length && !test((entries[index] as StoredObject).object)) index++;
  if (index >= entries.length) return { revision, entries: picked, continueToken: '', remaining: undefined };
  const next = entries[index] as StoredObject;
  const continueToken = context.chains.tokenFor(entries, revision, index, keyOf(next.object), chain);
  return { revision, entries: picked, continueToken, remaining: test === undefined ? entries.length - index : undefined };
}

type State = { readonly entries: readonly StoredObject[]; readonly revision: number; readonly start: number; readonly chain?: number };

function stateFor(context: RestContext, target: Target, options: ListOptions): State {
  const { kind } = target;
  const namespace = target.namespace === '' ? undefined : target.namespace;
  const current = context.store.revision;
  checkMatch(options);
  if (options.continueToken !== '') {
    if (options.resourceVersion !== '' && options.resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue');
    const { token, page } = context.chains.read(options.continueToken);
    if (page !== undefined)
      return {
        entries: page.entries,
        revision: page.revision,
        start: page.start,
        ...(token.chain === undefined ? {} : { chain: token.chain }),
      };
    if (token.rv !== -1) throw expired(tooOldToken, context.chains.inconsistentToken(token.start));
    const entries = kind.list(namespace);
    const start = entries.findIndex((entry) => keyOf(entry.object) >= token.start);
    return { entries, revision: current, start: start < 0 ? entries.length : start };
  }
  if (options.resourceVersion === '' || options.resourceVersion === '0')
    return { entries: kind.list(namespace), revision: current, start: 0 };
  const asked = parseRevision(options.resourceVersion, true);
  if (asked > current) throw tooLargeResourceVersion(asked, current);
  const isExact = options.resourceVersionMatch === 'Exact' || (options.resourceVersionMatch === '' && options.limit > 0);
  if (!isExact) return { entries: kind.list(namespace), revision: current, start: 0 };
  const past = kind.listAt(asked, namespace);
  if (past === undefined) throw expired(tooOld);
  return { entries: past, revision: asked, start: 0 };
}

function checkMatch(options: ListOptions): void {
  const match = options.resourceVersionMatch;
  const problems = [];
  if (options.sendInitialEvents !== undefined)
    problems.push({ path: 'sendInitialEvents', type: 'Forbidden' as const, detail: 'sendInitialEvents is forbidden for list' });
  if (match !== '') {
    if (options.resourceVersion === '')
      problems.push({
        path: 'resourceVersionMatch',
        type: 'Forbidden' as const,
        detail: 'resourceVersionMatch is forbidden unless resourceVersion is provided',
      });
    if (options.continueToken !== '')
      problems.push({
        path: 'resourceVersionMatch',
        type: 'Forbidden' as const,
        detail: 'resourceVersionMatch is forbidden when continue is provided',
      });
    if (match !== 'Exact' && match !== 'NotOlderThan')
      problems.push({
        path: 'resourceVersionMatch',
        type: 'NotSupported' as const,
        value: match,
        detail: 'supported values: "Exact", "NotOlderThan", ""',
      });
    if (match === 'Exact' && options.resourceVersion === '0')
      problems.push({
        path: 'resourceVersionMatch',
        type: 'Forbidden' as const,
        detail: 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
      });
  }
  if (problems.length > 0) throw invalidListOptions(problems);
}
