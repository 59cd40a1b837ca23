/**
 * The builtin functions of expr-lang 1.17 that take values (those that take predicates are in `predicates.ts`): which types they accept, with
 * upstream's words for what they refuse, and what they do.
 *
 * @see expr-lang/expr builtin/builtin.go
 */

import type { Builtin } from './builtin.ts';
import { listBuiltins } from './builtin-lists.ts';
import { numberBuiltins } from './builtin-numbers.ts';
import { textBuiltins } from './builtin-texts.ts';
import { timeBuiltins } from './builtin-times.ts';
import { predicateBuiltins } from './parser.ts';

export const builtins: ReadonlyMap<string, Builtin> = new Map([...numberBuiltins, ...textBuiltins, ...listBuiltins, ...timeBuiltins]);

export function isBuiltinName(name: string): boolean {
  return builtins.has(name) || predicateBuiltins.has(name);
}
