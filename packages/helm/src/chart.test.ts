import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appVersionPaths, readChart } from './chart.ts';
import { copyChart } from './chart-copy.ts';
import { HelmError } from './helm-driver.ts';
import { appVersionValues, layerValues } from './values.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-chart-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string, text: string): string => {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
};
const chart = (name: string, text: string): string => join(file(`${name}/Chart.yaml`, text), '..');
const basic = 'apiVersion: v2\nname: web\nversion: 0.1.0\n';

describe('what a chart says of itself', () => {
  it('is read with its dependencies, lock and the paths of its app version', async () => {
    const path = chart(
      'web',
      `${basic}appVersion: 1.10\nannotations: {sluice.dev/app-version-paths: "a.tag, b.c.tag"}\ndependencies: [{name: lib, version: 1.x, repository: "file://../lib", alias: x}]\n`,
    );
    file('web/Chart.lock', 'dependencies: [{name: lib, version: 1.2.3, repository: "file://../lib"}]\n');
    const read = await readChart(path);
    expect(read).toMatchObject({
      name: 'web',
      version: '0.1.0',
      type: 'application',
      dependencies: [{ name: 'lib', alias: 'x' }],
      lock: [{ version: '1.2.3' }],
    });
    expect(appVersionPaths(read)).toEqual(['a.tag', 'b.c.tag']);
    expect(appVersionValues('9', appVersionPaths(read))).toEqual({ global: { appVersion: '9' }, a: { tag: '9' }, b: { c: { tag: '9' } } });
  });

  const bad: readonly (readonly [name: string, text: string, message: string])[] = [
    ['no name', 'version: 0.1.0\n', 'Chart.yaml: name: is required'],
    ['a version that is a number', 'name: web\nversion: 1.0\n', 'Chart.yaml: version: must be text; put it in quotes'],
    ['another type', `${basic}type: plugin\n`, 'Chart.yaml: type: must be application or library, not "plugin"'],
    ['a list for a map', '- a\n', 'Chart.yaml: must be a map of fields'],
    ['a dependency without a name', `${basic}dependencies: [{version: 1.0.0}]\n`, 'Chart.yaml: dependencies[0].name: is required'],
    ['an annotation that is a number', `${basic}annotations: {a: 1}\n`, 'Chart.yaml: annotations.a: must be text; put it in quotes'],
  ];
  for (const [name, text, message] of bad) {
    it(`is refused with ${name}`, async () => {
      const path = chart('web', text);
      await expect(readChart(path)).rejects.toThrow(`${path}/${message}`);
    });
  }
});

describe('the copy to work in', () => {
  const helm = { buildDependencies: async (path: string): Promise<void> => writeFileSync(join(path, 'built'), '') };
  const copy = async (path: string, more: { appVersion?: string; helm?: typeof helm } = {}): Promise<string> => {
    const scratch = join(folder, 'scratch');
    mkdirSync(scratch, { recursive: true });
    return copyChart({ chart: await readChart(path), scratch, appVersion: more.appVersion, helm: more.helm ?? helm });
  };

  it('is stamped, has its neighbours beside it with their own dependencies built, and leaves the original alone', async () => {
    chart('base', basic);
    chart('lib', `${basic}dependencies: [{name: web, version: 0.1.0, repository: "file://../base"}]\n`);
    const path = chart('web', `${basic}# kept\ndependencies: [{name: web, version: 0.1.0, repository: "file://../lib"}]\n`);
    const copied = await copy(path, { appVersion: '9.1' });
    expect(readFileSync(join(copied, 'Chart.yaml'), 'utf8')).toContain('# kept\n');
    expect(readFileSync(join(copied, 'Chart.yaml'), 'utf8')).toContain('appVersion: "9.1"\n');
    expect([
      existsSync(join(copied, 'built')),
      existsSync(join(copied, '../lib/built')),
      existsSync(join(copied, '../base/built')),
    ]).toEqual([true, true, false]);
    expect([readdirSync(path), readdirSync(join(folder, 'lib'))]).toEqual([['Chart.yaml'], ['Chart.yaml']]);
  });

  it('needs no build when charts/ has everything at its pinned version', async () => {
    const path = chart('web', `${basic}dependencies: [{name: redis, version: 1.x, repository: "https://charts.example.test"}]\n`);
    file('web/Chart.lock', 'dependencies: [{name: redis, version: 1.2.3, repository: "https://charts.example.test"}]\n');
    file('web/charts/redis-1.2.3.tgz', '');
    expect(existsSync(join(await copy(path), 'built'))).toBe(false);
  });

  it('is refused without a lock, with an old one, without a neighbour, and for a circle', async () => {
    const remote = chart('remote', `${basic}dependencies: [{name: redis, version: 1.x, repository: "https://charts.example.test"}]\n`);
    await expect(copy(remote)).rejects.toThrow('chart web has no Chart.lock, so redis 1.x could be another one tomorrow');
    file('remote/Chart.lock', 'dependencies: []\n');
    const outOfSync = {
      buildDependencies: () =>
        Promise.reject(
          new HelmError('dependency', 'the lock file (Chart.lock) is out of sync with the dependencies file (Chart.yaml)', false),
        ),
    };
    await expect(copy(remote, { helm: outOfSync })).rejects.toMatchObject({
      code: 'LOCK_OUT_OF_DATE',
      message: 'chart web: Chart.lock does not agree with Chart.yaml',
    });
    const alone = chart('alone', `${basic}dependencies: [{name: lib, version: 0.1.0, repository: "file://../gone"}]\n`);
    await expect(copy(alone)).rejects.toThrow(
      `chart web: dependency lib (file://../gone): chart folder ${join(folder, 'gone')} does not exist`,
    );
    chart('one', `${basic}dependencies: [{name: web, version: 0.1.0, repository: "file://../two"}]\n`);
    const two = chart('two', `${basic}dependencies: [{name: web, version: 0.1.0, repository: "file://../one"}]\n`);
    await expect(copy(two)).rejects.toThrow(/depends on itself through/);
  });
});

describe('values in layers', () => {
  it('merge maps, replace the rest, and give helm only what the files do not say', async () => {
    const files = [file('a.yaml', 'a: {x: 1, list: [1, 2]}\nb: 1\n'), file('b.yaml', 'a: {list: [3], z: null}\n')];
    const layered = await layerValues({
      valuesFiles: files,
      injectedValues: { global: { appVersion: '9' } },
      set: ['b=2', 'a.list[0]=4', 'a.x=1'],
    });
    expect(layered.merged).toEqual({ a: { x: 1, list: [4], z: null }, b: 2, global: { appVersion: '9' } });
    expect(layered.overlay).toEqual({ a: { list: [4] }, b: 2, global: { appVersion: '9' } });
  });

  it('name the file and the line of a mistake', async () => {
    const layers = (path: string): Promise<unknown> => layerValues({ valuesFiles: [path], injectedValues: {}, set: [] });
    await expect(layers(join(folder, 'none.yaml'))).rejects.toThrow(`values file ${folder}/none.yaml does not exist`);
    await expect(layers(file('list.yaml', '- a\n'))).rejects.toThrow(`values file ${folder}/list.yaml: must be a map of values`);
    await expect(layers(file('broken.yaml', 'a: 1\nb: [\n'))).rejects.toThrow(/broken\.yaml: yaml: line \d+: /);
    expect(await layers(file('empty.yaml', '# nothing yet\n'))).toEqual({ merged: {}, overlay: {} });
  });
});
