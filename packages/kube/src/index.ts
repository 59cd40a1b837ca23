export type { Client, DeleteOptions, ListOptions, ObjectAt, ObjectList, PatchType, Reader, WriteOptions, Writer } from './client.ts';
export { type Controller, type ControllerOptions, type ReconcileFunction, type Result, TerminalError } from './controller.ts';
export type { IndexFunction, Informer, InformerHandler, InformerOptions, Store } from './informer.ts';
export type { LogFields, Logger } from './log.ts';
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
