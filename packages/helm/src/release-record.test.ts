import { gzipSync } from 'node:zlib';
import type { KubeObject } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import {
  abandonedPatch,
  decidePending,
  decodeRelease,
  encodeRelease,
  lastGoodRevision,
  outcomeLabels,
  type ReleaseRecord,
  type ReleaseStatus,
  releaseSecretName,
  revisionsOf,
} from './release-record.ts';

const record = (version: number, status: ReleaseStatus, lastDeployed = '2026-01-02T03:04:05.678Z'): ReleaseRecord => ({
  name: 'web',
  namespace: 'prod',
  version,
  info: { status, first_deployed: '2026-01-02T03:04:05Z', last_deployed: lastDeployed, deleted: '', description: 'Upgrade complete' },
  chart: { metadata: { name: 'web', version: '0.1.0', appVersion: '1.0.0' }, templates: [{ name: 'templates/a.yaml', data: 'e30=' }] },
  config: { replicas: 2 },
  manifest: '---\n# Source: web/templates/a.yaml\nkind: ConfigMap\n',
  hooks: [],
});

const secret = (release: ReleaseRecord, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: releaseSecretName(release.name, release.version),
    resourceVersion: '7',
    labels: { name: release.name, owner: 'helm', status: release.info.status, version: String(release.version), ...labels },
  },
  type: 'helm.sh/release.v1',
  data: { release: encodeRelease(release) },
});

describe('the release record', () => {
  it('comes back as it went in', () => {
    const release = record(3, 'deployed');
    expect(decodeRelease(secret(release))).toEqual(release);
  });

  it('is read as helm writes it: gzip and two layers of base64; also without gzip', () => {
    const release = record(1, 'deployed');
    const asHelm = Buffer.from(gzipSync(JSON.stringify(release)).toString('base64')).toString('base64');
    const plain = Buffer.from(Buffer.from(JSON.stringify(release)).toString('base64')).toString('base64');
    for (const text of [asHelm, plain]) expect(decodeRelease({ ...secret(release), data: { release: text } })).toEqual(release);
  });

  it('complains about the Secret by name and shows nothing of it', () => {
    const broken = { ...secret(record(1, 'deployed')), data: { release: Buffer.from('hunter2').toString('base64') } };
    expect(() => decodeRelease(broken)).toThrow(/^secret sh\.helm\.release\.v1\.web\.v1 holds no readable release: /);
    expect(() => decodeRelease(broken)).not.toThrow(/hunter2/);
  });
});

describe('the revision to go back to', () => {
  const good = (version: number): Record<string, string> => ({ [outcomeLabels.good]: String(version) });
  const rows: readonly (readonly [name: string, secrets: readonly KubeObject[], failed: number, expected: number | undefined])[] = [
    [
      'is the newest that was seen healthy',
      [secret(record(1, 'superseded'), good(1)), secret(record(2, 'superseded'), good(1)), secret(record(3, 'deployed'))],
      3,
      1,
    ],
    [
      'is not one that only inherited the label',
      [secret(record(1, 'superseded')), secret(record(2, 'superseded'), good(1)), secret(record(3, 'failed'), good(1))],
      3,
      2,
    ],
    [
      'is a once deployed one where none was recorded',
      [secret(record(1, 'superseded')), secret(record(2, 'failed')), secret(record(3, 'failed'))],
      3,
      1,
    ],
    [
      'is not one that failed to apply, or that we saw fail, whatever helm calls it now',
      [
        secret(record(1, 'superseded')),
        secret({ ...record(2, 'superseded'), info: { status: 'superseded', description: 'Upgrade "web" failed: no' } }),
        secret(record(3, 'superseded'), { [outcomeLabels.failed]: '3' }),
        secret(record(4, 'deployed'), { [outcomeLabels.failed]: '3' }),
      ],
      4,
      1,
    ],
    ['is none at the first delivery', [secret(record(1, 'deployed'))], 1, undefined],
    [
      'counts numbers, not letters',
      [secret(record(9, 'superseded'), good(9)), secret(record(10, 'superseded'), good(10)), secret(record(11, 'failed'))],
      11,
      10,
    ],
  ];
  for (const [name, secrets, failed, expected] of rows) {
    it(name, () => expect(lastGoodRevision(revisionsOf(secrets, 'web'), failed)?.record.version).toBe(expected));
  }
});

describe('a pending revision', () => {
  const now = Date.parse('2026-01-02T03:10:00Z');
  const decide = (status: ReleaseStatus, since: string): ReturnType<typeof decidePending> =>
    decidePending(revisionsOf([secret(record(1, 'deployed')), secret(record(2, status, since))], 'web'), now, 300_000);

  it('is somebody’s work while it is young and abandoned when it is old', () => {
    expect(decide('deployed', '2026-01-02T03:00:00Z')).toEqual({ kind: 'free' });
    expect(decide('pending-upgrade', '2026-01-02T03:09:00Z')).toEqual({
      kind: 'busy',
      revision: 2,
      status: 'pending-upgrade',
      ageMs: 60_000,
    });
    expect(decide('pending-rollback', '2026-01-02T03:05:00Z')).toMatchObject({ kind: 'abandoned', ageMs: 300_000 });
  });

  it('becomes a failed one, guarded by the version that was read', () => {
    const [revision] = revisionsOf([secret(record(2, 'pending-upgrade'))], 'web');
    if (revision === undefined) throw new Error('no revision');
    const patch = abandonedPatch(revision, 'its process is gone') as { metadata: unknown; data: { release: string } };
    expect(patch.metadata).toEqual({ resourceVersion: '7', labels: { status: 'failed' } });
    const after = decodeRelease({ ...revision.secret, data: patch.data });
    expect(after.info).toMatchObject({ status: 'failed', description: 'its process is gone' });
    expect(after.manifest).toBe(revision.record.manifest);
  });
});
