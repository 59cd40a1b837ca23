/**
 * What every traffic router keeps, whatever its objects look like: asked twice it changes nothing the second time, it touches its own fields
 * only, weights add up, what is missing or malformed is a problem and never a throw. Its conversation with a whole canary is a golden file.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { KubeObject, Rollout } from '@sluice/api';
import { formatTime } from '@sluice/api';
import type { TrafficRouter, WeightTarget } from '@sluice/engine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Call, World } from './world.ts';

export type RouterCase = {
  readonly title: string;
  readonly router: TrafficRouter;
  readonly rollout: Rollout;
  readonly objects: readonly KubeObject[];
  /** Name of the golden file. */
  readonly golden: string;
  /** Highest weight whose rest is not below 0; the whole when absent. */
  readonly weightMax?: number;
  /** Whether experiments get a share. */
  readonly takesTargets: boolean;
  /** Problem of `setWeight` when there are no objects; `undefined` when it makes what it needs. */
  readonly missing: string | undefined;
  /** Kinds whose spec the router needs to understand. */
  readonly reads: readonly string[];
  /** Weights of each split in the objects. */
  readonly weights: (world: World) => readonly (readonly number[])[];
  /** The object without the fields that the router may change. */
  readonly others: (object: KubeObject) => unknown;
  /** After the weights, in order: header routes and the like. */
  readonly calls?: readonly Call[];
};

const experiments: readonly WeightTarget[] = [
  { weight: 5, serviceName: 'web-exp-b', podTemplateHash: 'bbb' },
  { weight: 10, serviceName: 'web-exp-a', podTemplateHash: 'aaa' },
];
const garbage: readonly unknown[] = [null, 5, 'x', true, [], {}, [null], [5], [[]], [{}], { name: 5 }];

export function routerConformance(router: RouterCase): void {
  const world = (): World => new World(router.router, router.rollout, router.objects);
  const setWeight = (weight: number, targets: readonly WeightTarget[] = []): Call => ({ kind: 'SetWeight', weight, targets });
  const every: readonly Call[] = [
    ...[0, 5, 50, 100, 0].map((weight) => setWeight(weight)),
    ...(router.takesTargets ? [setWeight(5, experiments), setWeight(50, experiments.slice(1)), setWeight(50)] : []),
    { kind: 'UpdateHash', canary: 'ccc', stable: 'sss', targets: router.takesTargets ? experiments : [] },
    { kind: 'UpdateHash', canary: 'ccc', stable: 'ccc', targets: [] },
    ...(router.calls ?? []),
  ];
  const whole = router.rollout.spec.strategy?.canary?.trafficRouting?.maxTrafficWeight ?? 100;

  describe(`${router.title}, as every router`, () => {
    it('goes through a canary as its golden file says', () => {
      const seen = world();
      const lines = [`before\n${shown([...seen.objects.values()])}`];
      for (const call of every) {
        const before = seen.objects;
        const { changed, notes, wakeAt } = seen.act(call);
        lines.push(
          `${JSON.stringify(call)}`,
          ...changed.map((key) => {
            const object = seen.objects.get(key);
            if (object === undefined) return `  ${key}: gone`;
            const old = before.get(key);
            return old === undefined ? `  ${key}: made\n${shown(object)}` : `  ${key}: changed\n${difference(shown(old), shown(object))}`;
          }),
          ...notes.map(({ type, reason, message }) => `  ${type} ${reason}: ${message}`),
          ...(wakeAt === undefined ? [] : [`  again at ${formatTime(wakeAt)}`]),
        );
      }
      matchesGolden(router.golden, `${lines.join('\n')}\n`);
    });

    it('changes nothing when asked again', () => {
      const seen = world();
      for (const call of every) {
        seen.act(call);
        expect(seen.act(call), JSON.stringify(call)).toMatchObject({ changed: [], notes: [] });
      }
    });

    it('changes its own fields only', () => {
      const seen = world();
      const before = new Map(seen.objects);
      for (const call of every) {
        seen.act(call);
        for (const [key, object] of before) {
          const now = seen.objects.get(key);
          expect(now === undefined ? undefined : router.others(now), `${key} after ${JSON.stringify(call)}`).toEqual(router.others(object));
        }
      }
    });

    it('makes the weights add up, after any weights before', () => {
      const share = fc.record({
        weight: fc.integer({ min: 0, max: whole }),
        targets: router.takesTargets ? fc.integer({ min: 0, max: 2 }) : fc.constant(0),
      });
      fc.assert(
        fc.property(fc.array(share, { minLength: 1, maxLength: 4 }), (shares) => {
          const seen = world();
          for (const { weight, targets } of shares) {
            seen.act(setWeight(Math.min(weight, whole - 15), experiments.slice(0, targets)));
            for (const split of router.weights(seen)) expect(split.reduce((total, part) => total + part, 0)).toBe(whole);
          }
          seen.act(setWeight(router.weightMax ?? whole));
          for (const split of router.weights(seen)) expect(split.reduce((total, part) => total + part, 0)).toBe(whole);
        }),
        { numRuns: 40 },
      );
    });

    it('names its objects whether they are there or not, and finds nothing wrong with them', () => {
      const seen = world();
      expect(router.router.isUsedBy(router.rollout)).toBe(true);
      expect(router.router.isUsedBy({ ...router.rollout, spec: { strategy: { canary: {} } } })).toBe(false);
      const keys = [...seen.objects.keys()];
      expect(keys.length).toBe(router.objects.length);
      expect(router.router.validate(router.rollout, seen.objects)).toBeUndefined();
    });

    it('takes no route of nobody for that of a step without a name', () => {
      const seen = world();
      const before = seen.objects;
      for (const match of [undefined, [{ headerName: 'a', headerValue: { exact: 'b' } }]]) {
        const header = seen.ask({ kind: 'SetHeaderRoute', route: match === undefined ? {} : { match } });
        expect(header.ok ? header.changes : []).toEqual([]);
        const mirror = seen.ask({ kind: 'SetMirrorRoute', route: { name: '' } });
        expect(mirror.ok ? mirror.changes : []).toEqual([]);
      }
      expect(seen.objects).toBe(before);
    });

    it('says what is missing', () => {
      const seen = new World(router.router, router.rollout, []);
      for (const call of every) seen.ask(call);
      const outcome = seen.ask(setWeight(50));
      expect(outcome.ok ? undefined : outcome.problem).toBe(router.missing);
    });

    it('has a problem with what has the wrong shape, and throws nothing', () => {
      const made = world();
      made.act(setWeight(50));
      const [first] = router.calls ?? [];
      if (first !== undefined) made.act(first);
      const damage = (objects: World['objects'], key: string, object: KubeObject): World => {
        const seen = world();
        seen.objects = new Map(objects).set(key, object);
        return seen;
      };
      for (const [key, object] of made.objects) {
        for (const broken of damaged(object)) {
          const seen = damage(made.objects, key, broken);
          seen.router.validate(seen.rollout, seen.objects);
          seen.router.referencedHashes?.(seen.rollout, seen.objects);
          seen.router.clean?.(broken, () => false);
          for (const call of every) {
            const outcome = seen.ask(call);
            if (!outcome.ok) expect(outcome.problem).not.toBe('');
          }
        }
      }
      const { objects } = world();
      for (const [key, object] of objects) {
        for (const spec of router.reads.includes(object.kind) ? garbage : []) {
          const outcome = damage(objects, key, { ...object, spec }).ask(setWeight(50));
          expect(outcome.ok, `${object.kind} with spec ${JSON.stringify(spec)}`).toBe(false);
        }
      }
    });
  });
}

