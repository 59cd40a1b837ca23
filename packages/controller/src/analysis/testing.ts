/** A cluster that knows AnalysisRuns, Jobs and Secrets and nothing else, for tests of the shell. Writes may be refused. */
import {
  type AnalysisRun,
  type AnalysisRunSpec,
  type AnalysisRunStatus,
  analysisRunType,
  failure,
  type Job,
  type KubeObject,
  keyOf,
  type ResourceType,
  StatusError,
} from '@sluice/api';
import { builtinTypes, Cache, type CacheChange, type Client, type Informer, type InformerHandler } from '@sluice/kube';
import type { AnalysisControllerOptions } from './analysis-controller.ts';
import type { AnalysisInformers } from './analysis-informers.ts';

export class FakeInformer<T extends KubeObject> extends Cache<T> implements Informer<T> {
  readonly type: ResourceType;
  readonly isSynced = true;
  readonly #handlers = new Set<InformerHandler<T>>();

  constructor(type: ResourceType) {
    super();
    this.type = type;
  }

  addHandler(handler: InformerHandler<T>): () => void {
    for (const object of this.list()) handler.added?.(object);
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  synced(): Promise<void> {
    return Promise.resolve();
  }

  overlay(object: T): void {
    this.tell(this.put(object));
  }

  gone(object: T): void {
    this.tell(this.remove(keyOf(object), object.metadata.resourceVersion ?? '', object));
  }

  stop(): void {
    this.#handlers.clear();
  }

  private tell(changes: readonly CacheChange<T>[]): void {
    for (const change of changes) {
      for (const handler of this.#handlers) {
        if (change.kind === 'updated') handler.updated?.(change.object, change.previous);
        else handler[change.kind]?.(change.object);
      }
    }
  }
}

export class FakeCluster {
  readonly runs: FakeInformer<AnalysisRun> = new FakeInformer<AnalysisRun>(analysisRunType);
  readonly jobs: FakeInformer<Job> = new FakeInformer<Job>(builtinTypes.jobs);
  readonly secrets: Map<string, Readonly<Record<string, string>>> = new Map();
  /** In order: `patch NAME`, `delete NAME`. */
  readonly writes: string[] = [];
  readonly events: string[] = [];
  /** Thrown instead of the next calls of a verb, first one first. */
  readonly faults: { readonly verb: 'get' | 'patch' | 'delete'; readonly error: Error }[] = [];
  readonly recorder: AnalysisControllerOptions['recorder'];
  #version = 0;

  get informers(): AnalysisInformers {
    return { runs: this.runs, jobs: this.jobs };
  }

  constructor() {
    this.recorder = {
      record: (about, { type, reason }) => {
        const name = 'metadata' in about ? about.metadata.name : about.name;
        this.events.push(`${name} ${type} ${reason}`);
      },
    };
  }

  add(name: string, spec: AnalysisRunSpec, status?: AnalysisRunStatus, uid: string = `uid-${name}`): void {
    this.runs.overlay({
      apiVersion: 'argoproj.io/v1alpha1',
      kind: 'AnalysisRun',
      metadata: { name, namespace: 'default', uid, resourceVersion: this.#next() },
      spec,
      ...(status === undefined ? {} : { status }),
    });
  }

  /** Somebody else changes a run. */
  change(name: string, spec: Partial<AnalysisRunSpec>): void {
    const run = this.get(name);
    this.runs.overlay({ ...run, metadata: { ...run.metadata, resourceVersion: this.#next() }, spec: { ...run.spec, ...spec } });
  }

  get(name: string): AnalysisRun {
    const run = this.runs.get(`default/${name}`);
    if (run === undefined) throw new Error(`there is no run ${name}`);
    return run;
  }

  get client(): Client {
    const fault = (verb: 'get' | 'patch' | 'delete'): void => {
      if (this.faults[0]?.verb === verb) throw this.faults.shift()?.error;
    };
    const client: Pick<Client, 'get' | 'patch' | 'delete'> = {
      get: async <T extends KubeObject>(_: ResourceType, { name }: { readonly name: string }) => {
        fault('get');
        const data = this.secrets.get(name);
        if (data === undefined) throw new StatusError(failure(404, 'NotFound', `secrets "${name}" not found`));
        const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]);
        return { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: Object.fromEntries(encoded) } as KubeObject as T;
      },
      patch: async <T extends KubeObject>(_: ResourceType, { name }: { readonly name: string }, __: string, patch: unknown) => {
        fault('patch');
        const run = this.get(name);
        const { metadata, status } = patch as { metadata: { resourceVersion: string }; status: AnalysisRunStatus };
        if (metadata.resourceVersion !== run.metadata.resourceVersion) throw conflict();
        this.writes.push(`patch ${name}`);
        const changed = { ...run, metadata: { ...run.metadata, resourceVersion: this.#next() }, status: { ...run.status, ...status } };
        this.runs.overlay(changed);
        return changed as KubeObject as T;
      },
      delete: async (_, { name }) => {
        fault('delete');
        this.writes.push(`delete ${name}`);
        this.runs.gone(this.get(name));
      },
    };
    return client as Client;
  }

  #next(): string {
    this.#version++;
    return String(this.#version);
  }
}

export function conflict(): StatusError {
  return new StatusError(failure(409, 'Conflict', 'the object has been modified'));
}
