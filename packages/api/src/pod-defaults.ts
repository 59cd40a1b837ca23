/**
 * Defaults that Kubernetes writes into a pod template, and the equality of templates that follows: two templates are equal when
 * they are the same after defaulting. This is how a rollout recognises an existing ReplicaSet whose template the API has filled in.
 * @see kubernetes pkg/apis/core/v1 defaults.go, SetObjectDefaults_PodTemplate
 */
import { podTemplateJson } from './pod-template-shape.ts';
import { parseQuantity } from './quantity.ts';
import type { PodTemplateSpec } from './types/workloads.ts';
import { type Fields, fieldsOf } from './untyped.ts';

/** The template with the API's defaults filled in. The input is not changed. */
export function defaultPodTemplate(template: PodTemplateSpec): PodTemplateSpec {
  const spec = fieldsOf(template.spec);
  const serviceAccount = spec.serviceAccountName ?? spec.serviceAccount;
  const next: Fields = {
    ...spec,
    dnsPolicy: filled(spec.dnsPolicy, 'ClusterFirst'),
    restartPolicy: filled(spec.restartPolicy, 'Always'),
    schedulerName: filled(spec.schedulerName, 'default-scheduler'),
    securityContext: spec.securityContext ?? {},
    terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 30,
    ...(serviceAccount === undefined ? {} : { serviceAccountName: serviceAccount, serviceAccount }),
    ...mapped(spec, 'containers', defaultContainer),
    ...mapped(spec, 'initContainers', defaultContainer),
    ...mapped(spec, 'ephemeralContainers', defaultContainer),
    ...mapped(spec, 'volumes', defaultVolume),
    ...(spec.overhead === undefined ? {} : { overhead: roundedResources(spec.overhead) }),
    ...(spec.resources === undefined ? {} : { resources: defaultResources(spec.resources) }),
  };
  return { ...template, spec: next as PodTemplateSpec['spec'] & object };
}

/**
 * Whether two templates mean the same: both defaulted, quantities by value, absent and empty lists alike, the deprecated
 * `serviceAccount` not looked at. Labels that one side carries on purpose (the hash) must be taken off before.
 */
export function podTemplatesEqual(a: PodTemplateSpec, b: PodTemplateSpec): boolean {
  return comparable(a) === comparable(b);
}

function comparable(template: PodTemplateSpec): string {
  const defaulted = defaultPodTemplate(template);
  return podTemplateJson({ ...defaulted, spec: { ...defaulted.spec, serviceAccount: '' } });
}

function defaultContainer(container: Fields): Fields {
  return {
    ...container,
    imagePullPolicy: filled(container.imagePullPolicy, defaultPullPolicy(container.image)),
    terminationMessagePath: filled(container.terminationMessagePath, '/dev/termination-log'),
    terminationMessagePolicy: filled(container.terminationMessagePolicy, 'File'),
    ...mapped(container, 'ports', (port) => ({ ...port, protocol: filled(port.protocol, 'TCP') })),
    ...mapped(container, 'env', defaultVariable),
    ...(container.resources === undefined ? {} : { resources: defaultResources(container.resources) }),
    ...changed(container, 'livenessProbe', defaultProbe),
    ...changed(container, 'readinessProbe', defaultProbe),
    ...changed(container, 'startupProbe', defaultProbe),
    ...changed(container, 'lifecycle', (lifecycle) => ({
      ...lifecycle,
      ...changed(lifecycle, 'postStart', defaultHandler),
      ...changed(lifecycle, 'preStop', defaultHandler),
    })),
  };
}

/** `Always` for the tag `latest` or none, unless a digest pins the image. */
function defaultPullPolicy(image: unknown): string {
  const text = typeof image === 'string' ? image : '';
  if (text.includes('@')) return /:latest@/.test(text.slice(text.lastIndexOf('/') + 1)) ? 'Always' : 'IfNotPresent';
  const tag = /:([^:/]+)$/.exec(text)?.[1];
  return tag === undefined || tag === 'latest' ? 'Always' : 'IfNotPresent';
}

function defaultVariable(variable: Fields): Fields {
  return {
    ...variable,
    ...changed(variable, 'valueFrom', (source) => ({
      ...source,
      ...changed(source, 'fieldRef', defaultFieldReference),
      ...changed(source, 'resourceFieldRef', (reference) => ({ ...reference, divisor: reference.divisor ?? '0' })),
      ...changed(source, 'fileKeyRef', (reference) => ({ ...reference, optional: reference.optional ?? false })),
    })),
  };
}

function defaultFieldReference(reference: Fields): Fields {
  return { ...reference, apiVersion: filled(reference.apiVersion, 'v1') };
}

function defaultResources(resources: unknown): Fields {
  const fields = fieldsOf(resources);
  return {
    ...fields,
    ...(fields.limits === undefined ? {} : { limits: roundedResources(fields.limits) }),
    ...(fields.requests === undefined ? {} : { requests: roundedResources(fields.requests) }),
  };
}

