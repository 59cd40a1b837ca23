/**
 * Whether AWS has followed: the weights of a load balancer's target groups, and the pods registered in a Service's. What is asked of AWS lies
 * behind `LoadBalancers`; when to ask is the engine's business.
 *
 * @see argoproj/argo-rollouts rollout/trafficrouting/alb/alb.go VerifyWeight, utils/aws/aws.go
 */
import type { AlbStatus, AlbTargetGroup, KubeObject, Rollout, Service, ServicePort } from '@sluice/api';
import type { Note, WeightTarget } from '@sluice/engine';
import { normal, warning } from '../draft.ts';
import { fieldAt, isFields, listOf, textOf } from '../fields.ts';
import { namespaceOf, routingOf, servicesOf } from '../rollout.ts';

export type LoadBalancer = { readonly name: string; readonly arn: string };

export type TargetGroup = {
  readonly name: string;
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
  /** Of the listener rule that forwards to it; absent where none does. */
  readonly weight?: number;
};

export type RegisteredTarget = { readonly id: string; readonly port: number };

/** What is asked of AWS. Each call may reject; the message of what it rejects with is told to users. */
export interface LoadBalancers {
  findByDnsName(name: string): Promise<LoadBalancer | undefined>;
  targetGroupsOf(loadBalancerArn: string): Promise<readonly TargetGroup[]>;
  targetsOf(targetGroupArn: string): Promise<readonly RegisteredTarget[]>;
}

export type WeightQuestion = {
  readonly rollout: Rollout;
  /** The Ingresses that the Rollout names, by name. */
  readonly ingresses: ReadonlyMap<string, KubeObject>;
  readonly weight: number;
  readonly targets: readonly WeightTarget[];
  /** The flag `--alb-tag-key-resource-id`. */
  readonly resourceTagKey: string;
};

export type WeightVerdict = {
  readonly isVerified: boolean;
  readonly notes: readonly Note[];
  /** For the Rollout's status: one for each Ingress, and the deprecated single one. */
  readonly albs: readonly AlbStatus[];
  readonly alb: AlbStatus;
  /** Why it could not be found out. */
  readonly problem?: string;
};

/** Verified when as many target groups have the weight asked for as there are Ingresses and experiments. */
export async function verifyWeight(question: WeightQuestion, aws: LoadBalancers): Promise<WeightVerdict> {
  const { rollout, ingresses, weight, targets, resourceTagKey } = question;
  const { canary, stable } = servicesOf(rollout, true);
  const names = ingressNames(rollout);
  const known = rollout.status?.albs ?? [];
  const albs: AlbStatus[] = names.map((_, at) => (known.length === names.length ? (known[at] ?? noAlb) : noAlb));
  let alb = rollout.status?.alb ?? noAlb;
  const notes: Note[] = [];
  let verified = 0;
  const verdict = (isVerified: boolean, problem?: string): WeightVerdict => ({
    isVerified,
    notes,
    albs,
    alb,
    ...(problem === undefined ? {} : { problem }),
  });

  for (const [at, name] of names.entries()) {
    const ingress = ingresses.get(name);
    if (ingress === undefined) return verdict(false, `ingress.networking.k8s.io ${JSON.stringify(name)} not found`);
    const wanted = new Map([
      [resourceId(rollout, name, canary), { service: canary, weight }],
      ...targets.map(
        (target) => [resourceId(rollout, name, target.serviceName), { service: target.serviceName, weight: target.weight }] as const,
      ),
    ]);
    for (const host of hostsOf(ingress)) {
      let groups: readonly TargetGroup[];
      try {
        const balancer = await aws.findByDnsName(host);
        if (balancer === undefined) {
          notes.push(warning('LoadBalancerNotFound', `Failed to find load balancer: ${host}`));
          return verdict(false);
        }
        const seen = { ingress: name, loadBalancer: { ...balancer, fullName: behind(balancer.arn, 2) } };
        albs[at] = { ...albs[at], ...seen };
        alb = { ...alb, ...seen };
        groups = await aws.targetGroupsOf(balancer.arn);
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        notes.push(warning('TargetGroupVerifyError', `Failed to verify Service ${canary} (TargetGroup unknown): ${text}`));
        return verdict(false, text);
      }
      for (const group of groups) {
        const id = Object.hasOwn(group.tags, resourceTagKey) ? (group.tags[resourceTagKey] ?? '') : '';
        const shown = targetGroupOf(group);
        const part =
          id === resourceId(rollout, name, canary)
            ? { canaryTargetGroup: shown }
            : id === resourceId(rollout, name, stable)
              ? { stableTargetGroup: shown }
              : {};
        albs[at] = { ...albs[at], ...part };
        alb = { ...alb, ...part };
        const asked = wanted.get(id);
        if (asked === undefined || group.weight === undefined) continue;
        const where = `Service ${asked.service} (TargetGroup ${group.arn})`;
        if (group.weight === asked.weight) {
          verified++;
          notes.push(normal('TargetGroupVerified', `${where} verified: canary weight ${asked.weight} set`));
        } else {
          const text = `${where} not verified: canary weight ${asked.weight} not yet set (current: ${group.weight})`;
          notes.push(warning('TargetGroupUnverified', text));
        }
      }
    }
  }
  return verdict(verified === names.length + targets.length);
}

