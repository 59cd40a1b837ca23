/** What every conformance case stands on: the server under test, a namespace of its own, and a way to wait for the world to settle. */
import { isStatusError, type KubeObject, type ResourceType, type StatusError } from '@sluice/api';
import { builtinTypes, type Client, sleep, systemClock, type WatchEvent, type WatchStream } from '@sluice/kube';

/** A server as a suite meets it. */
export type ApiUnderTest = {
  /** May do everything. */
  readonly client: Client;
  /** The same server as seen by a ServiceAccount. Over HTTP the token is what proves it. */
  asServiceAccount(account: { readonly namespace: string; readonly name: string; readonly token: string }): Client;
  /** False where claims stay pending, as on the reference without a provisioner: those cases are skipped. */
  readonly bindsClaims: boolean;
  /** Makes the server forget history and answers with a version from before; absent where that cannot be forced. */
  forgetHistory?(type: ResourceType): Promise<string>;
  close(): Promise<void>;
};

const untilMs = 45_000;

export class Bench {
  #api: ApiUnderTest | undefined;
  #namespace = '';
  #names = 0;

  async start(api: ApiUnderTest): Promise<void> {
    this.#api = api;
    this.#namespace = await this.namespaceMade();
  }

  async stop(): Promise<void> {
    if (this.#api === undefined) return;
    // A case that failed half way may have left finalizers, which would keep the namespace for ever.
    const { items } = await this.client.list(builtinTypes.configMaps, { namespace: this.namespace });
    for (const { metadata } of items.filter((one) => one.metadata.finalizers !== undefined)) {
      await this.client.patch(builtinTypes.configMaps, this.at(metadata.name ?? ''), 'merge', { metadata: { finalizers: null } });
    }
    await this.client.delete(builtinTypes.namespaces, { name: this.namespace }).catch(() => {});
    await this.#api.close();
  }

  get api(): ApiUnderTest {
    if (this.#api === undefined) throw new Error('the server under test is not connected yet');
    return this.#api;
  }

  get client(): Client {
    return this.api.client;
  }

  /** Shared by all cases; they keep apart by `name`. */
  get namespace(): string {
    return this.#namespace;
  }

  /** A name that no other case of this run uses. */
  name(stem: string): string {
    return `${stem}-${++this.#names}`;
  }

  /** A namespace that is ready for pods. The caller deletes it, or leaves that to the end of a test cluster. */
  async namespaceMade(): Promise<string> {
    const made = await this.client.create<KubeObject>(builtinTypes.namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { generateName: 'conformance-' },
    });
    const namespace = made.metadata.name ?? '';
    await this.until('the default ServiceAccount', () => this.client.get(builtinTypes.serviceAccounts, { namespace, name: 'default' }));
    return namespace;
  }

  at(name: string): { namespace: string; name: string } {
    return { namespace: this.namespace, name };
  }

  configMap(name: string, rest: Readonly<Record<string, unknown>> = {}, metadata: Readonly<Record<string, unknown>> = {}): KubeObject {
    return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: this.namespace, ...metadata }, ...rest };
  }

  createConfigMap(
    name: string,
    rest?: Readonly<Record<string, unknown>>,
    metadata?: Readonly<Record<string, unknown>>,
  ): Promise<KubeObject> {
    return this.client.create(builtinTypes.configMaps, this.configMap(name, rest, metadata));
  }

  /**
   * Asks again until the answer is there: neither undefined, false nor a NotFound or Conflict.
   *
   * @throws Error naming `what` after 45 s, with the last failure as its cause
   */
  async until<T>(what: string, probe: () => Promise<T | undefined | false>): Promise<T> {
    const deadline = systemClock.now() + untilMs;
    let cause: unknown;
    for (let pauseMs = 20; ; pauseMs = Math.min(400, pauseMs * 1.5)) {
      try {
        const answer = await probe();
        if (answer !== undefined && answer !== false) return answer;
      } catch (error) {
        if (!isStatusError(error, 'NotFound', 'Conflict', 'Forbidden')) throw error;
        cause = error;
      }
      if (systemClock.now() > deadline) throw new Error(`${what} did not come about within ${untilMs / 1000} s`, { cause });
      await sleep(systemClock, pauseMs);
    }
  }

  /** Waits until an object looks as wanted, and gives it. */
  untilObject(
    type: ResourceType,
    at: { readonly namespace?: string; readonly name: string },
    what: string,
    isThere: (object: KubeObject) => boolean,
  ): Promise<KubeObject> {
    return this.until(`${type.kind} ${at.name}: ${what}`, async () => {
      const object = await this.client.get(type, at);
      return isThere(object) ? object : undefined;
    });
  }

  untilGone(type: ResourceType, at: { readonly namespace?: string; readonly name: string }): Promise<true> {
    return this.until(`${type.kind} ${at.name} gone`, async () => {
      try {
        await this.client.get(type, at);
        return undefined;
      } catch (error) {
        if (isStatusError(error, 'NotFound')) return true;
        throw error;
      }
    });
  }
}

/** The value at a dotted path; numbers index lists. */
export function field(object: unknown, path: string): unknown {
  let value: unknown = object;
  for (const step of path.split('.'))
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined;
  return value;
}

/** The failure of a call, as the parts that clients act on. */
export async function failureOf(call: Promise<unknown>): Promise<{ code: number; reason: string; message: string; causes: unknown }> {
  try {
    await call;
  } catch (error) {
    if (!isStatusError(error)) throw error;
    const { code, reason, message, status } = error as StatusError;
    return { code, reason, message, causes: status.details?.causes };
  }
  throw new Error('the call succeeded');
}

/** The next events of a stream, or those that came within `timeoutMs`. Closes the stream. */
export async function take(stream: WatchStream, count: number, timeoutMs: number = 10_000): Promise<readonly WatchEvent[]> {
  const events: WatchEvent[] = [];
  const cancel = systemClock.after(timeoutMs, () => stream.close());
  for await (const event of stream) {
    if (event.type !== 'BOOKMARK') events.push(event);
    if (events.length >= count) break;
  }
  cancel();
  stream.close();
  return events;
}

/** `TYPE name` of events, for comparison. */
export function told(events: readonly WatchEvent[]): readonly string[] {
  return events.map(({ type, object }) => `${type} ${(object as KubeObject).metadata.name}`);
}

/** A pod template with one container that simply runs. */
export function podTemplate(labels: Readonly<Record<string, string>>, image: string = 'example.com/web:1'): Record<string, unknown> {
  return { metadata: { labels }, spec: { containers: [{ name: 'web', image }] } };
}