/** Amounts finer than a thousandth are rounded up to one, as the API does. */
function roundedResources(list: unknown): Fields {
  return Object.fromEntries(
    Object.entries(fieldsOf(list)).map(([name, amount]) => {
      const quantity = parseQuantity(amount as string | number);
      if (quantity === undefined || quantity.nanos % 1_000_000n === 0n) return [name, amount];
      return [name, `${quantity.nanos / 1_000_000n + (quantity.nanos > 0n ? 1n : 0n)}m`];
    }),
  );
}

function defaultProbe(probe: Fields): Fields {
  return {
    ...defaultHandler(probe),
    timeoutSeconds: filled(probe.timeoutSeconds, 1),
    periodSeconds: filled(probe.periodSeconds, 10),
    successThreshold: filled(probe.successThreshold, 1),
    failureThreshold: filled(probe.failureThreshold, 3),
  };
}

function defaultHandler(handler: Fields): Fields {
  return {
    ...handler,
    ...changed(handler, 'httpGet', (get) => ({ ...get, path: filled(get.path, '/'), scheme: filled(get.scheme, 'HTTP') })),
    ...changed(handler, 'grpc', (grpc) => ({ ...grpc, service: grpc.service ?? '' })),
  };
}

function defaultVolume(volume: Fields): Fields {
  if (Object.keys(volume).every((key) => key === 'name' || volume[key] === undefined || volume[key] === null)) {
    return { ...volume, emptyDir: {} };
  }
  const withMode = (source: Fields): Fields => ({ ...source, defaultMode: source.defaultMode ?? 420 });
  return {
    ...volume,
    ...changed(volume, 'secret', withMode),
    ...changed(volume, 'configMap', withMode),
    ...changed(volume, 'downwardAPI', (source) => ({ ...withMode(source), ...mapped(source, 'items', defaultDownwardFile) })),
    ...changed(volume, 'projected', (source) => ({ ...withMode(source), ...mapped(source, 'sources', defaultProjection) })),
    ...changed(volume, 'hostPath', (source) => ({ ...source, type: source.type ?? '' })),
    ...changed(volume, 'iscsi', (source) => ({ ...source, iscsiInterface: filled(source.iscsiInterface, 'default') })),
    ...changed(volume, 'rbd', (source) => ({
      ...source,
      pool: filled(source.pool, 'rbd'),
      user: filled(source.user, 'admin'),
      keyring: filled(source.keyring, '/etc/ceph/keyring'),
    })),
    ...changed(volume, 'azureDisk', (source) => ({
      ...source,
      cachingMode: source.cachingMode ?? 'ReadWrite',
      kind: source.kind ?? 'Shared',
      fsType: source.fsType ?? 'ext4',
      readOnly: source.readOnly ?? false,
    })),
    ...changed(volume, 'scaleIO', (source) => ({
      ...source,
      storageMode: filled(source.storageMode, 'ThinProvisioned'),
      fsType: filled(source.fsType, 'xfs'),
    })),
    ...changed(volume, 'ephemeral', (source) => ({
      ...source,
      ...changed(source, 'volumeClaimTemplate', (claim) => ({
        ...claim,
        ...changed(claim, 'spec', (spec) => ({
          ...spec,
          volumeMode: spec.volumeMode ?? 'Filesystem',
          ...(spec.resources === undefined ? {} : { resources: defaultResources(spec.resources) }),
        })),
      })),
    })),
    ...changed(volume, 'image', (source) => ({
      ...source,
      pullPolicy: filled(source.pullPolicy, defaultPullPolicy(source.reference)),
    })),
  };
}

function defaultDownwardFile(file: Fields): Fields {
  return {
    ...file,
    ...changed(file, 'fieldRef', defaultFieldReference),
    ...changed(file, 'resourceFieldRef', (reference) => ({ ...reference, divisor: reference.divisor ?? '0' })),
  };
}

function defaultProjection(source: Fields): Fields {
  return {
    ...source,
    ...changed(source, 'downwardAPI', (downward) => ({ ...downward, ...mapped(downward, 'items', defaultDownwardFile) })),
    ...changed(source, 'serviceAccountToken', (token) => ({ ...token, expirationSeconds: token.expirationSeconds ?? 3600 })),
    ...changed(source, 'podCertificate', (certificate) => ({
      ...certificate,
      maxExpirationSeconds: certificate.maxExpirationSeconds ?? 86400,
    })),
  };
}

/** The value, or the default when it is absent or Go's zero. */
function filled(value: unknown, otherwise: unknown): unknown {
  return value === undefined || value === null || value === '' || value === 0 ? otherwise : value;
}

/** `{ [key]: change(value) }`, or nothing when the field is absent: made for spreading. */
function changed(fields: Fields, key: string, change: (value: Fields) => Fields): Fields {
  const value = fields[key];
  return value === undefined || value === null ? {} : { [key]: change(fieldsOf(value)) };
}

function mapped(fields: Fields, key: string, change: (item: Fields) => Fields): Fields {
  const list = fields[key];
  return Array.isArray(list) ? { [key]: list.map((item) => change(fieldsOf(item))) } : {};
}
