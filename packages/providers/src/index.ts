export { type TrafficRouterOptions, trafficRouters } from './traffic/registry.ts';
