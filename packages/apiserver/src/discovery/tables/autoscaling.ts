/** Rows of HorizontalPodAutoscalers in both versions, and of PodDisruptionBudgets. */
import { age } from './cells.ts';
import { type Printers, printer } from './printer.ts';

type Value = { readonly averageUtilization?: number; readonly averageValue?: string; readonly value?: string };
type Named = { readonly name?: string; readonly target?: Value; readonly current?: Value };

type Metric = {
  readonly type: string;
  readonly resource?: Named;
  readonly containerResource?: Named;
  readonly pods?: Named;
  readonly object?: Named;
  readonly external?: Named;
};

type Autoscaler = {
  readonly spec: {
    readonly scaleTargetRef?: { readonly kind: string; readonly name: string };
    readonly minReplicas?: number;
    readonly maxReplicas?: number;
    readonly metrics?: readonly Metric[];
    /** Version 1 only. */
    readonly targetCPUUtilizationPercentage?: number;
  };
  readonly status: {
    readonly currentReplicas?: number;
    readonly currentMetrics?: readonly Metric[];
    /** Version 1 only. */
    readonly currentCPUUtilizationPercentage?: number;
  };
};

type Budget = {
  readonly spec: { readonly minAvailable?: number | string; readonly maxUnavailable?: number | string };
  readonly status: { readonly disruptionsAllowed?: number };
};

export const autoscalingPrinters: Printers = {
  'autoscaling/horizontalpodautoscalers': printer<Autoscaler>('Name|Reference|Targets|MinPods|MaxPods|Replicas|Age', (autoscaler, now) => {
    const { spec = {}, status = {} } = autoscaler;
    return [
      autoscaler.metadata.name,
      `${spec.scaleTargetRef?.kind ?? ''}/${spec.scaleTargetRef?.name ?? ''}`,
      targets(autoscaler),
      spec.minReplicas === undefined ? '<unset>' : String(spec.minReplicas),
      spec.maxReplicas ?? 0,
      status.currentReplicas ?? 0,
      age(autoscaler, now),
    ];
  }),
  'policy/poddisruptionbudgets': printer<Budget>('Name|Min Available|Max Unavailable|Allowed Disruptions:integer|Age', (budget, now) => [
    budget.metadata.name,
    String(budget.spec?.minAvailable ?? 'N/A'),
    String(budget.spec?.maxUnavailable ?? 'N/A'),
    budget.status?.disruptionsAllowed ?? 0,
    age(budget, now),
  ]),
};

/** Two metrics, then how many more. */
function targets({ spec = {}, status = {} }: Partial<Autoscaler>): string {
  const all =
    spec.metrics === undefined && spec.targetCPUUtilizationPercentage !== undefined
      ? [`cpu: ${percent(status.currentCPUUtilizationPercentage) ?? unknown}/${spec.targetCPUUtilizationPercentage}%`]
      : (spec.metrics ?? []).map((metric, position) => target(metric, status.currentMetrics?.[position]));
  if (all.length === 0) return '<none>';
  const shown = all.slice(0, 2).join(', ');
  return all.length > 2 ? `${shown} + ${all.length - 2} more...` : shown;
}

const unknown = '<unknown>';

function target(metric: Metric, current: Metric | undefined): string {
  switch (metric.type) {
    case 'Resource':
      return resourceTarget(metric.resource, current?.resource);
    case 'ContainerResource':
      return resourceTarget(metric.containerResource, current?.containerResource);
    case 'Pods':
      return `${current?.pods?.current?.averageValue ?? unknown}/${metric.pods?.target?.averageValue ?? ''}`;
    case 'Object':
      return valueTarget(metric.object, current?.object);
    case 'External':
      return valueTarget(metric.external, current?.external);
    default:
      return '<unknown type>';
  }
}

function resourceTarget(wanted: Named | undefined, seen: Named | undefined): string {
  const { averageValue, averageUtilization } = wanted?.target ?? {};
  const now = averageValue === undefined ? percent(seen?.current?.averageUtilization) : seen?.current?.averageValue;
  return `${wanted?.name ?? ''}: ${now ?? unknown}/${averageValue ?? percent(averageUtilization) ?? '<auto>'}`;
}

function valueTarget(wanted: Named | undefined, seen: Named | undefined): string {
  const average = wanted?.target?.averageValue;
  if (average !== undefined) return `${seen?.current?.averageValue ?? unknown}/${average} (avg)`;
  return `${seen?.current?.value ?? unknown}/${wanted?.target?.value ?? ''}`;
}

function percent(value: number | undefined): string | undefined {
  return value === undefined ? undefined : `${value}%`;
}
