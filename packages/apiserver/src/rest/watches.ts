/** `watch`: from now, from a past version, or with the present state first; selected; with bookmarks; in the form asked for. */
import type { KubeObject } from '@sluice/api';
import type { ServedResource, ServerResponse, WatchFrame } from '../ports.ts';
import type { StoreEvent } from '../store/history.ts';
import type { StoredObject } from '../store/stored-object.ts';
import type { RestContext, Target } from './context.ts';
import { expired, tooLargeResourceVersion } from './errors.ts';
import type { ObjectTest } from './field-selectors.ts';
import { selectionTest } from './lists.ts';
import type { ListOptions } from './options.ts';
import { type Accepted, type Representation, representationOf, type TableQuery, tableOf } from './representation.ts';
import { invalidListOptions, parseRevision } from './resource-versions.ts';
import { WatchStream } from './watch-stream.ts';

type FrameType = WatchFrame['type'];

/** Watches that want a bookmark each minute. */
export class Bookmarks {
  readonly #streams: Map<WatchStream, () => WatchFrame> = new Map();

  add(stream: WatchStream, bookmark: () => WatchFrame): void {
    this.#streams.set(stream, bookmark);
    stream.onClose(() => this.#streams.delete(stream));
  }

  sendAll(): void {
    for (const [stream, bookmark] of this.#streams) stream.send(bookmark());
  }
}

/** All watches that run, so that closing the server can end them. */
export type RunningWatches = {
  /** With the storage id of what each of them watches. */
  readonly streams: Map<WatchStream, string>;
  readonly bookmarks: Bookmarks;
};

/** Half an hour to an hour, so that watches which began together do not all come back together. */
const timeoutSecondsMin = 1_800;

export function watchObjects(
  context: RestContext,
  running: RunningWatches,
  target: Target,
  options: ListOptions,
  accepted: Accepted,
  table: TableQuery,
  signal: AbortSignal | undefined,
): ServerResponse {
  checkOptions(options);
  const { kind, served } = target;
  const test = selectionTest(target, options);
  const frames = new Frames(context, target, accepted, table);
  const stream = new WatchStream();
  const current = context.store.revision;
  const asked = options.resourceVersion === '' ? 0 : parseRevision(options.resourceVersion);
  if (asked > current) throw tooLargeResourceVersion(asked, current);

  const startsWithState = options.sendInitialEvents ?? asked === 0;
  if (startsWithState) {
    const namespace = target.namespace === '' ? undefined : target.namespace;
    for (const stored of kind.list(namespace)) if (test === undefined || test(stored.object)) stream.send(frames.of('ADDED', stored));
    if (options.sendInitialEvents === true && options.allowWatchBookmarks)
      stream.send(bookmarkFrame(served, accepted, context.store.revision, { 'k8s.io/initial-events-end': 'true' }));
  } else if (asked > 0) {
    const missed = kind.history.after(asked);
    // A watch answers with an event: the headers of a real server are sent by then.
    if (missed === undefined) stream.send(errorFrame(expired(`too old resource version: ${asked} (${kind.history.floor})`).status));
    else for (const event of missed) forward(event, target, test, frames, stream);
    if (missed === undefined) {
      stream.close();
      return { kind: 'watch', status: 200, stream };
    }
  }

  stream.onClose(kind.subscribe((event) => forward(event, target, test, frames, stream)));
  if (options.allowWatchBookmarks) running.bookmarks.add(stream, () => bookmarkFrame(served, accepted, context.store.revision));
  running.streams.set(stream, target.storage.id);
  stream.onClose(() => running.streams.delete(stream));
  stream.onClose(
    context.clock.after((options.timeoutSeconds ?? timeoutSecondsMin + (context.randomBytes(1)[0] ?? 0) * 7) * 1000, () => stream.close()),
  );
  if (signal !== undefined) {
    const abort = (): void => stream.close();
    if (signal.aborted) stream.close();
    else {
      signal.addEventListener('abort', abort, { once: true });
      stream.onClose(() => signal.removeEventListener('abort', abort));
    }
  }
  return { kind: 'watch', status: 200, stream };
}

/** What a change means to somebody who sees only what the selector lets through. */
function forward(event: StoreEvent, target: Target, test: ObjectTest | undefined, frames: Frames, stream: WatchStream): void {
  if (target.namespace !== '' && !event.key.startsWith(`${target.namespace}/`)) return;
  if (test === undefined) {
    stream.send(frames.of(event.type, event.stored));
    return;
  }
  const matched = event.previous !== undefined && test(event.previous.object);
  const doesMatch = event.type !== 'DELETED' && test(event.stored.object);
  if (doesMatch) stream.send(frames.of(matched ? 'MODIFIED' : 'ADDED', event.stored));
  else if (matched) stream.send(event.type === 'DELETED' ? frames.of('DELETED', event.stored) : frames.left(event));
}

const frameCache: WeakMap<Representation, WeakMap<StoredObject, Map<FrameType, WatchFrame>>> = new WeakMap();

/** Frames of one representation, shared by all watches of it. */
class Frames {
  readonly #context: RestContext;
  readonly #target: Target;
  readonly #accepted: Accepted;
  readonly #table: TableQuery;
  readonly #representation: Representation;
  readonly #cache: WeakMap<StoredObject, Map<FrameType, WatchFrame>>;
  #sentColumns = false;

  constructor(context: RestContext, target: Target, accepted: Accepted, table: TableQuery) {
    this.#context = context;
    this.#target = target;
    this.#accepted = accepted;
    this.#table = table;
    this.#representation = representationOf(target.served, target.storage, accepted);
    let cache = frameCache.get(this.#representation);
    if (cache === undefined) {
      cache = new WeakMap();
      frameCache.set(this.#representation, cache);
    }
    this.#cache = cache;
  }

  of(type: FrameType, stored: StoredObject): WatchFrame {
    if (this.#accepted.form === 'table') return this.#rowOf(type, this.#representation.object(stored));
    let byType = this.#cache.get(stored);
    if (byType === undefined) {
      byType = new Map();
      this.#cache.set(stored, byType);
    }
    let frame = byType.get(type);
    if (frame === undefined) {
      frame = new ObjectFrame(type, stored, this.#representation);
      byType.set(type, frame);
    }
    return frame;
  }

  /** The object went out of the selection: its last selected state, with the revision of the change. */
  left(event: StoreEvent): WatchFrame {
    const previous = event.previous;
    if (previous === undefined) return this.of('DELETED', event.stored);
    const last = this.#representation.object(previous);
    const object = { ...last, metadata: { ...last.metadata, resourceVersion: String(event.revision) } };
    return this.#accepted.form === 'table' ? this.#rowOf('DELETED', object) : valueFrame('DELETED', object);
  }

  #rowOf(type: FrameType, object: KubeObject): WatchFrame {
    const rendered = tableOf(this.#context.tables, this.#target.served, [object], {
      ...this.#table,
      metaVersion: this.#accepted.metaVersion,
      metadata: { resourceVersion: object.metadata.resourceVersion },
      withColumns: !this.#sentColumns,
    });
    this.#sentColumns = true;
    return valueFrame(type, rendered);
  }
}

class ObjectFrame implements WatchFrame {
  readonly type: FrameType;
  readonly #stored: StoredObject;
  readonly #representation: Representation;
  #line: Buffer | undefined;

  constructor(type: FrameType, stored: StoredObject, representation: Representation) {
    this.type = type;
    this.#stored = stored;
    this.#representation = representation;
  }

  get object(): unknown {
    return this.#representation.object(this.#stored);
  }

  bytes(): Buffer {
    this.#line ??= Buffer.concat(this.pieces());
    return this.#line;
  }

  pieces(): readonly Buffer[] {
    return this.#line === undefined ? [lineStarts[this.type], this.#representation.bytes(this.#stored), lineEnd] : [this.#line];
  }
}

const lineEnd = Buffer.from('}\n');

function lineStart(type: FrameType): Buffer {
  return Buffer.from(`{"type":"${type}","object":`);
}

const lineStarts: Readonly<Record<FrameType, Buffer>> = {
  ADDED: lineStart('ADDED'),
  MODIFIED: lineStart('MODIFIED'),
  DELETED: lineStart('DELETED'),
  BOOKMARK: lineStart('BOOKMARK'),
  ERROR: lineStart('ERROR'),
};

function valueFrame(type: FrameType, object: unknown): WatchFrame {
  let line: Buffer | undefined;
  const bytes = (): Buffer => {
    line ??= Buffer.from(`${JSON.stringify({ type, object })}\n`);
    return line;
  };
  return { type, object, bytes, pieces: () => [bytes()] };
}

function errorFrame(status: unknown): WatchFrame {
  return valueFrame('ERROR', status);
}

function bookmarkFrame(served: ServedResource, accepted: Accepted, revision: number, annotations?: Record<string, string>): WatchFrame {
  const metadata = { resourceVersion: String(revision), creationTimestamp: null, ...(annotations === undefined ? {} : { annotations }) };
  if (accepted.form === 'table')
    return valueFrame('BOOKMARK', {
      kind: 'Table',
      apiVersion: `meta.k8s.io/${accepted.metaVersion}`,
      metadata: { resourceVersion: String(revision) },
      columnDefinitions: null,
      rows: [{ cells: [], object: { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${accepted.metaVersion}`, metadata } }],
    });
  if (accepted.form === 'metadata')
    return valueFrame('BOOKMARK', { kind: 'PartialObjectMetadata', apiVersion: `meta.k8s.io/${accepted.metaVersion}`, metadata });
  const apiVersion = served.group === '' ? served.version : `${served.group}/${served.version}`;
  return valueFrame('BOOKMARK', { kind: served.kind, apiVersion, metadata });
}

function checkOptions(options: ListOptions): void {
  const match = options.resourceVersionMatch;
  const problems = [];
  if (options.sendInitialEvents === undefined) {
    if (match !== '')
      problems.push({
        path: 'resourceVersionMatch',
        type: 'Forbidden' as const,
        detail: 'resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided',
      });
  } else if (match !== 'NotOlderThan') {
    problems.push({
      path: 'resourceVersionMatch',
      type: 'Forbidden' as const,
      detail: 'sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
    });
  }
  if (options.continueToken !== '')
    problems.push({ path: 'continue', type: 'Forbidden' as const, detail: 'continue is forbidden for watch' });
  if (problems.length > 0) throw invalidListOptions(problems);
}
