/** References of images, apart and together. */

export type ImageParts = { readonly image: string; readonly tag: string };

/** `registry:5000/team/app:1.2` into image and tag. A digest counts as tag of `app@sha256`, as the API joins them with a colon again. */
export function imageParts(reference: string): ImageParts {
  const at = reference.lastIndexOf(':');
  if (at <= reference.lastIndexOf('/')) return { image: reference, tag: 'latest' };
  return { image: reference.slice(0, at), tag: reference.slice(at + 1) };
}

/** The end of a reference, which tells versions apart: `app:1.2`. */
export function shortImage(reference: string): string {
  const [name = '', digest] = reference.slice(reference.lastIndexOf('/') + 1).split('@sha256:');
  return digest === undefined ? name : `${name}@${digest.slice(0, 8)}`;
}
