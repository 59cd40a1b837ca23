/**
 * When an event leads to a message: the conditions of a trigger, each with the templates that it sends.
 *
 * @see argoproj/notifications-engine pkg/triggers; argoproj/argo-rollouts utils/record/record.go sendNotifications
 */
import type { Instant } from '@sluice/api';
import { compileExpression, type Program, runExpression } from '../expression/expression.ts';
import { isDictionary, textList } from './records.ts';

export type TriggerCondition = {
  /** As written; empty holds always. */
  readonly when: string;
  readonly description: string;
  /** Names of templates. */
  readonly send: readonly string[];
  /** Read and shown, not acted on: upstream's controller does not either, since it tells events and not states. */
  readonly oncePer: string;
  /** Absent where `when` is empty. */
  readonly program: Program | undefined;
};

/** @throws Error with what is wrong */
export function readTrigger(parsed: unknown): readonly TriggerCondition[] {
  if (parsed === null || parsed === undefined) return [];
  if (!Array.isArray(parsed)) throw new Error('must be a list of conditions');
  return parsed.map((entry, at) => {
    if (!isDictionary(entry)) throw new Error(`[${at}]: must be a condition`);
    const text = (name: string): string => {
      const value = entry[name] ?? '';
      // YAML reads `when: true` as no text.
      if (typeof value !== 'string' && typeof value !== 'boolean') throw new Error(`[${at}].${name}: must be a text`);
      return String(value);
    };
    const send = textList(entry.send);
    if (send === undefined) throw new Error(`[${at}].send: must be a list of names of templates`);
    const [when, oncePer] = [text('when'), text('oncePer')];
    if (oncePer !== '') compiled(oncePer, `[${at}].oncePer`);
    return { when, description: text('description'), send, oncePer, program: when === '' ? undefined : compiled(when, `[${at}].when`) };
  });
}

function compiled(source: string, path: string): Program {
  const read = compileExpression(source);
  if (!read.ok) throw new Error(`${path}: ${read.problem}`);
  return read.program;
}

export type ConditionResult =
  | { readonly ok: true; readonly condition: TriggerCondition; readonly holds: boolean }
  | { readonly ok: false; readonly condition: TriggerCondition; readonly problem: string };

/** Evaluates each condition. One that fails, or gives no bool, does not hold; the others are evaluated all the same. */
export function runTrigger(
  conditions: readonly TriggerCondition[],
  variables: Readonly<Record<string, unknown>>,
  now: Instant,
): readonly ConditionResult[] {
  return conditions.map((condition) => {
    if (condition.program === undefined) return { ok: true, condition, holds: true };
    const run = runExpression(condition.program, variables, { now });
    return run.ok ? { ok: true, condition, holds: run.value === true } : { ok: false, condition, problem: run.problem };
  });
}
