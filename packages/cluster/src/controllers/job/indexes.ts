/** Completion indexes of Indexed Jobs: sets of numbers and their text form `0-2,5`. */
import type { Pod } from '../../shapes/pod.ts';

export const completionIndexKey = 'batch.kubernetes.io/job-completion-index';

export function completionIndexOf(pod: Pod): number | undefined {
  const text = pod.metadata.annotations?.[completionIndexKey];
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Numbers of `1,3-5,7` below `completions`; parts that cannot be read are left out. */
export function parseIndexes(text: string | undefined, completions: number): ReadonlySet<number> {
  const indexes = new Set<number>();
  for (const part of (text ?? '').split(',')) {
    const range = /^(\d+)(?:-(\d+))?$/.exec(part);
    if (range === null) continue;
    for (let index = Number(range[1]); index <= Number(range[2] ?? range[1]) && index < completions; index++) indexes.add(index);
  }
  return indexes;
}

/** Neighbours are joined: `0-2,5`. Two in a row are `3,4`, as the real server writes them. */
export function formatIndexes(indexes: Iterable<number>): string {
  const parts: string[] = [];
  const sorted = [...indexes].sort((a, b) => a - b);
  for (let from = 0; from < sorted.length; ) {
    let to = from;
    while (sorted[to + 1] === (sorted[to] ?? 0) + 1) to++;
    const separator = to === from ? '' : to === from + 1 ? ',' : '-';
    parts.push(separator === '' ? `${sorted[from]}` : `${sorted[from]}${separator}${sorted[to]}`);
    from = to + 1;
  }
  return parts.join(',');
}
