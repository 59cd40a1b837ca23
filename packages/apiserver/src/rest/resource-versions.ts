/** Resource versions in queries, with a real server's words for those that make no sense. */
import type { StatusError } from '@sluice/api';
import type { FieldProblem } from '@sluice/schema';
import { badRequest, invalid, unreasoned } from './errors.ts';

export function invalidListOptions(problems: readonly FieldProblem[]): StatusError {
  return invalid({ group: 'meta.k8s.io', kind: 'ListOptions' }, '', problems);
}

/**
 * A resource version as a number.
 *
 * @throws StatusError for what is no whole number: 400 for a list; 500 elsewhere, where a real server forgets to say whose fault it is
 */
export function parseRevision(text: string, isList = false): number {
  if (/^\d+$/.test(text)) return Number(text);
  const detail = `resourceVersion: Invalid value: ${JSON.stringify(text)}: strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`;
  throw isList ? badRequest(`invalid resource version: ${detail}`) : unreasoned(500, detail);
}
