/** From a request's body to a draft: the right kind, the fields that the kind has, defaults filled in, in the version that is stored. */
import { apiVersionOf, failure, type KubeObject, StatusError } from '@sluice/api';
import { type Conformed, conform, type Schema } from '@sluice/schema';
import { toStorage } from '../kinds/conversion.ts';
import type { KindContext } from '../kinds/strategy.ts';
import type { Draft } from '../store/store.ts';
import { share } from './clone.ts';
import type { Target } from './context.ts';
import { badRequest } from './errors.ts';
import type { WriteOptions } from './options.ts';

/** `subresource: 'status'`: the rest of the object will be thrown away, and needs no defaults. */
export type DecodeOptions = Pick<WriteOptions, 'fieldValidation'> & { readonly subresource?: string | undefined };

/** Warnings are texts for the `Warning` header. */
export type Decoded = { readonly draft: Draft; readonly warnings: readonly string[] };

/**
 * @param value - its own fields are private to the request; deeper parts may be those of `live`
 * @param live - the object that is replaced, in the storage version; what equals it is taken from it
 * @throws StatusError 400 for another kind, wrong types, and unknown fields in strict mode
 */
export function decodeObject(
  value: Record<string, unknown>,
  target: Target,
  options: DecodeOptions,
  context: KindContext,
  live?: KubeObject,
): Decoded {
  const { served } = target;
  const apiVersion = apiVersionOf(served);
  const givenKind = value.kind ?? served.kind;
  const givenVersion = value.apiVersion ?? apiVersion;
  if (givenKind !== served.kind) {
    const version = String(givenVersion).replace(/^.*\//, '');
    throw badRequest(
      `${givenKind} in version ${JSON.stringify(version)} cannot be handled as a ${served.kind}: converting (${version}.${givenKind}) to (${served.group.split('.')[0] || 'core'}.${served.kind}): unknown conversion`,
    );
  }
  if (givenVersion !== apiVersion)
    throw badRequest(`the API version in the data (${givenVersion}) does not match the expected API version (${apiVersion})`);
  if (value.metadata === undefined || value.metadata === null) value.metadata = {};
  value.kind = served.kind;
  value.apiVersion = apiVersion;
  return served.custom === undefined ? decodeBuiltin(value, target, options, context, live) : decodeCustom(value, target, options);
}

function decodeBuiltin(
  value: Record<string, unknown>,
  target: Target,
  options: DecodeOptions,
  context: KindContext,
  live: KubeObject | undefined,
): Decoded {
  const { served, storage, strategy } = target;
  let draft = value as Draft;
  let unknownFields: readonly string[] = [];
  if (served.schema !== undefined) {
    const isComparable = live !== undefined && live.apiVersion === value.apiVersion;
    const walked = isComparable ? conformChanged(served.schema, value, live) : conform(served.schema, value, walkAll);
    const wrong = walked.problems.find((problem) => problem.type === 'TypeInvalid');
    if (wrong !== undefined)
      throw badRequest(decodingError(served.kind, served.version, wrong.decoding ?? `${wrong.path}: ${wrong.detail}`));
    draft = walked.object as Draft;
    unknownFields = walked.unknownFields;
  }
  const warnings = judgeUnknown(unknownFields, options, (text) => decodingError(served.kind, served.version, text));
  if (storage.apiVersion !== value.apiVersion) draft = toStorage(storage, draft as KubeObject) as Draft;
  if (live !== undefined) draft = share(draft, live);
  draft = { ...draft, metadata: { ...draft.metadata } };
  if (options.subresource !== 'status') strategy.defaults?.(draft, context, live);
  return { draft, warnings };
}

const walkAll = { prune: true, defaults: true, validate: true };

/** How deep the walk looks for parts that are those of the live object: `spec.template` is the largest of them. */
const sharedDepth = 2;

/** The same for an object whose parts are mostly those of the live one: these have been walked before. */
function conformChanged(schema: Schema, value: Record<string, unknown>, live: KubeObject): Conformed {
  const walked = conform(schema, withoutShared(value, live, sharedDepth), walkAll);
  return { ...walked, object: withShared(walked.object as Record<string, unknown>, value, live, sharedDepth) };
}

type Parts = Record<string, unknown>;

function isParts(value: unknown): value is Parts {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutShared(value: Parts, live: Parts, depth: number): Parts {
  const rest: Parts = {};
  for (const key in value) {
    const [part, old] = [value[key], live[key]];
    if (part === old && typeof part === 'object' && part !== null) continue;
    rest[key] = depth > 1 && isParts(part) && isParts(old) ? withoutShared(part, old, depth - 1) : part;
  }
  return rest;
}

/** Puts the shared parts back. What the walk filled in for one of them is not wanted. */
function withShared(walked: Parts, value: Parts, live: Parts, depth: number): Parts {
  const whole: Parts = { ...walked };
  for (const key in value) {
    const [part, old] = [value[key], live[key]];
    if (part === old && typeof part === 'object' && part !== null) whole[key] = part;
    else if (depth > 1 && isParts(part) && isParts(old) && isParts(walked[key])) whole[key] = withShared(walked[key], part, old, depth - 1);
  }
  return whole;
}

function decodeCustom(value: Record<string, unknown>, target: Target, options: DecodeOptions): Decoded {
  const { served, storage } = target;
  let draft = value as Draft;
  let unknownFields: readonly string[] = [];
  if (served.schema !== undefined) {
    const walked = conform(served.schema, value, {
      prune: served.custom?.preserveUnknownFields !== true,
      defaults: true,
      validate: false,
    });
    draft = walked.object as Draft;
    unknownFields = walked.unknownFields;
  }
  const warnings = judgeUnknown(unknownFields, options, (text) => text);
  draft = { ...draft, apiVersion: storage.apiVersion, metadata: { ...draft.metadata } };
  return { draft, warnings };
}

function decodingError(kind: string, version: string, text: string): string {
  return `${kind} in version ${JSON.stringify(version)} cannot be handled as a ${kind}: ${text}`;
}

function judgeUnknown(
  fields: readonly string[],
  options: Pick<WriteOptions, 'fieldValidation'>,
  worded: (text: string) => string,
): readonly string[] {
  if (fields.length === 0 || options.fieldValidation === 'Ignore') return [];
  const texts = fields.map((field) => `unknown field ${JSON.stringify(field)}`);
  if (options.fieldValidation === 'Warn') return texts;
  throw new StatusError(failure(400, 'BadRequest', worded(`strict decoding error: ${texts.join(', ')}`)));
}
