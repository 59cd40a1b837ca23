/** What simulated pods use, for the metrics API and for autoscaling. */
import type { Pod } from '../shapes/pod.ts';
import { lifeOf } from './life.ts';
import type { PodRule } from './rules.ts';

export type ContainerUsage = { readonly name: string; readonly cpu: string; readonly memory: string };

/** Usage of each running container of a pod, as quantities; `undefined` while none runs. */
export function podUsage(pod: Pod, rules: readonly PodRule[]): readonly ContainerUsage[] | undefined {
  const running = (pod.status?.containerStatuses ?? []).filter((status) => status.state.running !== undefined);
  if (running.length === 0) return undefined;
  const { usage } = lifeOf(pod, rules);
  return running.map(({ name }) => ({ name, ...usage }));
}
