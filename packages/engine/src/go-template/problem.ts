/** The one way in which reading and rendering a template fail. Stays inside this folder: its door gives problems back as values. */

export class TemplateProblem extends Error {}

/** @throws TemplateProblem always */
export function refuse(message: string): never {
  throw new TemplateProblem(message);
}
