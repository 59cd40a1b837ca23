/** From the bytes of a request to values. Bytes come over HTTP; callers in the process hand in values, which are copied here. */

import { parseYaml } from '@sluice/schema';
import { decodeProtobuf, ProtobufError } from '../protobuf/index.ts';
import { clone } from './clone.ts';
import { badRequest, unsupportedMediaType } from './errors.ts';

const objectTypes = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf'] as const;

/** The media type without parameters, lower case; empty when there is none. */
export function mediaType(contentType: string | undefined): string {
  const text = contentType ?? '';
  const end = text.indexOf(';');
  return (end < 0 ? text : text.slice(0, end)).trim().toLowerCase();
}

/**
 * The object of a create or an update, private to this request.
 *
 * @param kind - named in errors
 * @throws StatusError 400 for what is no object, 415 for other media types
 */
export function decodeBody(body: unknown, contentType: string | undefined, kind: string): Record<string, unknown> {
  if (!(body instanceof Uint8Array)) return checkedObject(clone(body), kind);
  const type = mediaType(contentType);
  if (type === 'application/json' || type === '') return checkedObject(parseJson(body, kind), kind);
  if (type === 'application/yaml') return checkedObject(parseYamlObject(body, kind), kind);
  if (type === 'application/vnd.kubernetes.protobuf') return parseProtobuf(body, kind);
  throw unsupportedMediaType(objectTypes);
}

/** A patch, of which the media type is known to be right. Apply patches are YAML, which includes JSON. */
export function decodePatch(body: unknown, isYaml: boolean): unknown {
  if (!(body instanceof Uint8Array)) return clone(body);
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  if (isYaml && !text.trimStart().startsWith('{')) {
    try {
      return parseYaml(text)[0];
    } catch (error) {
      throw badRequest(`error decoding YAML: ${messageOf(error)}`);
    }
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw badRequest(`error decoding patch: ${messageOf(error)}`);
  }
}

/** DeleteOptions and the like: absent bodies are `{}`. */
export function decodeOptional(body: unknown, contentType: string | undefined, kind: string): Record<string, unknown> {
  if (body === undefined || body === null || (body instanceof Uint8Array && body.byteLength === 0)) return {};
  return decodeBody(body, contentType, kind);
}

function parseJson(body: Uint8Array, kind: string): unknown {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  try {
    return JSON.parse(text);
  } catch (error) {
    // No more than tells what it was: the rest may be secret.
    const shown = text === '' ? '<empty>' : text.length > 30 ? `${text.slice(0, 30)} ...` : text;
    throw badRequest(
      `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${messageOf(error)} (${shown})`,
    );
  }
}

function parseProtobuf(body: Uint8Array, kind: string): Record<string, unknown> {
  try {
    return decodeProtobuf(body);
  } catch (error) {
    if (error instanceof ProtobufError) throw badRequest(`the object provided is unrecognized (must be of type ${kind}): ${error.message}`);
    throw error;
  }
}

function parseYamlObject(body: Uint8Array, kind: string): unknown {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8');
  try {
    return parseYaml(text)[0];
  } catch (error) {
    throw badRequest(`the object provided is unrecognized (must be of type ${kind}): error converting YAML to JSON: ${messageOf(error)}`);
  }
}

function checkedObject(value: unknown, kind: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw badRequest(`the object provided is unrecognized (must be of type ${kind}): the body is not an object`);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
