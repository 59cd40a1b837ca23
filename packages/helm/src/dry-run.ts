/**
 * Asks the cluster what it would say to each object, before helm is started: unknown fields, wrong types, values that are not allowed,
 * fields that cannot be changed, admission. All findings at once, and nothing is written.
 */
import { formatFieldError, isStatusError, type KubeObject, type Rollout, type StatusError, validateRollout } from '@sluice/api';
import type { Client } from '@sluice/kube';
import { describe, identityOf } from './render.ts';

export type DryRunInput = {
  readonly client: Client;
  readonly objects: readonly KubeObject[];
  /** By `identityOf`; an object that is there is checked as a change, any other as a creation. */
  readonly live: ReadonlyMap<string, KubeObject>;
  readonly signal: AbortSignal;
};

/** The manager whose fields helm applies; a field that the chart has given up goes away in the dry run too. */
const fieldManager = 'helm';

/** One sentence a finding, with the object and the path of the field. What cannot be asked yet (its namespace or its kind comes with this release) is passed over. */
export async function dryRun(input: DryRunInput): Promise<readonly string[]> {
  const findings = await Promise.all(
    input.objects.map(async (object) => [...rolloutFindings(object), ...(await serverFindings(object, input))]),
  );
  return findings.flat();
}

/** What the rollouts controller would refuse after the API had accepted it. */
function rolloutFindings(object: KubeObject): readonly string[] {
  if (object.kind !== 'Rollout' || object.apiVersion !== 'argoproj.io/v1alpha1' || !isMap(object.spec)) return [];
  const [first] = validateRollout(object as Rollout);
  return first === undefined ? [] : [`${describe(object)}: ${formatFieldError(first)}`];
}

async function serverFindings(object: KubeObject, { client, live, signal }: DryRunInput): Promise<readonly string[]> {
  const type = await client.resolve(object.apiVersion, object.kind);
  const { name, namespace } = object.metadata;
  if (type === undefined || name === undefined) return [];
  const options = { dryRun: true, fieldValidation: 'Strict', fieldManager, signal } as const;
  try {
    if (live.has(identityOf(object))) {
      await client.patch(type, { namespace: type.namespaced ? namespace : undefined, name }, 'apply', object, { ...options, force: true });
    } else {
      await client.create(type, object, options);
    }
    return [];
  } catch (error) {
    if (!isStatusError(error)) throw error;
    // The namespace is made by this delivery, or somebody was faster: helm will tell.
    if (isStatusError(error, 'NotFound', 'AlreadyExists')) return [];
    return causesOf(error).map((cause) => `${describe(object)}: ${cause}`);
  }
}

/** `Deployment.apps "a" is invalid: [...]` as its single findings; the message itself where there are none. */
function causesOf(error: StatusError): readonly string[] {
  const causes = error.status.details?.causes ?? [];
  const sentences = causes.flatMap(({ field, message }) => {
    if (message === undefined || message === '') return [];
    return [field === undefined || field === '' ? message : `${field}: ${message}`];
  });
  return sentences.length > 0 ? sentences : [error.message];
}

function isMap(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