/** The object with each value of its spec in turn replaced by each kind of garbage, or gone. */
function damaged(object: KubeObject): readonly KubeObject[] {
  const variants = (value: unknown): readonly unknown[] => [
    ...garbage,
    ...(Array.isArray(value) ? value.flatMap((item, at) => variants(item).map((next) => value.with(at, next))) : []),
    ...(typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.entries(value).flatMap(([key, item]) => {
          const { [key]: _, ...without } = value as Record<string, unknown>;
          return [without, ...variants(item).map((next) => ({ ...value, [key]: next }))];
        })
      : []),
  ];
  return variants(object.spec).map((spec) => ({ ...object, spec }));
}

/** A line for what is short, else its parts. */
function shown(value: unknown, path = ''): string {
  const text = JSON.stringify(value);
  if (typeof value !== 'object' || value === null || text.length + path.length <= 120) return `    ${path}: ${text}`;
  const parts = Object.entries(value).map(([key, part]) => [Array.isArray(value) ? `[${key}]` : `.${key}`, part] as const);
  return parts.map(([key, part]) => shown(part, `${path}${key}`)).join('\n');
}

function difference(before: string, after: string): string {
  const old = before.split('\n');
  const now = after.split('\n');
  const marked = (lines: readonly string[], others: readonly string[], mark: string): readonly string[] =>
    lines.filter((line) => !others.includes(line)).map((line) => `  ${mark}${line.slice(3)}`);
  return [...marked(old, now, '-'), ...marked(now, old, '+')].join('\n');
}

/** `UPDATE_GOLDEN=1` writes the file anew. */
function matchesGolden(name: string, text: string): void {
  const path = new URL(`../testdata/${name}.golden`, import.meta.url).pathname;
  if (process.env.UPDATE_GOLDEN === '1') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  expect(existsSync(path) ? readFileSync(path, 'utf8') : '').toBe(text);
}
