/** The hash that names a ReplicaSet: FNV-1a over Go's JSON of the pod template. Existing clusters hold such names, so it must not drift. */
import { podTemplateJson } from './pod-template-shape.ts';

const offsetBasis = 2166136261;
const prime = 16777619;
const alphabet = 'bcdfghjklmnpqrstvwxz2456789';

/** FNV-1a, 32 bit, over the UTF-8 bytes of a text. `hash` continues an earlier one. */
export function fnv1a(text: string, hash: number = offsetBasis): number {
  let value = hash;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) {
      value = mix(value, code);
    } else if (code < 0x800) {
      value = mix(mix(value, 0xc0 | (code >> 6)), 0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
      value = mix(mix(mix(value, 0xe0 | (code >> 12)), 0x80 | ((code >> 6) & 0x3f)), 0x80 | (code & 0x3f));
    } else {
      const high = mix(mix(value, 0xf0 | (code >> 18)), 0x80 | ((code >> 12) & 0x3f));
      value = mix(mix(high, 0x80 | ((code >> 6) & 0x3f)), 0x80 | (code & 0x3f));
    }
  }
  return value;
}

function mix(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, prime) >>> 0;
}

/** Decimal digits in an alphabet without vowels, so that no hash is a word: `rand.SafeEncodeString` of apimachinery. */
export function safeEncode(hash: number): string {
  return [...String(hash)].map((digit) => alphabet[digit.charCodeAt(0) % alphabet.length]).join('');
}

/**
 * Hash of a pod template, 1 to 10 characters.
 *
 * @param template - as the API delivered it, without the hash label and without the injected anti-affinity
 * @param collisionCount - `status.collisionCount`; 0 and absent give different hashes
 * @see argoproj/argo-rollouts utils/hash/hash.go
 * @example `{"metadata":{"labels":{"app":"demo"}},"spec":{"containers":[{"name":"c","image":"nginx","resources":{}}]}}` is `5759b7d5dd`
 */
export function podTemplateHash(template: unknown, collisionCount?: number | null): string {
  let hash = fnv1a(podTemplateJson(template));
  if (collisionCount !== undefined && collisionCount !== null) {
    for (let byte = 0; byte < 8; byte++) hash = mix(hash, byte < 4 ? (collisionCount >>> (8 * byte)) & 0xff : 0);
  }
  return safeEncode(hash);
}
