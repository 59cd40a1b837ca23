/** Notes of plans as Events, one recorder a component. */
import type { Clock } from '@sluice/api';
import { type Client, EventRecorder, type Logger } from '@sluice/kube';
import type { NoteSink } from './actor.ts';
import type { Note } from './plan.ts';

export class EventNotes {
  readonly #dependencies: { client: Client; clock: Clock; random: () => number; logger: Logger };
  readonly #recorders = new Map<string, EventRecorder>();

  constructor(dependencies: { client: Client; clock: Clock; random: () => number; logger: Logger }) {
    this.#dependencies = dependencies;
  }

  /** @param host - the node on which the component runs, where it runs on one */
  from(component: string, host?: string): NoteSink {
    const key = `${component}/${host ?? ''}`;
    let recorder = this.#recorders.get(key);
    if (recorder === undefined) {
      const limit = { burst: 25, refillMs: 300_000 };
      recorder = new EventRecorder({ ...this.#dependencies, component, limit, ...(host === undefined ? {} : { host }) });
      this.#recorders.set(key, recorder);
    }
    const sink = recorder;
    return { record: (note) => sink.record(subjectOf(note), { type: note.type, reason: note.reason, message: note.message }) };
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#recorders.values()].map((recorder) => recorder.stop()));
  }
}

function subjectOf({ about, fieldPath }: Note): Parameters<EventRecorder['record']>[0] {
  if (fieldPath === undefined) return about;
  const { namespace, name = '', uid, resourceVersion } = about.metadata;
  const subject = { apiVersion: about.apiVersion, kind: about.kind, namespace, name, uid, resourceVersion, fieldPath };
  return subject;
}
