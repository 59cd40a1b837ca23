export type { ServerRequest, ServerResponse, ServerWatch, UserInfo, WatchFrame } from './ports.ts';
export type { PodLogs, PodMetrics, Runtime } from './rest/context.ts';
export { type ApiServer, type ApiServerOptions, createApiServer } from './server.ts';
