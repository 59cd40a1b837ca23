/**
 * Changes of routed objects as upstream's controller wrote them, made again by our routers: the object before, and the weights, hashes or the
 * step that the Rollout then had. The recordings lie outside this repository, in the folder that SLUICE_TEST_INPUTS names.
 */
import { existsSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { type KubeObject, parseTime, type ReplicaSet, type Rollout, type Service, type TrafficWeights } from '@sluice/api';
import { decideRollout, type TrafficRouter } from '@sluice/engine';
import { describe, expect, it } from 'vitest';
import { type Fields, fieldAt, isSame, textOf } from './fields.ts';
import { trafficRouters } from './registry.ts';
import { isOwnedBy } from './rollout.ts';
import { type Call, World } from './testing/world.ts';

const folder = `${process.env.SLUICE_TEST_INPUTS ?? ''}/argo-rollouts/recorded`;
const isThere = existsSync(`${folder}/canary-istio.ndjson.gz`);
if (!isThere) console.warn('skipped: recorded conversations; set SLUICE_TEST_INPUTS to the folder that has argo-rollouts/recorded');

type Line = { readonly atMs: number; readonly type?: string; readonly kind?: string; readonly object?: KubeObject };
type Change = {
  readonly title: string;
  readonly router: TrafficRouter;
  readonly rollout: Rollout;
  readonly objects: readonly KubeObject[];
  readonly call: Call;
  readonly after: KubeObject;
};

const routers = trafficRouters();
const routedKinds = ['VirtualService', 'DestinationRule', 'Ingress'];

describe.runIf(isThere)('an object that upstream routed', () => {
  const counts = { 'canary-istio': 10, 'canary-istio-subset': 7, 'canary-dynamic-stable': 11, 'canary-ingress': 14 };
  for (const [name, count] of Object.entries(counts)) {
    const changes = isThere ? changesOf(linesOf(name)) : [];
    it(`is written often in ${name}`, () => {
      expect(changes.length).toBe(count);
    });
    for (const { title, router, rollout, objects, call, after } of changes) {
      it(`is routed alike, ${name} ${title}`, () => {
        const world = new World(router, rollout, objects);
        const { changed, notes } = world.act(call);
        expect(shapeOf(world.object(after.kind, after.metadata.name))).toEqual(shapeOf(after));
        expect(changed).toHaveLength(1);
        expect(notes).toHaveLength(1);
        expect(world.act(call)).toMatchObject({ changed: [], notes: [] });
      });
    }
  }
});

describe.runIf(isThere)('a Rollout at the end of a recording', () => {
  // The other recording ends in the middle of a promotion.
  it.each(['canary-istio', 'canary-dynamic-stable', 'canary-ingress'])('leaves its objects as upstream left them, %s', (name) => {
    const lines = linesOf(name);
    const last = new Map<string, KubeObject>();
    for (const { type, kind = '', object } of lines) {
      const key = `${kind}/${object?.metadata.name}`;
      if (object === undefined || type === 'DELETED') last.delete(key);
      else last.set(key, object);
    }
    const of = <T extends KubeObject>(kind: string): readonly T[] =>
      [...last].filter(([key]) => key.startsWith(`${kind}/`)).map(([, object]) => object as T);
    for (const rollout of of<Rollout>('Rollout')) {
      const used = routers.filter((router) => router.isUsedBy(rollout));
      const routed = used.flatMap((router) => [...new World(router, rollout, [...last.values()]).objects]);
      const plan = decideRollout(
        {
          rollout,
          replicaSets: of<ReplicaSet>('ReplicaSet').filter((set) => isOwnedBy(set, rollout)),
          services: new Map(of<Service>('Service').map((service) => [service.metadata.name ?? '', service])),
          routers: used,
          routed: new Map(routed),
        },
        (parseTime(rollout.status?.conditions?.at(-1)?.lastUpdateTime) ?? 0) + 600_000,
      );
      // The recording may end before the delay after an abort does.
      expect(plan.actions.filter(({ kind }) => kind !== 'PatchReplicaSet')).toEqual([]);
      expect(plan.rollout.status?.canary?.weights).toEqual(rollout.status?.canary?.weights);
    }
  });
});

function linesOf(name: string): readonly Line[] {
  const text = gunzipSync(readFileSync(`${folder}/${name}.ndjson.gz`))
    .toString()
    .trim();
  return text.split('\n').map((line) => JSON.parse(line) as Line);
}

function changesOf(lines: readonly Line[]): readonly Change[] {
  const changes: Change[] = [];
  const rollouts = new Map<string, Rollout>();
  const objects = new Map<string, KubeObject>();
  // What the object shows now, and the weights that its Rollout comes to after those. Two watches are not ordered against each other.
  const progress = new Map<string, { shown: string; ahead: readonly TrafficWeights[] }>();
  for (const { atMs, type, kind = '', object } of lines) {
    if (object === undefined) continue;
    if (kind === 'Rollout') rollouts.set(object.metadata.name ?? '', object as Rollout);
    if (!routedKinds.includes(kind)) continue;
    const key = `${kind}/${object.metadata.name}`;
    const before = objects.get(key);
    const rollout = [...rollouts.values()].find((candidate) => isOwnedBy(object, candidate) || refersTo(candidate, object));
    const isMade = type === 'ADDED' && rollout !== undefined && isOwnedBy(object, rollout);
    const present = [...objects.values()];
    objects.set(key, object);
    if (rollout === undefined || (!isMade && (before === undefined || isSame(shapeOf(before), shapeOf(object))))) continue;
    const router = routers.find((candidate) => candidate.isUsedBy(rollout));
    if (router === undefined) throw new Error(`no router for ${rollout.metadata.name}`);
    const { shown, ahead } = progress.get(key) ?? { shown: kind === 'VirtualService' ? '0' : '', ahead: weightsOf(lines, rollout) };
    const next = ahead.findIndex((weights) => shownBy(kind, weights) !== shown);
    const call = stepFor(rollout, before, object) ?? callFor(kind, ahead[next]);
    if (call.kind === 'SetWeight' || call.kind === 'UpdateHash')
      progress.set(key, { shown: shownBy(kind, ahead[next]), ahead: ahead.slice(next + 1) });
    changes.push({
      title: `${key} at ${atMs}: ${JSON.stringify(call).slice(0, 80)}`,
      router,
      rollout,
      objects: present,
      call,
      after: object,
    });
  }
  return changes;
}

/** The weights that a Rollout comes to, in order. */
function weightsOf(lines: readonly Line[], { metadata: { name } }: Rollout): readonly TrafficWeights[] {
  const all = lines.flatMap(({ kind, object }) =>
    kind === 'Rollout' && object?.metadata.name === name ? [(object as Rollout).status?.canary?.weights] : [],
  );
  return all.filter((weights) => weights !== undefined);
}

/** What of the weights an object of that kind shows. */
function shownBy(kind: string, weights: TrafficWeights | undefined): string {
  if (kind !== 'DestinationRule') return String(weights?.canary.weight);
  return `${weights?.canary.podTemplateHash} ${weights?.stable.podTemplateHash}`;
}

function callFor(kind: string, weights: TrafficWeights | undefined): Call {
  if (weights === undefined) throw new Error('no weights follow');
  if (kind !== 'DestinationRule') return { kind: 'SetWeight', weight: weights.canary.weight, targets: [] };
  return { kind: 'UpdateHash', canary: weights.canary.podTemplateHash ?? '', stable: weights.stable.podTemplateHash ?? '', targets: [] };
}

function refersTo(rollout: Rollout, object: KubeObject): boolean {
  return routers.some(
    (router) =>
      router.isUsedBy(rollout) &&
      router.references(rollout, new Map()).some(({ type, name }) => type.kind === object.kind && name === object.metadata.name),
  );
}

/** A route that came or went tells the step. */
function stepFor(rollout: Rollout, before: KubeObject | undefined, after: KubeObject): Call | undefined {
  const names = (object: KubeObject | undefined): readonly string[] =>
    ((fieldAt(object, 'spec', 'http') ?? []) as Fields[]).map(({ name }) => textOf(name));
  const [added] = names(after).filter((name) => !names(before).includes(name));
  const [removed] = names(before).filter((name) => !names(after).includes(name));
  const steps = rollout.spec.strategy?.canary?.steps ?? [];
  for (const { setHeaderRoute, setMirrorRoute } of steps) {
    const isAdding = (setHeaderRoute?.match ?? setMirrorRoute?.match ?? []).length > 0;
    const name = isAdding ? added : removed;
    if (name !== undefined && setHeaderRoute?.name === name) return { kind: 'SetHeaderRoute', route: setHeaderRoute };
    if (name !== undefined && setMirrorRoute?.name === name) return { kind: 'SetMirrorRoute', route: setMirrorRoute };
  }
  return undefined;
}

function shapeOf({ metadata, spec }: KubeObject): unknown {
  const { name, labels, annotations, ownerReferences } = metadata;
  return JSON.parse(JSON.stringify({ name, labels, annotations, ownerReferences, spec }));
}
