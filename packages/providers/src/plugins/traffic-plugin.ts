/**
 * A traffic router plugin behind the engine's port.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/plugin
 */
import type { PluginRouter, WeightTarget } from '@sluice/engine';
import { errorTextOf, structOf, textOf } from './answers.ts';
import type { CallPlugin } from './metric-plugin.ts';
import { messageOf } from './process.ts';
import { type ArgumentName, argumentOf } from './shapes/argo.ts';

/** `RpcVerified`: anything else means no. */
const verified = 1;
const notImplemented = 2;

export function pluginRouter(name: string, connect: CallPlugin): PluginRouter {
  async function use(): ReturnType<CallPlugin> {
    try {
      return await connect();
    } catch (problem) {
      throw new Error(`failed to get traffic router plugin ${name}: ${messageOf(problem)}`, { cause: problem });
    }
  }

  /** A call that answers with an error or nothing. */
  async function tell(method: string, what: string, argument: ArgumentName, value: Readonly<Record<string, unknown>>): Promise<void> {
    const call = await use();
    let problem: string;
    try {
      problem = errorTextOf(await call(method, argumentOf(argument, value)));
    } catch (failed) {
      problem = messageOf(failed);
    }
    if (problem !== '') throw new Error(`failed to ${what} via plugin: ${problem}`);
  }

  const weights = (rollout: unknown, weight: number, targets: readonly WeightTarget[]): Readonly<Record<string, unknown>> => ({
    Rollout: rollout,
    DesiredWeight: weight,
    AdditionalDestinations: targets,
  });

  return {
    name,
    type: async () => textOf(await (await use())('Type')),
    updateHash: (rollout, canaryHash, stableHash, targets) =>
      tell('UpdateHash', 'update hash', 'UpdateHashArgs', {
        Rollout: rollout,
        CanaryHash: canaryHash,
        StableHash: stableHash,
        AdditionalDestinations: targets,
      }),
    setWeight: (rollout, weight, targets) =>
      tell('SetWeight', 'set weight', 'SetWeightAndVerifyWeightArgs', weights(rollout, weight, targets)),
    setHeaderRoute: (rollout, route) =>
      tell('SetHeaderRoute', 'set header route', 'SetHeaderArgs', { Rollout: rollout, SetHeaderRoute: route }),
    setMirrorRoute: (rollout, route) =>
      tell('SetMirrorRoute', 'set mirror route', 'SetMirrorArgs', { Rollout: rollout, SetMirrorRoute: route }),
    removeManagedRoutes: (rollout) => tell('RemoveManagedRoutes', 'remove managed routes', 'RemoveManagedRoutesArgs', { Rollout: rollout }),
    verifyWeight: async (rollout, weight, targets) => {
      const call = await use();
      try {
        const answer = structOf(
          await call('VerifyWeight', argumentOf('SetWeightAndVerifyWeightArgs', weights(rollout, weight, targets))),
          'a verification',
        );
        const problem = answer.Err === undefined ? '' : errorTextOf(answer.Err);
        if (problem !== '') throw new Error(problem);
        return answer.Verified === notImplemented ? undefined : answer.Verified === verified;
      } catch (problem) {
        throw new Error(`failed to verify weight via plugin: ${messageOf(problem)}`, { cause: problem });
      }
    },
  };
}
