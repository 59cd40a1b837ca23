/** `set image`: a new image for one container or all, on the rollout or on the workload it refers to. */
import {
  type Container,
  isStatusError,
  type KubeObject,
  type PodTemplateSpec,
  parseApiVersion,
  type ResourceType,
  type Rollout,
  rolloutType,
} from '@sluice/api';
import type { Session } from './session.ts';

const attemptsMax = 5;

/** @param container - its name, or `*` for all, init and ephemeral ones included */
export async function setImage(session: Session, name: string, container: string, image: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const updated = await setImageOnce(session, name, container, image);
      session.io.out.write(`${updated.kind.toLowerCase()} "${updated.metadata.name}" image updated\n`);
      return;
    } catch (error) {
      if (!isStatusError(error, 'Conflict') || attempt === attemptsMax) throw error;
    }
  }
}

type Workload = KubeObject & { readonly spec?: { readonly template?: PodTemplateSpec; readonly [field: string]: unknown } };

async function setImageOnce({ client, namespace }: Session, name: string, container: string, image: string): Promise<KubeObject> {
  const rollout = await client.get<Rollout>(rolloutType, { namespace, name });
  const reference = rollout.spec.workloadRef;
  if (reference === undefined) return client.update(rolloutType, withImage(rollout, container, image) as Rollout);
  const group = parseApiVersion(reference.apiVersion ?? '');
  if (reference.kind !== 'Deployment') throw new Error(`unsupported workload reference kind ${reference.kind ?? ''}`);
  const type: ResourceType = { ...group, kind: 'Deployment', resource: 'deployments', namespaced: true };
  const deployment = await client.get<Workload>(type, { namespace, name: reference.name ?? '' });
  return client.update(type, withImage(deployment, container, image));
}

/** @throws Error when no container has this name */
function withImage(workload: Workload, container: string, image: string): Workload {
  let isFound = false;
  const change = (list: readonly Container[] | undefined): readonly Container[] | undefined =>
    list?.map((one) => {
      if (one.name !== container && container !== '*') return one;
      isFound = true;
      return { ...one, image };
    });
  const spec = workload.spec?.template?.spec;
  const lists = {
    initContainers: change(spec?.initContainers),
    containers: change(spec?.containers),
    ephemeralContainers: change(spec?.ephemeralContainers),
  };
  if (!isFound) throw new Error(`unable to find container named "${container}"`);
  const given = Object.fromEntries(Object.entries(lists).filter(([, list]) => list !== undefined));
  return {
    ...workload,
    spec: { ...workload.spec, template: { ...workload.spec?.template, spec: { ...spec, ...given } as PodTemplateSpec['spec'] & object } },
  };
}
