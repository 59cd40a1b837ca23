/** Objects of a usual size: 3.7 KB of JSON as a ReplicaSet has it, in a kind that no controller touches. */
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
