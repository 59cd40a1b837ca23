/**
 * Objects as they may be shown to a browser: without what only machines read, and with a stand-in wherever people put secrets although
 * they should not. What is cut is the value, never the field, so that a reader sees that something was there.
 */
import type { KubeObject, ObjectMeta } from '@sluice/api';

/** Stands where a value was. */
export const redacted = '***';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const secretKey = /secret$|password|passwd|token$|api-?key|credential|authorization|private-?key/i;
/** Lists of name and value pairs whose values are not shown: environments of containers, headers of requests. */
const pairLists: ReadonlySet<string> = new Set(['env', 'headers']);
/** Free text that is sent somewhere: nobody can tell what is in it. */
const bodies: ReadonlySet<string> = new Set(['body', 'jsonBody']);

/** Metadata without managed fields and without the copy of the whole object that `kubectl apply` leaves. */
export function publicMetadata(metadata: ObjectMeta): ObjectMeta {
  const { managedFields: _, annotations, ...kept } = metadata;
  if (annotations === undefined) return kept;
  const { [lastApplied]: __, ...shown } = annotations;
  return { ...kept, annotations: shown };
}

/** A whole object: metadata as above; in all the rest values of environments, headers, bodies and of keys that name secrets are cut. */
export function publicObject<T extends KubeObject>(object: T): T {
  return { ...(publicValue(object) as T), metadata: publicMetadata(object.metadata) };
}

/** The same for a part of an object. References to Secrets (`secretKeyRef`, `secretRef`) are names, and stay. */
export function publicValue<T>(value: T): T {
  return shown(value, '') as T;
}

function shown(value: unknown, key: string): unknown {
  if (bodies.has(key) && value !== undefined && value !== null) return redacted;
  if (typeof value === 'string') return secretKey.test(key) ? redacted : withoutUserInfo(value);
  if (Array.isArray(value)) return pairLists.has(key) ? value.map(withoutPairValue) : value.map((item) => shown(item, ''));
  if (typeof value !== 'object' || value === null) return value;
  // An argument or a parameter whose name says that it is a secret.
  if ('name' in value && 'value' in value && secretKey.test(String(value.name))) return withoutPairValue(value);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, shown(item, name)]));
}

function withoutPairValue(pair: unknown): unknown {
  if (typeof pair !== 'object' || pair === null) return redacted;
  return 'value' in pair ? { ...pair, value: redacted } : pair;
}

/** `https://name:password@host` without what stands before the `@`. */
function withoutUserInfo(text: string): string {
  return text.includes('@') ? text.replace(/\b([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, `$1${redacted}@`) : text;
}
