/** Holds docs/decisions/0006-dependencies.md against the manifests: every dependency has a row that says why it is here, and no row is a leftover. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));

type Manifest = {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
};

const rooms = ['packages', 'apps'].flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`));
const manifests = ['.', ...rooms].map((room) => JSON.parse(readFileSync(join(root, room, 'package.json'), 'utf8')) as Manifest);

/** `name major` of each dependency from outside, with the rooms that declare it. */
function declared(
  fields: readonly ('dependencies' | 'optionalDependencies' | 'devDependencies')[],
): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const manifest of manifests) {
    const room = manifest.name.replace('@sluice/', '');
    for (const name of fields.flatMap((field) => Object.keys(manifest[field] ?? {}))) {
      if (!name.startsWith('@sluice/')) found.set(name, [...(found.get(name) ?? []), room].sort());
    }
  }
  return found;
}

const page = readFileSync(join(root, 'docs/decisions/0006-dependencies.md'), 'utf8');
const [forUsers = '', forDevelopment = ''] = page.split('For development:');

/** The cells of each row whose first cell names packages. */
function rows(text: string): readonly (readonly string[])[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    );
}

const namesIn = (cell: string): readonly string[] => [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');

describe('the page of dependencies', () => {
  it('has a row for each dependency of the program, with the rooms that use it', () => {
    const told = rows(forUsers).flatMap(([names = '', users = '']) => namesIn(names).map((name) => [name, users.split(', ')] as const));
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(declared(['dependencies', 'optionalDependencies'])));
  });

  it('names each dependency of development', () => {
    const told = rows(forDevelopment).flatMap(([names = '']) => namesIn(names));
    expect([...told].sort()).toEqual([...declared(['devDependencies']).keys()].sort());
  });

  it('tells the major version that is installed', () => {
    const versions = new Map(
      manifests.flatMap(({ dependencies, optionalDependencies, devDependencies }) =>
        Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies }),
      ),
    );
    const told = [...page.matchAll(/`([^`]+)` (\d+)\b/g)].filter(([, name = '']) => versions.has(name));
    const wrong = told.filter(([, name = '', major]) => versions.get(name)?.split('.')[0] !== major);
    expect(wrong.map(([text]) => text)).toEqual([]);
  });

  it('is about versions that are pinned exactly', () => {
    const loose = manifests.flatMap(({ dependencies, optionalDependencies, devDependencies }) =>
      Object.entries({ ...dependencies, ...optionalDependencies, ...devDependencies }).filter(
        ([name, version]) => !name.startsWith('@sluice/') && !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version),
      ),
    );
    expect(loose).toEqual([]);
  });
});
