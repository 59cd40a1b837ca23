/** Validation of one container of a pod template. */
import { duplicate, type FieldError, forbidden, invalid, nonNegative, notSupported, required } from './field-error.ts';
import {
  configKeyProblems,
  dnsLabelProblems,
  dnsSubdomainProblems,
  environmentNameProblems,
  portNameProblems,
  portNumberProblems,
  qualifiedNameProblems,
} from './name-rules.ts';
import { compareQuantities, formatQuantity, parseQuantity } from './quantity.ts';
import { type Fields, fieldsOf, itemsOf, numberOf, textOf } from './untyped.ts';
import { backsteps } from './volume-validation.ts';

export type ContainerContext = {
  readonly volumeNames: ReadonlySet<string>;
  readonly isHostNetwork: boolean;
  readonly isInit: boolean;
};

export function validateContainer(at: string, container: Fields, context: ContainerContext): readonly FieldError[] {
  const errors: FieldError[] = [];
  const name = textOf(container.name);
  if (name === '') errors.push(required(`${at}.name`));
  else errors.push(...dnsLabelProblems(name).map((problem) => invalid(`${at}.name`, name, problem)));
  if (textOf(container.image) === '') errors.push(required(`${at}.image`));
  const policies = ['File', 'FallbackToLogsOnError'];
  const policy = textOf(container.terminationMessagePolicy);
  if (!policies.includes(policy)) errors.push(notSupported(`${at}.terminationMessagePolicy`, policy, policies));
  errors.push(
    ...validatePorts(`${at}.ports`, itemsOf(container.ports), context.isHostNetwork),
    ...itemsOf(container.env).flatMap((variable, index) => validateVariable(`${at}.env[${index}]`, variable)),
    ...itemsOf(container.envFrom).flatMap((source, index) => validateEnvironmentSource(`${at}.envFrom`, index, source)),
    ...validateMounts(`${at}.volumeMounts`, itemsOf(container.volumeMounts), context.volumeNames),
  );
  const pullPolicies = ['Always', 'IfNotPresent', 'Never'];
  const pull = textOf(container.imagePullPolicy);
  if (!pullPolicies.includes(pull)) errors.push(notSupported(`${at}.imagePullPolicy`, pull, pullPolicies));
  errors.push(...validateResources(`${at}.resources`, fieldsOf(container.resources)), ...validateSecurity(at, container));
  return [...errors, ...validateLife(at, container, context.isInit)];
}

function validateLife(at: string, container: Fields, isInit: boolean): readonly FieldError[] {
  if (isInit && container.restartPolicy !== 'Always') {
    const message = 'may not be set for init containers without restartPolicy=Always';
    return ['lifecycle', 'livenessProbe', 'readinessProbe', 'startupProbe']
      .filter((field) => container[field] !== undefined)
      .map((field) => forbidden(`${at}.${field}`, message));
  }
  const errors: FieldError[] = [];
  const lifecycle = fieldsOf(container.lifecycle);
  for (const field of ['postStart', 'preStop']) {
    if (lifecycle[field] !== undefined) errors.push(...validateHandler(`${at}.lifecycle.${field}`, fieldsOf(lifecycle[field])));
  }
  for (const field of ['livenessProbe', 'readinessProbe', 'startupProbe']) {
    if (container[field] !== undefined) errors.push(...validateProbe(`${at}.${field}`, fieldsOf(container[field]), field));
  }
  return errors;
}

function validatePorts(path: string, ports: readonly Fields[], isHostNetwork: boolean): readonly FieldError[] {
  const names = new Set<string>();
  return ports.flatMap((port, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    const name = textOf(port.name);
    const number = numberOf(port.containerPort) ?? 0;
    const hostPort = numberOf(port.hostPort) ?? 0;
    if (name !== '') {
      const problems = portNameProblems(name);
      errors.push(...problems.map((problem) => invalid(`${at}.name`, name, problem)));
      if (problems.length === 0 && names.has(name)) errors.push(duplicate(`${at}.name`, name));
      names.add(name);
    }
    if (number === 0) errors.push(required(`${at}.containerPort`));
    else errors.push(...portNumberProblems(number).map((problem) => invalid(`${at}.containerPort`, number, problem)));
    if (hostPort !== 0) errors.push(...portNumberProblems(hostPort).map((problem) => invalid(`${at}.hostPort`, hostPort, problem)));
    const protocols = ['SCTP', 'TCP', 'UDP'];
    const protocol = textOf(port.protocol);
    if (!protocols.includes(protocol)) errors.push(notSupported(`${at}.protocol`, protocol, protocols));
    if (isHostNetwork && hostPort !== 0 && hostPort !== number) {
      errors.push(invalid(`${at}.hostPort`, hostPort, 'must match `containerPort` when `hostNetwork` is true'));
    }
    return errors;
  });
}

