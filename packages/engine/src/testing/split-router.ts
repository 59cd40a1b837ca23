/** The simplest router there can be: one object that says the weight, the versions and the routes of steps. */
import type { KubeObject, ResourceType } from '@sluice/api';
import type { ObjectRef, RouterOutcome, RouterView, TrafficRouter } from '../index.ts';
import { objectKey } from '../index.ts';

export const splitType: ResourceType = { group: 'example.com', version: 'v1', kind: 'Split', resource: 'splits', namespaced: true };
const ref: ObjectRef = { type: splitType, namespace: 'demo', name: 'web' };

export function split(): KubeObject {
  return { apiVersion: 'example.com/v1', kind: 'Split', metadata: { name: 'web', namespace: 'demo' }, weight: 0, routes: [] };
}

function changed({ objects }: RouterView, change: Readonly<Record<string, unknown>>): RouterOutcome {
  const present = objects.get(objectKey(ref));
  if (present === undefined) return { ok: false, problem: 'Split `web` not found', notes: [] };
  const kept = Object.entries({ ...present, ...change }).filter(([, value]) => value !== undefined);
  return { ok: true, changes: [{ ref, object: Object.fromEntries(kept) as KubeObject }], notes: [] };
}

function routesOf({ objects }: RouterView): readonly string[] {
  return (objects.get(objectKey(ref))?.routes ?? []) as readonly string[];
}

/** @param field - under which a Rollout asks for it */
export const splitRouter = (field: string): TrafficRouter => ({
  name: 'Split',
  field,
  isUsedBy: () => true,
  references: () => [ref],
  validate: () => undefined,
  updateHash: (view, canary, stable) => changed(view, { canary, stable }),
  setWeight: (view, weight, targets) =>
    changed(view, { weight, others: targets.length === 0 ? undefined : targets.map((target) => target.weight) }),
  setHeaderRoute: (view, { name = '', match = [] }) => {
    const others = routesOf(view).filter((route) => route !== name);
    return changed(view, { routes: match.length === 0 ? others : [...others, name] });
  },
  removeManagedRoutes: (view) => changed(view, { routes: [] }),
});
