/**
 * The port behind which a traffic router plugin lies: a program of somebody else's that moves traffic in its own way. Unlike the routers of
 * `traffic-router.ts` it is no function over objects, so that its calls are made between two looks at a Rollout, not while one is decided.
 */
import type { Rollout, SetHeaderRoute, SetMirrorRoute } from '@sluice/api';
import type { WeightTarget } from './traffic-router.ts';

/**
 * One plugin under the name that `trafficRouting.plugins` gives it. Each call ends in bounded time, and may be repeated: a plugin is told
 * what is to be, not what has changed. A failure is thrown and ends the pass as a problem; the messages are upstream's.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/plugin/plugin.go
 */
export interface PluginRouter {
  readonly name: string;
  /** What the plugin calls itself. */
  type(): Promise<string>;
  updateHash(rollout: Rollout, canaryHash: string, stableHash: string, targets: readonly WeightTarget[]): Promise<void>;
  /** @param weight - of the new version, 0 to the Rollout's `maxTrafficWeight` */
  setWeight(rollout: Rollout, weight: number, targets: readonly WeightTarget[]): Promise<void>;
  setHeaderRoute(rollout: Rollout, route: SetHeaderRoute): Promise<void>;
  setMirrorRoute(rollout: Rollout, route: SetMirrorRoute): Promise<void>;
  /** @returns whether traffic flows as it was told; `undefined` where the plugin does not look */
  verifyWeight(rollout: Rollout, weight: number, targets: readonly WeightTarget[]): Promise<boolean | undefined>;
  removeManagedRoutes(rollout: Rollout): Promise<void>;
}
