/** Holds the table of arrows: who may import whom, and that a package is entered by its door only. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** The picture of docs/internals/architecture.md. Change both together. `*` is any package. */
const arrows: Readonly<Record<string, readonly string[]>> = {
  'packages/api': [],
  'packages/schema': ['api'],
  'packages/engine': ['api'],
  'packages/kube': ['api'],
  // Of the engine only the types of its ports.
  'packages/providers': ['api', 'engine', 'kube'],
  'packages/controller': ['api', 'engine', 'kube'],
  'packages/helm': ['api', 'kube', 'engine', 'schema'],
  'packages/apiserver': ['api', 'schema'],
  'packages/cluster': ['api', 'kube', 'apiserver'],
  'packages/views': ['api', 'engine'],
  'packages/testkit': ['api', 'kube', 'engine'],
  'apps/sluice': ['*'],
  // Of views only the types of what the server sends.
  'apps/dashboard': ['views'],
};

const rooms: readonly string[] = ['packages', 'apps'].flatMap((parent) =>
  readdirSync(join(root, parent)).map((name) => `${parent}/${name}`),
);

function sources(folder: string): readonly string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name === 'node_modules' || name === 'dist' || name === 'testdata') return [];
    if (statSync(path).isDirectory()) return sources(path);
    return /\.tsx?$/.test(name) ? [path] : [];
  });
}

function importsOf(file: string): readonly string[] {
  return [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1] ?? '');
}

describe('the table of arrows', () => {
  it('names every room of the house and no other', () => {
    expect([...rooms].sort()).toEqual(Object.keys(arrows).sort());
  });

  for (const room of rooms) {
    const allowed = arrows[room] ?? [];
    const manifest = JSON.parse(readFileSync(join(root, room, 'package.json'), 'utf8')) as { dependencies?: Record<string, string> };

    it(`${room} declares only arrows of the table`, () => {
      const declared = Object.keys(manifest.dependencies ?? {}).flatMap((name) =>
        name.startsWith('@sluice/') ? [name.slice('@sluice/'.length)] : [],
      );
      expect(declared.filter((name) => !allowed.includes('*') && !allowed.includes(name))).toEqual([]);
    });

    it(`${room} enters other packages by their door, and only those it declares`, () => {
      const wrong: string[] = [];
      for (const file of sources(join(root, room))) {
        // Tests may lean on the testkit, which looks at them only through the same doors.
        const isTest = /\.(test|bench)\.ts$/.test(file) || file.includes('/testing/');
        for (const specifier of importsOf(file)) {
          if (specifier.startsWith('.') && !join(file, '..', specifier).startsWith(join(root, room))) wrong.push(`${file}: ${specifier}`);
          if (!specifier.startsWith('@sluice/')) continue;
          const [, name = '', ...deeper] = specifier.split('/');
          if (deeper.length > 0) wrong.push(`${file}: ${specifier} goes past the door`);
          const declared = Object.hasOwn(manifest.dependencies ?? {}, `@sluice/${name}`);
          if (!declared && !isTest) wrong.push(`${file}: ${specifier} is not declared`);
        }
      }
      expect(wrong).toEqual([]);
    });
  }
});

describe('the pages', () => {
  it('see the server over HTTP only: of packages they import types and nothing that runs', () => {
    const wrong = sources(join(root, 'apps/dashboard/src')).flatMap((file) =>
      [...readFileSync(file, 'utf8').matchAll(/^import (?!type )[^;]*'@sluice\/[^']+'/gm)].map(([text]) => `${file}: ${text}`),
    );
    expect(wrong).toEqual([]);
  });
});

describe('the decisions', () => {
  it('have no clock, randomness, environment or I/O', () => {
    const forbidden = /\bDate\b|Math\.random|process\.|setTimeout|setInterval|\bfetch\(|from 'node:/;
    const wrong = sources(join(root, 'packages/engine/src'))
      .filter((file) => !file.endsWith('.test.ts'))
      .filter((file) => forbidden.test(readFileSync(file, 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')));
    expect(wrong).toEqual([]);
  });
});
