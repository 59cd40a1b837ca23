/** Resource versions in queries, with a real server's words for those that make no sense. */
import type { StatusError } from '@sluice/api';
import type { FieldProblem } from '@sluice/schema';
import { invalid, invalidValue } from './errors.ts';

export function invalidListOptions(problems: readonly FieldProblem[]): StatusError {
  return invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', problems);
}

/** @throws StatusError 422 for what is no whole number */
export function parseRevision(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw invalidListOptions([invalidValue('resourceVersion', text, `strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`)]);
}
