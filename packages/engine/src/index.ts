export { ActionError, type ActionPatch, actionPatches, type RolloutAction, revisionToUndo } from './actions.ts';
export { type ResolvedMetrics, resolveMetrics, withoutSecrets } from './analysis/metric-arguments.ts';
export { metricsProblem } from './analysis/metric-validation.ts';
export { isCompletedPhase, isWorsePhase, worstPhase } from './analysis/phases.ts';
export { argumentsOfRollout } from './analysis/rollout-arguments.ts';
export { type AnalysisConclusion, type AnalysisFacts, concludeAnalysisRun, failRun, type TaskOutcome } from './analysis/run-conclusion.ts';
export {
  type AnalysisPlan,
  type AnalysisTask,
  planAnalysisRun,
  type ResolvedTask,
  resolveTask,
  type SecretValue,
} from './analysis/run-plan.ts';
export { unresolvedMessage } from './analysis/run-preparation.ts';
export {
  type BuildProblem,
  type Built,
  buildRunSpec,
  effectiveCount,
  flattenTemplates,
  isSameRunSpec,
  type RunSpecRequest,
  type TemplateLookup,
} from './analysis/run-spec.ts';
export { decideAfterCollision, decideAfterCreateError, decideRollout } from './decide.ts';
export { desiredReplicas, fenceposts, revisionHistoryLimit } from './defaults.ts';
export { notes } from './events.ts';
export { decideExperiment } from './experiments/decide.ts';
export { type ExperimentQuestion, experimentOfStep, isSameExperimentSpec } from './experiments/experiment-step.ts';
export {
  type ExperimentAction,
  type ExperimentFacts,
  type ExperimentNote,
  type ExperimentPlan,
  type ExperimentRefusal,
  experimentWriteKeys,
} from './experiments/plan.ts';
export { type Compiled, compileExpression, type Evaluated, type Program, runExpression } from './expression/expression.ts';
export { formatFloat, parseFloatText, plainFloat } from './expression/go-numbers.ts';
export { type ConditionAnswer, type ConditionQuestion, evaluateConditions, evaluateInstant } from './expression/metric-conditions.ts';
export { GoDuration, GoTime } from './expression/time.ts';
export { GoFunction, type GoType } from './expression/values.ts';
export type { RolloutFacts, SpecReading, WeightVerification } from './facts.ts';
export {
  type ConfigurationProblem,
  type ConfiguredService,
  type NotificationConfiguration,
  notificationConfigMap,
  notificationSecret,
  readNotificationConfiguration,
} from './notifications/configuration.ts';
export {
  destinationsOf,
  messageOf,
  messagesFor,
  type NotificationSubject,
  notificationVariables,
  notifiedRuns,
} from './notifications/deliveries.ts';
export { withoutSecretValues } from './notifications/redaction.ts';
export { type ParseYaml, triggerOfReason } from './notifications/subscriptions.ts';
export type { NotificationTemplate } from './notifications/templates.ts';
export { runTrigger, type TriggerCondition } from './notifications/triggers.ts';
export { calculatePhase, type PhaseAndMessage, rolloutPhase } from './phase.ts';
export { type Action, type MergePatch, type Note, type PlannedNote, type RolloutPlan, type WriteKey, writeKeys } from './plan.ts';
export type { MetricQuestion, MetricReading, MetricSource } from './ports/metric-source.ts';
export type { Destination, MadeNotifier, Notification, Notifier, NotifierFactory, SendOutcome } from './ports/notifier.ts';
export type { PluginRouter } from './ports/plugin-router.ts';
export type { StepPluginAnswer, StepPluginCall, StepPluginOperation, StepPlugins } from './ports/step-plugin.ts';
export {
  type ObjectRef,
  type ObjectSelection,
  objectKey,
  type RouterChange,
  type RouterOutcome,
  type RouterView,
  type TrafficRouter,
  type WeightTarget,
} from './ports/traffic-router.ts';
export { approximateCounts, type BasicCanaryQuestion, basicCanaryCounts, type ReplicaCounts } from './replica-counts.ts';
export { hashOf, type ReplicaSetRoles, revisionOf } from './replica-sets.ts';
export { assignRoles, hasTemplateOf, templateHash } from './roles.ts';
export { referencedServices, releasePatch } from './services.ts';
export { decideStepPlugins, isStepPluginDone, type StepPluginDecision, type StepPluginQuestion } from './step-plugins.ts';
export { currentSetWeight, currentStep, currentStepIndex, stepText } from './steps.ts';
export { workloadTypeOf } from './workload.ts';
