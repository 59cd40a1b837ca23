/**
 * The simulated runtime: scheduler and kubelet of every node in one. Watches pods, asks `decidePod` what happens next and writes it; keeps
 * nothing that it could not compute again from the pods.
 */
import { type Clock, type KubeObject, keyOf } from '@sluice/api';
import { builtinTypes, type Client, type Controller, createController, type Informer, type Logger } from '@sluice/kube';
import { Actor, type NoteSink } from '../control/actor.ts';
import type { Caches } from '../control/caches.ts';
import { type Note, statusWrite, type Write } from '../control/plan.ts';
import type { Tombstones } from '../control/tombstones.ts';
import type { Pod } from '../shapes/pod.ts';
import { targetNode } from '../shapes/pod-placement.ts';
import { AddressPool } from './addresses.ts';
import { decidePod, killingNotes, type PodStep } from './decide.ts';
import { defaultRules } from './default-rules.ts';
import { ExactTimes } from './exact-times.ts';
import { lifeOf } from './life.ts';
import { type LogOptions, podLog } from './logs.ts';
import type { PodRule } from './rules.ts';
import { type ContainerUsage, podUsage } from './usage.ts';

/** Address of the one node, as pods see it. */
export const nodeAddress = '10.0.0.1';

export type RuntimeDependencies = {
  readonly client: Client;
  readonly caches: Caches;
  readonly tombstones: Tombstones;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly nodeName: string;
  /** Before the defaults. */
  readonly rules: readonly PodRule[];
  readonly schedulerNotes: NoteSink;
  readonly kubeletNotes: NoteSink;
};

export class SimulatedRuntime {
  readonly #dependencies: RuntimeDependencies;
  readonly #rules: readonly PodRule[];
  readonly #pods: Informer<Pod>;
  readonly #controller: Controller;
  readonly #actor: Actor;
  readonly #addresses = new AddressPool();
  readonly #times = new ExactTimes();
  readonly #images = new Set<string>();
  readonly #killed = new Set<string>();

  constructor(dependencies: RuntimeDependencies) {
    this.#dependencies = dependencies;
    this.#rules = [...dependencies.rules, ...defaultRules];
    this.#pods = dependencies.caches.of<Pod>(builtinTypes.pods);
    this.#actor = new Actor({ ...dependencies, notes: dependencies.kubeletNotes });
    this.#controller = createController({
      ...dependencies,
      name: 'simulated-runtime',
      concurrency: 64,
      reconcile: async (key) => this.#reconcile(key),
    });
  }

  start(): void {
    this.#pods.addHandler({
      added: (pod) => this.#seen(pod),
      updated: (pod) => this.#seen(pod),
      deleted: (pod) => this.#gone(pod),
    });
    this.#controller.start();
  }

  stop(): Promise<void> {
    return this.#controller.stop();
  }

  /** @throws StatusError as a kubelet refuses */
  logs(pod: KubeObject, options: LogOptions): string {
    return podLog(pod as Pod, this.#rules, options);
  }

  usage(pod: KubeObject): readonly ContainerUsage[] | undefined {
    return podUsage(pod as Pod, this.#rules);
  }

  #seen(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    if (pod.status?.podIP !== undefined && pod.spec.hostNetwork !== true) this.#addresses.hold(uid, pod.status.podIP);
    this.#controller.enqueue(keyOf(pod));
  }

  #gone(pod: Pod): void {
    const uid = pod.metadata.uid ?? '';
    this.#addresses.release(uid);
    this.#times.forget(uid);
    this.#killed.delete(uid);
  }

  async #reconcile(key: string): Promise<{ requeueAfterMs?: number } | undefined> {
    const pod = this.#pods.get(key);
    if (pod === undefined || this.#dependencies.tombstones.has(pod)) return undefined;
    const uid = pod.metadata.uid ?? '';
    const now = this.#dependencies.clock.now();
    if (pod.metadata.deletionTimestamp !== undefined && !this.#killed.has(uid)) {
      this.#killed.add(uid);
      this.#times.remember(uid, now);
      for (const note of killingNotes(pod)) if (this.#isTold(pod, note)) this.#dependencies.kubeletNotes.record(note);
    } else if (pod.status?.startTime === undefined) this.#times.remember(uid, now);

    const step = decidePod(
      {
        pod,
        life: lifeOf(pod, this.#rules),
        nodeAddress,
        address: () => this.#addresses.of(uid),
        isImagePresent: (image) => this.#images.has(image),
        instantOf: (time) => this.#times.instantOf(uid, time),
      },
      now,
    );
    await this.#carryOut(pod, step, now);
    return step.kind === 'wait' || step.kind === 'status' ? waitUntil(step.atMs, this.#dependencies.clock.now()) : undefined;
  }

  async #carryOut(pod: Pod, step: PodStep, now: number): Promise<void> {
    if (step.kind === 'bind') return this.#bind(pod);
    if (step.kind === 'remove') {
      const remove: Write = { verb: 'delete', type: builtinTypes.pods, object: pod, gracePeriodSeconds: 0 };
      return this.#actor.carryOutOrThrow({ steps: [{ writes: [remove] }], notes: [], reason: 'containers have stopped' });
    }
    if (step.kind === 'status') {
      const write = statusWrite(builtinTypes.pods, pod, step.status);
      if (write !== undefined) {
        this.#times.remember(pod.metadata.uid ?? '', now);
        const notes = step.notes.filter((note) => this.#isTold(pod, note));
        await this.#actor.carryOutOrThrow({ steps: [{ writes: [write] }], notes, reason: 'containers have moved on' });
        for (const status of step.status.containerStatuses ?? []) if (status.imageID !== '') this.#images.add(imageOf(pod, status.name));
      }
    }
  }

  async #bind(pod: Pod): Promise<void> {
    const { nodeName, schedulerNotes } = this.#dependencies;
    const { namespace = '', name = '', uid = '' } = pod.metadata;
    // Pods of DaemonSets name their node; all others go to the one that this cluster has.
    const target = targetNode(pod.spec) ?? nodeName;
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { namespace, name, uid },
      target: { kind: 'Node', name: target },
    };
    const write: Write = { verb: 'create', type: builtinTypes.pods, object: binding, subresource: 'binding' };
    await this.#actor.carryOutOrThrow({ steps: [{ writes: [write] }], notes: [], reason: 'pod is not bound' });
    const message = `Successfully assigned ${namespace}/${name} to ${target}`;
    const note: Note = { about: pod, type: 'Normal', reason: 'Scheduled', message };
    if (this.#isTold(pod, note)) schedulerNotes.record(note);
  }

  #isTold(pod: Pod, note: Note): boolean {
    return note.type === 'Warning' || lifeOf(pod, this.#rules).isQuiet !== true;
  }
}

function imageOf(pod: Pod, container: string): string {
  return pod.spec.containers.find((candidate) => candidate.name === container)?.image ?? '';
}

function waitUntil(at: number | undefined, now: number): { requeueAfterMs: number } | undefined {
  return at === undefined ? undefined : { requeueAfterMs: Math.max(0, at - now) };
}
