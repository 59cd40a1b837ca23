/** Which kinds the server serves, in their preferred version. Asked at the start and again when definitions of custom kinds change. */
import type { KubeObject, ResourceType } from '@sluice/api';
import { builtinTypes, type Client, type Controller, createController } from '@sluice/kube';
import type { Surroundings } from './shell.ts';

export type DiscoveredKind = { readonly type: ResourceType; readonly verbs: readonly string[] };

const aggregated = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

type GroupList = {
  readonly items?: readonly {
    readonly metadata?: { readonly name?: string };
    readonly versions?: readonly {
      readonly version: string;
      readonly resources?: readonly {
        readonly resource: string;
        readonly responseKind?: { readonly kind?: string } | null;
        readonly scope?: string;
        readonly verbs?: readonly string[];
      }[];
    }[];
  }[];
};

/** Every kind once: where a group serves it in several versions, in the first that has it. */
async function discoverKinds(client: Client): Promise<readonly DiscoveredKind[]> {
  const answers = await Promise.all(
    ['/api', '/apis'].map((path) => client.raw({ method: 'GET', path, accept: aggregated }) as Promise<GroupList>),
  );
  const kinds = new Map<string, DiscoveredKind>();
  for (const item of answers.flatMap((answer) => answer.items ?? [])) {
    const group = item.metadata?.name ?? '';
    for (const { version, resources = [] } of item.versions ?? []) {
      for (const { resource, responseKind, scope, verbs = [] } of resources) {
        const key = `${resource}.${group}`;
        if (kinds.has(key)) continue;
        const type = { group, version, kind: responseKind?.kind ?? '', resource, namespaced: scope === 'Namespaced' };
        kinds.set(key, { type, verbs });
      }
    }
  }
  return [...kinds.values()];
}

/** The kinds as they are now, kept current. Several controllers look at the same one. */
export class Discovery {
  readonly #client: Client;
  readonly #loop: Controller;
  readonly #listeners = new Set<() => void>();
  #kinds: readonly DiscoveredKind[] = [];

  constructor(around: Surroundings) {
    this.#client = around.client;
    this.#loop = createController({
      name: 'discovery',
      clock: around.clock,
      random: around.random,
      logger: around.logger,
      concurrency: 1,
      reconcile: async () => {
        await this.refresh();
        return undefined;
      },
    });
    this.#follow(around.caches);
  }

  start(): void {
    this.#loop.start();
  }

  stop(): Promise<void> {
    return this.#loop.stop();
  }

  #follow(caches: Surroundings['caches']): void {
    const wake = (): void => this.#loop.enqueue('kinds');
    caches.of<Definition>(builtinTypes.customResourceDefinitions).addHandler({
      added: wake,
      updated: (next, previous) => {
        if (next.metadata.generation !== previous.metadata.generation || isEstablished(next) !== isEstablished(previous)) wake();
      },
      deleted: wake,
    });
  }

  get kinds(): readonly DiscoveredKind[] {
    return this.#kinds;
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  async refresh(): Promise<void> {
    this.#kinds = await discoverKinds(this.#client);
    for (const listener of this.#listeners) listener();
  }
}

type Definition = KubeObject & {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
};

function isEstablished(definition: Definition): boolean {
  return definition.status?.conditions?.some((condition) => condition.type === 'Established' && condition.status === 'True') === true;
}
