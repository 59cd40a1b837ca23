/** The open definitions, on an API server: whatever a router writes is stored as it is. */
import type { KubeObject, ResourceType } from '@sluice/api';
import { createApiServer } from '@sluice/apiserver';
import { inProcessTransport } from '@sluice/cluster';
import { builtinTypes, type Client, createClient, virtualClock } from '@sluice/kube';
import { expect, it } from 'vitest';
import { trafficRouterCrds } from './crds.ts';
import { fieldAt } from './fields.ts';

it('every definition is served at once, in every version, and keeps what it does not know', async () => {
  const server = await createApiServer({
    durability: 'memory',
    clock: virtualClock(Date.UTC(2026, 0, 1), 1),
    randomBytes: (count) => new Uint8Array(count),
    tls: false,
  });
  const client: Client = createClient(inProcessTransport(server, { name: 'tester', groups: ['system:masters', 'system:authenticated'] }), {
    fieldManager: 'tester',
  });
  for (const definition of trafficRouterCrds) await client.create(builtinTypes.customResourceDefinitions, definition);
  for (const { spec } of trafficRouterCrds) {
    const names = fieldAt(spec, 'names') as { readonly kind: string; readonly plural: string };
    for (const { name: version } of fieldAt(spec, 'versions') as readonly { readonly name: string }[]) {
      const group = String(fieldAt(spec, 'group'));
      const type: ResourceType = { group, version, kind: names.kind, resource: names.plural, namespaced: true };
      const object: KubeObject = {
        apiVersion: `${group}/${version}`,
        kind: names.kind,
        metadata: { name: `web-${version}`, namespace: 'default' },
        spec: { weight: 5, unknown: [{ deep: true }] },
      };
      const made = await client.create(type, object);
      expect(made.spec).toEqual(object.spec);
    }
  }
  await server.close();
});
