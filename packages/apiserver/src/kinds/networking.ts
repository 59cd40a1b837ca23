/** Ingress and NetworkPolicy. */
import type { FieldError } from '@sluice/api';
import { equal } from '../rest/clone.ts';
import { invalidValue, notSupported, required } from '../rest/errors.ts';
import { subdomainProblems } from '../rest/names.ts';
import { ensured, type Fields, fieldsOf, fill, itemsOf, numberOf, own, textOf } from './fields.ts';
import type { KindStrategy } from './strategy.ts';

export const ingressStrategy: KindStrategy = {
  hasStatus: true,
  hasGeneration: true,
  initialStatus: () => ({ loadBalancer: {} }),
  prepareCreate: (draft, context) => {
    const spec = fieldsOf(draft.spec);
    if (spec.ingressClassName !== undefined || draft.metadata.annotations?.['kubernetes.io/ingress.class'] !== undefined) return;
    const usual = context.heads
      .list('networking.k8s.io', 'ingressclasses')
      .find((one) => one.metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true');
    if (usual !== undefined) ensured(draft, 'spec').ingressClassName = usual.metadata.name;
  },
  validate: (object) => {
    const spec = fieldsOf(object.spec);
    const rules = itemsOf(spec.rules);
    const problems: FieldError[] = [];
    if (rules.length === 0 && spec.defaultBackend === undefined)
      problems.push(invalidValue('spec', null, 'either `defaultBackend` or `rules` must be specified'));
    for (const [index, entry] of itemsOf(spec.tls).entries())
      for (const [at, host] of ((entry.hosts as readonly string[] | undefined) ?? []).entries())
        problems.push(...validateHost(`spec.tls[${index}].hosts[${at}]`, host));
    for (const [index, rule] of rules.entries()) problems.push(...validateRule(`spec.rules[${index}]`, rule));
    if (spec.defaultBackend !== undefined) problems.push(...validateBackend('spec.defaultBackend', fieldsOf(spec.defaultBackend)));
    return problems;
  },
};

function validateHost(path: string, host: string): FieldError[] {
  if (!host.includes('*')) return subdomainProblems(host).map((detail) => invalidValue(path, host, detail));
  return /^\*\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(host)
    ? []
    : [
        invalidValue(
          path,
          host,
          "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ),
      ];
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix'];

function validateRule(at: string, rule: Fields): FieldError[] {
  const problems: FieldError[] = [];
  const host = textOf(rule.host);
  if (host !== '') problems.push(...validateHost(`${at}.host`, host));
  if (rule.http === undefined) return problems;
  const paths = itemsOf(fieldsOf(rule.http).paths);
  if (paths.length === 0) problems.push(required(`${at}.http.paths`));
  for (const [index, entry] of paths.entries()) {
    const here = `${at}.http.paths[${index}]`;
    const type = textOf(entry.pathType);
    if (type === '') problems.push(required(`${here}.pathType`, 'pathType must be specified'));
    else if (!pathTypes.includes(type)) problems.push(notSupported(`${here}.pathType`, type, pathTypes));
    else {
      const path = textOf(entry.path);
      const mayBeEmpty = type === 'ImplementationSpecific' && path === '';
      if (!mayBeEmpty && !path.startsWith('/')) problems.push(invalidValue(`${here}.path`, path, 'must be an absolute path'));
      else problems.push(...validatePathSegments(`${here}.path`, path));
    }
    if (type !== '') problems.push(...validateBackend(`${here}.backend`, fieldsOf(entry.backend)));
  }
  return problems;
}

function validatePathSegments(path: string, value: string): FieldError[] {
  return ['//', '/./', '/../', '%2f', '%2F']
    .filter((segment) => value.includes(segment))
    .map((segment) => invalidValue(path, value, `must not contain '${segment}'`));
}

function validateBackend(at: string, backend: Fields): FieldError[] {
  const service = fieldsOf(backend.service);
  if (backend.resource !== undefined)
    return backend.service === undefined ? [] : [invalidValue(at, '', 'cannot set both resource and service backends')];
  if (backend.service === undefined) return [invalidValue(at, '', 'resource or service backend is required')];
  const problems: FieldError[] = [];
  if (textOf(service.name) === '') problems.push(required(`${at}.service.name`));
  const port = fieldsOf(service.port);
  const [name, number] = [textOf(port.name), numberOf(port.number) ?? 0];
  if (name !== '' && number !== 0) problems.push(invalidValue(at, '', 'cannot set both port name & port number'));
  else if (name === '' && number === 0) problems.push(required(at, 'port name or number is required'));
  else if (name === '' && (number < 1 || number > 65_535))
    problems.push(invalidValue(`${at}.service.port.number`, number, 'must be between 1 and 65535, inclusive'));
  return problems;
}

export const networkPolicyStrategy: KindStrategy = {
  hasGeneration: true,
  defaults: (draft) => {
    const spec = own(draft, 'spec');
    ensured(spec, 'podSelector');
    if (itemsOf(spec.policyTypes).length === 0) spec.policyTypes = spec.egress === undefined ? ['Ingress'] : ['Ingress', 'Egress'];
    for (const rule of [...itemsOf(spec.ingress), ...itemsOf(spec.egress)])
      for (const port of itemsOf(rule.ports)) fill(port, 'protocol', 'TCP');
  },
};

export const ingressClassStrategy: KindStrategy = {
  hasGeneration: true,
  defaults: (draft) => {
    const parameters = fieldsOf(own(draft, 'spec').parameters);
    if (Object.keys(parameters).length > 0) fill(parameters, 'scope', 'Cluster');
  },
  validateUpdate: (next, live) => {
    const controller = fieldsOf(next.spec).controller;
    return equal(controller, fieldsOf(live.spec).controller) ? [] : [invalidValue('spec.controller', controller, 'field is immutable')];
  },
};
