/** Query parameters as values: what a write, a delete or a list asks for. */
import { type FieldRequirement, parseFieldSelector, type Requirement, SelectorError } from '@sluice/api';
import { badRequest, invalidOptions, notSupported } from './errors.ts';
import { parseLabelSelector } from './label-selectors.ts';

export type WriteOptions = {
  readonly dryRun: boolean;
  readonly fieldManager: string | undefined;
  readonly fieldValidation: 'Ignore' | 'Warn' | 'Strict';
  readonly force: boolean;
};

/** @throws StatusError 422 that names the options of the verb */
export function writeOptions(query: URLSearchParams, method = 'POST'): WriteOptions {
  const kind = method === 'PATCH' ? 'PatchOptions' : method === 'PUT' ? 'UpdateOptions' : 'CreateOptions';
  const fieldValidation = query.get('fieldValidation') ?? '';
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(fieldValidation))
    throw invalidOptions(kind, notSupported('fieldValidation', fieldValidation, ['', 'Ignore', 'Strict', 'Warn']));
  return {
    dryRun: isDryRun(query.getAll('dryRun'), kind),
    fieldManager: query.get('fieldManager') || undefined,
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as WriteOptions['fieldValidation']),
    force: isTrue(query.get('force')),
  };
}

/** @throws StatusError 422 for any stage but `All` */
export function isDryRun(stages: readonly string[], kind: string): boolean {
  const asked = stages.filter((stage) => stage !== '');
  const wrong = asked.find((stage) => stage !== 'All');
  if (wrong !== undefined) throw invalidOptions(kind, notSupported('dryRun', asked, ['All']));
  return asked.length > 0;
}

export type ListOptions = {
  readonly labelSelector: readonly Requirement[];
  readonly fieldSelector: readonly FieldRequirement[];
  readonly resourceVersion: string;
  readonly resourceVersionMatch: string;
  readonly limit: number;
  readonly continueToken: string;
  readonly timeoutSeconds: number | undefined;
  readonly allowWatchBookmarks: boolean;
  readonly sendInitialEvents: boolean | undefined;
};

export function listOptions(query: URLSearchParams): ListOptions {
  const sendInitialEvents = query.get('sendInitialEvents');
  return {
    labelSelector: parseLabelSelector(query.get('labelSelector') ?? ''),
    fieldSelector: fieldRequirements(query.get('fieldSelector') ?? ''),
    resourceVersion: query.get('resourceVersion') ?? '',
    resourceVersionMatch: query.get('resourceVersionMatch') ?? '',
    limit: wholeNumber(query, 'limit') ?? 0,
    continueToken: query.get('continue') ?? '',
    timeoutSeconds: wholeNumber(query, 'timeoutSeconds'),
    allowWatchBookmarks: isTrue(query.get('allowWatchBookmarks')),
    sendInitialEvents: sendInitialEvents === null ? undefined : isTrue(sendInitialEvents),
  };
}

export function isTrue(text: string | null): boolean {
  return text === 'true' || text === '1' || text === 'True';
}

function wholeNumber(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (!/^-?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  return Number(text);
}

function fieldRequirements(text: string): readonly FieldRequirement[] {
  try {
    return parseFieldSelector(text);
  } catch (error) {
    if (error instanceof SelectorError) throw badRequest(error.message);
    throw error;
  }
}
