/** What one run of an expression may use up. Conditions come from people; none may hold the controller up or fill its memory. */
import { fail } from './problem.ts';

/** Elements of lists and maps made in one run, as upstream's `DefaultMemoryBudget`. */
const elementsMax = 1_000_000;
/** Characters of texts made in one run. */
const charactersMax = 16_000_000;
/** Steps of loops, each about one node of a predicate, one element looked at or a few characters. */
const stepsMax = 5_000_000;

export class Budget {
  #elements = 0;
  #characters = 0;
  #steps = 0;

  /** @throws ExpressionProblem */
  takeElements(count: number): void {
    this.#elements += count;
    if (this.#elements >= elementsMax) fail('memory budget exceeded');
  }

  /** @throws ExpressionProblem */
  takeCharacters(count: number): void {
    this.#characters += count;
    if (this.#characters > charactersMax) fail('memory budget exceeded');
    this.takeSteps(count / 16);
  }

  /** @throws ExpressionProblem */
  takeSteps(count: number): void {
    this.#steps += count;
    if (this.#steps > stepsMax) fail('step budget exceeded');
  }
}
