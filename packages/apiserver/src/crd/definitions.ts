/**
 * Keeps the registry in step with the stored definitions: serves what is established, and when a definition is deleted removes its objects,
 * then its finalizer. All writes go through the ordinary request path.
 */
import { formatTime, type KubeObject } from '@sluice/api';
import type { UserInfo } from '../ports.ts';
import { clone } from '../rest/clone.ts';
import { type RestContext, type Target, targetOf } from '../rest/context.ts';
import { deleteObject } from '../rest/deletion.ts';
import { updateObject } from '../rest/object-writer.ts';
import type { KindStore } from '../store/kind-store.ts';
import type { Draft } from '../store/store.ts';
import { cleanupFinalizer, type Definition, servedVersions } from './definition.ts';
import { terminatingCondition, withCondition } from './definition-strategy.ts';

const user: UserInfo = { name: 'system:apiserver', groups: ['system:masters'] };
const write = { user, manager: 'sluice-apiserver', dryRun: false };

export class Definitions {
  readonly #context: RestContext;
  readonly #kind: KindStore;
  /** Definitions whose objects are being removed, with what stops the waiting. */
  readonly #leaving: Map<string, () => void> = new Map();
  readonly #served: Map<string, Definition> = new Map();
  readonly #unsubscribe: () => void;
  /** Called with the storage id of a kind that is served in another form, or no more. */
  readonly #onChange: (storageId: string) => void;

  constructor(context: RestContext, onChange: (storageId: string) => void) {
    this.#context = context;
    this.#onChange = onChange;
    this.#kind = context.store.kind('apiextensions.k8s.io/customresourcedefinitions');
    for (const stored of this.#kind.list()) this.#see(stored.object as Definition);
    this.#unsubscribe = this.#kind.subscribe(({ type, stored }) => {
      if (type === 'DELETED') this.#forget(stored.object as Definition);
      else this.#see(stored.object as Definition);
    });
  }

  close(): void {
    this.#unsubscribe();
    for (const stop of this.#leaving.values()) stop();
    this.#leaving.clear();
  }

  #see(definition: Definition): void {
    const name = definition.metadata.name ?? '';
    const before = this.#served.get(name);
    if (
      before === undefined ||
      before.metadata.generation !== definition.metadata.generation ||
      before.status?.acceptedNames !== definition.status?.acceptedNames
    ) {
      this.#served.set(name, definition);
      this.#context.registry.setCustom(name, servedVersions(definition));
      // Watches of the old form would go on pruning what the new one allows.
      if (before !== undefined) this.#onChange(storageIdOf(definition));
    }
    if (definition.metadata.deletionTimestamp !== undefined && !this.#leaving.has(name)) this.#leave(definition);
  }

  #forget(definition: Definition): void {
    const name = definition.metadata.name ?? '';
    this.#leaving.get(name)?.();
    this.#leaving.delete(name);
    this.#served.delete(name);
    this.#context.registry.setCustom(name, []);
    this.#onChange(storageIdOf(definition));
  }

  #leave(definition: Definition): void {
    const name = definition.metadata.name ?? '';
    const instances = this.#context.store.kind(storageIdOf(definition));
    const stop = instances.subscribe(({ type }) => {
      if (type === 'DELETED' && instances.entries.size === 0) void this.#finish(name);
    });
    this.#leaving.set(name, stop);
    void this.#removeInstances(definition, instances);
  }

  async #removeInstances(definition: Definition, instances: KindStore): Promise<void> {
    const name = definition.metadata.name ?? '';
    await this.#update(
      name,
      (live) => ({
        ...clone(live),
        status: withCondition(live, terminatingCondition(formatTime(this.#context.clock.now()))),
      }),
      'status',
    );
    const served = servedVersions(definition)[0];
    if (served !== undefined) {
      for (const stored of instances.list()) {
        const { namespace = '', name: instance = '' } = stored.object.metadata;
        const target: Target = targetOf(this.#context, served, namespace);
        const options = {
          dryRun: false,
          gracePeriodSeconds: undefined,
          propagationPolicy: undefined,
          uid: undefined,
          resourceVersion: undefined,
        };
        await deleteObject(this.#context, target, instance, options, user).catch(() => undefined);
      }
    }
    if (instances.entries.size === 0) await this.#finish(name);
  }

  async #finish(name: string): Promise<void> {
    await this.#update(name, (live) => {
      const next = clone(live) as Draft;
      next.metadata.finalizers = (live.metadata.finalizers ?? []).filter((finalizer) => finalizer !== cleanupFinalizer);
      return next;
    });
  }

  /** Gone or changed meanwhile: the next event brings it back here. */
  async #update(name: string, change: (live: KubeObject) => unknown, subresource?: 'status'): Promise<void> {
    const served = this.#context.registry.find('apiextensions.k8s.io', 'v1', 'customresourcedefinitions');
    if (served === undefined) return;
    const target = targetOf(this.#context, served, '');
    await updateObject(
      this.#context,
      target,
      name,
      (live) => change(live) as Draft,
      subresource === undefined ? write : { ...write, subresource },
    ).catch(() => undefined);
  }
}

function storageIdOf(definition: Definition): string {
  return `${definition.spec.group}/${definition.spec.names.plural}`;
}
