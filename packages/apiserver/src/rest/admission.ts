/**
 * Writes that somebody has to agree to first: nobody may give away rights that they do not have. The check takes its time, so an update is
 * made once to see what it would store, checked, and made again if nothing came in between.
 */
import type { KubeObject } from '@sluice/api';
import type { Draft } from '../store/store.ts';
import { clone } from './clone.ts';
import { keyIn, type RestContext, type Target } from './context.ts';
import { conflict, staleObject } from './errors.ts';
import { type Change, createObject, updateObject, type Write, type Written } from './object-writer.ts';

const attemptsMax = 5;

function isFree(target: Target, write: Write): boolean {
  return target.served.group !== 'rbac.authorization.k8s.io' || write.user.groups.includes('system:masters');
}

export async function admitCreate(context: RestContext, target: Target, draft: Draft, write: Write): Promise<Written> {
  if (!isFree(target, write)) await ask(context, target, draft as KubeObject, undefined, write);
  return createObject(context, target, draft, write);
}

export async function admitUpdate(context: RestContext, target: Target, name: string, change: Change, write: Write): Promise<Written> {
  if (isFree(target, write)) return updateObject(context, target, name, change, write);
  // A change may hand out the same draft each time: the rehearsal gets a copy.
  const rehearsed: Change = (live) => clone(change(live));
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const seen = target.kind.head(keyIn(target, name));
    const preview = await updateObject(context, target, name, rehearsed, { ...write, dryRun: true });
    await ask(context, target, preview.object, seen?.object, write);
    if (target.kind.head(keyIn(target, name)) === seen) return updateObject(context, target, name, change, write);
  }
  throw conflict(target.served, name, staleObject);
}

function ask(context: RestContext, target: Target, object: KubeObject, old: KubeObject | undefined, write: Write): Promise<void> {
  const { group, resource } = target.served;
  return context.access.admit({ group, resource, namespace: target.namespace, object, old, user: write.user });
}
