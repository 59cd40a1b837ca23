/** The port behind which a step plugin lies: a program of somebody else's that a canary step stands for. */
import type { Instant, Rollout } from '@sluice/api';

export type StepPluginOperation = 'Run' | 'Terminate' | 'Abort';

/** What is to be asked of which plugin. `status` is what the plugin answered last for this step. */
export type StepPluginCall = {
  readonly operation: StepPluginOperation;
  /** Of the step, from 0. */
  readonly index: number;
  readonly name: string;
  readonly config?: unknown;
  readonly status?: unknown;
};

/** `at` is when the answer came. */
export type StepPluginAnswer = { readonly at: Instant } & (
  | {
      readonly kind: 'result';
      /** Empty: as before. Not held to the known phases yet. */
      readonly phase: string;
      readonly message: string;
      /** 0: as the controller likes. */
      readonly requeueAfterMs: number;
      /** JSON of the plugin's own. */
      readonly status?: unknown;
    }
  /** The plugin, or the way to it, failed in the call. */
  | { readonly kind: 'error'; readonly message: string }
  /** There is no plugin to call: not configured, or it does not start. */
  | { readonly kind: 'unavailable'; readonly problem: string }
);

export interface StepPlugins {
  /** Whether the plugin is configured, and to be passed over. */
  isDisabled(name: string): boolean;
  /** Never rejects, and ends in bounded time. */
  call(rollout: Rollout, call: StepPluginCall): Promise<StepPluginAnswer>;
}
