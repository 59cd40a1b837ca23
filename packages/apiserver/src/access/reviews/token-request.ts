/** `serviceaccounts/token`: a new token for a ServiceAccount, if wanted bound to a Pod, Secret or Node (upstream pkg/registry/core/serviceaccount/storage/token.go). */
import { type Clock, failure, formatTime, type KubeObject, StatusError } from '@sluice/api';
import type { Reader, ReviewRequest } from '../../ports.ts';
import { type BoundObject, type ServiceAccountTokens, tokenIssuer } from '../service-account-tokens.ts';
import { badRequest, invalid, record, text, texts } from './invalid.ts';

const group = 'authentication.k8s.io';
const minimumSeconds = 600;
const maximumSeconds = 2 ** 32;
const defaultSeconds = 3600;

const boundResources = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' } as const;

export function requestToken(request: ReviewRequest, tokens: ServiceAccountTokens, reader: Reader, clock: Clock): KubeObject {
  const serviceAccount = reader.get('', 'serviceaccounts', request.namespace, request.name);
  if (serviceAccount === undefined) throw notFound('serviceaccounts', request.name);
  const spec = record(request.object.spec);
  const expirationSeconds = typeof spec.expirationSeconds === 'number' ? spec.expirationSeconds : defaultSeconds;
  if (expirationSeconds < minimumSeconds) throw tooShortOrLong(expirationSeconds, 'may not specify a duration less than 10 minutes');
  if (expirationSeconds > maximumSeconds) throw tooShortOrLong(expirationSeconds, 'may not specify a duration larger than 2^32 seconds');
  const audiences = texts(spec.audiences).length === 0 ? [tokenIssuer] : texts(spec.audiences);
  const bound = boundObject(request, serviceAccount, reader);
  const { name, namespace, uid } = serviceAccount.metadata;
  const now = Math.floor(clock.now() / 1000) * 1000;
  return {
    ...request.object,
    metadata: { ...request.object.metadata, ...defined({ name, namespace, uid }), creationTimestamp: formatTime(now) },
    spec: { ...spec, audiences, expirationSeconds, boundObjectRef: spec.boundObjectRef ?? null },
    status: {
      token: request.dryRun ? '' : tokens.issue({ serviceAccount, audiences, expirationSeconds, bound }),
      expirationTimestamp: formatTime(now + expirationSeconds * 1000),
    },
  };
}

function boundObject(request: ReviewRequest, serviceAccount: KubeObject, reader: Reader): BoundObject | undefined {
  const reference = record(request.object.spec).boundObjectRef;
  if (reference === undefined || reference === null) return undefined;
  const { kind, apiVersion, name, uid } = record(reference);
  if (apiVersion !== 'v1' || (kind !== 'Pod' && kind !== 'Secret' && kind !== 'Node')) {
    throw badRequest(`cannot bind token for serviceaccount "${request.name}" to an object of kind "${text(kind)}"`);
  }
  const object = reader.get('', boundResources[kind], kind === 'Node' ? '' : request.namespace, text(name));
  if (object === undefined) throw notFound(boundResources[kind], text(name));
  const boundUid = object.metadata.uid ?? '';
  if (text(uid) !== '' && uid !== boundUid) {
    const message = `Operation cannot be fulfilled on ${boundResources[kind]} "${text(name)}": the UID in the bound object reference (${text(uid)}) does not match the UID in record. The object might have been deleted and then recreated`;
    throw new StatusError(failure(409, 'Conflict', message, { name: text(name), kind: boundResources[kind] }));
  }
  const podSpec = record(object.spec);
  if (kind === 'Pod' && text(podSpec.serviceAccountName) !== serviceAccount.metadata.name) {
    throw badRequest(`cannot bind token for serviceaccount "${request.name}" to pod running with different serviceaccount name.`);
  }
  return { kind, name: text(name), uid: boundUid, ...nodeOf(kind, podSpec, reader) };
}

function nodeOf(kind: string, podSpec: Readonly<Record<string, unknown>>, reader: Reader): Pick<BoundObject, 'node'> {
  const name = text(podSpec.nodeName);
  if (kind !== 'Pod' || name === '') return {};
  return { node: { name, ...defined({ uid: reader.get('', 'nodes', '', name)?.metadata.uid }) } };
}

function defined<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as { [K in keyof T]?: NonNullable<T[K]> };
}

function tooShortOrLong(seconds: number, detail: string): StatusError {
  return invalid(group, 'TokenRequest', 'spec.expirationSeconds', `${seconds}: ${detail}`);
}

function notFound(resource: string, name: string): StatusError {
  return new StatusError(failure(404, 'NotFound', `${resource} "${name}" not found`, { name, kind: resource }));
}
