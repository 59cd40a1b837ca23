/**
 * Go's `text/template` with the functions of sprig, as an interpreter of our own over plain data: it reaches nothing but the data and the
 * functions, and every run is bounded in steps, memory, depth and output. Functions that read the machine or need randomness are not there
 * (`env`, `getHostByName`, `randAlphaNum`, `uuidv4`, `genPrivateKey`, `bcrypt`, ...); a template that names one is refused. Begin with
 * `parser.ts`, then `evaluator.ts`.
 *
 * @see go text/template; Masterminds/sprig 3
 */
import type { Instant } from '@sluice/api';
import { Budget } from '../expression/budget.ts';
import { ExpressionProblem } from '../expression/problem.ts';
import { formatTimeAs } from '../expression/time-layout.ts';
import { builtins } from './builtins.ts';
import { Evaluation } from './evaluator.ts';
import type { Digest, FunctionTable, Run } from './function.ts';
import { parseTemplate, type TemplateTree } from './parser.ts';
import { TemplateProblem } from './problem.ts';
import { dateFunctions } from './sprig-dates.ts';
import { dictFunctions } from './sprig-dicts.ts';
import { encodingFunctions } from './sprig-encodings.ts';
import { listFunctions } from './sprig-lists.ts';
import { numberFunctions } from './sprig-numbers.ts';
import { patternFunctions } from './sprig-patterns.ts';
import { textFunctions } from './sprig-texts.ts';
import { copyOf } from './values.ts';

export type GoTemplate = { readonly tree: TemplateTree; readonly functions: FunctionTable };

export type ReadTemplate = { readonly ok: true; readonly template: GoTemplate } | { readonly ok: false; readonly problem: string };
export type Rendered = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly problem: string };

/** Sprig's go over Go's own, which shows in `slice`. */
const standard: FunctionTable = Object.assign(Object.create(null), {
  ...builtins,
  ...textFunctions,
  ...numberFunctions,
  ...listFunctions,
  ...dictFunctions,
  ...dateFunctions,
  ...encodingFunctions,
  ...patternFunctions,
}) as FunctionTable;

/**
 * Reads a template. Problems begin with `line N: `, and a function that is not known is one.
 *
 * @param extra - functions besides those of Go and sprig
 */
export function readTemplate(source: string, extra: FunctionTable = {}): ReadTemplate {
  return guarded(() => {
    const functions = Object.assign(Object.create(null), standard, extra) as FunctionTable;
    return { ok: true, template: { tree: parseTemplate(source, (name) => name in functions), functions } };
  });
}

/**
 * Renders it. Data is JSON (numbers are float64), with bigints for ints, times, and `GoFunction`s for `call`; it is copied first, so that
 * functions such as `set` do not reach it.
 */
export function renderTemplate(
  { tree, functions }: GoTemplate,
  data: unknown,
  options: { readonly now: Instant; readonly digest?: Digest },
): Rendered {
  return guarded(() => {
    const run: Run = { budget: new Budget(), now: options.now, digest: options.digest, formatTime: formatTimeAs };
    return { ok: true, text: new Evaluation(functions, tree.definitions, run).run(tree.body, copyOf(data)) };
  });
}

function guarded<T>(run: () => T): T | { readonly ok: false; readonly problem: string } {
  try {
    return run();
  } catch (error) {
    if (error instanceof TemplateProblem || error instanceof ExpressionProblem) return { ok: false, problem: error.message };
    if (error instanceof RangeError) return { ok: false, problem: 'template is too large' };
    throw error;
  }
}
