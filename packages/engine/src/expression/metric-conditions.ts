/** What the conditions of a metric make of a measured result, and when a Prometheus range query begins and ends. */
import type { Instant } from '@sluice/api';
import { Budget } from './budget.ts';
import { compileExpression, runExpression } from './expression.ts';
import { parseFloatText, parseInteger, truncated } from './go-numbers.ts';
import { fail } from './problem.ts';
import { GoTime } from './time.ts';
import { formatValue, GoFunction, isList, typeName } from './values.ts';

export type ConditionQuestion = {
  /** As a metric source read it; see `MetricReading`. */
  readonly result: unknown;
  readonly successCondition?: string;
  readonly failureCondition?: string;
};

export type ConditionAnswer =
  | { readonly ok: true; readonly phase: 'Successful' | 'Failed' | 'Inconclusive' }
  | { readonly ok: false; readonly problem: string };

/**
 * Judges a result. Without conditions it is Successful; with one of them the other is its opposite; with both a result may be neither,
 * which is Inconclusive. A condition that cannot be evaluated, or gives no bool, is the measurement's error.
 *
 * @see argoproj/argo-rollouts utils/evaluate/evaluate.go EvaluateResult
 */
export function evaluateConditions(question: ConditionQuestion, now: Instant): ConditionAnswer {
  const { result } = question;
  const success = evaluate('successCondition', question.successCondition, result, now);
  if (!success.ok) return success;
  const failure = evaluate('failureCondition', question.failureCondition, result, now);
  if (!failure.ok) return failure;
  if (success.holds === undefined && failure.holds === undefined) return { ok: true, phase: 'Successful' };
  if (failure.holds ?? success.holds === false) return { ok: true, phase: 'Failed' };
  return { ok: true, phase: (success.holds ?? failure.holds === false) ? 'Successful' : 'Inconclusive' };
}

type Truth = { readonly ok: true; readonly holds: boolean | undefined } | { readonly ok: false; readonly problem: string };

function evaluate(field: string, condition: string | undefined, result: unknown, now: Instant): Truth {
  if (condition === undefined || condition === '') return { ok: true, holds: undefined };
  const environment = { ...common, ...aboutResult(result) };
  const compiled = compileExpression(condition, { environment });
  const run = compiled.ok ? runExpression(compiled.program, environment, { now }) : compiled;
  if (run.ok && typeof run.value === 'boolean') return { ok: true, holds: run.value };
  const problem = run.ok ? `expected bool, but got ${run.type}` : run.problem;
  const isEmpty = result === null || result === undefined || (isList(result) && result.length === 0);
  const reason = isEmpty ? 'metric result is nil or empty: no data returned from the metric provider' : problem;
  return { ok: false, problem: `could not evaluate ${field} "${condition}": ${reason}` };
}

/**
 * The moment that an expression such as `now() - duration("1h")` names, cut to milliseconds.
 *
 * @see argoproj/argo-rollouts utils/evaluate/evaluate.go EvalTime
 */
export function evaluateInstant(
  expression: string,
  now: Instant,
): { readonly ok: true; readonly instant: Instant } | { readonly ok: false; readonly problem: string } {
  const compiled = compileExpression(expression, { environment: common });
  const run = compiled.ok ? runExpression(compiled.program, common, { now }) : compiled;
  if (!run.ok) return run;
  if (run.value instanceof GoTime) return { ok: true, instant: Number(run.value.nanoseconds / 1_000_000n) };
  return { ok: false, problem: `expected time.Time, but got ${run.type}` };
}

const common: Readonly<Record<string, unknown>> = {
  isNaN: new GoFunction(['float64'], 'bool', (value) => Number.isNaN(value)),
  isInf: new GoFunction(['float64'], 'bool', (value) => value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY),
};

/** `isNil` and `default` look at the result whatever they are given, as upstream's do. */
function aboutResult(result: unknown): Readonly<Record<string, unknown>> {
  const value = result ?? null;
  return {
    result: value,
    asInt: new GoFunction(['any'], 'int64', asInt),
    asFloat: new GoFunction(['any'], 'float64', asFloat),
    isNil: new GoFunction(['any'], 'bool', () => value === null),
    default: new GoFunction(['any', 'any'], 'any', (_, otherwise) => value ?? otherwise),
  };
}

function asInt(value: unknown): bigint {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return truncated(value);
  if (typeof value !== 'string') return refuse('asInt', value);
  const parsed = parseInteger(value);
  return parsed.ok ? parsed.value : fail(parsed.problem);
}

function asFloat(value: unknown): number {
  if (typeof value === 'bigint' || typeof value === 'number') return Number(value);
  if (typeof value !== 'string') return refuse('asFloat', value);
  const parsed = parseFloatText(value);
  return parsed.ok ? parsed.value : fail(parsed.problem);
}

function refuse(name: string, value: unknown): never {
  return fail(`${name}() not supported on ${typeName(value)} ${formatValue(value, new Budget())}`);
}
