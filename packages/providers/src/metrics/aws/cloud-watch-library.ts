/** CloudWatch's client as a module of ours, to be loaded with the first call. A bundle names exports of CommonJS only in static imports. */
export { CloudWatchClient, GetMetricDataCommand } from '@aws-sdk/client-cloudwatch';
