export { describeApiServer } from './api-conformance.ts';
export type { ApiUnderTest } from './conformance/bench.ts';
