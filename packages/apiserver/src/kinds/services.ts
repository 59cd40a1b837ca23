/** Services: ports, addresses and node ports of their own, given out and taken back. */
import type { FieldError, KubeObject } from '@sluice/api';
import { equal } from '../rest/clone.ts';
import { duplicate, forbiddenField, invalid, invalidValue, notSupported, required } from '../rest/errors.ts';
import { labelNameProblems, subdomainProblems, validateLabels } from '../rest/names.ts';
import type { Draft } from '../store/store.ts';
import { ensured, type Fields, fieldsOf, fill, itemsOf, numberOf, own, textOf } from './fields.ts';
import { isServiceAddress } from './service-allocator.ts';
import type { KindContext, KindStrategy } from './strategy.ts';

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];

export const serviceStrategy: KindStrategy = {
  nameRule: 'dns1035',
  hasStatus: true,
  returnsDeleted: true,
  initialStatus: () => ({ loadBalancer: {} }),
  defaults: (draft) => {
    const spec = own(draft, 'spec');
    fill(spec, 'type', 'ClusterIP');
    fill(spec, 'sessionAffinity', 'None');
    if (spec.sessionAffinity === 'ClientIP') {
      const client = ensured(ensured(spec, 'sessionAffinityConfig'), 'clientIP');
      fill(client, 'timeoutSeconds', 10_800);
    }
    for (const port of itemsOf(spec.ports)) {
      fill(port, 'protocol', 'TCP');
      if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port ?? 0;
      if (port.nodePort === 0) delete port.nodePort;
    }
    if (hasNodePorts(spec)) fill(spec, 'externalTrafficPolicy', 'Cluster');
    if (spec.type !== 'ExternalName') fill(spec, 'internalTrafficPolicy', 'Cluster');
    if (spec.type === 'LoadBalancer') fill(spec, 'allocateLoadBalancerNodePorts', true);
    if (typeof spec.clusterIP === 'string' && spec.clusterIP === '') delete spec.clusterIP;
  },
  prepareCreate: (draft, context) => allocate(draft, undefined, context),
  prepareUpdate: (draft, live, context) => allocate(draft, live, context),
  validate: (object) => validateService(fieldsOf(object.spec)),
  validateUpdate: (next, live) => {
    const [spec, old] = [fieldsOf(next.spec), fieldsOf(live.spec)];
    const keeps = spec.type !== 'ExternalName' && old.type !== 'ExternalName' && textOf(old.clusterIP) !== '';
    return keeps && !equal(spec.clusterIP, old.clusterIP)
      ? [invalidValue('spec.clusterIPs[0]', spec.clusterIPs, 'may not change once set')]
      : [];
  },
  released: (object, context) => {
    const spec = fieldsOf(object.spec);
    for (const address of (spec.clusterIPs as readonly string[] | undefined) ?? []) context.services.releaseAddress(address);
    for (const port of itemsOf(spec.ports)) if (numberOf(port.nodePort) !== undefined) context.services.releasePort(Number(port.nodePort));
  },
};

function hasNodePorts(spec: Fields): boolean {
  return spec.type === 'NodePort' || spec.type === 'LoadBalancer';
}

/** Gives addresses and node ports to a service that has none, and takes back those that its new type does not have. */
function allocate(draft: Draft, live: KubeObject | undefined, context: KindContext): void {
  const spec = fieldsOf(draft.spec);
  const old = fieldsOf(live?.spec);
  if (validateService(spec).length > 0) return;
  if (spec.type === 'ExternalName') {
    for (const field of ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy', 'internalTrafficPolicy']) delete spec[field];
    if (!context.dryRun && typeof old.clusterIP === 'string') context.services.releaseAddress(old.clusterIP);
  } else {
    if (spec.clusterIP === undefined && old.clusterIP !== undefined) spec.clusterIP = old.clusterIP;
    if (spec.clusterIP !== old.clusterIP || spec.clusterIP === undefined) claimAddress(draft, spec, context);
    spec.clusterIPs = [spec.clusterIP];
    fill(spec, 'ipFamilies', ['IPv4']);
    fill(spec, 'ipFamilyPolicy', 'SingleStack');
  }
  claimPorts(draft, spec, old, context);
}

function claimAddress(draft: Draft, spec: Fields, context: KindContext): void {
  const asked = textOf(spec.clusterIP);
  if (asked === 'None') return;
  if (asked === '') {
    spec.clusterIP = context.services.allocateAddress();
    if (context.dryRun && typeof spec.clusterIP === 'string') context.services.releaseAddress(spec.clusterIP);
    return;
  }
  const fail = (detail: string): Error =>
    invalid({ group: '', kind: 'Service' }, draft.metadata.name ?? '', [invalidValue('spec.clusterIPs', [asked], detail)]);
  if (!isServiceAddress(asked))
    throw fail(
      `failed to allocate IP ${asked}: the provided IP (${asked}) is not in the valid range. The range of valid IPs is 10.96.0.0/16`,
    );
  if (!context.services.takeAddress(asked)) throw fail(`failed to allocate IP ${asked}: provided IP is already allocated`);
  if (context.dryRun) context.services.releaseAddress(asked);
}

function claimPorts(draft: Draft, spec: Fields, old: Fields, context: KindContext): void {
  const held = new Map(itemsOf(old.ports).map((port) => [portKey(port), numberOf(port.nodePort)]));
  const wants = spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false);
  const before = new Set(itemsOf(old.ports).flatMap((port) => numberOf(port.nodePort) ?? []));
  const taken: number[] = [];
  for (const [index, port] of itemsOf(spec.ports).entries()) {
    if (!wants && !hasNodePorts(spec)) {
      delete port.nodePort;
      continue;
    }
    const asked = numberOf(port.nodePort) ?? held.get(portKey(port));
    if (asked !== undefined) {
      if (!before.has(asked) && !context.services.takePort(asked)) {
        for (const one of taken) context.services.releasePort(one);
        throw invalid({ group: '', kind: 'Service' }, draft.metadata.name ?? '', [
          invalidValue(`spec.ports[${index}].nodePort`, asked, 'provided port is already allocated'),
        ]);
      }
      port.nodePort = asked;
    } else if (wants) {
      port.nodePort = context.services.allocatePort();
    }
    const given = numberOf(port.nodePort);
    if (given !== undefined && !before.has(given)) taken.push(given);
  }
  if (context.dryRun) for (const one of taken) context.services.releasePort(one);
  else {
    const kept = new Set(itemsOf(spec.ports).map((port) => numberOf(port.nodePort)));
    for (const one of before) if (!kept.has(one)) context.services.releasePort(one);
  }
}

