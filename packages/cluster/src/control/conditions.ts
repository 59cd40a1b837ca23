/** Lists of conditions as the controllers of `apps` keep them. */
import type { Condition } from '@sluice/api';

export function conditionOf<T extends Condition>(conditions: readonly T[] | undefined, type: string): T | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/**
 * Sets a condition: one with the same status and reason is left as it is, message included; one with the same status keeps its transition
 * time; a changed one moves to the end of the list.
 * @see k8s.io/kubernetes pkg/controller/deployment/util/deployment_util.go SetDeploymentCondition
 */
export function withCondition<T extends Condition>(conditions: readonly T[], next: T): readonly T[] {
  const current = conditionOf(conditions, next.type);
  if (current !== undefined && current.status === next.status && current.reason === next.reason) return conditions;
  const kept =
    current !== undefined && current.status === next.status && current.lastTransitionTime !== undefined
      ? { ...next, lastTransitionTime: current.lastTransitionTime }
      : next;
  return [...withoutCondition(conditions, next.type), kept];
}

export function withoutCondition<T extends Condition>(conditions: readonly T[], type: string): readonly T[] {
  return conditions.some((condition) => condition.type === type) ? conditions.filter((condition) => condition.type !== type) : conditions;
}
