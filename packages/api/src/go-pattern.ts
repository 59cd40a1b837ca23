/**
 * Regular expressions of schemas, rules and conditions. They are written for Go, which never backtracks. A simple one becomes an
 * ECMAScript expression; one that could backtrack without bound runs on an automaton of our own, so no pattern can hold a process up.
 */
import { Automaton, AutomatonTooLarge, codePoints } from './pattern/automaton.ts';
import { type Node, PatternError, parsePattern } from './pattern/syntax.ts';

export { PatternError };

/** Steps that backtracking may take before the automaton is used instead. */
const backtrackingMax = 1_000_000;

export class GoPattern {
  readonly #node: Node;
  readonly #expression: RegExp | undefined;
  /** How the worst time of backtracking grows: 1 is linear, 2 quadratic. */
  readonly #degree: number;
  /** Characters that one way of matching without endless repetitions reads at most. */
  readonly #weight: number;
  #automaton: Automaton | undefined;

  /** @throws PatternError for what Go refuses */
  constructor(pattern: string) {
    this.#node = parsePattern(pattern);
    this.#degree = degreeOf(this.#node) + (isAnchored(this.#node) ? 0 : 1);
    this.#weight = weightOf(this.#node);
    this.#expression = Number.isFinite(this.#degree) ? new RegExp(sourceOf(this.#node), 'u') : undefined;
    if (this.#expression === undefined) this.#run();
  }

  /** Whether it matches anywhere in the text. */
  test(text: string): boolean {
    if (this.#expression !== undefined && this.canBacktrack(text)) return this.#expression.test(text);
    return this.#run().test(text);
  }

  /** About how many steps a test of this text takes at worst. */
  cost(text: string): number {
    const backtracking = this.#backtracking(text);
    if (this.#expression !== undefined && backtracking <= backtrackingMax) return backtracking;
    return text.length * this.#run().size;
  }

  /** The first match, or `undefined`. */
  find(text: string): string | undefined {
    return this.findAll(text, 1)[0];
  }

  /** Matches from left to right that do not overlap; all of them if `limit` is negative. */
  findAll(text: string, limit: number): string[] {
    return this.locateAll(text, limit).map(([start, end]) => text.slice(start, end));
  }

  /** Where the matches of `findAll` begin and end, in UTF-16 units. */
  locateAll(text: string, limit: number): (readonly [start: number, end: number])[] {
    const found: (readonly [number, number])[] = [];
    const codes = codePoints(text);
    let at = 0;
    let lastEnd = -1;
    // How far into the text a character is; counted on from match to match.
    let counted = 0;
    let units = 0;
    const unitOf = (index: number): number => {
      for (; counted < index; counted++) units += (codes[counted] ?? 0) > 0xffff ? 2 : 1;
      return units;
    };
    while (at <= codes.length && (limit < 0 || found.length < limit)) {
      const match = this.#run().find(codes, at);
      if (match === undefined) break;
      const [start, end] = match;
      // An empty match right behind the last one does not count.
      if (end > start || start !== lastEnd) found.push([unitOf(start), unitOf(end)]);
      lastEnd = end;
      at = end > start ? end : end + 1;
    }
    return found;
  }

  /** Whether an engine that goes back, such as that of JavaScript, is through with this text in little time. */
  canBacktrack(text: string): boolean {
    return this.#expression !== undefined && this.#backtracking(text) <= backtrackingMax;
  }

  #backtracking(text: string): number {
    return this.#weight * text.length ** this.#degree;
  }

  #run(): Automaton {
    try {
      this.#automaton ??= new Automaton(this.#node);
    } catch (error) {
      if (error instanceof AutomatonTooLarge) throw new PatternError(`error parsing regexp: ${error.message}`);
      throw error;
    }
    return this.#automaton;
  }
}

/** Repetitions without end whose number multiplies; infinite where one holds a choice or another repetition. */
function degreeOf(node: Node): number {
  switch (node.kind) {
    case 'Empty':
    case 'Set':
    case 'Assert':
      return 0;
    case 'Concat':
      return node.parts.reduce((sum, part) => sum + degreeOf(part), 0);
    case 'Alternate':
      return Math.max(...node.parts.map(degreeOf));
    case 'Repeat': {
      const isLong = node.max > 1 && node.max !== node.min;
      if (!isFixed(node.node)) return node.max > 1 ? Number.POSITIVE_INFINITY : degreeOf(node.node);
      return isLong ? 1 : 0;
    }
  }
}

function weightOf(node: Node): number {
  switch (node.kind) {
    case 'Empty':
    case 'Set':
    case 'Assert':
      return 1;
    case 'Concat':
    case 'Alternate':
      return node.parts.reduce((sum, part) => sum + weightOf(part), 0);
    case 'Repeat':
      return weightOf(node.node) * Math.max(1, node.max === Number.POSITIVE_INFINITY ? node.min : node.max);
  }
}

/** Whether there is only one way to match a text of a given length. */
function isFixed(node: Node): boolean {
  switch (node.kind) {
    case 'Concat':
      return node.parts.every(isFixed);
    case 'Alternate':
      return false;
    case 'Repeat':
      return node.min === node.max && isFixed(node.node);
    default:
      return true;
  }
}

function isAnchored(node: Node): boolean {
  if (node.kind === 'Assert') return node.at === 'textBegin';
  const first = node.kind === 'Concat' ? node.parts[0] : undefined;
  if (first !== undefined) return isAnchored(first);
  return node.kind === 'Alternate' && node.parts.every(isAnchored);
}

const assertions = {
  textBegin: '(?<![^])',
  textEnd: '(?![^])',
  lineBegin: '(?<![^\\n])',
  lineEnd: '(?![^\\n])',
  word: '\\b',
  notWord: '\\B',
} as const;

function sourceOf(node: Node): string {
  switch (node.kind) {
    case 'Empty':
      return '';
    case 'Set':
      return node.set.classText;
    case 'Assert':
      return assertions[node.at];
    case 'Concat':
      return node.parts.map((part) => (part.kind === 'Alternate' ? `(?:${sourceOf(part)})` : sourceOf(part))).join('');
    case 'Alternate':
      return node.parts.map(sourceOf).join('|');
    case 'Repeat': {
      const { min, max } = node;
      const bounds = max === Number.POSITIVE_INFINITY ? `{${min},}` : `{${min},${max}}`;
      return `(?:${sourceOf(node.node)})${bounds}${node.isLazy ? '?' : ''}`;
    }
  }
}