function portKey(port: Fields): string {
  return `${textOf(port.protocol)}/${numberOf(port.port) ?? 0}`;
}

function validateService(spec: Fields): FieldError[] {
  const problems: FieldError[] = [];
  const ports = itemsOf(spec.ports);
  const isHeadless = spec.clusterIP === 'None';
  if (ports.length === 0 && !isHeadless && spec.type !== 'ExternalName') problems.push(required('spec.ports'));
  if (isHeadless && hasNodePorts(spec))
    problems.push(invalidValue('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`));
  if (spec.type === 'ExternalName') {
    const name = textOf(spec.externalName).replace(/\.$/, '');
    if (name === '') problems.push(required('spec.externalName'));
    else problems.push(...subdomainProblems(name).map((detail) => invalidValue('spec.externalName', spec.externalName, detail)));
  }
  problems.push(
    ...validateLabels(spec.selector as Record<string, string> | undefined, 'spec.selector').filter(({ value }) => value !== ''),
  );
  const names = new Set<string>();
  const seen = new Set<string>();
  for (const [index, port] of ports.entries()) problems.push(...validatePort(port, index, ports.length > 1, spec, names, seen));
  if (!['ClientIP', 'None'].includes(textOf(spec.sessionAffinity)))
    problems.push(notSupported('spec.sessionAffinity', spec.sessionAffinity, ['ClientIP', 'None']));
  if (!types.includes(textOf(spec.type))) problems.push(notSupported('spec.type', spec.type, types));
  const address = textOf(spec.clusterIP);
  if (address !== '' && address !== 'None' && !/^\d{1,3}(\.\d{1,3}){3}$|:/.test(address))
    problems.push(invalidValue('spec.clusterIPs[0]', address, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'));
  return problems;
}

function validatePort(port: Fields, index: number, needsName: boolean, spec: Fields, names: Set<string>, seen: Set<string>): FieldError[] {
  const at = `spec.ports[${index}]`;
  const problems: FieldError[] = [];
  const name = textOf(port.name);
  if (name === '') {
    if (needsName) problems.push(required(`${at}.name`));
  } else {
    problems.push(...labelNameProblems(name).map((detail) => invalidValue(`${at}.name`, name, detail)));
    if (names.has(name)) problems.push(duplicate(`${at}.name`, name));
    names.add(name);
  }
  const number = numberOf(port.port) ?? 0;
  if (!isPortNumber(number)) problems.push(invalidValue(`${at}.port`, number, 'must be between 1 and 65535, inclusive'));
  const protocols = ['SCTP', 'TCP', 'UDP'];
  if (!protocols.includes(textOf(port.protocol))) problems.push(notSupported(`${at}.protocol`, port.protocol, protocols));
  const target = port.targetPort;
  if (typeof target === 'number') {
    if (!isPortNumber(target)) problems.push(invalidValue(`${at}.targetPort`, target, 'must be between 1 and 65535, inclusive'));
  } else if (typeof target === 'string') {
    problems.push(...portNameProblems(target).map((detail) => invalidValue(`${at}.targetPort`, target, detail)));
  }
  if (numberOf(port.nodePort) !== undefined && !hasNodePorts(spec))
    problems.push(forbiddenField(`${at}.nodePort`, `may not be used when \`type\` is '${spec.type}'`));
  const key = portKey(port);
  if (seen.has(key))
    problems.push(duplicate(at, { Name: '', Protocol: port.protocol, AppProtocol: null, Port: number, TargetPort: 0, NodePort: 0 }));
  seen.add(key);
  return problems;
}

function isPortNumber(value: number): boolean {
  return value >= 1 && value <= 65_535;
}

function portNameProblems(name: string): readonly string[] {
  if (name.length > 15) return ['must be no more than 15 characters'];
  if (!/^[a-z0-9-]+$/.test(name)) return ['must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)'];
  if (!/[a-z]/.test(name)) return ['must contain at least one letter (a-z)'];
  if (name.includes('--')) return ['must not contain consecutive hyphens'];
  return name.startsWith('-') || name.endsWith('-') ? ['must not begin or end with a hyphen'] : [];
}
