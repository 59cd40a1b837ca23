/**
 * Runs a pattern in time linear in the text, whatever the pattern: all ways of matching advance together, one character at a time. States
 * that were met before are remembered, so an ordinary text costs one look-up a character.
 */
import type { CharacterSet } from './character-set.ts';
import type { Assertion, Node } from './syntax.ts';

type Instruction =
  | { readonly op: 'Set'; readonly set: CharacterSet }
  | { readonly op: 'Split'; readonly first: number; readonly second: number }
  | { readonly op: 'Jump'; readonly to: number }
  | { readonly op: 'Assert'; readonly at: Assertion }
  | { readonly op: 'Match' };

/** Larger programs are refused: a pattern such as `((a{500}){500}){500}` would fill the memory. */
const instructionsMax = 20_000;
const rememberedMax = 2_000;

export class AutomatonTooLarge extends Error {}

type State = { readonly threads: readonly number[]; readonly isMatch: boolean; readonly next: Map<number, State> };

export class Automaton {
  readonly #program: Instruction[] = [];
  readonly #looksAround: boolean;
  #states = new Map<string, State>();

  /** @throws AutomatonTooLarge */
  constructor(node: Node) {
    this.#emit(node);
    this.#push({ op: 'Match' });
    this.#looksAround = this.#program.some(
      (instruction) => instruction.op === 'Assert' && instruction.at !== 'textBegin' && instruction.at !== 'textEnd',
    );
  }

  /** Instructions of the program: what one character may cost at worst. */
  get size(): number {
    return this.#program.length;
  }

  /** Whether the pattern matches anywhere in the text. */
  test(text: string): boolean {
    const codes = codePoints(text);
    if (this.#looksAround) return this.#find(codes, 0, true) !== undefined;
    let state = this.#start(true, codes.length === 0);
    for (let at = 0; at < codes.length; at++) {
      if (state.isMatch) return true;
      state = this.#step(state, codes[at] ?? 0, at === codes.length - 1);
    }
    return state.isMatch;
  }

  /** The leftmost match, preferring as Go does, as [start, end] in code points. */
  find(codes: readonly number[], from: number): readonly [number, number] | undefined {
    return this.#find(codes, from, false);
  }

  #push(instruction: Instruction): number {
    if (this.#program.length >= instructionsMax) throw new AutomatonTooLarge('expression too large');
    this.#program.push(instruction);
    return this.#program.length - 1;
  }

  #emit(node: Node): void {
    switch (node.kind) {
      case 'Empty':
        return;
      case 'Set':
        this.#push({ op: 'Set', set: node.set });
        return;
      case 'Assert':
        this.#push({ op: 'Assert', at: node.at });
        return;
      case 'Concat':
        for (const part of node.parts) this.#emit(part);
        return;
      case 'Alternate':
        this.#emitAlternate(node.parts);
        return;
      case 'Repeat':
        this.#emitRepeat(node);
    }
  }

  #emitAlternate(parts: readonly Node[]): void {
    const jumps: number[] = [];
    for (const [index, part] of parts.entries()) {
      if (index === parts.length - 1) {
        this.#emit(part);
        break;
      }
      const split = this.#push({ op: 'Jump', to: 0 });
      this.#emit(part);
      jumps.push(this.#push({ op: 'Jump', to: 0 }));
      this.#program[split] = { op: 'Split', first: split + 1, second: this.#program.length };
    }
    for (const jump of jumps) this.#program[jump] = { op: 'Jump', to: this.#program.length };
  }

  #emitRepeat(node: Node & { kind: 'Repeat' }): void {
    for (let i = 0; i < node.min; i++) this.#emit(node.node);
    const branch = (split: number, inside: number, outside: number): void => {
      this.#program[split] = node.isLazy
        ? { op: 'Split', first: outside, second: inside }
        : { op: 'Split', first: inside, second: outside };
    };
    if (node.max === Number.POSITIVE_INFINITY) {
      const split = this.#push({ op: 'Jump', to: 0 });
      this.#emit(node.node);
      this.#push({ op: 'Jump', to: split });
      branch(split, split + 1, this.#program.length);
      return;
    }
    const splits: number[] = [];
    for (let i = node.min; i < node.max; i++) {
      splits.push(this.#push({ op: 'Jump', to: 0 }));
      this.#emit(node.node);
    }
    for (const split of splits) branch(split, split + 1, this.#program.length);
  }

  /** Threads reachable from `start` without reading, in order of preference. */
  #follow(start: number, into: number[], seen: Set<number>, holds: (at: Assertion) => boolean): void {
    const stack = [start];
    while (stack.length > 0) {
      const at = stack.pop() ?? 0;
      if (seen.has(at)) continue;
      seen.add(at);
      const instruction = this.#program[at];
      switch (instruction?.op) {
        case 'Jump':
          stack.push(instruction.to);
          break;
        case 'Split':
          stack.push(instruction.second, instruction.first);
          break;
        case 'Assert':
          if (holds(instruction.at)) stack.push(at + 1);
          break;
        default:
          into.push(at);
      }
    }
  }

  #start(isBegin: boolean, isEnd: boolean): State {
    const threads: number[] = [];
    this.#follow(0, threads, new Set(), (at) => (at === 'textBegin' ? isBegin : at === 'textEnd' && isEnd));
    return this.#remember(threads);
  }

  #step(state: State, code: number, isEnd: boolean): State {
    const key = isEnd ? -code - 1 : code;
    const known = state.next.get(key);
    if (known !== undefined) return known;
    const threads: number[] = [];
    const seen = new Set<number>();
    const holds = (at: Assertion): boolean => at === 'textEnd' && isEnd;
    for (const thread of state.threads) {
      const instruction = this.#program[thread];
      if (instruction?.op === 'Set' && instruction.set.has(code)) this.#follow(thread + 1, threads, seen, holds);
    }
    this.#follow(0, threads, seen, holds);
    const next = this.#remember(threads);
    state.next.set(key, next);
    return next;
  }

  #remember(threads: readonly number[]): State {
    const key = threads.join(' ');
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    if (this.#states.size >= rememberedMax) this.#states = new Map();
    const isMatch = threads.some((thread) => this.#program[thread]?.op === 'Match');
    const state: State = { threads, isMatch, next: new Map() };
    this.#states.set(key, state);
    return state;
  }

  #find(codes: readonly number[], from: number, isEnoughToKnow: boolean): readonly [number, number] | undefined {
    let threads: { at: number; start: number }[] = [];
    let found: readonly [number, number] | undefined;
    for (let position = from; position <= codes.length; position++) {
      const holds = (at: Assertion): boolean => holdsAt(at, codes, position);
      const seen = new Set<number>();
      const current: { at: number; start: number }[] = [];
      const add = (pc: number, start: number): void => {
        const reached: number[] = [];
        this.#follow(pc, reached, seen, holds);
        for (const at of reached) current.push({ at, start });
      };
      for (const thread of threads) add(thread.at, thread.start);
      if (found === undefined) add(0, position);
      threads = [];
      for (const thread of current) {
        const instruction = this.#program[thread.at];
        if (instruction?.op === 'Match') {
          found = [thread.start, position];
          if (isEnoughToKnow) return found;
          break;
        }
        const code = codes[position];
        if (instruction?.op === 'Set' && code !== undefined && instruction.set.has(code)) {
          threads.push({ at: thread.at + 1, start: thread.start });
        }
      }
      if (found !== undefined && threads.length === 0) return found;
    }
    return found;
  }
}

export function codePoints(text: string): readonly number[] {
  const codes: number[] = [];
  for (const character of text) codes.push(character.codePointAt(0) ?? 0);
  return codes;
}

function holdsAt(at: Assertion, codes: readonly number[], position: number): boolean {
  switch (at) {
    case 'textBegin':
      return position === 0;
    case 'textEnd':
      return position === codes.length;
    case 'lineBegin':
      return position === 0 || codes[position - 1] === 10;
    case 'lineEnd':
      return position === codes.length || codes[position] === 10;
    case 'word':
      return isWord(codes[position - 1]) !== isWord(codes[position]);
    case 'notWord':
      return isWord(codes[position - 1]) === isWord(codes[position]);
  }
}

function isWord(code: number | undefined): boolean {
  return code !== undefined && code < 128 && /\w/.test(String.fromCharCode(code));
}
