/** The state of one run: what names stand for, and the lists that predicates are walking. */
import type { Instant } from '@sluice/api';
import { Budget } from './budget.ts';
import type { Run } from './builtin.ts';

export type Scope = { item: unknown; index: number; accumulated: unknown };

export class Machine implements Run {
  readonly environment: Readonly<Record<string, unknown>>;
  readonly now: Instant;
  readonly budget: Budget = new Budget();
  /** By the slots that variables were given when the expression was compiled. */
  readonly variables: unknown[] = [];
  readonly scopes: Scope[] = [];

  constructor(environment: Readonly<Record<string, unknown>>, now: Instant) {
    this.environment = environment;
    this.now = now;
  }
}

export type Evaluate = (machine: Machine) => unknown;
