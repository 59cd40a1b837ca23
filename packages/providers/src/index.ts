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
