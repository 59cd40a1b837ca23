/** Reads what a chart folder says about itself. Knows Chart.yaml and Chart.lock; templates are helm's business. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseYaml } from '@sluice/schema';
import { DeliveryProblem } from './problem.ts';

export type ChartDependency = { readonly name: string; readonly version: string; readonly repository: string; readonly alias?: string };

export type Chart = {
  readonly folder: string;
  readonly name: string;
  readonly version: string;
  readonly appVersion: string | undefined;
  readonly type: 'application' | 'library';
  readonly annotations: Readonly<Record<string, string>>;
  readonly dependencies: readonly ChartDependency[];
  /** What Chart.lock pins; absent when there is no lock. */
  readonly lock: readonly ChartDependency[] | undefined;
};

/** Comma list of value paths that get the artifact version besides `global.appVersion`. */
const appVersionPathsAnnotation = 'sluice.dev/app-version-paths';

/** @throws DeliveryProblem CHART_NOT_FOUND or CHART_INVALID, with the field's path */
export async function readChart(folder: string): Promise<Chart> {
  const text = await readFileOf(folder, 'Chart.yaml');
  if (text === undefined) {
    const isFolder = await stat(folder).then(
      (found) => found.isDirectory(),
      () => false,
    );
    throw new DeliveryProblem(
      'CHART_NOT_FOUND',
      isFolder ? `chart ${folder} has no Chart.yaml` : `chart folder ${folder} does not exist`,
      'give the folder of the chart with --chart',
    );
  }
  const path = join(folder, 'Chart.yaml');
  const chart = mapping(parse(text, path), path);
  const type = optionalText(chart, 'type', path) ?? 'application';
  if (type !== 'application' && type !== 'library')
    throw invalid(path, 'type', `must be application or library, not ${JSON.stringify(type)}`);
  const lockText = await readFileOf(folder, 'Chart.lock');
  const lockPath = join(folder, 'Chart.lock');
  return {
    folder,
    name: requiredText(chart, 'name', path),
    version: requiredText(chart, 'version', path),
    appVersion: chart.appVersion === undefined || chart.appVersion === null ? undefined : String(chart.appVersion),
    type,
    annotations: annotationsOf(chart.annotations, path),
    dependencies: dependenciesOf(chart.dependencies, path),
    lock: lockText === undefined ? undefined : dependenciesOf(mapping(parse(lockText, lockPath), lockPath).dependencies, lockPath),
  };
}

/** The annotation `sluice.dev/app-version-paths` as a list. */
export function appVersionPaths(chart: Chart): readonly string[] {
  return (chart.annotations[appVersionPathsAnnotation] ?? '')
    .split(',')
    .map((path) => path.trim())
    .filter((path) => path !== '');
}

type Mapping = Readonly<Record<string, unknown>>;

async function readFileOf(folder: string, name: string): Promise<string | undefined> {
  try {
    return await readFile(join(folder, name), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new DeliveryProblem('CHART_NOT_FOUND', `read ${join(folder, name)}: ${(error as Error).message}`, undefined, { cause: error });
  }
}

function parse(text: string, path: string): unknown {
  try {
    return parseYaml(text)[0];
  } catch (cause) {
    throw new DeliveryProblem('CHART_INVALID', `${path}: ${(cause as Error).message}`, undefined, { cause });
  }
}

function mapping(value: unknown, path: string): Mapping {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Mapping;
  throw new DeliveryProblem('CHART_INVALID', `${path}: must be a map of fields`);
}

function requiredText(map: Mapping, field: string, path: string, prefix = ''): string {
  const value = optionalText(map, field, path, prefix);
  if (value === undefined || value === '') throw invalid(path, `${prefix}${field}`, 'is required');
  return value;
}

function optionalText(map: Mapping, field: string, path: string, prefix = ''): string | undefined {
  const value = map[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalid(path, `${prefix}${field}`, 'must be text; put it in quotes');
  return value;
}

function annotationsOf(value: unknown, path: string): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  const map = mapping(value, `${path}: annotations`);
  for (const key of Object.keys(map)) optionalText(map, key, path, 'annotations.');
  return map as Readonly<Record<string, string>>;
}

function dependenciesOf(value: unknown, path: string): readonly ChartDependency[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid(path, 'dependencies', 'must be a list');
  return value.map((entry: unknown, index) => {
    const prefix = `dependencies[${index}].`;
    const map = mapping(entry, `${path}: dependencies[${index}]`);
    const alias = optionalText(map, 'alias', path, prefix);
    return {
      name: requiredText(map, 'name', path, prefix),
      version: optionalText(map, 'version', path, prefix) ?? '',
      repository: optionalText(map, 'repository', path, prefix) ?? '',
      ...(alias === undefined ? {} : { alias }),
    };
  });
}

function invalid(path: string, field: string, what: string): DeliveryProblem {
  return new DeliveryProblem('CHART_INVALID', `${path}: ${field}: ${what}`);
}
