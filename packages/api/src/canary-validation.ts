/** Validation of the canary strategy and its steps. Paths start at `spec.strategy`: upstream leaves the `canary` segment out. */
import { type FieldError, invalid, required } from './field-error.ts';
import { intValue, percentOf } from './int-or-string.ts';
import { metadataField } from './metadata-field.ts';
import { pauseDurationSeconds } from './pause-duration.ts';
import { stepPartAsGo } from './step-hash.ts';
import type { CanaryStep, CanaryStrategy, Rollout, RolloutAnalysisArgument, StringMatch, TrafficRouting } from './types/rollout.ts';
import type { IntOrString } from './types/workloads.ts';

export function validateCanary(path: string, canary: CanaryStrategy, rollout: Rollout): readonly FieldError[] {
  return [
    ...validateSurge(path, canary),
    ...validateServices(path, canary),
    ...validatePingPong(path, canary),
    ...validateRequiredServices(path, canary),
    ...validateScaling(path, canary),
    ...(canary.steps ?? []).flatMap((step, index) => validateStep(path, index, step, canary, rollout)),
  ];
}

function validateSurge(path: string, { maxSurge, maxUnavailable }: CanaryStrategy): readonly FieldError[] {
  if (amount(maxSurge) !== 0 || amount(maxUnavailable) !== 0) return [];
  return [invalid(`${path}.maxSurge`, maxSurge, 'MaxSurge and MaxUnavailable both can not be zero')];
}

/** The number itself, the number of `N%`, or the integer in other text. Both default to 25 %. */
function amount(value: IntOrString | undefined): number {
  if (value === undefined) return 25;
  const percent = typeof value === 'string' && /^[0-9]+%$/.test(value) ? percentOf(value) : undefined;
  return percent ?? intValue(value);
}

function validateServices(path: string, { canaryService = '', stableService = '' }: CanaryStrategy): readonly FieldError[] {
  if (canaryService === '' || canaryService !== stableService) return [];
  const message = 'This rollout uses the same service for the stable and canary services, but two different services are required.';
  return [invalid(`${path}.stableService`, stableService, message)];
}

function validatePingPong(path: string, { pingPong, trafficRouting: routing }: CanaryStrategy): readonly FieldError[] {
  if (pingPong === undefined) return [];
  const errors: FieldError[] = [];
  const ping = pingPong.pingService ?? '';
  const pong = pingPong.pongService ?? '';
  if (routing !== undefined && routing.alb === undefined && routing.istio === undefined && !hasPlugins(routing)) {
    const message = 'Ping-pong feature works with the ALB, Istio, and plugin-based traffic routers only';
    errors.push(invalid(`${path}.trafficRouting.alb`, null, message));
  }
  const missing = 'Ping service and Pong service must to be set to use Ping-Pong feature';
  if (ping === '') errors.push(invalid(`${path}.pingPong.pingService`, ping, missing));
  if (pong === '') errors.push(invalid(`${path}.pingPong.pongService`, pong, missing));
  if (ping === pong) {
    const message = 'This rollout uses the same service for the ping and pong services, but two different services are required.';
    errors.push(invalid(`${path}.pingPong.pingService`, ping, message));
  }
  if (routing?.alb !== undefined && (routing.alb.rootService ?? '') === '') {
    const message = 'Root service field is required for the configuration with ALB and ping-pong feature enabled';
    errors.push(invalid(`${path}.trafficRouting.alb.rootService`, '', message));
  }
  return errors;
}

function validateRequiredServices(path: string, canary: CanaryStrategy): readonly FieldError[] {
  if (!needsServices(canary)) return [];
  const message = 'Canary service and Stable service must to be set to use Traffic Routing';
  return (['stableService', 'canaryService'] as const)
    .filter((field) => (canary[field] ?? '') === '')
    .map((field) => invalid(`${path}.${field}`, '', message));
}

function needsServices({ trafficRouting: routing, pingPong }: CanaryStrategy): boolean {
  if (routing === undefined) return false;
  if (routing.alb !== undefined && pingPong === undefined) return true;
  if (routing.istio !== undefined && routing.istio.destinationRule === undefined && pingPong === undefined) return true;
  return [routing.smi, routing.apisix, routing.ambassador, routing.nginx, routing.appMesh, routing.traefik].some(
    (router) => router !== undefined,
  );
}

