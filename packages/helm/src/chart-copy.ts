/**
 * A copy of the chart to work in: stamped, with its dependencies in place. The user's folder is only ever read.
 * The copy keeps the original's absolute path below the scratch folder, so that `file://../other` in Chart.yaml finds a copy too.
 */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { type Chart, readChart } from './chart.ts';
import { type HelmDriver, HelmError } from './helm-driver.ts';
import { DeliveryProblem } from './problem.ts';
import { StampError, stampAppVersion } from './stamp.ts';

export type ChartCopyOptions = {
  readonly chart: Chart;
  /** An empty folder of our own. */
  readonly scratch: string;
  readonly appVersion?: string | undefined;
  readonly helm: Pick<HelmDriver, 'buildDependencies'>;
  readonly signal?: AbortSignal | undefined;
};

/**
 * Copies, builds dependencies, stamps.
 *
 * @returns the folder to give to helm
 * @throws DeliveryProblem LOCK_OUT_OF_DATE, CHART_NOT_FOUND for a `file://` dependency, APPVERSION_INVALID
 */
export async function copyChart(options: ChartCopyOptions): Promise<string> {
  const folder = await copyWithDependencies(options, options.chart, []);
  if (options.appVersion !== undefined) {
    const path = join(folder, 'Chart.yaml');
    try {
      await writeFile(path, stampAppVersion(await readFile(path, 'utf8'), options.appVersion));
    } catch (error) {
      if (error instanceof StampError) throw new DeliveryProblem('APPVERSION_INVALID', error.message, undefined, { cause: error });
      throw error;
    }
  }
  return folder;
}

async function copyWithDependencies(options: ChartCopyOptions, chart: Chart, parents: readonly string[]): Promise<string> {
  const source = resolve(chart.folder);
  const target = join(options.scratch, source.split(sep).join('/'));
  if (parents.includes(source)) {
    throw new DeliveryProblem('CHART_INVALID', `chart ${chart.folder} depends on itself through ${parents.join(' -> ')}`);
  }
  await mkdir(dirname(target), { recursive: true });
  await cp(source, target, { recursive: true, dereference: true, filter: (path) => !/[/\\](\.git|node_modules)$/.test(path) });
  const local = chart.dependencies.filter((dependency) => dependency.repository.startsWith('file://'));
  for (const dependency of local) {
    const path = dependency.repository.slice('file://'.length);
    const original = isAbsolute(path) ? path : resolve(source, path);
    const found = await readChart(original).catch((error: unknown) => {
      if (!(error instanceof DeliveryProblem) || error.code !== 'CHART_NOT_FOUND') throw error;
      throw new DeliveryProblem(
        'CHART_NOT_FOUND',
        `chart ${chart.name}: dependency ${dependency.name} (${dependency.repository}): ${error.message}`,
      );
    });
    await copyWithDependencies(options, found, [...parents, source]);
  }
  if (chart.dependencies.length > 0 && !(await isComplete(chart, target))) await build(options, chart, target);
  return target;
}

/** True when everything needed already lies in `charts/` at its pinned version and nothing comes from a neighbouring folder. */
async function isComplete(chart: Chart, target: string): Promise<boolean> {
  if (chart.dependencies.some((dependency) => dependency.repository.startsWith('file://'))) return false;
  const names = await readdir(join(target, 'charts')).catch((): string[] => []);
  return chart.dependencies.every((dependency) => {
    const pinned = chart.lock?.find((entry) => entry.name === dependency.name)?.version ?? dependency.version;
    return names.includes(dependency.name) || names.includes(`${dependency.name}-${pinned}.tgz`);
  });
}

async function build(options: ChartCopyOptions, chart: Chart, target: string): Promise<void> {
  const remote = chart.dependencies.find((dependency) => dependency.repository !== '' && !dependency.repository.startsWith('file://'));
  const advice = `run: helm dependency update ${chart.folder}, and commit Chart.lock`;
  if (chart.lock === undefined && remote !== undefined) {
    throw new DeliveryProblem(
      'LOCK_OUT_OF_DATE',
      `chart ${chart.name} has no Chart.lock, so ${remote.name} ${remote.version} could be another one tomorrow`,
      advice,
    );
  }
  try {
    await options.helm.buildDependencies(target, options.signal);
  } catch (error) {
    if (!(error instanceof HelmError) || error.wasCancelled) throw error;
    const message = error.message.replaceAll(options.scratch, '');
    const isLock = /out of sync/.test(message);
    throw new DeliveryProblem(
      isLock ? 'LOCK_OUT_OF_DATE' : 'CHART_INVALID',
      isLock ? `chart ${chart.name}: Chart.lock does not agree with Chart.yaml` : `chart ${chart.name}: build dependencies: ${message}`,
      isLock ? advice : undefined,
      { cause: error },
    );
  }
}
