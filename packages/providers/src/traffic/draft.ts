/**
 * What one call of a router wants, while it is being worked out. A router reads and writes objects here; writing what is there already is no
 * change, so no router compares for itself. Begin with `drafted`.
 */
import type { Instant, KubeObject } from '@sluice/api';
import { type Note, type ObjectRef, objectKey, type RouterChange, type RouterOutcome, type RouterView } from '@sluice/engine';
import { isSame } from './fields.ts';

/** Ends a call: nothing of it is written. Its notes, and no others of the call, are told. */
export class RoutingProblem extends Error {
  readonly notes: readonly Note[];
  constructor(message: string, ...notes: readonly Note[]) {
    super(message);
    this.notes = notes;
  }
}

/** Makes the note about a write that the API refused, from the refusal. */
export type FailureNote = (error: string) => Note;

export class Draft {
  readonly view: RouterView;
  readonly #changes = new Map<string, RouterChange>();
  readonly #notes: Note[] = [];
  #wakeAt: Instant | undefined;

  constructor(view: RouterView) {
    this.view = view;
  }

  /** The object as this call has left it so far. */
  find(ref: ObjectRef): KubeObject | undefined {
    const key = objectKey(ref);
    const change = this.#changes.get(key);
    return change === undefined ? this.view.objects.get(key) : change.object;
  }

  /** @throws RoutingProblem in the words of the API when there is no such object; `notFound` is told then */
  get(ref: ObjectRef, notFound?: Note): KubeObject {
    const object = this.find(ref);
    if (object === undefined) throw new RoutingProblem(notFoundText(ref), ...(notFound === undefined ? [] : [notFound]));
    return object;
  }

  /** @returns whether that is a change; only then `note` is told */
  write(ref: ObjectRef, object: KubeObject, note?: Note, onFailure?: FailureNote): boolean {
    if (isSame(this.find(ref), object)) return false;
    this.#change({ ref, object }, onFailure);
    if (note !== undefined) this.#notes.push(note);
    return true;
  }

  /** Nothing happens to what is gone or on its way. */
  remove(ref: ObjectRef, onFailure?: FailureNote): void {
    const object = this.find(ref);
    if (object !== undefined && object.metadata.deletionTimestamp === undefined) this.#change({ ref, object: undefined }, onFailure);
  }

  tell(note: Note): void {
    this.#notes.push(note);
  }

  /** The earliest of several instants counts. */
  wake(at: Instant): void {
    this.#wakeAt = Math.min(at, this.#wakeAt ?? at);
  }

  get outcome(): RouterOutcome {
    const wake = this.#wakeAt === undefined ? {} : { wakeAt: this.#wakeAt };
    return { ok: true, changes: [...this.#changes.values()], notes: this.#notes, ...wake };
  }

  #change(change: RouterChange, onFailure: FailureNote | undefined): void {
    this.#changes.set(objectKey(change.ref), onFailure === undefined ? change : { ...change, onFailure });
  }
}

/** Runs one call of a router. A `RoutingProblem` becomes the outcome, anything else is a defect and passes. */
export function drafted(view: RouterView, work: (draft: Draft) => void): RouterOutcome {
  const draft = new Draft(view);
  try {
    work(draft);
  } catch (error) {
    if (!(error instanceof RoutingProblem)) throw error;
    return { ok: false, problem: error.message, notes: error.notes };
  }
  return draft.outcome;
}

/** @throws RoutingProblem for a step without a name: routes without one are other people's */
export function stepName({ name = '' }: { readonly name?: string }): string {
  if (name === '') throw new RoutingProblem('a header or mirror route needs a name');
  return name;
}

/** As Kubernetes words it: `virtualservices.networking.istio.io "web" not found`; typed clients name an Ingress in the singular. */
export function notFoundText({ type, name }: ObjectRef): string {
  const resource = type.resource === 'ingresses' ? 'ingress' : type.resource;
  return `${type.group === '' ? resource : `${resource}.${type.group}`} ${JSON.stringify(name)} not found`;
}

export function normal(reason: string, message: string): Note {
  return { type: 'Normal', reason, message };
}

export function warning(reason: string, message: string): Note {
  return { type: 'Warning', reason, message };
}
