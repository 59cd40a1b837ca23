export { type AwsPort, awsPort } from './metrics/aws/aws.ts';
export { type MetricDependencies, readSecret } from './metrics/dependencies.ts';
export { type Http, HttpError } from './metrics/http/http.ts';
export { type HttpClient, httpClient } from './metrics/http/http-client.ts';
export { type TokenSource, tokenSource } from './metrics/http/oauth2.ts';
export { analysisJobClient } from './metrics/job/job-client.ts';
export { metricSourceFor } from './metrics/registry.ts';
export { notifierFactory } from './notifiers/registry.ts';
export type { NotifierDependencies } from './notifiers/sending.ts';
export { type DownloadLimits, type InstallOptions, installPlugins } from './plugins/binaries.ts';
export { type ConfigurationResult, type ConfiguredPlugin, readPluginConfiguration } from './plugins/configuration.ts';
export { pluginEnvironment } from './plugins/environment.ts';
export { createPlugins, type Plugins, type PluginsOptions } from './plugins/plugins.ts';
export type { PluginLimits } from './plugins/process.ts';
export { awsLoadBalancers } from './traffic/alb/aws-load-balancers.ts';
export {
  type LoadBalancers,
  type TargetsQuestion,
  type TargetsVerdict,
  verifyTargets,
  verifyWeight,
  type WeightQuestion,
  type WeightVerdict,
} from './traffic/alb/verification.ts';
export { trafficRouterCrds } from './traffic/crds.ts';
export { type TrafficRouterOptions, trafficRouters } from './traffic/registry.ts';
export { type RouterRight, trafficRouterRights } from './traffic/rights.ts';
