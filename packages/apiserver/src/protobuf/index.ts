export { decodeProtobuf } from './decode.ts';
export { ProtobufError } from './wire.ts';