function validateScaling(path: string, canary: CanaryStrategy): readonly FieldError[] {
  const { trafficRouting: routing, scaleDownDelaySeconds, dynamicStableScale = false } = canary;
  const errors: FieldError[] = [];
  if (routing === undefined) {
    if (scaleDownDelaySeconds !== undefined) {
      const message = 'Canary scaleDownDelaySeconds can only be used with traffic routing';
      errors.push(invalid(`${path}.scaleDownDelaySeconds`, scaleDownDelaySeconds, message));
    }
    if (dynamicStableScale) {
      errors.push(invalid(`${path}.dynamicStableScale`, true, 'Canary dynamicStableScale can only be used with traffic routing'));
    }
    return errors;
  }
  if (scaleDownDelaySeconds !== undefined && dynamicStableScale) {
    errors.push(invalid(`${path}.dynamicStableScale`, true, 'Canary dynamicStableScale cannot be used with scaleDownDelaySeconds'));
  }
  if (routing.maxTrafficWeight !== undefined && routing.nginx === undefined && !hasPlugins(routing)) {
    const message = 'Canary maxTrafficWeight in traffic routing only supported in Nginx and Plugins';
    errors.push(invalid(`${path}.trafficRouting.maxTrafficWeight`, routing.maxTrafficWeight, message));
  }
  return errors;
}

function hasPlugins(routing: TrafficRouting): boolean {
  return Object.keys(routing.plugins ?? {}).length > 0;
}

function validateStep(path: string, index: number, step: CanaryStep, canary: CanaryStrategy, rollout: Rollout): readonly FieldError[] {
  const at = `${path}.steps[${index}]`;
  const routing = canary.trafficRouting;
  const errors = [...validateStepShape(at, step)];
  const maxWeight = routing?.maxTrafficWeight ?? 100;
  if (step.setWeight !== undefined && (step.setWeight < 0 || step.setWeight > maxWeight)) {
    errors.push(invalid(`${at}.setWeight`, step.setWeight, `SetWeight needs to be between 0 and ${maxWeight}`));
  }
  if (step.pause !== undefined && pauseDurationSeconds(step.pause) < 0) {
    errors.push(invalid(`${at}.pause.duration`, pauseDurationSeconds(step.pause), 'Duration needs to be greater than 0'));
  }
  if (step.setCanaryScale !== undefined && routing === undefined) {
    errors.push(required(`${path}.trafficRouting`, 'SetCanaryScale requires TrafficRouting to be set'));
  }
  return [
    ...errors,
    ...validateRoutes(path, at, step, routing),
    ...validateExperimentStep(at, step, routing),
    ...validateArguments(at, step, rollout),
  ];
}

const stepMessage = 'Step must have one of the following set: experiment, setWeight, setCanaryScale, plugin or pause';

function validateStepShape(at: string, step: CanaryStep): readonly FieldError[] {
  const { experiment, pause, setWeight, analysis, setCanaryScale, setHeaderRoute, setMirrorRoute, plugin } = step;
  const set = (value: unknown): boolean => value !== undefined;
  if ([setWeight, pause, experiment, analysis].filter(set).length > 1) {
    const value = `step.Experiment: ${set(experiment)} step.Pause: ${set(pause)} step.SetWeight: ${set(setWeight)} step.Analysis: ${set(analysis)}`;
    return [invalid(at, value, stepMessage)];
  }
  const all = { experiment, pause, setWeight, analysis, setCanaryScale, setHeaderRoute, setMirrorRoute, plugin };
  if (Object.values(all).some(set)) return [];
  // Upstream prints here whether each key is missing, which is always true.
  const value = Object.keys(all)
    .map((key) => `step.${key.charAt(0).toUpperCase()}${key.slice(1)}: true`)
    .join(' ');
  return [invalid(at, value, stepMessage)];
}

