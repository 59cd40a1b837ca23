/** A pod from a template, as `controller.GetPodFromTemplate` makes it: labels, annotations and finalizers of the template, one controller. */
import type { KubeObject, ResourceType } from '@sluice/api';
import type { Pod, PodTemplate } from '../shapes/pod.ts';
import { controllerReference } from './plan.ts';

/** `name` absent: the server generates one from the owner's name. */
export function podFromTemplate(template: PodTemplate, ownerType: ResourceType, owner: KubeObject, name?: string): Pod {
  const { labels, annotations, finalizers } = template.metadata ?? {};
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...(name === undefined ? { generateName: generateName(owner.metadata.name ?? '') } : { name }),
      namespace: owner.metadata.namespace ?? '',
      ...(labels === undefined ? {} : { labels }),
      ...(annotations === undefined ? {} : { annotations }),
      ...(finalizers === undefined ? {} : { finalizers }),
      ownerReferences: [controllerReference(ownerType, owner)],
    },
    spec: template.spec ?? { containers: [] },
  };
}

function generateName(owner: string): string {
  return `${owner}-`;
}
