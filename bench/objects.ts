/** What the bench creates: objects of a usual size (3.7 KB of JSON as a ReplicaSet has it) in a kind that no controller touches, and canaries. */
import type { KubeObject } from '@sluice/api';
import { builtinTypes, type Client } from '@sluice/kube';

export function podTemplate(name: string, namespace: string): KubeObject {
  const env = Array.from({ length: 18 }, (_, i) => ({ name: `SETTING_NUMBER_${i}`, value: `a value of some length for setting ${i}` }));
  return {
    apiVersion: 'v1',
    kind: 'PodTemplate',
    metadata: { name, namespace, labels: { app: name, 'app.kubernetes.io/part-of': 'bench' }, annotations: { bench: '0' } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        containers: [
          {
            name: 'web',
            image: 'registry.example.com/team/web:1.2.3',
            ports: [{ name: 'http', containerPort: 8080 }],
            env,
            readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5 },
            resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } },
          },
        ],
      },
    },
  };
}

export type CanaryShape = { readonly replicas: number; readonly pauseSeconds: number };

/** A Rollout that goes to 20 % of its pods, waits, goes to 60 %, and waits. */
export function canary(name: string, namespace: string, image: string, { replicas, pauseSeconds }: CanaryShape): KubeObject {
  const pause = { pause: { duration: pauseSeconds } };
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Rollout',
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      strategy: { canary: { steps: [{ setWeight: 20 }, pause, { setWeight: 60 }, pause] } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'web', image }] } },
    },
  };
}

/** A JSON patch. */
export function newImage(image: string): readonly object[] {
  return [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image }];
}

/** Whether all pods run that image and the controller has said so of the newest generation. */
export function isSettled(rollout: KubeObject, image: string): boolean {
  const { spec, status, metadata } = rollout as KubeObject & {
    spec: { replicas: number; template: { spec: { containers: readonly { image: string }[] } } };
    status?: { phase?: string; observedGeneration?: string; updatedReplicas?: number };
  };
  return (
    spec.template.spec.containers[0]?.image === image &&
    status?.phase === 'Healthy' &&
    status.observedGeneration === String(metadata.generation) &&
    status.updatedReplicas === spec.replicas
  );
}

/** Creates `count` objects, 16 at a time. */
export async function createPodTemplates(client: Client, namespace: string, count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, i) => `object-${i}`);
  await inParallel(names, 16, (name) => client.create(builtinTypes.podTemplates, podTemplate(name, namespace)));
  return names;
}

export async function inParallel<T>(items: readonly T[], width: number, run: (item: T) => Promise<unknown>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: width }, async () => {
      for (let item = items[next++]; item !== undefined; item = items[next++]) await run(item);
    }),
  );
}
