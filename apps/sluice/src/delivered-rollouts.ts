/** The Rollouts of a delivery as the views that every command shows. */
import type { Instant, Pod, ReplicaSet, Rollout } from '@sluice/api';
import type { HealthFacts } from '@sluice/helm';
import { type RolloutView, rolloutView } from '@sluice/views';

export function deliveredRollouts(facts: HealthFacts, now: Instant): readonly RolloutView[] {
  const replicaSets = facts.replicaSets as readonly ReplicaSet[];
  const pods = facts.pods as readonly Pod[];
  return facts.objects.flatMap(({ ref, live }) =>
    ref.kind === 'Rollout' && live !== undefined ? [rolloutView({ rollout: live as Rollout, replicaSets, pods }, now)] : [],
  );
}
