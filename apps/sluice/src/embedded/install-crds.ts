/** Puts our CRDs into a cluster of ours: creates what is missing, replaces what another version of the program left. */
import { createHash } from 'node:crypto';
import { crds, isStatusError, type KubeObject, type ResourceType } from '@sluice/api';
import type { Client } from '@sluice/kube';

const crdType: ResourceType = {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  resource: 'customresourcedefinitions',
  namespaced: false,
};

/** Tells whether the stored CRD is the one of this program, without comparing its defaulted form. */
const digestAnnotation = 'sluice.dev/crd-digest';

export async function installCrds(client: Pick<Client, 'get' | 'create' | 'update'>): Promise<void> {
  await Promise.all(crds().map((crd) => installCrd(client, crd)));
}

async function installCrd(client: Pick<Client, 'get' | 'create' | 'update'>, crd: KubeObject): Promise<void> {
  const digest = createHash('sha256').update(JSON.stringify(crd)).digest('hex').slice(0, 16);
  const wanted: KubeObject = {
    ...crd,
    metadata: { ...crd.metadata, annotations: { ...crd.metadata.annotations, [digestAnnotation]: digest } },
  };
  const name = crd.metadata.name ?? '';
  const present = await client.get(crdType, { name }).catch((error: unknown) => {
    if (isStatusError(error, 'NotFound')) return undefined;
    throw error;
  });
  if (present === undefined) {
    await client.create(crdType, wanted);
  } else if (present.metadata.annotations?.[digestAnnotation] !== digest) {
    const { resourceVersion } = present.metadata;
    await client.update(crdType, {
      ...wanted,
      metadata: { ...wanted.metadata, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
    });
  }
}
