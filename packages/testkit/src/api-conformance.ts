/**
 * One suite for any Kubernetes API: the embedded one in process and over HTTPS, and a real one. What it demands was read off a real
 * 1.34; where the embedded server differs, the embedded server is wrong. Each topic is a file under `conformance/`.
 */
import { afterAll, beforeAll, describe } from 'vitest';
import { accessCases } from './conformance/access.ts';
import { type ApiUnderTest, Bench } from './conformance/bench.ts';
import { collectionCases } from './conformance/collections.ts';
import { customResourceCases } from './conformance/custom-resources.ts';
import { deletionCases } from './conformance/deletion.ts';
import { objectCases } from './conformance/objects.ts';
import { patchCases } from './conformance/patches.ts';
import { subresourceCases } from './conformance/subresources.ts';
import { watchCases } from './conformance/watches.ts';
import { workloadCases } from './conformance/workloads.ts';

/**
 * Registers the whole suite for one API server. Works in namespaces of its own and removes them; cluster-scoped objects it makes carry
 * the namespace's name.
 *
 * @param name - shown in the test's title
 * @param connect - called once before the first case
 */
export function describeApiServer(name: string, connect: () => Promise<ApiUnderTest>): void {
  describe(`the Kubernetes API (${name})`, () => {
    const bench = new Bench();
    beforeAll(async () => {
      await bench.start(await connect());
    });
    afterAll(async () => {
      await bench.stop();
    });
    describe('objects', () => objectCases(bench));
    describe('patches', () => patchCases(bench));
    describe('collections', () => collectionCases(bench));
    describe('watches', () => watchCases(bench));
    describe('subresources', () => subresourceCases(bench));
    describe('deletion', () => deletionCases(bench));
    describe('custom resources', () => customResourceCases(bench));
    describe('access', () => accessCases(bench));
    describe('workloads', () => workloadCases(bench));
  });
}
