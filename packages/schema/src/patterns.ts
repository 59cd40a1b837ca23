/** Patterns of schemas and rules, compiled once. */
import { GoPattern } from '@sluice/api';

const compiled = new Map<string, GoPattern>();

/**
 * A pattern, compiled once and kept.
 *
 * @throws PatternError for what Go refuses
 */
export function goPattern(pattern: string): GoPattern {
  let known = compiled.get(pattern);
  if (known === undefined) {
    known = new GoPattern(pattern);
    if (compiled.size > 5000) compiled.clear();
    compiled.set(pattern, known);
  }
  return known;
}
