/** Images that run, each once, with the parts they play. */
import { compareText } from './replica-set-view.ts';

export type ImageView = { readonly image: string; readonly tags: readonly string[] };

/** One entry an image, by name. Tags keep their order until an image comes twice; then they are sorted. */
export function mergeImages(images: readonly ImageView[]): readonly ImageView[] {
  const merged = new Map<string, readonly string[]>();
  for (const { image, tags } of images) {
    const known = merged.get(image);
    merged.set(image, known === undefined ? tags : [...new Set([...tags, ...known])].sort());
  }
  return [...merged].map(([image, tags]) => ({ image, tags })).sort((a, b) => compareText(a.image, b.image));
}