export type TargetsQuestion = {
  readonly service: Service;
  /** Endpoints of the Service's name. */
  readonly endpoints: KubeObject | undefined;
  /** TargetGroupBindings of the Service's namespace. */
  readonly bindings: readonly KubeObject[];
};

export type TargetsVerdict = { readonly isVerified: boolean; readonly notes: readonly Note[]; readonly problem?: string };

/**
 * Whether every ready address of a Service is registered in the target groups that are bound to it; their health is not looked at (as upstream).
 * Bindings of other target types, and those whose port cannot be told, do not count: without any other the Service is verified.
 */
export async function verifyTargets({ service, endpoints, bindings }: TargetsQuestion, aws: LoadBalancers): Promise<TargetsVerdict> {
  const name = service.metadata.name ?? '';
  const notes: Note[] = [];
  for (const binding of bindings) {
    const servicePort = boundPort(service, binding);
    const arn = textOf(fieldAt(binding, 'spec', 'targetGroupARN'));
    if (servicePort === undefined || fieldAt(binding, 'spec', 'targetType') !== 'ip') continue;
    const port = targetPortOf(servicePort, endpoints);
    if (port === undefined) continue;
    const wanted = addressesOf(endpoints).map((address) => `${address}:${port}`);
    try {
      const present = new Set((await aws.targetsOf(arn)).map((target) => `${target.id}:${target.port}`));
      const registered = wanted.filter((address) => present.has(address)).length;
      if (registered === wanted.length) {
        const text = `Service ${name} (TargetGroup ${arn}) verified: ${registered} endpoints registered`;
        notes.push(normal('TargetGroupVerified', text));
        continue;
      }
      const text = `Service ${name} (TargetGroup ${arn}) not verified: ${registered}/${wanted.length} endpoints registered`;
      notes.push(warning('TargetGroupUnverified', text));
      return { isVerified: false, notes };
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      notes.push(warning('TargetGroupVerifyError', `Failed to verify Service ${name} (TargetGroup ${arn}): ${text}`));
      return { isVerified: false, notes, problem: text };
    }
  }
  return { isVerified: true, notes };
}

const noAlb: AlbStatus = {
  loadBalancer: { name: '', arn: '', fullName: '' },
  canaryTargetGroup: { name: '', arn: '', fullName: '' },
  stableTargetGroup: { name: '', arn: '', fullName: '' },
};

/** As the AWS load balancer controller tags the target group of a backend. */
function resourceId(rollout: Rollout, ingress: string, service: string): string {
  return `${namespaceOf(rollout)}/${ingress}-${service}:${routingOf(rollout).alb?.servicePort ?? 0}`;
}

function ingressNames(rollout: Rollout): readonly string[] {
  const { ingresses = [], ingress = '' } = routingOf(rollout).alb ?? {};
  return ingresses.length > 0 ? ingresses : [ingress];
}

function hostsOf(ingress: KubeObject): readonly string[] {
  const balancers = listOf(fieldAt(ingress, 'status', 'loadBalancer', 'ingress')) ?? [];
  return balancers.map((balancer) => textOf(fieldAt(balancer, 'hostname'))).filter((host) => host !== '');
}

function targetGroupOf({ name, arn }: TargetGroup): AlbTargetGroup {
  return { name, arn, fullName: behind(arn, 1) };
}

/** What an ARN says behind its first parts; empty where it is shorter. */
function behind(arn: string, parts: number): string {
  return arn.split('/').slice(parts).join('/');
}

/** The port of the Service that a binding names, by number or name. */
function boundPort(service: Service, binding: KubeObject): ServicePort | undefined {
  const reference = fieldAt(binding, 'spec', 'serviceRef');
  if (!isFields(reference) || reference.name !== service.metadata.name) return undefined;
  return service.spec?.ports?.find(
    ({ port, name }) => port === reference.port || (name !== undefined && name !== '' && name === reference.port),
  );
}

/** The number of the port on the pods; a named one is told by the endpoints. */
function targetPortOf({ port, targetPort = port }: ServicePort, endpoints: KubeObject | undefined): number | undefined {
  if (typeof targetPort === 'number') return targetPort > 0 ? targetPort : undefined;
  const ports = subsetsOf(endpoints).flatMap((subset) => listOf(fieldAt(subset, 'ports')) ?? []);
  const found = ports.find((candidate) => fieldAt(candidate, 'name') === targetPort);
  const number = fieldAt(found, 'port');
  return typeof number === 'number' ? number : undefined;
}

function addressesOf(endpoints: KubeObject | undefined): readonly string[] {
  const addresses = subsetsOf(endpoints).flatMap((subset) => listOf(fieldAt(subset, 'addresses')) ?? []);
  return [...new Set(addresses.map((address) => textOf(fieldAt(address, 'ip'))).filter((ip) => ip !== ''))];
}

function subsetsOf(endpoints: KubeObject | undefined): readonly unknown[] {
  return listOf(fieldAt(endpoints, 'subsets')) ?? [];
}
