/** The words in which a real server refuses (apiserver endpoints/handlers/responsewriters/errors.go). */
import { failure, StatusError } from '@sluice/api';
import type { AuthorizationAttributes } from '../ports.ts';

/**
 * The 403 for a request that the authorizer did not allow.
 *
 * @example `pods is forbidden: User "x" cannot list resource "pods" in API group "" in the namespace "default"`
 */
export function forbidden(attributes: AuthorizationAttributes, reason: string): StatusError {
  const { user, verb, group, resource, subresource, namespace, name } = attributes;
  const what = escaped(sentence());
  const said = reason === '' ? what : `${what}: ${reason}`;
  if (!attributes.isResourceRequest) return new StatusError(failure(403, 'Forbidden', `forbidden: ${said}`, {}));
  const qualified = group === '' ? resource : `${resource}.${group}`;
  const message = name === '' ? `${qualified} is forbidden: ${said}` : `${qualified} "${name}" is forbidden: ${said}`;
  return new StatusError(
    failure(403, 'Forbidden', message, { ...(name === '' ? {} : { name }), ...(group === '' ? {} : { group }), kind: resource }),
  );

  function sentence(): string {
    if (!attributes.isResourceRequest) return `User ${JSON.stringify(user.name)} cannot ${verb} path ${JSON.stringify(attributes.path)}`;
    const full = subresource === '' ? resource : `${resource}/${subresource}`;
    const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
    return `User ${JSON.stringify(user.name)} cannot ${verb} resource ${JSON.stringify(full)} in API group ${JSON.stringify(group)} ${where}`;
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
