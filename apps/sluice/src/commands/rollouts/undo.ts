/** `undo`: puts the pod template of an earlier revision back, on the rollout or on the workload it refers to. */
import {
  controllerOf,
  type KubeObject,
  labels,
  type PodTemplateSpec,
  parseApiVersion,
  podTemplatesEqual,
  type ReplicaSet,
  type ResourceType,
  type Rollout,
  rolloutType,
} from '@sluice/api';
import { ActionError, revisionToUndo } from '@sluice/engine';
import type { Session } from './session.ts';

const replicaSets: ResourceType = { group: 'apps', version: 'v1', kind: 'ReplicaSet', resource: 'replicasets', namespaced: true };

/** @param toRevision - 0 for the one before the present */
export async function undo(session: Session, name: string, toRevision: number): Promise<void> {
  const { client, namespace, io } = session;
  const rollout = await client.get<Rollout>(rolloutType, { namespace, name });
  const { items } = await client.list<ReplicaSet>(replicaSets, { namespace, labelSelector: labels.podTemplateHash });
  const owned = items.filter((set) => controllerOf(set)?.uid === rollout.metadata.uid);
  const wanted = withoutHash(find(rollout, toRevision, owned).spec?.template ?? {});
  const target = await targetOf(session, rollout);
  if (podTemplatesEqual(withoutHash(target.template), wanted)) {
    io.out.write(`skipped rollback (current template already matches revision ${toRevision})`);
    return;
  }
  try {
    const patch = [{ op: 'replace', path: target.path, value: wanted }];
    await client.patch(target.type, { namespace, name: target.name }, 'json', patch);
  } catch (error) {
    throw new Error(`failed restoring revision ${toRevision}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  io.out.write(`rollout '${name}' undo\n`);
}

function find(rollout: Rollout, toRevision: number, owned: readonly ReplicaSet[]): ReplicaSet {
  try {
    return revisionToUndo(rollout, toRevision, owned);
  } catch (error) {
    if (error instanceof ActionError && toRevision === 0) throw new Error(`no revision found for rollout "${rollout.metadata.name}"`);
    throw error;
  }
}

type Target = { readonly type: ResourceType; readonly name: string; readonly path: string; readonly template: PodTemplateSpec };

async function targetOf({ client, namespace }: Session, rollout: Rollout): Promise<Target> {
  const reference = rollout.spec.workloadRef;
  if (reference === undefined) {
    return { type: rolloutType, name: rollout.metadata.name ?? '', path: '/spec/template', template: rollout.spec.template ?? {} };
  }
  const { kind = '', name = '', apiVersion = '' } = reference;
  const resources: Readonly<Record<string, string>> = { Deployment: 'deployments', ReplicaSet: 'replicasets', PodTemplate: 'podtemplates' };
  const resource = resources[kind];
  if (resource === undefined) throw new Error(`workload of type ${parseApiVersion(apiVersion).group}/${kind} is not supported`);
  const type: ResourceType = { ...parseApiVersion(apiVersion), kind, resource, namespaced: true };
  const workload = await client.get<KubeObject & { template?: PodTemplateSpec; spec?: { template?: PodTemplateSpec } }>(type, {
    namespace,
    name,
  });
  const isPodTemplate = kind === 'PodTemplate';
  const template = (isPodTemplate ? workload.template : workload.spec?.template) ?? {};
  return { type, name, path: isPodTemplate ? '/template' : '/spec/template', template };
}

function withoutHash(template: PodTemplateSpec): PodTemplateSpec {
  const { [labels.podTemplateHash]: _, ...kept } = template.metadata?.labels ?? {};
  return { ...template, metadata: { ...template.metadata, labels: kept } };
}
