export { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
export { inProcessTransport } from './in-process-transport.ts';
export { defaultRules } from './runtime/default-rules.ts';
export { PodRulesError, parsePodRules } from './runtime/parse-pod-rules.ts';
export type { Delay, PodLife, PodMatch, PodRule } from './runtime/rules.ts';
