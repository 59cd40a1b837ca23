/** What a delivery is asked for, what it tells on the way, and how it ends. The doors of this package speak in these. */
import type { Clock } from '@sluice/api';
import type { Client, Logger } from '@sluice/kube';
import type { ChangePlan } from './change-plan.ts';
import type { PodEvidence } from './evidence.ts';
import type { HelmDriver } from './helm-driver.ts';
import type { DeliveryProblemCode } from './problem.ts';
import type { Health, HealthFacts, ObjectHealth } from './readiness/release-health.ts';
import type { Values } from './set-values.ts';

export type DeployRequest = {
  /** The service's name is the release's name: lower case, at most 53. */
  readonly release: string;
  readonly namespace: string;
  readonly chart: { readonly folder: string };
  /** Values files in order, the last wins. */
  readonly valuesFiles: readonly string[];
  /** Laid over the files, before `set`. */
  readonly injectedValues?: Values;
  /** Texts of the form `a.b=c`; win over everything. */
  readonly set?: readonly string[];
  /** The artifact version; becomes `appVersion`, `global.appVersion` and the chart's `sluice.dev/app-version-paths`. */
  readonly appVersion?: string;
  /** For the wait; time spent waiting for a person does not count. Helm's hooks get the same for each. */
  readonly timeoutMs: number;
  /** How long a pod may be in trouble before its owner has failed; 60 s by default. */
  readonly graceMs?: number;
  readonly rollbackOnFailure: boolean;
};

/** `paused`: ends as soon as only a person can go on. `healthy`: waits through that. */
export type DeployUntil = 'healthy' | 'paused';

export type DeployEnvironment = {
  readonly client: Client;
  readonly helm: HelmDriver;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly onProgress: (progress: DeployProgress) => void;
  /** Ends the delivery in a state from which the next one goes on. */
  readonly signal: AbortSignal;
  /** Below which folders of our own are made; the system's by default. */
  readonly temporaryFolder?: string;
};

export type DeployProgress =
  | {
      readonly kind: 'rendered';
      readonly chart: string;
      readonly version: string;
      readonly appVersion: string | undefined;
      readonly objects: number;
    }
  | { readonly kind: 'planned'; readonly plan: ChangePlan; readonly isFirst: boolean }
  | { readonly kind: 'unchanged'; readonly revision: number }
  | { readonly kind: 'recovered'; readonly revision: number; readonly status: string; readonly ageMs: number }
  | { readonly kind: 'applying'; readonly revision: number }
  | { readonly kind: 'applied'; readonly revision: number }
  | { readonly kind: 'health'; readonly health: Health; readonly facts: HealthFacts }
  | { readonly kind: 'failed'; readonly message: string; readonly evidence: readonly PodEvidence[] }
  | { readonly kind: 'undoing'; readonly message: string };

/** What was done about a failure. */
export type Undo =
  | { readonly kind: 'none' }
  /** The release is back at `toRevision`, as `revision`; `isHealthy` when that was seen ready again. */
  | { readonly kind: 'rolled-back'; readonly toRevision: number; readonly revision: number; readonly isHealthy: boolean }
  | { readonly kind: 'uninstalled' }
  | { readonly kind: 'undo-failed'; readonly message: string };

export type DeployOutcome =
  | { readonly kind: 'healthy'; readonly revision: number; readonly isNewRevision: boolean }
  | { readonly kind: 'paused'; readonly revision: number; readonly rollouts: readonly PausedRollout[] }
  | {
      readonly kind: 'failed';
      readonly code: DeliveryProblemCode;
      readonly message: string;
      /** The next thing to try. */
      readonly next: string | undefined;
      /** Absent when nothing was applied. */
      readonly revision: number | undefined;
      readonly objects: readonly ObjectHealth[];
      readonly evidence: readonly PodEvidence[];
      readonly undo: Undo;
    }
  | { readonly kind: 'cancelled'; readonly revision: number | undefined; readonly message: string };

export type PausedRollout = {
  readonly namespace: string;
  readonly name: string;
  readonly message: string;
  readonly promoteCommand: string;
};
