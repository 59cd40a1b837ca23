/**
 * Every screen that upstream's plugin printed in the recorded conversations, from the folder in SLUICE_TEST_INPUTS, against ours of the
 * same objects. Pods are not recorded, so their rows are left out, and with them widths and ages, which the views' own tests hold.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { AnalysisRun, Experiment, KubeObject, ReplicaSet, Rollout } from '@sluice/api';
import { printRollout, rolloutView } from '@sluice/views';
import { describe, expect, it } from 'vitest';

const folder = join(process.env.SLUICE_TEST_INPUTS ?? '', 'argo-rollouts', 'recorded');
const isThere = process.env.SLUICE_TEST_INPUTS !== undefined && existsSync(folder);
if (!isThere) console.warn('skipped: recorded screens; set SLUICE_TEST_INPUTS to a folder with argo-rollouts/recorded');

type Line = {
  readonly atMs: number;
  readonly type?: string;
  readonly kind?: string;
  readonly object?: KubeObject;
  readonly screen?: unknown;
};
type State = Map<string, KubeObject>;

/** What does not depend on pods: the rows in their order, without widths, ages and the shape of the tree. */
function essence(screen: string): readonly string[] {
  const age = /\b(\d+[smhd])+\b(?=\s*(stable|canary|active|preview|ping|pong|delay|✔|✖|⚠|\?|$))/;
  return screen
    .split('\n')
    .filter((row) => !row.includes('□'))
    .map((row) =>
      row
        .replace(/[├└│─]/g, ' ')
        .replace(age, '')
        .replace(/delay:\d+s/, 'delay')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((row) => row !== '');
}

function note(state: State, { type, kind, object }: Line): void {
  if (kind === undefined || object === undefined) return;
  const key = `${kind}/${object.metadata.name}`;
  if (type === 'DELETED') state.delete(key);
  else state.set(key, object);
}

function ours(state: State, name: string, atMs: number): readonly string[] {
  const all = <T extends KubeObject>(kind: string): readonly T[] =>
    [...state].filter(([key]) => key.startsWith(`${kind}/`)).map(([, object]) => object as T);
  const rollout = state.get(`Rollout/${name}`) as Rollout | undefined;
  if (rollout === undefined) return [];
  const view = rolloutView(
    {
      rollout,
      replicaSets: all<ReplicaSet>('ReplicaSet'),
      pods: [],
      experiments: all<Experiment>('Experiment'),
      analysisRuns: all<AnalysisRun>('AnalysisRun'),
    },
    Date.parse(rollout.metadata.creationTimestamp ?? '') + atMs,
  );
  return essence(printRollout(view, { color: false }));
}

/** A screen shows what the server held while it was read; the watch may have told it a moment later. */
const laterLinesMax = 20;

describe.runIf(isThere)('a recorded screen', () => {
  for (const file of isThere ? readdirSync(folder).filter((name) => name.endsWith('.ndjson.gz')) : []) {
    const lines = gunzipSync(readFileSync(join(folder, file)))
      .toString()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Line);
    for (const [at, { screen, atMs }] of lines.entries()) {
      if (screen === undefined) continue;
      it(`${file} ${at + 1} is ours`, () => {
        const text = Array.isArray(screen) ? screen.join('\n') : String(screen);
        const name = /^Name: +(\S+)/.exec(text)?.[1] ?? '';
        const state: State = new Map();
        for (const line of lines.slice(0, at)) note(state, line);
        const expected = essence(text);
        const first = ours(state, name, atMs);
        let isFound = JSON.stringify(first) === JSON.stringify(expected);
        for (const line of lines.slice(at, at + laterLinesMax)) {
          if (isFound) return;
          note(state, line);
          isFound = JSON.stringify(ours(state, name, atMs)) === JSON.stringify(expected);
        }
        expect(isFound ? expected : first).toEqual(expected);
      });
    }
  }
});
