/**
 * What is particular about one kind. The request path asks in this order, on a draft that is private to the request:
 * `defaults` (on what was decoded, before managed fields are written), `admit` and `prepare…` (what the server itself adds), `validate…`.
 */
import type { Clock, KubeObject } from '@sluice/api';
import type { FieldProblem } from '@sluice/schema';
import type { Reader } from '../ports.ts';
import type { Draft } from '../store/store.ts';
import type { ServiceAllocator } from './service-allocator.ts';

export type KindContext = {
  /** Sees accepted writes too, durable or not. */
  readonly heads: Pick<Reader, 'get' | 'list'>;
  readonly clock: Clock;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly services: ServiceAllocator;
  readonly dryRun: boolean;
  /** Who asks; the service account's name goes into what some kinds record. */
  readonly user: { readonly name: string };
};

export type KindStrategy = {
  readonly nameRule?: 'subdomain' | 'label' | 'dns1035' | 'path-segment';
  /** Field that the `status` subresource writes and a main write ignores. Absent: the kind has no such split. */
  readonly hasStatus?: boolean;
  /** `metadata.generation` counts changes of everything but metadata and status. */
  readonly hasGeneration?: boolean;
  /** What else than the desired state counts as a new generation. */
  readonly startsGeneration?: (next: KubeObject, live: KubeObject) => boolean;
  /** False: an update must name the resource version. */
  readonly allowsUnconditionalUpdate?: boolean;
  /** An update of an object that is not there creates it. */
  readonly allowsCreateOnUpdate?: boolean;
  readonly defaultPropagation?: 'Orphan' | 'Background';
  /** A deletion answers with the object, not with a Status. */
  readonly returnsDeleted?: boolean;
  /** Status of a new object, none for `undefined`. Without this function it is `{}`. */
  readonly initialStatus?: (draft: Draft) => Record<string, unknown> | undefined;
  /**
   * The draft, its metadata and its own fields may be set; what lies deeper may belong to the stored object and must be replaced (`own`).
   * Parts that are the same as in `live` have their defaults already.
   */
  readonly defaults?: (draft: Draft, context: KindContext, live?: KubeObject) => void;
  readonly prepareCreate?: (draft: Draft, context: KindContext) => void;
  readonly prepareUpdate?: (draft: Draft, live: KubeObject, context: KindContext) => void;
  /** Of every write. Parts that are the same as in `live` are known to be right. */
  readonly validate?: (object: KubeObject, context: KindContext, live?: KubeObject) => readonly FieldProblem[];
  /** Of a create only. */
  readonly validateCreate?: (object: KubeObject, context: KindContext) => readonly FieldProblem[];
  readonly validateUpdate?: (next: KubeObject, live: KubeObject, context: KindContext) => readonly FieldProblem[];
  /** Seconds between the request to delete and the removal; 0 or absent: removed at once. */
  readonly gracePeriodSeconds?: (live: KubeObject, asked: number | undefined) => number;
  /** Finalizers that a deletion adds, so that somebody can clean up first. */
  readonly deletionFinalizers?: (live: KubeObject) => readonly string[];
  /** Called once an object is really gone, to give back what it held. */
  readonly released?: (object: KubeObject, context: KindContext) => void;
};
