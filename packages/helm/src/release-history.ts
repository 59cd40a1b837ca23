/** The revisions of one release in the cluster: read, mark as good, end what nobody will finish. I/O around `release-record.ts`. */
import { isStatusError, type KubeObject } from '@sluice/api';
import { builtinTypes, type Client } from '@sluice/kube';
import { abandonedPatch, outcomeLabels, type Revision, revisionsOf } from './release-record.ts';

export type ReleaseAt = { readonly release: string; readonly namespace: string };

/** Oldest first; empty when there is no such release, or no such namespace. */
export async function readHistory(client: Client, { release, namespace }: ReleaseAt, signal?: AbortSignal): Promise<readonly Revision[]> {
  const { items } = await client.list<KubeObject>(builtinTypes.secrets, {
    namespace,
    labelSelector: `owner=helm,name=${release}`,
    ...(signal === undefined ? {} : { signal }),
  });
  return revisionsOf(items, release);
}

/** Remembers what became of this revision: the next failure goes back to the last good one. */
export async function recordOutcome(client: Client, at: ReleaseAt, revision: Revision, outcome: 'good' | 'failed'): Promise<void> {
  if (revision.outcome === outcome) return;
  const version = String(revision.record.version);
  const labels = outcome === 'good' ? { [outcomeLabels.good]: version, [outcomeLabels.failed]: null } : { [outcomeLabels.failed]: version };
  const secret = { namespace: at.namespace, name: revision.secret.metadata.name ?? '' };
  try {
    await client.patch(builtinTypes.secrets, secret, 'merge', { metadata: { labels } });
  } catch (error) {
    // The delivery is as good without the note; going back then takes the last deployed revision.
    if (!isStatusError(error, 'Forbidden', 'NotFound')) throw error;
  }
}

/** Marks an abandoned pending revision as failed, so that helm touches the release again. A conflict means that somebody is alive after all. */
export async function endAbandoned(client: Client, at: ReleaseAt, revision: Revision, reason: string): Promise<void> {
  const name = revision.secret.metadata.name ?? '';
  await client.patch(builtinTypes.secrets, { namespace: at.namespace, name }, 'merge', abandonedPatch(revision, reason));
}
