/** Every namespace has a ServiceAccount `default`, and gets it back when it is deleted. */
import type { KubeObject } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { inOrder, nothing, type Plan } from '../control/plan.ts';
import { type ClusterController, createShell, enqueueItself, follow, type Surroundings } from '../control/shell.ts';
import type { Namespace } from '../shapes/services.ts';

const name = 'default';

function decideServiceAccount(namespace: Namespace, account: KubeObject | undefined): Plan {
  if (namespace.metadata.deletionTimestamp !== undefined || account !== undefined) return nothing('account is there');
  const object = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: namespace.metadata.name ?? '' } };
  return { steps: inOrder({ verb: 'create', type: builtinTypes.serviceAccounts, object }), notes: [], reason: 'no default account' };
}

export function serviceAccountController(around: Surroundings): ClusterController {
  const namespaces = around.caches.of<Namespace>(builtinTypes.namespaces);
  const accounts = around.caches.of(builtinTypes.serviceAccounts);
  const { loop } = createShell(around, 'serviceaccount-controller', async (key, actor) => {
    const namespace = namespaces.get(key);
    return namespace === undefined ? undefined : follow(actor, decideServiceAccount(namespace, accounts.get(`${key}/${name}`)));
  });
  enqueueItself(namespaces, loop);
  accounts.addHandler({
    deleted: (account) => {
      if (account.metadata.name === name) loop.enqueue(account.metadata.namespace ?? '');
    },
  });
  return loop;
}
