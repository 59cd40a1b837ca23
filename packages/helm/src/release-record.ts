/**
 * Helm's own record of a release revision, in and out of its Secret: JSON, gzip, base64, and base64 once more as Secret data.
 * Pure. Reading one shows every release of a cluster, whoever made it; we write one only to end a `pending-*` that nobody will end.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { KubeObject } from '@sluice/api';

export type ReleaseStatus =
  | 'unknown'
  | 'deployed'
  | 'uninstalled'
  | 'superseded'
  | 'failed'
  | 'uninstalling'
  | 'pending-install'
  | 'pending-upgrade'
  | 'pending-rollback';

/** The record as helm writes it. Fields that we do not name are kept. */
export type ReleaseRecord = {
  readonly name: string;
  readonly namespace: string;
  readonly version: number;
  readonly info: {
    readonly first_deployed?: string;
    readonly last_deployed?: string;
    readonly deleted?: string;
    readonly description?: string;
    readonly status: ReleaseStatus;
    readonly notes?: string;
    /** Helm 4: the revision that a rollback went back to. */
    readonly rollback_revision?: number;
    readonly [field: string]: unknown;
  };
  readonly chart?: {
    readonly metadata?: {
      readonly name?: string;
      readonly version?: string;
      readonly appVersion?: string;
      readonly [field: string]: unknown;
    };
    readonly [field: string]: unknown;
  };
  /** What the user gave; chart defaults are not in it. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Hooks are not in it. */
  readonly manifest?: string;
  readonly hooks?: readonly ReleaseHook[];
  readonly [field: string]: unknown;
};

type ReleaseHook = {
  readonly name: string;
  readonly kind?: string;
  readonly path?: string;
  readonly manifest?: string;
  readonly events?: readonly string[];
  readonly weight?: number;
  readonly delete_policies?: readonly string[];
  readonly output_log_policies?: readonly string[];
  readonly last_run?: { readonly started_at?: string; readonly completed_at?: string; readonly phase?: string };
  readonly [field: string]: unknown;
};

/** The Secret was not made by helm or its content is damaged. The message names the Secret, never its content. */
export class ReleaseRecordError extends Error {}

const releaseSecretType = 'helm.sh/release.v1';

export function releaseSecretName(release: string, revision: number): string {
  return `sh.helm.release.v1.${release}.v${revision}`;
}

/** Reads the record out of a release Secret. Content without gzip is accepted, as helm does. @throws ReleaseRecordError */
export function decodeRelease(secret: KubeObject): ReleaseRecord {
  const data = (secret.data as Readonly<Record<string, string>> | undefined)?.release;
  const name = secret.metadata.name ?? '(no name)';
  if (data === undefined) throw new ReleaseRecordError(`secret ${name} has no data.release`);
  try {
    const packed = Buffer.from(Buffer.from(data, 'base64').toString('latin1'), 'base64');
    const isGzip = packed[0] === 0x1f && packed[1] === 0x8b && packed[2] === 0x08;
    const record = JSON.parse((isGzip ? gunzipSync(packed) : packed).toString('utf8')) as ReleaseRecord;
    if (typeof record.name !== 'string' || typeof record.version !== 'number' || typeof record.info?.status !== 'string') {
      throw new Error('name, version or info.status is missing');
    }
    return record;
  } catch (cause) {
    throw new ReleaseRecordError(
      `secret ${name} holds no readable release: ${cause instanceof SyntaxError ? 'not JSON' : (cause as Error).message}`,
    );
  }
}

/** The inverse: what belongs under `data.release`. */
export function encodeRelease(record: ReleaseRecord): string {
  const packed = gzipSync(Buffer.from(JSON.stringify(record), 'utf8'), { level: 9 });
  return Buffer.from(packed.toString('base64'), 'latin1').toString('base64');
}

/** One revision as history shows it, with what we know about its outcome. */
export type Revision = {
  readonly record: ReleaseRecord;
  readonly secret: KubeObject;
  /** What became of it, if we watched: seen healthy, or not. */
  readonly outcome: 'good' | 'failed' | 'unknown';
};

/**
 * Labels on the release Secret with the number of the revision that was seen healthy, or failed. Helm copies the labels of users from
 * one revision to the next, so only a label that holds its own revision's number speaks for it.
 */
export const outcomeLabels = { good: 'sluice.dev/good-revision', failed: 'sluice.dev/failed-revision' } as const;

/** The history of one release, oldest first. Secrets that cannot be read are left out. */
export function revisionsOf(secrets: readonly KubeObject[], release: string): readonly Revision[] {
  return secrets
    .flatMap((secret): readonly Revision[] => {
      if (secret.type !== releaseSecretType || secret.metadata.labels?.name !== release) return [];
      try {
        const record = decodeRelease(secret);
        const speaksFor = (outcome: 'good' | 'failed'): boolean =>
          secret.metadata.labels?.[outcomeLabels[outcome]] === String(record.version);
        return [{ record, secret, outcome: speaksFor('good') ? 'good' : speaksFor('failed') ? 'failed' : 'unknown' }];
      } catch {
        return [];
      }
    })
    .sort((a, b) => a.record.version - b.record.version);
}

/**
 * The revision to go back to when `failed` turned out bad: the newest before it that was seen healthy. Where none was ever recorded
 * (the release was made by other means) the newest that helm applied without an error and that we did not see fail. `undefined`: there is
 * nothing to go back to.
 */
export function lastGoodRevision(revisions: readonly Revision[], failed: number): Revision | undefined {
  const earlier = revisions.filter(({ record }) => record.version < failed);
  return (
    earlier.findLast(({ outcome }) => outcome === 'good') ??
    earlier.findLast(({ outcome, record }) => outcome === 'unknown' && wasApplied(record))
  );
}

/** Helm calls a failed revision superseded, too, once another one follows; its description still tells. */
function wasApplied({ info }: ReleaseRecord): boolean {
  return (info.status === 'deployed' || info.status === 'superseded') && !/\bfailed\b/.test(info.description ?? '');
}

export type PendingDecision =
  | { readonly kind: 'free' }
  /** Somebody may still be at work. */
  | { readonly kind: 'busy'; readonly revision: number; readonly status: ReleaseStatus; readonly ageMs: number }
  /** Older than any run may take: the process that wrote it is gone. */
  | { readonly kind: 'abandoned'; readonly revision: Revision; readonly ageMs: number };

/** Helm refuses to touch a release whose last revision is `pending-*`. Says whether that is still somebody's work. */
export function decidePending(revisions: readonly Revision[], nowMs: number, abandonedAfterMs: number): PendingDecision {
  const last = revisions.at(-1);
  if (last === undefined || !last.record.info.status.startsWith('pending-')) return { kind: 'free' };
  const since = Date.parse(last.record.info.last_deployed ?? last.secret.metadata.creationTimestamp ?? '');
  const ageMs = Number.isNaN(since) ? 0 : nowMs - since;
  if (ageMs < abandonedAfterMs) return { kind: 'busy', revision: last.record.version, status: last.record.info.status, ageMs };
  return { kind: 'abandoned', revision: last, ageMs };
}

/** The record and label of a pending revision that nobody will finish, as a merge patch of its Secret. */
export function abandonedPatch(revision: Revision, reason: string): Readonly<Record<string, unknown>> {
  const { record, secret } = revision;
  const failed: ReleaseRecord = { ...record, info: { ...record.info, status: 'failed', description: reason.slice(0, 256) } };
  return {
    metadata: { resourceVersion: secret.metadata.resourceVersion, labels: { status: 'failed' } },
    data: { release: encodeRelease(failed) },
  };
}
