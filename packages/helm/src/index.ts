export { type Capabilities, readCapabilities } from './capabilities.ts';
export { type ChangePlan, type FieldChange, type ObjectChange, planChanges } from './change-plan.ts';
export { type Chart, type ChartDependency, readChart } from './chart.ts';
export type {
  DeployEnvironment,
  DeployOutcome,
  DeployProgress,
  DeployRequest,
  DeployUntil,
  PausedRollout,
  Undo,
} from './delivery.ts';
export { deploy } from './deploy.ts';
export type { PodEvidence } from './evidence.ts';
export { cacheFolder, findTool, type Tool, ToolCacheError, type ToolName, type ToolPackage, type ToolSearch } from './helm-binary.ts';
export { createHelmDriver, type HelmDriver, HelmError, type HelmLine } from './helm-driver.ts';
export { helmKubeconfig, writeHelmKubeconfig } from './helm-kubeconfig.ts';
export { DeliveryProblem, type DeliveryProblemCode } from './problem.ts';
export type { Readiness } from './readiness/answer.ts';
export { readinessOf } from './readiness/readiness.ts';
export type { Health, HealthFacts, HealthVerdict, ObjectHealth, ObjectRef } from './readiness/release-health.ts';
export {
  decodeRelease,
  encodeRelease,
  lastGoodRevision,
  type ReleaseRecord,
  ReleaseRecordError,
  type ReleaseStatus,
  type Revision,
  releaseSecretName,
  revisionsOf,
} from './release-record.ts';
export { parseRender, type Render, type RenderedObject } from './render.ts';
