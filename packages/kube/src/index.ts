export { type Backoff, backoffMs } from './backoff.ts';
export { type BuiltinTypeName, builtinTypes } from './builtin-types.ts';
export { Cache, type CacheChange } from './cache.ts';
export { type CreateInformerOptions, createInformer } from './cached-informer.ts';
export type { Client, DeleteOptions, ListOptions, ObjectAt, ObjectList, PatchType, Reader, WriteOptions, Writer } from './client.ts';
export { sleep, systemClock, type VirtualClock, virtualClock } from './clock.ts';
export { type Controller, type ControllerOptions, type ReconcileFunction, type Result, TerminalError } from './controller.ts';
export { ConnectionError, KubeconfigError } from './errors.ts';
export {
  type CorrelatedEvent,
  EventCorrelator,
  type EventInput,
  type EventLimit,
  type EventSubject,
  type EventType,
} from './event-correlator.ts';
export { EventRecorder, type EventRecorderOptions } from './event-recorder.ts';
export { type HttpTransportOptions, httpTransport } from './http-transport.ts';
export type { IndexFunction, Informer, InformerHandler, InformerOptions, Store } from './informer.ts';
export {
  type ClusterConfig,
  type CredentialSource,
  type ExecPlugin,
  type KubeconfigOptions,
  type KubeconfigOverrides,
  kubeconfigPaths,
  loadKubeconfig,
} from './kubeconfig.ts';
export { type LeaderElectionOptions, leaderElection } from './leader-election.ts';
export type { LogFields, Logger } from './log.ts';
export { createLogger, type LoggerOptions, type LogLevel, silentLogger } from './logger.ts';
export { ownerIndex, ownerIndexName } from './owner-index.ts';
export { RateLimiter, type RateLimiterOptions } from './rate-limiter.ts';
export { type CreateControllerOptions, createController, type PassObservation } from './reconcile-loop.ts';
export { type ClientOptions, createClient, selectorText } from './rest-client.ts';
export {
  type ApiRequest,
  type ApiResponse,
  type Lane,
  lanes,
  type Transport,
  type WatchEvent,
  type WatchEventType,
  type WatchStream,
} from './transport.ts';
export { type TakenKey, WorkQueue, type WorkQueueOptions } from './work-queue.ts';
