export { type AwsPort, awsPort } from './metrics/aws.ts';
export type { MetricDependencies } from './metrics/dependencies.ts';
export { type Http, HttpError } from './metrics/http/http.ts';
export { type HttpClient, httpClient } from './metrics/http/http-client.ts';
export { type TokenSource, tokenSource } from './metrics/http/oauth2.ts';
export { analysisJobClient } from './metrics/job/job-client.ts';
export { metricSourceFor } from './metrics/registry.ts';
