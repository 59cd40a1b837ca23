/** Objects that a router works on, between its calls; and a Rollout to route. */
import type { Instant, KubeObject, ReplicaSet, Rollout, TrafficRouting } from '@sluice/api';
import { type Note, objectKey, type RouterOutcome, type RouterView, type TrafficRouter, type WeightTarget } from '@sluice/engine';

export type Call =
  | { readonly kind: 'SetWeight'; readonly weight: number; readonly targets: readonly WeightTarget[] }
  | { readonly kind: 'UpdateHash'; readonly canary: string; readonly stable: string; readonly targets: readonly WeightTarget[] }
  | { readonly kind: 'SetHeaderRoute'; readonly route: Parameters<NonNullable<TrafficRouter['setHeaderRoute']>>[1] }
  | { readonly kind: 'SetMirrorRoute'; readonly route: Parameters<NonNullable<TrafficRouter['setMirrorRoute']>>[1] }
  | { readonly kind: 'RemoveManagedRoutes' };

/** Applies what a router wants, as the controller does. */
export class World {
  readonly router: TrafficRouter;
  rollout: Rollout;
  objects: ReadonlyMap<string, KubeObject>;
  replicaSets: readonly ReplicaSet[] = [];
  now: Instant = Date.UTC(2026, 0, 1);

  constructor(router: TrafficRouter, rollout: Rollout, placed: readonly KubeObject[]) {
    this.router = router;
    this.rollout = rollout;
    this.objects = place(router, rollout, placed);
  }

  get view(): RouterView {
    return { rollout: this.rollout, objects: this.objects, replicaSets: this.replicaSets, now: this.now };
  }

  /** What a call would do; calls that the router does not know do nothing. */
  ask(call: Call): RouterOutcome {
    const nothing: RouterOutcome = { ok: true, changes: [], notes: [] };
    switch (call.kind) {
      case 'SetWeight':
        return this.router.setWeight(this.view, call.weight, call.targets);
      case 'UpdateHash':
        return this.router.updateHash?.(this.view, call.canary, call.stable, call.targets) ?? nothing;
      case 'SetHeaderRoute':
        return this.router.setHeaderRoute?.(this.view, call.route) ?? nothing;
      case 'SetMirrorRoute':
        return this.router.setMirrorRoute?.(this.view, call.route) ?? nothing;
      case 'RemoveManagedRoutes':
        return this.router.removeManagedRoutes?.(this.view) ?? nothing;
    }
  }

  /** @throws Error when the router has a problem */
  act(call: Call): { readonly changed: readonly string[]; readonly notes: readonly Note[]; readonly wakeAt: Instant | undefined } {
    const outcome = this.ask(call);
    if (!outcome.ok) throw new Error(outcome.problem);
    const objects = new Map(this.objects);
    for (const { ref, object } of outcome.changes) {
      if (object === undefined) objects.delete(objectKey(ref));
      else objects.set(objectKey(ref), object);
    }
    this.objects = objects;
    return { changed: outcome.changes.map(({ ref }) => objectKey(ref)), notes: outcome.notes, wakeAt: outcome.wakeAt };
  }

  /** The only object of that kind and, where given, name. */
  object(kind: string, name?: string): KubeObject {
    const found = [...this.objects.values()].filter(
      (object) => object.kind === kind && (name ?? object.metadata.name) === object.metadata.name,
    );
    const [only] = found;
    if (only === undefined || found.length > 1) throw new Error(`${found.length} objects ${kind} ${name ?? ''}`);
    return only;
  }
}

/** Puts objects under the keys that the router looks for, and those found by label as well. */
function place(router: TrafficRouter, rollout: Rollout, placed: readonly KubeObject[]): ReadonlyMap<string, KubeObject> {
  let objects = new Map<string, KubeObject>();
  // Objects that lead to others first, in as many turns as it takes.
  for (let turn = 0; turn < 3; turn++) {
    const next = new Map<string, KubeObject>();
    for (const ref of router.references(rollout, objects)) {
      const object = placed.find(
        ({ kind, metadata }) => kind === ref.type.kind && metadata.name === ref.name && metadata.namespace === ref.namespace,
      );
      if (object !== undefined) next.set(objectKey(ref), object);
    }
    for (const { type, namespace } of router.selections?.(rollout) ?? []) {
      for (const object of placed.filter(({ kind, metadata }) => kind === type.kind && metadata.namespace === namespace))
        next.set(objectKey({ type, namespace, name: object.metadata.name ?? '' }), object);
    }
    objects = next;
  }
  return objects;
}

type CanaryFields = NonNullable<NonNullable<Rollout['spec']['strategy']>['canary']>;

/** `web` in `shop`, with the services `web-stable` and `web-canary`. */
export function routedRollout(trafficRouting: TrafficRouting, canary: CanaryFields = {}, status: Rollout['status'] = {}): Rollout {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name: 'web', namespace: 'shop', uid: 'rollout-uid' },
    spec: {
      replicas: 4,
      strategy: { canary: { stableService: 'web-stable', canaryService: 'web-canary', ...canary, trafficRouting } },
    },
    status,
  };
}

/** An object in `shop`, as somebody applied it. */
export function applied(
  apiVersion: string,
  kind: string,
  name: string,
  spec: unknown,
  metadata: Partial<KubeObject['metadata']> = {},
): KubeObject {
  return { apiVersion, kind, metadata: { name, namespace: 'shop', resourceVersion: '7', ...metadata }, spec };
}

export function ownedBy({ metadata: { name = '', uid = '' } }: Rollout): KubeObject['metadata']['ownerReferences'] {
  return [{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name, uid, controller: true, blockOwnerDeletion: true }];
}
