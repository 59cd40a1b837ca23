/**
 * Carries plans out: sends the writes, lays the answers over the caches, records the events. The only place of a controller that changes
 * the cluster. A conflict, an object that vanished or a name already taken mean "look again", never "force".
 */
import { type KubeObject, keyOf, resourcePath, StatusError } from '@sluice/api';
import type { Client } from '@sluice/kube';
import type { Caches } from './caches.ts';
import type { Note, Plan, Step, Write } from './plan.ts';
import type { Tombstones } from './tombstones.ts';

/** Where notes become Events. */
export interface NoteSink {
  record(note: Note): void;
}

export type Outcome = {
  /** The first write that the server refused, in its words. Steps after it were not sent. */
  readonly failure?: StatusError | Error;
};

/** Resource versions that writes of the same plan have brought objects to, by uid: the next write is guarded by them. */
type Versions = Map<string, string>;

export class Actor {
  readonly #client: Client;
  readonly #caches: Caches;
  readonly #tombstones: Tombstones;
  readonly #notes: NoteSink;

  constructor(dependencies: { client: Client; caches: Caches; tombstones: Tombstones; notes: NoteSink }) {
    this.#client = dependencies.client;
    this.#caches = dependencies.caches;
    this.#tombstones = dependencies.tombstones;
    this.#notes = dependencies.notes;
  }

  /** Sends the steps in order and stops after the first with a failure. @throws StatusError Conflict when a guarded object has changed */
  async carryOut(plan: Plan): Promise<Outcome> {
    const versions = new Map<string, string>();
    for (const step of plan.steps) {
      const failure = await this.#step(step, versions);
      if (failure !== undefined) return { failure };
    }
    for (const note of plan.notes) this.#notes.record(note);
    return {};
  }

  /** The same, for plans whose failures have nothing to say in a status: the loop's back-off takes care of them. */
  async carryOutOrThrow(plan: Plan): Promise<void> {
    const { failure } = await this.carryOut(plan);
    if (failure !== undefined) throw failure;
  }

  async #step(step: Step, versions: Versions): Promise<Error | undefined> {
    let batch = step.isSlowStart === true ? 1 : step.writes.length;
    for (let from = 0; from < step.writes.length; from += batch, batch *= 2) {
      const failures = await Promise.all(step.writes.slice(from, from + batch).map((write) => this.#write(write, versions)));
      const failure = failures.find((candidate) => candidate !== undefined);
      if (failure !== undefined) return failure;
    }
    return undefined;
  }

  async #write(write: Write, versions: Versions): Promise<Error | undefined> {
    try {
      const answer = await this.#send(write, versions);
      if (write.note !== undefined) this.#notes.record(filled(write.note, answer));
      return undefined;
    } catch (error) {
      if (error instanceof StatusError) {
        if (error.reason === 'NotFound' && write.verb !== 'create') return undefined;
        if (error.reason === 'Conflict') throw error;
        if (isNamespaceTerminating(error)) return undefined;
      }
      const failure = error instanceof Error ? error : new Error(String(error));
      if (write.failureNote !== undefined) this.#notes.record(filled(write.failureNote, write.object, failure));
      return failure;
    }
  }

  async #send(write: Write, versions: Versions): Promise<KubeObject> {
    const { type, object } = write;
    const { namespace, name = '', uid = '' } = object.metadata;
    const resourceVersion = versions.get(uid) ?? object.metadata.resourceVersion;
    if (write.verb === 'create') {
      if (write.subresource !== undefined) {
        const path = resourcePath(type, { namespace, name: write.of ?? name, subresource: write.subresource });
        await this.#client.raw({ method: 'POST', path, body: object });
        return object;
      }
      const created = await this.#client.create(type, object);
      this.#caches.present(type)?.overlay(created);
      return created;
    }
    if (write.verb === 'patch') {
      const guard = write.guarded === false ? { uid } : { uid, resourceVersion };
      const { metadata, ...rest } = write.patch;
      const patch = { ...rest, metadata: { ...(metadata as Record<string, unknown> | undefined), ...guard } };
      const options = write.subresource === undefined ? {} : { subresource: write.subresource };
      const patched = await this.#client.patch(type, { namespace, name }, 'merge', patch, options);
      versions.set(uid, patched.metadata.resourceVersion ?? '');
      if (write.subresource !== 'scale' && !mayBeGone(patched)) this.#caches.present(type)?.overlay(patched);
      return patched;
    }
    return this.#delete(write);
  }

  async #delete(write: Write & { verb: 'delete' }): Promise<KubeObject> {
    const { type, object } = write;
    const { namespace, name = '', uid = '', resourceVersion = '' } = object.metadata;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      ...(write.propagationPolicy === undefined ? {} : { propagationPolicy: write.propagationPolicy }),
      ...(write.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: write.gracePeriodSeconds }),
      preconditions: write.guarded === true ? { uid, resourceVersion } : { uid },
    };
    const answer = (await this.#client.raw({ method: 'DELETE', path: resourcePath(type, { namespace, name }), body })) as KubeObject;
    const informer = this.#caches.present(type);
    if (informer !== undefined) {
      const isStillThere = answer.kind === type.kind && answer.metadata?.deletionTimestamp !== undefined;
      if (isStillThere && informer.get(keyOf(object)) !== undefined && write.gracePeriodSeconds !== 0) informer.overlay(answer);
      this.#tombstones.add(informer, object);
    }
    return object;
  }
}

function filled(note: Note, object: KubeObject, failure?: Error): Note {
  const message = note.message.replace('{name}', object.metadata.name ?? '').replace('{error}', failure?.message ?? '');
  return { ...note, message };
}

/** A patch that takes the last finalizer off a deleted object removes it: its answer must not come back into the cache. */
function mayBeGone(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0;
}

/** Creates in a namespace that is going away fail until it is gone: nothing to report and nothing to try again. */
function isNamespaceTerminating(error: StatusError): boolean {
  return error.status.details?.causes?.some((cause) => cause.reason === 'NamespaceTerminating') === true;
}
