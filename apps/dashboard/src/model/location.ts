/** Where in the pages somebody is, as paths below the root: `/NAMESPACE` for the list, `/rollout/NAMESPACE/NAME` for one rollout. */

export type Place =
  | { readonly kind: 'list'; readonly namespace: string | undefined }
  | { readonly kind: 'rollout'; readonly namespace: string | undefined; readonly name: string };

/** @param base - path of the document's base, with a slash at its end */
export function placeOf(pathname: string, base: string): Place {
  const below = pathname.startsWith(base) ? pathname.slice(base.length) : '';
  const parts = below
    .split('/')
    .filter((part) => part !== '')
    .map(unescaped);
  const [first, second, third] = parts;
  if (first === 'rollout' && third !== undefined) return { kind: 'rollout', namespace: second, name: third };
  if (first === 'rollout' && second !== undefined) return { kind: 'rollout', namespace: undefined, name: second };
  return { kind: 'list', namespace: first };
}

export function pathOf(place: Place, base: string): string {
  const parts = place.kind === 'list' ? [place.namespace] : ['rollout', place.namespace, place.name];
  return base + parts.flatMap((part) => (part === undefined ? [] : encodeURIComponent(part))).join('/');
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
