/** The one way in which reading, checking and running an expression fail. Stays inside this folder: its doors give problems back as values. */

export class ExpressionProblem extends Error {}

/** @throws ExpressionProblem always */
export function fail(message: string): never {
  throw new ExpressionProblem(message);
}
