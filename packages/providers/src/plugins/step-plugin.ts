/**
 * Step plugins behind the engine's port.
 *
 * @see argoproj/argo-rollouts rollout/steps/plugin
 */
import type { Clock } from '@sluice/api';
import type { StepPluginAnswer, StepPlugins } from '@sluice/engine';
import { durationMs, errorTextOf, jsonOf, structOf, textOf } from './answers.ts';
import type { CallPlugin } from './metric-plugin.ts';
import { messageOf } from './process.ts';
import { argumentOf } from './shapes/argo.ts';

export type StepPluginsOptions = {
  isDisabled(name: string): boolean;
  callerOf(name: string): CallPlugin;
  readonly clock: Clock;
};

export function stepPlugins({ isDisabled, callerOf, clock }: StepPluginsOptions): StepPlugins {
  return {
    isDisabled,
    call: async (rollout, { operation, name, config, status }) => {
      let call: Awaited<ReturnType<CallPlugin>>;
      try {
        call = await callerOf(name)();
      } catch (problem) {
        return { kind: 'unavailable', at: clock.now(), problem: `failed to get step plugin ${name}: ${messageOf(problem)}` };
      }
      const failed = (message: string): StepPluginAnswer => ({ kind: 'error', at: clock.now(), message });
      try {
        const context = { PluginName: name, Config: config, Status: status };
        const argument = argumentOf(`step.${operation}Args`, { Rollout: rollout, Context: context });
        const { Result, Error: problem } = structOf(await call(operation, argument), 'an answer');
        const message = problem === undefined ? '' : errorTextOf(problem);
        if (message !== '') return failed(message);
        const result = structOf(Result ?? {}, 'a result');
        const next = jsonOf(result.Status);
        return {
          kind: 'result',
          at: clock.now(),
          phase: textOf(result.Phase),
          message: textOf(result.Message),
          requeueAfterMs: durationMs(result.RequeueAfter),
          ...(next === undefined ? {} : { status: next }),
        };
      } catch (problem) {
        return failed(messageOf(problem));
      }
    },
  };
}
