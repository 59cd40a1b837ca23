/** Downward-API paths of an object's metadata, as arguments of analyses name them. */
import type { ObjectMeta } from './meta.ts';
import { qualifiedNameProblems } from './name-rules.ts';

/**
 * The value of a downward-API path of an object's metadata: name, namespace, uid, one label or annotation (`metadata.labels['a']`),
 * or all of them as sorted `key="value"` lines. `undefined` for any other path.
 */
export function metadataField(object: { readonly metadata: ObjectMeta }, path: string): string | undefined {
  const { metadata } = object;
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(path);
  if (subscript !== null) {
    const [, map = '', key = ''] = subscript;
    const isAnnotation = map === 'annotations';
    if (qualifiedNameProblems(isAnnotation ? key.toLowerCase() : key).length > 0) return undefined;
    return (isAnnotation ? metadata.annotations : metadata.labels)?.[key] ?? '';
  }
  switch (path) {
    case 'metadata.name':
      return metadata.name ?? '';
    case 'metadata.namespace':
      return metadata.namespace ?? '';
    case 'metadata.uid':
      return metadata.uid ?? '';
    case 'metadata.labels':
      return formatMap(metadata.labels);
    case 'metadata.annotations':
      return formatMap(metadata.annotations);
    default:
      return undefined;
  }
}

function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n');
}
