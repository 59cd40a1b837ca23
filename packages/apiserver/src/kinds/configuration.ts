/** ConfigMap, Secret, ServiceAccount: data under keys, and what cannot be changed once it is said to be immutable. */
import type { FieldError, KubeObject } from '@sluice/api';
import { equal } from '../rest/clone.ts';
import { badRequest, forbiddenField, invalidValue, required } from '../rest/errors.ts';
import { type Fields, fieldsOf, fill, textOf } from './fields.ts';
import type { KindStrategy } from './strategy.ts';

const dataBytesMax = 1_048_576;

export const configMapStrategy: KindStrategy = {
  validate: (object) => {
    const binary = fieldsOf(object.binaryData);
    const problems: FieldError[] = [];
    for (const key of Object.keys(fieldsOf(object.data)).sort()) {
      problems.push(...validateKey('data', key));
      if (binary[key] !== undefined) problems.push(invalidValue(`data[${key}]`, key, 'duplicate of key present in binaryData'));
    }
    for (const key of Object.keys(binary).sort()) problems.push(...validateKey('binaryData', key));
    return [...problems, ...validateSize(object)];
  },
  validateUpdate: (next, live) => validateImmutable(next, live, ['data', 'binaryData']),
};

/** Keys that a type of secret must have. */
const requiredKeys: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
};

export const secretStrategy: KindStrategy = {
  defaults: (draft) => {
    fill(draft, 'type', 'Opaque');
    const plain = fieldsOf(draft.stringData);
    if (Object.keys(plain).length > 0) {
      const encoded = Object.entries(plain).map(([key, text]) => [key, Buffer.from(String(text), 'utf8').toString('base64')]);
      draft.data = { ...fieldsOf(draft.data), ...Object.fromEntries(encoded) };
    }
    delete draft.stringData;
    for (const text of Object.values(fieldsOf(draft.data))) checkBase64(String(text));
  },
  validate: (object) => {
    const data = fieldsOf(object.data);
    const type = textOf(object.type);
    const problems: FieldError[] = Object.keys(data)
      .sort()
      .flatMap((key) => validateKey('data', key));
    for (const key of requiredKeys[type] ?? []) {
      if (data[key] === undefined) problems.push(required(`data[${key}]`));
      else if (type.startsWith('kubernetes.io/dockerc')) problems.push(...validateJson(key, String(data[key])));
    }
    if (type === 'kubernetes.io/basic-auth' && data.username === undefined && data.password === undefined)
      problems.push(required('data[username]'), required('data[password]'));
    const account = 'kubernetes.io/service-account.name';
    if (type === 'kubernetes.io/service-account-token' && !object.metadata.annotations?.[account])
      problems.push(required(`metadata.annotations[${account}]`));
    return [...problems, ...validateSize(object)];
  },
  validateUpdate: (next, live) => [
    ...(next.type === live.type ? [] : [invalidValue('type', next.type, 'field is immutable')]),
    ...validateImmutable(next, live, ['data']),
  ],
};

function checkBase64(text: string): void {
  const wrong = /[^A-Za-z0-9+/=\r\n]/.exec(text);
  const length = text.replace(/[\r\n]/g, '').length;
  if (wrong === null && length % 4 === 0) return;
  throw badRequest(
    `Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte ${wrong?.index ?? Math.floor(length / 4) * 4}`,
  );
}

function validateJson(key: string, encoded: string): FieldError[] {
  const text = Buffer.from(encoded, 'base64').toString('utf8').trim();
  try {
    JSON.parse(text);
    return [];
  } catch {
    const isStart = /^[[{"\-\dtfn]/.test(text);
    const detail = isStart
      ? 'is not valid JSON'
      : text === ''
        ? 'unexpected end of JSON input'
        : `invalid character '${text[0]}' looking for beginning of value`;
    return [invalidValue(`data[${key}]`, '<secret contents redacted>', detail)];
  }
}

function validateKey(field: string, key: string): FieldError[] {
  const problems: string[] = [];
  if (key.length > 253) problems.push('must be no more than 253 characters');
  if (!/^[-._a-zA-Z0-9]+$/.test(key))
    problems.push(
      "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
    );
  else if (key === '.') problems.push("must not be '.'");
  else if (key === '..') problems.push("must not be '..'");
  else if (key.startsWith('..')) problems.push("must not start with '..'");
  return problems.map((detail) => invalidValue(`${field}[${key}]`, key, detail));
}

function validateSize(object: KubeObject): FieldError[] {
  let bytes = 0;
  for (const text of Object.values(fieldsOf(object.data))) bytes += Buffer.byteLength(String(text));
  for (const text of Object.values(fieldsOf(object.binaryData))) bytes += Math.floor((String(text).length * 3) / 4);
  const limit = object.kind === 'Secret' ? (dataBytesMax * 4) / 3 : dataBytesMax;
  return bytes > limit
    ? [{ path: object.kind === 'Secret' ? 'data' : '', type: 'TooLong', detail: `may not be more than ${dataBytesMax} bytes` }]
    : [];
}

function validateImmutable(next: KubeObject, live: KubeObject, fields: readonly string[]): FieldError[] {
  if (live.immutable !== true) return [];
  const problems: FieldError[] = [];
  if (next.immutable !== true) problems.push(forbiddenField('immutable', 'field is immutable when `immutable` is set'));
  for (const field of fields)
    if (!equal(normal(next[field]), normal(live[field])))
      problems.push(forbiddenField(field, 'field is immutable when `immutable` is set'));
  return problems;
}

function normal(value: unknown): Fields {
  return fieldsOf(value);
}
