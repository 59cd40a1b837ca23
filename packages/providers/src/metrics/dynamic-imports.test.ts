import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

// In a bundle `(await import('a-commonjs-package')).Name` is undefined; static exports of a module of ours are not.
it('libraries are loaded late through modules of ours only', () => {
  const files = filesBelow(import.meta.dirname).filter((path) => /(?<!\.test)\.ts$/.test(path));
  const late = files.flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/\bimport\('([^']+)'\)/g)].map(([, name = '']) => name));
  expect(late.length).toBeGreaterThan(2);
  expect(late.filter((name) => !name.startsWith('.'))).toEqual([]);
});
