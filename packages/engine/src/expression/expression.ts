/**
 * The condition language of metrics, Prometheus range queries and notification triggers: expr-lang 1.17, as an interpreter of our own over
 * plain data. It reaches nothing but its environment, never a prototype, and every run is bounded in steps, memory and depth. Begin with
 * `parser.ts`; `checker.ts` finds what upstream finds while compiling, `evaluator.ts` runs the rest.
 */
import type { Instant } from '@sluice/api';
import { isBuiltinName } from './builtins.ts';
import { check, type Environment } from './checker.ts';
import { compileTree } from './evaluator.ts';
import type { Evaluate } from './machine.ts';
import { Machine } from './machine.ts';
import { isUnknown, natureText } from './nature.ts';
import { parse } from './parser.ts';
import { ExpressionProblem } from './problem.ts';
import { typeName } from './values.ts';

export type Program = {
  readonly evaluate: Evaluate;
  /** Go's name of the type of its result, where it is known before the run. */
  readonly type: string | undefined;
};

export type Compiled = { readonly ok: true; readonly program: Program } | { readonly ok: false; readonly problem: string };
export type Evaluated =
  | { readonly ok: true; readonly value: unknown; readonly type: string }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads and checks an expression. Problems have upstream's words, without the place in the text.
 *
 * @param options - `environment`: the values that names stand for, whose types are checked; the same must be given to the run. Values are
 * JSON, where numbers are float64; bigints are ints, a `Float64Array` is []float64, functions are `GoFunction`s. Without it any name
 * goes, and types are found out when the expression runs.
 */
export function compileExpression(source: string, options: { readonly environment?: Environment } = {}): Compiled {
  const { environment } = options;
  return guarded(() => {
    const isTaken = (name: string): boolean => environment !== undefined && Object.hasOwn(environment, name);
    const tree = parse(source, { isBuiltin: isBuiltinName, isTaken });
    const natures = check(tree, environment);
    const nature = natures.get(tree);
    const type = nature === undefined || isUnknown(nature) || nature.isNil === true ? undefined : natureText(nature);
    return { ok: true, program: { evaluate: compileTree(tree, natures), type } };
  });
}

/**
 * Runs a program. The value may be null, a bool, a bigint (int), a number (float64), text, a list, a map (plain or `Map`), a time or a
 * duration; `type` is Go's name for it.
 */
export function runExpression(
  program: Program,
  environment: Readonly<Record<string, unknown>>,
  options: { readonly now: Instant },
): Evaluated {
  return guarded(() => {
    const value = program.evaluate(new Machine(environment, options.now)) ?? null;
    const isInt64 = typeof value === 'bigint' && program.type === 'int64';
    return { ok: true, value, type: isInt64 ? 'int64' : typeName(value) };
  });
}

/** Problems as values. A tree too deep for the stack, should the bounds ever let one through, is a problem too. */
function guarded<T>(run: () => T): T | { readonly ok: false; readonly problem: string } {
  try {
    return run();
  } catch (error) {
    if (error instanceof ExpressionProblem) return { ok: false, problem: error.message };
    if (error instanceof RangeError) return { ok: false, problem: 'expression is too large' };
    throw error;
  }
}