function validateRoutes(path: string, at: string, step: CanaryStep, routing: TrafficRouting | undefined): readonly FieldError[] {
  const { setHeaderRoute: header, setMirrorRoute: mirror } = step;
  if (header === undefined && mirror === undefined) return [];
  const errors: FieldError[] = [];
  const hasIstioOrPlugin = routing !== undefined && (routing.istio !== undefined || hasPlugins(routing));
  if (header !== undefined) {
    const value = stepPartAsGo('SetHeaderRoute', header);
    if (routing === undefined || !(hasIstioOrPlugin || routing.alb !== undefined || routing.apisix !== undefined)) {
      errors.push(invalid(`${at}.setHeaderRoute`, value, 'SetHeaderRoute requires TrafficRouting, supports Istio and ALB and Apisix'));
    } else {
      const check = routing.alb === undefined ? validateMatch : validateAlbMatch;
      for (const [j, match] of (header.match ?? []).entries()) errors.push(...check(`${at}.setHeaderRoute.match[${j}]`, match.headerValue));
    }
  }
  if (mirror !== undefined) {
    if (!hasIstioOrPlugin) {
      const value = stepPartAsGo('SetMirrorRoute', mirror);
      errors.push(invalid(`${at}.setMirrorRoute`, value, 'SetMirrorRoute requires TrafficRouting, supports Istio and Plugins'));
    }
    for (const [j, match] of (mirror.match ?? []).entries()) {
      // The method is looked at twice and the headers never, as upstream does.
      for (const part of [match.method, match.path, match.method]) {
        if (part !== undefined) errors.push(...validateMatch(`${at}.setMirrorRoute.match[${j}]`, part));
      }
    }
  }
  if (routing !== undefined && routing.managedRoutes === undefined) {
    const message = "Rollout has missing field 'spec.strategy.canary.trafficRouting.managedRoutes'";
    errors.push(required(`${path}.trafficRouting.managedRoutes`, message));
  }
  if (routing?.managedRoutes !== undefined) {
    const known = new Set(routing.managedRoutes.map((route) => route.name));
    const message = 'Steps define a route that does not exist in spec.strategy.canary.trafficRouting.managedRoutes';
    for (const [field, route] of Object.entries({ setHeaderRoute: header, setMirrorRoute: mirror })) {
      const name = route?.name ?? '';
      if (route !== undefined && !known.has(name)) errors.push(invalid(`${at}.${field}`, name, message));
    }
  }
  return errors;
}

function validateMatch(at: string, match: StringMatch | undefined): readonly FieldError[] {
  const value = match === undefined ? null : stepPartAsGo('StringMatch', match);
  const given = [match?.exact, match?.regex, match?.prefix].filter((text) => (text ?? '') !== '').length;
  if (given === 1) return [];
  const message =
    given === 0
      ? 'StringMatch value missed, match value must have one of the following: exact, regex, prefix'
      : 'StringMatch match value must have exactly one of the following: exact, regex, prefix';
  return [invalid(at, value, message)];
}

function validateAlbMatch(at: string, match: StringMatch | undefined): readonly FieldError[] {
  if (match === undefined) return validateMatch(at, match);
  if ((match.exact ?? '') !== '' && (match.regex ?? '') === '' && (match.prefix ?? '') === '') return [];
  return [invalid(at, stepPartAsGo('StringMatch', match), "SetHeaderRoute match value invalid. ALB supports 'exact' value only")];
}

function validateExperimentStep(at: string, step: CanaryStep, routing: TrafficRouting | undefined): readonly FieldError[] {
  return (step.experiment?.templates ?? []).flatMap(({ weight }, index) => {
    if (weight === undefined) return [];
    const path = `${at}.experiment.templates[${index}].weight`;
    if (routing === undefined) return [invalid(path, weight, 'Experiment template weight cannot be set unless TrafficRouting is enabled')];
    const isServed = [routing.alb, routing.smi, routing.istio].some((router) => router !== undefined) || hasPlugins(routing);
    const message = 'Experiment template weight is only available for TrafficRouting with SMI, ALB, Istio and Plugins at this time';
    return isServed ? [] : [invalid(path, weight, message)];
  });
}

function validateArguments(at: string, step: CanaryStep, rollout: Rollout): readonly FieldError[] {
  const args: readonly RolloutAnalysisArgument[] = [
    ...(step.experiment?.analyses ?? []).flatMap((analysis) => analysis.args ?? []),
    ...(step.analysis?.args ?? []),
  ];
  return args
    .filter(({ valueFrom }) => {
      const path = valueFrom?.fieldRef?.fieldPath ?? '';
      return path.startsWith('metadata') && metadataField(rollout, path) === undefined;
    })
    .map(() => {
      const value = args.map((arg) => stepPartAsGo('Argument', arg));
      return invalid(`${at}.analyses`, value, 'Analyses arguments must refer to valid object metadata supported by downwardAPI');
    });
}
