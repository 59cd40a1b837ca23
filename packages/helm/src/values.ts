/** Values layers as one, by helm's rules: maps merge, lists and all else replace, null takes a key of the chart away. */
import { readFile } from 'node:fs/promises';
import { parseYaml } from '@sluice/schema';
import { DeliveryProblem } from './problem.ts';
import { applySetValues, SetValuesError, type Values } from './set-values.ts';

export type LayeredValues = {
  /** Everything the user and we give, as helm will record it. */
  readonly merged: Values;
  /** What must be laid over the files to get `merged`: goes to helm as one more file. */
  readonly overlay: Values;
};

export type ValuesInput = {
  readonly valuesFiles: readonly string[];
  readonly injectedValues: Values;
  readonly set: readonly string[];
};

/** @throws DeliveryProblem VALUES_NOT_FOUND or VALUES_INVALID, naming the file and line, or the key */
export async function layerValues({ valuesFiles, injectedValues, set }: ValuesInput): Promise<LayeredValues> {
  let files: Values = {};
  for (const path of valuesFiles) files = mergeValues(files, await readValues(path));
  try {
    const merged = applySetValues(mergeValues(files, injectedValues), set);
    return { merged, overlay: overlayOf(files, merged) };
  } catch (error) {
    if (error instanceof SetValuesError) throw new DeliveryProblem('VALUES_INVALID', error.message, undefined, { cause: error });
    throw error;
  }
}

export function mergeValues(below: Values, above: Values): Values {
  const merged: Record<string, unknown> = { ...below };
  for (const [key, value] of Object.entries(above)) {
    const under = merged[key];
    merged[key] = isMap(under) && isMap(value) ? mergeValues(under, value) : value;
  }
  return merged;
}

/** `global.appVersion` and each path of the chart's annotation, as values. */
export function appVersionValues(appVersion: string | undefined, paths: readonly string[]): Values {
  if (appVersion === undefined) return {};
  return ['global.appVersion', ...paths].reduce<Values>((values, path) => {
    const nested = path.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), appVersion);
    return mergeValues(values, nested as Values);
  }, {});
}

async function readValues(path: string): Promise<Values> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new DeliveryProblem(
      'VALUES_NOT_FOUND',
      isMissing ? `values file ${path} does not exist` : `read values file ${path}: ${(cause as Error).message}`,
      undefined,
      {
        cause,
      },
    );
  }
  let document: unknown;
  try {
    document = parseYaml(text)[0];
  } catch (cause) {
    throw new DeliveryProblem('VALUES_INVALID', `values file ${path}: ${(cause as Error).message}`, undefined, { cause });
  }
  if (document === undefined || document === null) return {};
  if (!isMap(document)) throw new DeliveryProblem('VALUES_INVALID', `values file ${path}: must be a map of values`);
  return document;
}

function overlayOf(below: Values, merged: Values): Values {
  const overlay: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(merged)) {
    const under = below[key];
    if (under === value) continue;
    if (isMap(under) && isMap(value)) {
      const inner = overlayOf(under, value);
      if (Object.keys(inner).length > 0) overlay[key] = inner;
    } else if (JSON.stringify(under) !== JSON.stringify(value)) {
      overlay[key] = value;
    }
  }
  return overlay;
}

function isMap(value: unknown): value is Values {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