const fieldPaths = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];

function validateVariable(at: string, variable: Fields): readonly FieldError[] {
  const name = textOf(variable.name);
  const errors: FieldError[] = name === '' ? [required(`${at}.name`)] : [];
  if (name !== '') errors.push(...environmentNameProblems(name).map((problem) => invalid(`${at}.name`, name, problem)));
  if (variable.valueFrom === undefined) return errors;
  const path = `${at}.valueFrom`;
  const source = fieldsOf(variable.valueFrom);
  const given = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef', 'fileKeyRef'].filter(
    (key) => source[key] !== undefined,
  );
  if (source.fieldRef !== undefined) errors.push(...validateFieldReference(`${path}.fieldRef`, fieldsOf(source.fieldRef)));
  for (const kind of ['configMapKeyRef', 'secretKeyRef']) {
    if (source[kind] !== undefined) errors.push(...validateKeyReference(`${path}.${kind}`, fieldsOf(source[kind])));
  }
  if (given.length === 0) {
    const message = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
    errors.push(invalid(path, '', message));
  } else if (textOf(variable.value) !== '') {
    errors.push(invalid(path, '', 'may not be specified when `value` is not empty'));
  } else if (given.length > 1) {
    errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
  }
  return errors;
}

function validateFieldReference(path: string, reference: Fields): readonly FieldError[] {
  const fieldPath = textOf(reference.fieldPath);
  if (fieldPath === '') return [required(`${path}.fieldPath`)];
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(fieldPath);
  if (subscript !== null) {
    const key = subscript[2] ?? '';
    return qualifiedNameProblems(subscript[1] === 'annotations' ? key.toLowerCase() : key).map((problem) => invalid(path, key, problem));
  }
  if (fieldPaths.includes(fieldPath)) return [];
  if (fieldPath === 'metadata.labels' || fieldPath === 'metadata.annotations') {
    return [notSupported(`${path}.fieldPath`, fieldPath, fieldPaths)];
  }
  return [invalid(`${path}.fieldPath`, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`)];
}

function validateKeyReference(path: string, reference: Fields): readonly FieldError[] {
  const name = textOf(reference.name);
  const key = textOf(reference.key);
  return [
    ...dnsSubdomainProblems(name).map((problem) => invalid(`${path}.name`, name, problem)),
    ...(key === '' ? [required(`${path}.key`)] : configKeyProblems(key).map((problem) => invalid(`${path}.key`, key, problem))),
  ];
}

function validateEnvironmentSource(path: string, index: number, source: Fields): readonly FieldError[] {
  const errors: FieldError[] = [];
  const given = ['configMapRef', 'secretRef'].filter((kind) => source[kind] !== undefined);
  for (const kind of given) {
    const name = textOf(fieldsOf(source[kind]).name);
    const at = `${path}[${index}].${kind}.name`;
    if (name === '') errors.push(required(at));
    else errors.push(...dnsSubdomainProblems(name).map((problem) => invalid(at, name, problem)));
  }
  if (given.length === 0) errors.push(invalid(path, '', 'must specify one of: `configMapRef` or `secretRef`'));
  if (given.length > 1) errors.push(invalid(path, '', 'may not have more than one field specified at a time'));
  return errors;
}

function validateMounts(path: string, mounts: readonly Fields[], volumeNames: ReadonlySet<string>): readonly FieldError[] {
  const paths = new Set<string>();
  return mounts.flatMap((mount, index) => {
    const at = `${path}[${index}]`;
    const errors: FieldError[] = [];
    const name = textOf(mount.name);
    const mountPath = textOf(mount.mountPath);
    if (name === '') errors.push(required(`${at}.name`));
    if (!volumeNames.has(name)) errors.push({ path: `${at}.name`, type: 'NotFound', value: name, detail: '' });
    if (mountPath === '') errors.push(required(`${at}.mountPath`));
    if (paths.has(mountPath)) errors.push(invalid(`${at}.mountPath`, mountPath, 'must be unique'));
    paths.add(mountPath);
    return [...errors, ...backsteps(`${path}.subPath`, textOf(mount.subPath))];
  });
}

function validateResources(path: string, resources: Fields): readonly FieldError[] {
  const errors: FieldError[] = [];
  const limits = fieldsOf(resources.limits);
  const requests = fieldsOf(resources.requests);
  for (const name of Object.keys(limits).sort()) errors.push(...validateAmount(`${path}.limits[${name}]`, name, limits[name]));
  for (const name of Object.keys(requests).sort()) {
    errors.push(...validateAmount(`${path}.requests[${name}]`, name, requests[name]));
    const limit = limits[name] === undefined ? undefined : parseQuantity(limits[name] as string | number);
    const request = parseQuantity(requests[name] as string | number);
    if (limit === undefined || request === undefined) continue;
    const mayDiffer = isStandard(name) && !name.startsWith('hugepages-');
    const order = compareQuantities(request, limit);
    if (mayDiffer ? order > 0 : order !== 0) {
      const message = `must be ${mayDiffer ? 'less than or equal to' : 'equal to'} ${name} limit of ${formatQuantity(limit)}`;
      errors.push(invalid(`${path}.requests`, formatQuantity(request), message));
    }
  }
  return errors;
}

function validateAmount(path: string, name: string, value: unknown): readonly FieldError[] {
  const errors: FieldError[] = qualifiedNameProblems(name).map((problem) => invalid(path, name, problem));
  if (!name.includes('/') && !isStandard(name)) {
    errors.push(invalid(path, name, 'must be a standard resource type or fully qualified'));
    errors.push(invalid(path, name, 'must be a standard resource for containers'));
  }
  const quantity = parseQuantity(value as string | number);
  if (quantity !== undefined && quantity.nanos < 0n) {
    errors.push(invalid(path, formatQuantity(quantity), 'must be greater than or equal to 0'));
  }
  return errors;
}

function isStandard(name: string): boolean {
  return ['cpu', 'memory', 'ephemeral-storage'].includes(name) || name.startsWith('hugepages-');
}

function validateSecurity(at: string, container: Fields): readonly FieldError[] {
  const security = fieldsOf(container.securityContext);
  return ['runAsUser', 'runAsGroup'].flatMap((field) => {
    const id = numberOf(security[field]);
    if (id === undefined || id >= 0) return [];
    return [invalid(`${at}.securityContext.${field}`, id, 'must be between 0 and 2147483647, inclusive')];
  });
}

function validateProbe(at: string, probe: Fields, field: string): readonly FieldError[] {
  const errors = [...validateHandler(at, probe)];
  for (const count of ['initialDelaySeconds', 'timeoutSeconds', 'periodSeconds', 'successThreshold', 'failureThreshold']) {
    errors.push(...nonNegative(`${at}.${count}`, numberOf(probe[count])));
  }
  const grace = numberOf(probe.terminationGracePeriodSeconds);
  if (grace !== undefined && grace <= 0) errors.push(invalid(`${at}.terminationGracePeriodSeconds`, grace, 'must be greater than 0'));
  if (field === 'readinessProbe') {
    if (grace !== undefined) errors.push(invalid(`${at}.terminationGracePeriodSeconds`, grace, 'must not be set for readinessProbes'));
  } else if (probe.successThreshold !== 1) {
    errors.push(invalid(`${at}.successThreshold`, probe.successThreshold, 'must be 1'));
  }
  return errors;
}

/** The handler kinds in the order in which the API server looks: all after the first are refused. */
const handlers: Readonly<Record<string, (path: string, handler: Fields) => readonly FieldError[]>> = {
  exec: (path, handler) => (Array.isArray(handler.command) && handler.command.length > 0 ? [] : [required(`${path}.command`)]),
  httpGet: (path, handler) => {
    const errors: FieldError[] = textOf(handler.path) === '' ? [required(`${path}.path`)] : [];
    const schemes = ['HTTP', 'HTTPS'];
    const scheme = textOf(handler.scheme);
    errors.push(...portReference(`${path}.port`, handler.port));
    if (!schemes.includes(scheme)) errors.push(notSupported(`${path}.scheme`, scheme, schemes));
    for (const { name } of itemsOf(handler.httpHeaders)) {
      const message =
        "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')";
      if (!/^[-A-Za-z0-9]+$/.test(textOf(name))) errors.push(invalid(`${path}.httpHeaders`, textOf(name), message));
    }
    return errors;
  },
  tcpSocket: (path, handler) => portReference(`${path}.port`, handler.port),
  grpc: (path, handler) => portReference(`${path}.port`, numberOf(handler.port) ?? 0),
  sleep: () => [],
};

function validateHandler(at: string, handler: Fields): readonly FieldError[] {
  const given = Object.keys(handlers).filter((kind) => handler[kind] !== undefined && handler[kind] !== null);
  if (given.length === 0) return [required(at, 'must specify a handler type')];
  return given.flatMap((kind, position) =>
    position === 0
      ? (handlers[kind]?.(`${at}.${kind}`, fieldsOf(handler[kind])) ?? [])
      : [forbidden(`${at}.${kind}`, 'may not specify more than 1 handler type')],
  );
}

function portReference(path: string, port: unknown): readonly FieldError[] {
  if (typeof port === 'string') return portNameProblems(port).map((problem) => invalid(path, port, problem));
  const number = numberOf(port) ?? 0;
  return portNumberProblems(number).map((problem) => invalid(path, number, problem));
}
