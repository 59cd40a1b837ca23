/** The Service of a template: it selects exactly the pods of the template's ReplicaSet, on the ports of their containers. */
import type { Experiment, ExperimentTemplate, ReplicaSet, Service, ServicePort } from '@sluice/api';
import { ownedBy } from './replica-set.ts';

/** `undefined` where no container names a port: a Service without one is not possible. */
export function newExperimentService(experiment: Experiment, template: ExperimentTemplate, set: ReplicaSet): Service | undefined {
  const ports = portsOf(set);
  if (ports.length === 0) return undefined;
  const given = template.service?.name ?? '';
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...ownedBy(experiment, template.name), name: given === '' ? (set.metadata.name ?? '') : given },
    spec: { selector: set.metadata.labels ?? {}, ports },
  };
}

function portsOf(set: ReplicaSet): readonly ServicePort[] {
  const containers = set.spec?.template?.spec?.containers ?? [];
  return containers.flatMap(({ ports }) =>
    (ports ?? []).flatMap(({ name, containerPort, protocol }) =>
      containerPort === undefined
        ? []
        : [
            {
              ...(name === undefined || name === '' ? {} : { name }),
              ...(protocol === undefined ? {} : { protocol }),
              port: containerPort,
              targetPort: containerPort,
            },
          ],
    ),
  );
}
