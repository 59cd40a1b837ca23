/** What decisions about analyses take from elsewhere: the language of conditions, and Go's regular expressions. */
import type { AnalysisPhase, Instant } from '@sluice/api';

export type ConditionQuestion = {
  readonly result: unknown;
  readonly successCondition?: string;
  readonly failureCondition?: string;
};

export type ConditionVerdict = { readonly ok: true; readonly phase: AnalysisPhase } | { readonly ok: false; readonly problem: string };

export type AnalysisMeans = {
  readonly evaluateConditions: (question: ConditionQuestion, now: Instant) => ConditionVerdict;
  /** Whether the expression matches anywhere in the text; false for one that cannot be read. */
  readonly matchesPattern: (pattern: string, text: string) => boolean;
};
