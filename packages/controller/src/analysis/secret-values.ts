/** Reads the Secrets that arguments of a run come from. What is read stays in memory for as long as its measurements take. */
import { isStatusError, type KubeObject, type SecretKeyReference, StatusError } from '@sluice/api';
import type { SecretValue } from '@sluice/engine';
import { builtinTypes, type Reader } from '@sluice/kube';

export type SecretReading =
  | { readonly ok: true; readonly values: readonly SecretValue[] }
  | { readonly ok: false; readonly problem: string };

/**
 * Values of all references, or the first problem in their order.
 *
 * @throws what may pass: the API cannot be reached, is busy, or fails. The run is no worse for that
 */
export async function readSecrets(client: Reader, namespace: string, references: readonly SecretKeyReference[]): Promise<SecretReading> {
  const names = [...new Set(references.map(({ name }) => name))];
  const read = await Promise.all(names.map(async (name) => [name, await readSecret(client, namespace, name)] as const));
  const secrets = new Map(read);
  const values: SecretValue[] = [];
  for (const { name, key } of references) {
    const secret = secrets.get(name);
    if (secret === undefined || 'problem' in secret) return { ok: false, problem: secret?.problem ?? `secrets "${name}" not found` };
    const data = secret.data[key];
    if (!Object.hasOwn(secret.data, key) || typeof data !== 'string') {
      return { ok: false, problem: `key '${key}' does not exist in secret '${name}'` };
    }
    values.push({ name, key, value: Buffer.from(data, 'base64').toString('utf8') });
  }
  return { ok: true, values };
}

type Secret = { readonly data: Readonly<Record<string, unknown>> } | { readonly problem: string };

async function readSecret(client: Reader, namespace: string, name: string): Promise<Secret> {
  try {
    const secret = await client.get<KubeObject & { readonly data?: Readonly<Record<string, unknown>> }>(builtinTypes.secrets, {
      namespace,
      name,
    });
    return { data: secret.data ?? {} };
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return { problem: `secrets "${name}" not found` };
    if (error instanceof StatusError && isFinal(error.code)) return { problem: error.message };
    throw error;
  }
}

/** The caller's fault, and still so when it asks again. */
function isFinal(code: number): boolean {
  return code >= 400 && code < 500 && code !== 401 && code !== 408 && code !== 409 && code !== 429;
}
