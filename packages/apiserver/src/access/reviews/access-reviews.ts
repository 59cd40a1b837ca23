/** May somebody do something, and what may I do: the four access reviews of `authorization.k8s.io/v1`. */
import type { KubeObject } from '@sluice/api';
import type { AuthorizationAttributes, ReviewRequest, UserInfo } from '../../ports.ts';
import { aggregated, type RbacAuthorizer } from '../rbac/authorizer.ts';
import { badRequest, invalid, record, text, texts } from './invalid.ts';

const group = 'authorization.k8s.io';

/** SelfSubjectAccessReview, SubjectAccessReview and LocalSubjectAccessReview. */
export function reviewAccess(request: ReviewRequest, authorizer: RbacAuthorizer): KubeObject {
  const spec = record(request.object.spec);
  checkAttributes(request, spec);
  const user = request.resource === 'selfsubjectaccessreviews' ? request.user : subjectOf(spec);
  const { allowed, reason } = authorizer.decide({ ...attributesOf(spec), user });
  return { ...request.object, status: { allowed, ...(reason === '' ? {} : { reason }) } };
}

function checkAttributes(request: ReviewRequest, spec: Readonly<Record<string, unknown>>): void {
  const hasResource = isPresent(spec.resourceAttributes);
  const hasPath = isPresent(spec.nonResourceAttributes);
  const isLocal = request.resource === 'localsubjectaccessreviews';
  const path = goPath(spec);
  if (hasResource && hasPath) {
    throw invalid(group, '', 'spec.nonResourceAttributes', `${path}: cannot be specified in combination with resourceAttributes`);
  }
  if (!hasResource && !hasPath) {
    const detail = 'null: exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw invalid(group, '', 'spec.resourceAttributes', detail);
  }
  if (request.resource !== 'selfsubjectaccessreviews' && text(spec.user) === '' && texts(spec.groups).length === 0) {
    throw invalid(group, '', 'spec.user', '"": at least one of user or group must be specified');
  }
  if (!isLocal) return;
  if (hasPath) throw invalid(group, '', 'spec.nonResourceAttributes', `${path}: disallowed on this kind of request`);
  const namespace = text(record(spec.resourceAttributes).namespace);
  if (namespace !== request.namespace) {
    throw invalid(group, '', 'spec.resourceAttributes.namespace', `${JSON.stringify(namespace)}: must match metadata.namespace`);
  }
}

/** The Go value as upstream prints it in the message. */
function goPath(spec: Readonly<Record<string, unknown>>): string {
  const { path, verb } = record(spec.nonResourceAttributes);
  return JSON.stringify({ Path: text(path), Verb: text(verb) });
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function subjectOf(spec: Readonly<Record<string, unknown>>): UserInfo {
  return { name: text(spec.user), groups: texts(spec.groups), uid: text(spec.uid) };
}

function attributesOf(spec: Readonly<Record<string, unknown>>): Omit<AuthorizationAttributes, 'user'> {
  const isResourceRequest = isPresent(spec.resourceAttributes);
  const asked = record(isResourceRequest ? spec.resourceAttributes : spec.nonResourceAttributes);
  return {
    verb: text(asked.verb),
    group: text(asked.group),
    version: text(asked.version),
    resource: text(asked.resource),
    subresource: text(asked.subresource),
    namespace: text(asked.namespace),
    name: text(asked.name),
    path: text(asked.path),
    isResourceRequest,
  };
}

/** SelfSubjectRulesReview: the rules that hold for the asking user in one namespace. */
export function reviewRules(request: ReviewRequest, authorizer: RbacAuthorizer): KubeObject {
  const namespace = text(record(request.object.spec).namespace);
  if (namespace === '') throw badRequest('no namespace on request');
  const { rules, problems } = authorizer.rulesFor(request.user, namespace);
  return {
    ...request.object,
    spec: {},
    status: {
      resourceRules: rules
        .filter((rule) => (rule.resources ?? []).length > 0)
        .map(({ verbs, apiGroups, resources, resourceNames }) => ({
          verbs,
          apiGroups,
          resources,
          ...((resourceNames ?? []).length === 0 ? {} : { resourceNames }),
        })),
      nonResourceRules: rules
        .filter((rule) => (rule.nonResourceURLs ?? []).length > 0)
        .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
      incomplete: false,
      ...(problems.length === 0 ? {} : { evaluationError: aggregated(problems) }),
    },
  };
}
