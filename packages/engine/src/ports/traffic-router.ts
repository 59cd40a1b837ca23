/**
 * The port behind which every traffic router lies. A router whose state is Kubernetes objects is a pure function over them: it is given
 * the objects as they are and says how they are to be. Reading and writing is the controller's business, the order is the engine's.
 */
import type {
  FieldError,
  Instant,
  KubeObject,
  LabelSelector,
  ReplicaSet,
  ResourceType,
  Rollout,
  SetHeaderRoute,
  SetMirrorRoute,
} from '@sluice/api';
import type { Note } from '../plan.ts';

/** An object that a router reads or writes. */
export type ObjectRef = { readonly type: ResourceType; readonly namespace: string; readonly name: string };

/** Names an object in maps: `group/resource/namespace/name`. */
export function objectKey({ type, namespace, name }: ObjectRef): string {
  return `${type.group}/${type.resource}/${namespace}/${name}`;
}

/** The share of an experiment's template. */
export type WeightTarget = { readonly weight: number; readonly serviceName: string; readonly podTemplateHash: string };

/** What a router looks at. `objects` shows what earlier calls of the same pass have done. */
export type RouterView = {
  readonly rollout: Rollout;
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** All ReplicaSets of the Rollout. */
  readonly replicaSets: readonly ReplicaSet[];
  readonly now: Instant;
};

/** Objects that a router finds by their labels. */
export type ObjectSelection = { readonly type: ResourceType; readonly namespace: string; readonly selector: LabelSelector };

/** How an object is to be; `undefined` means gone. Unchanged objects are left out (or given back as they were). */
export type RouterChange = {
  readonly ref: ObjectRef;
  readonly object: KubeObject | undefined;
  /** Makes the note to tell when the API refuses the write, from what the API said. */
  readonly onFailure?: (error: string) => Note;
};

/**
 * What a call wants. `notes` become Events of the Rollout once the changes are written. A problem ends the pass as an error: nothing of the
 * call is written, its notes are told at once, and the pass is tried again.
 */
export type RouterOutcome =
  | { readonly ok: true; readonly changes: readonly RouterChange[]; readonly notes: readonly Note[]; readonly wakeAt?: Instant }
  | { readonly ok: false; readonly problem: string; readonly notes: readonly Note[] };

/**
 * One kind of router, made for the API version that the flags name.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/trafficroutingutil.go TrafficRoutingReconciler
 */
export interface TrafficRouter {
  /** As upstream's status and metrics name it: `Istio`, `Nginx`, `ALB`, `SMI`, `Ambassador`, `AppMesh`, `Traefik`, `Apisix`. */
  readonly name: string;
  /** Where a Rollout asks for it, below `spec.strategy.canary.trafficRouting`: `istio`, `plugins.argoproj-labs/gatewayAPI`. */
  readonly field: string;
  /** Whether the Rollout asks for this router. */
  isUsedBy(rollout: Rollout): boolean;
  /** Every object that the calls below may read or write, whether it exists or not, for this state of `objects`: a router that finds the name of one object in another (a virtual router) names it once the first is there. */
  references(rollout: Rollout, objects: ReadonlyMap<string, KubeObject>): readonly ObjectRef[];
  /** Objects that the calls below also read and write, whatever their names: they are to be in `objects`, and `references` then names them. */
  selections?(rollout: Rollout): readonly ObjectSelection[];
  /** The first problem of the objects that the spec names, as upstream's reference validation finds it. */
  validate(rollout: Rollout, objects: ReadonlyMap<string, KubeObject>): FieldError | undefined;
  /** Hashes that the router's objects point at now: ReplicaSets that must keep their pods. */
  referencedHashes?(rollout: Rollout, objects: ReadonlyMap<string, KubeObject>): readonly string[];
  updateHash?(view: RouterView, canaryHash: string, stableHash: string, targets: readonly WeightTarget[]): RouterOutcome;
  /** @param weight - of the new version, 0 to the Rollout's `maxTrafficWeight` */
  setWeight(view: RouterView, weight: number, targets: readonly WeightTarget[]): RouterOutcome;
  setHeaderRoute?(view: RouterView, route: SetHeaderRoute): RouterOutcome;
  setMirrorRoute?(view: RouterView, route: SetMirrorRoute): RouterOutcome;
  removeManagedRoutes?(view: RouterView): RouterOutcome;
  /**
   * An object of this router that no Rollout may own any more (a DestinationRule, an Ingress with managed annotations): how it is to be,
   * `undefined` where it may stay as it is. Called for each change of an object of `cleansTypes`.
   *
   * @param isReferenced - whether the Rollout of that name still refers to the object
   */
  clean?(object: KubeObject, isReferenced: (rollout: string) => boolean): KubeObject | undefined;
  readonly cleansTypes?: readonly ResourceType[];
}
