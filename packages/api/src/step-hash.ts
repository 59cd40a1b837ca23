/** The hash over the list of canary steps. When it changes, a rollout starts again at step 0. */
import { type GoShape, goEncoder } from './go-json.ts';
import { fnv1a, safeEncode } from './pod-template-hash.ts';
import type { CanaryStep } from './types/rollout.ts';

const stepShape: GoShape = {
  CanaryStep: `setWeight*:int pause:Pause experiment:Experiment analysis:Analysis setCanaryScale:SetCanaryScale
    setHeaderRoute:SetHeaderRoute setMirrorRoute:SetMirrorRoute plugin:Plugin`,
  Pause: 'duration*:port',
  Experiment: `templates!:[]ExperimentTemplate duration analyses:[]ExperimentAnalysis dryRun:[]DryRun analysisRunMetadata!:Metadata
    scaleDownDelaySeconds*:int`,
  ExperimentTemplate: 'name! specRef! replicas*:int metadata!:Metadata selector:LabelSelector weight*:int service:ExperimentService',
  ExperimentService: 'name',
  Metadata: 'labels:map annotations:map',
  LabelSelector: 'matchLabels:map matchExpressions:[]SelectorRequirement',
  SelectorRequirement: 'key! operator! values:[]text',
  ExperimentAnalysis: 'name! templateName! clusterScope:bool args:[]Argument requiredForCompletion:bool',
  Argument: 'name! value valueFrom:ValueFrom',
  ValueFrom: 'podTemplateHashValue* fieldRef:FieldRef',
  FieldRef: 'fieldPath!',
  DryRun: 'metricName!',
  Retention: 'metricName! limit!:int',
  Analysis: `templates:[]TemplateReference args:[]Argument dryRun:[]DryRun measurementRetention:[]Retention
    analysisRunMetadata:Metadata`,
  TemplateReference: 'templateName! clusterScope:bool',
  SetCanaryScale: 'weight*:int replicas*:int matchTrafficWeight:bool',
  SetHeaderRoute: 'name match:[]HeaderMatch',
  HeaderMatch: 'headerName! headerValue!*:StringMatch',
  StringMatch: 'exact prefix regex',
  SetMirrorRoute: 'name! match:[]RouteMatch percentage*:int',
  RouteMatch: 'method:StringMatch path:StringMatch headers:map[StringMatch]',
  Plugin: 'name! config:raw',
};

const encode = goEncoder(stepShape);

/**
 * `status.currentStepHash` of a canary: FNV-1a over Go's JSON of the steps, absent steps as `null`.
 *
 * @see argoproj/argo-rollouts utils/conditions ComputeStepHash
 * @example absent is `5ffbfbbd64`, `[{ "pause": {} }]` is `6b9b86fbd5`
 */
export function canaryStepHash(steps: readonly CanaryStep[] | undefined | null): string {
  const text = steps === undefined || steps === null ? 'null' : `[${steps.map((step) => encode('CanaryStep', step)).join(',')}]`;
  return safeEncode(fnv1a(text));
}

/** A part of a step with its fields in Go's order and Go's omissions, as upstream's messages show it. */
export function stepPartAsGo(struct: 'SetHeaderRoute' | 'SetMirrorRoute' | 'StringMatch' | 'Argument', value: unknown): unknown {
  return JSON.parse(encode(struct, value));
}
