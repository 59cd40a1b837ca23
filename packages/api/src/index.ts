export { type Clock, formatMicroTime, formatTime, type Instant, parseTime } from './clock.ts';
export {
  apiVersionOf,
  type Condition,
  compareResourceVersions,
  controllerOf,
  type Json,
  type KubeObject,
  keyOf,
  type ManagedFieldsEntry,
  type ObjectMeta,
  type OwnerReference,
  parseApiVersion,
  type ResourceType,
  resourcePath,
  splitKey,
} from './meta.ts';
export {
  type FieldRequirement,
  formatLabelSelector,
  type LabelSelector,
  type LabelSelectorRequirement,
  type Labels,
  matches,
  parseFieldSelector,
  parseLabelSelector,
  type Requirement,
  requirementsOf,
  SelectorError,
} from './selector.ts';
export { failure, isStatusError, type Status, type StatusCause, StatusError, type StatusReason } from './status.ts';
