/**
 * The core and apps kinds that a rollout touches, with the fields we read. Everything else stays reachable as `unknown`
 * through the index signature of `KubeObject`, and is passed on untouched.
 */
import type { Condition, KubeObject, ObjectMeta } from '../meta.ts';
import type { LabelSelector } from '../selector.ts';

/** An integer, or text that is read as a percentage or as a number depending on the field. */
export type IntOrString = number | string;

export type ContainerPort = {
  readonly name?: string;
  readonly containerPort?: number;
  readonly hostPort?: number;
  readonly protocol?: string;
  readonly hostIP?: string;
};

export type ResourceList = Readonly<Record<string, string | number>>;

export type Container = {
  readonly name: string;
  readonly image?: string;
  readonly ports?: readonly ContainerPort[];
  readonly resources?: { readonly limits?: ResourceList; readonly requests?: ResourceList; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
};

export type LabelSelectorTerm = {
  readonly labelSelector?: LabelSelector;
  readonly topologyKey: string;
  readonly namespaces?: readonly string[];
  readonly [field: string]: unknown;
};

export type PodAffinityRules = {
  readonly requiredDuringSchedulingIgnoredDuringExecution?: readonly LabelSelectorTerm[];
  readonly preferredDuringSchedulingIgnoredDuringExecution?: readonly {
    readonly weight: number;
    readonly podAffinityTerm: LabelSelectorTerm;
  }[];
};

export type Affinity = {
  readonly nodeAffinity?: Readonly<Record<string, unknown>>;
  readonly podAffinity?: PodAffinityRules;
  readonly podAntiAffinity?: PodAffinityRules;
};

export type PodSpec = {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly [field: string]: unknown }[];
  readonly affinity?: Affinity;
  readonly restartPolicy?: string;
  readonly readinessGates?: readonly { readonly conditionType: string }[];
  readonly serviceAccountName?: string;
  readonly serviceAccount?: string;
  readonly [field: string]: unknown;
};

export type PodTemplateSpec = { readonly metadata?: ObjectMeta; readonly spec?: PodSpec };

export type ReplicaSetSpec = {
  readonly replicas?: number;
  readonly minReadySeconds?: number;
  readonly selector?: LabelSelector;
  readonly template?: PodTemplateSpec;
};

export type ReplicaSetStatus = {
  readonly replicas?: number;
  readonly fullyLabeledReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly terminatingReplicas?: number;
  readonly observedGeneration?: number;
  readonly conditions?: readonly Condition[];
};

export type ReplicaSet = KubeObject & { readonly spec?: ReplicaSetSpec; readonly status?: ReplicaSetStatus };

export type Deployment = KubeObject & {
  readonly spec?: {
    readonly replicas?: number;
    readonly selector?: LabelSelector;
    readonly template?: PodTemplateSpec;
    readonly [field: string]: unknown;
  };
  readonly status?: { readonly observedGeneration?: number; readonly readyReplicas?: number; readonly [field: string]: unknown };
};

/** The core kind `PodTemplate`, one of the things a `workloadRef` may name. */
export type PodTemplate = KubeObject & { readonly template?: PodTemplateSpec };

export type ContainerState = {
  readonly waiting?: { readonly reason?: string; readonly message?: string };
  readonly running?: { readonly startedAt?: string };
  readonly terminated?: {
    readonly reason?: string;
    readonly message?: string;
    readonly exitCode?: number;
    readonly signal?: number;
    readonly startedAt?: string;
    readonly finishedAt?: string;
  };
};

export type ContainerStatus = {
  readonly name: string;
  readonly image?: string;
  readonly ready?: boolean;
  readonly restartCount?: number;
  readonly started?: boolean;
  readonly state?: ContainerState;
  readonly lastState?: ContainerState;
  readonly [field: string]: unknown;
};

export type PodStatus = {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly podIP?: string;
  readonly startTime?: string;
  readonly conditions?: readonly Condition[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  readonly [field: string]: unknown;
};

export type Pod = KubeObject & { readonly spec?: PodSpec; readonly status?: PodStatus };

export type ServicePort = {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: IntOrString;
  readonly protocol?: string;
  readonly nodePort?: number;
};

export type Service = KubeObject & {
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly ServicePort[];
    readonly type?: string;
    readonly clusterIP?: string;
    readonly [field: string]: unknown;
  };
};

export type Job = KubeObject & {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: { readonly conditions?: readonly Condition[]; readonly active?: number; readonly [field: string]: unknown };
};
