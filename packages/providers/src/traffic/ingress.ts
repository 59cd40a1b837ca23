/** Reading and changing an Ingress, of `networking.k8s.io/v1` and of the old `extensions/v1beta1`, whose backends are spelled differently. */
import type { KubeObject, ResourceType } from '@sluice/api';
import { annotationsOf, type Fields, fieldAt, fieldsOf, isFields, isSame, listOf, textOf, withField } from './fields.ts';

export const classAnnotation = 'kubernetes.io/ingress.class';

/** @param apiVersion - as the flag has it, `extensions/v1beta1` or anything else for `networking.k8s.io/v1` */
export function ingressType(apiVersion: string): ResourceType {
  const isOld = apiVersion === 'extensions/v1beta1';
  const [group, version] = isOld ? ['extensions', 'v1beta1'] : ['networking.k8s.io', 'v1'];
  return { group, version, kind: 'Ingress', resource: 'ingresses', namespaced: true };
}

/** The old annotation before the field, as upstream reads it. */
export function ingressClassOf(ingress: KubeObject): string {
  return annotationsOf(ingress)[classAnnotation] || textOf(fieldAt(ingress, 'spec', 'ingressClassName'));
}

export function rulesOf(ingress: KubeObject): readonly unknown[] {
  return listOf(fieldAt(ingress, 'spec', 'rules')) ?? [];
}

export function pathsOf(rule: unknown): readonly Fields[] {
  return (listOf(fieldAt(rule, 'http', 'paths')) ?? []).filter(isFields);
}

export function serviceOf(backend: unknown): string {
  return textOf(fieldAt(backend, 'service', 'name')) || textOf(fieldAt(backend, 'serviceName'));
}

/** The same port of another service. */
export function withService(path: Fields, service: string): Fields {
  const field = fieldAt(path, 'backend', 'service') === undefined ? ['serviceName'] : ['service', 'name'];
  return withField(path, ['backend', ...field], service);
}

/** Whether a rule or the default backend leads to a service. */
export function leadsTo(ingress: KubeObject, service: string): boolean {
  const spec = fieldsOf(ingress.spec);
  const backends = [spec.defaultBackend, spec.backend, ...rulesOf(ingress).flatMap((rule) => pathsOf(rule).map(({ backend }) => backend))];
  return service !== '' && backends.some((backend) => serviceOf(backend) === service);
}

/** Changes the paths of every rule that has any. Gives back the same object when they stay as they were. */
export function mapPaths(ingress: KubeObject, change: (paths: readonly Fields[]) => readonly Fields[]): KubeObject {
  const rules = rulesOf(ingress).map((rule) => {
    if (!isFields(rule) || !isFields(rule.http)) return rule;
    const before = pathsOf(rule);
    const after = change(before);
    return isSame(before, after) ? rule : withField(rule, ['http', 'paths'], after);
  });
  return isSame(rules, rulesOf(ingress)) ? ingress : withField(ingress, ['spec', 'rules'], rules);
}
