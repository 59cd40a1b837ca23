/**
 * Reads regular expressions as Go writes them (RE2 syntax) into a tree. Errors have Go's words: `error parsing regexp: missing closing )`.
 * @see go regexp/syntax
 */
import { CharacterSet, namedSet, perlSet } from './character-set.ts';

export type Node =
  | { readonly kind: 'Empty' }
  | { readonly kind: 'Set'; readonly set: CharacterSet }
  | { readonly kind: 'Assert'; readonly at: Assertion }
  | { readonly kind: 'Concat'; readonly parts: readonly Node[] }
  | { readonly kind: 'Alternate'; readonly parts: readonly Node[] }
  | { readonly kind: 'Repeat'; readonly node: Node; readonly min: number; readonly max: number; readonly isLazy: boolean };

/** `textBegin` is `^` without the flag `m`, `textEnd` is `$` and `\z`. */
export type Assertion = 'textBegin' | 'textEnd' | 'lineBegin' | 'lineEnd' | 'word' | 'notWord';

export class PatternError extends Error {}

/** Most a `{n,m}` may ask for. */
const repeatMax = 1000;

type Flags = { readonly fold: boolean; readonly multiLine: boolean; readonly dotAll: boolean; readonly ungreedy: boolean };

/** @throws PatternError */
export function parsePattern(pattern: string): Node {
  return new Parser(pattern).parse();
}

class Parser {
  readonly #text: string;
  readonly #characters: readonly string[];
  #at = 0;
  #flags: Flags = { fold: false, multiLine: false, dotAll: false, ungreedy: false };

  constructor(text: string) {
    this.#text = text;
    this.#characters = [...text];
  }

  parse(): Node {
    const node = this.#alternate(0);
    if (this.#at < this.#characters.length) throw this.#error('unexpected )', this.#text);
    return node;
  }

  #error(what: string, text: string): PatternError {
    return new PatternError(`error parsing regexp: ${what}: \`${text}\``);
  }

  #peek(offset = 0): string {
    return this.#characters[this.#at + offset] ?? '';
  }

  #rest(): string {
    return this.#characters.slice(this.#at).join('');
  }

  #since(start: number): string {
    return this.#characters.slice(start, this.#at).join('');
  }

  #alternate(depth: number): Node {
    if (depth > 1000) throw this.#error('expression nests too deeply', this.#text);
    const parts: Node[] = [this.#concat(depth)];
    while (this.#peek() === '|') {
      this.#at++;
      parts.push(this.#concat(depth));
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'Alternate', parts };
  }

  #concat(depth: number): Node {
    const parts: Node[] = [];
    let lastStart = -1;
    let repeatedAt = -1;
    while (this.#at < this.#characters.length && this.#peek() !== '|' && this.#peek() !== ')') {
      const start = this.#at;
      const bounds = this.#repetition();
      if (bounds === undefined) {
        const node = this.#atom(depth);
        repeatedAt = -1;
        lastStart = start;
        if (node !== undefined) parts.push(node);
        else lastStart = -1;
        continue;
      }
      const last = parts.pop();
      if (last === undefined || lastStart < 0) throw this.#error('missing argument to repetition operator', this.#since(start));
      if (repeatedAt >= 0) throw this.#error('invalid nested repetition operator', this.#since(repeatedAt));
      const isLazy = this.#peek() === '?';
      if (isLazy) this.#at++;
      repeatedAt = start;
      const repeat: Node = { kind: 'Repeat', node: last, ...bounds, isLazy: isLazy !== this.#flags.ungreedy };
      if (!isRepeatable(repeat, repeatMax)) throw this.#error('invalid repeat count', this.#since(start));
      parts.push(repeat);
    }
    if (parts.length === 0) return { kind: 'Empty' };
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { kind: 'Concat', parts };
  }

  /** The bounds of a quantifier here, read over; `undefined` if there is none (`{` may be a plain character). */
  #repetition(): { min: number; max: number } | undefined {
    switch (this.#peek()) {
      case '*':
        this.#at++;
        return { min: 0, max: Number.POSITIVE_INFINITY };
      case '+':
        this.#at++;
        return { min: 1, max: Number.POSITIVE_INFINITY };
      case '?':
        this.#at++;
        return { min: 0, max: 1 };
      case '{': {
        const match = /^\{(\d+)(,(\d*))?\}/.exec(this.#rest());
        if (match === null) return undefined;
        const min = Number(match[1]);
        const max = match[2] === undefined ? min : match[3] === '' ? Number.POSITIVE_INFINITY : Number(match[3]);
        this.#at += match[0].length;
        if (min > repeatMax || (max !== Number.POSITIVE_INFINITY && (max > repeatMax || max < min))) {
          throw this.#error('invalid repeat count', match[0]);
        }
        return { min, max };
      }
      default:
        return undefined;
    }
  }

  #atom(depth: number): Node | undefined {
    const character = this.#peek();
    switch (character) {
      case '(':
        return this.#group(depth);
      case '[':
        return { kind: 'Set', set: this.#characterClass() };
      case '.':
        this.#at++;
        return { kind: 'Set', set: this.#flags.dotAll ? CharacterSet.any() : CharacterSet.of('\n').negate() };
      case '^':
        this.#at++;
        return { kind: 'Assert', at: this.#flags.multiLine ? 'lineBegin' : 'textBegin' };
      case '$':
        this.#at++;
        return { kind: 'Assert', at: this.#flags.multiLine ? 'lineEnd' : 'textEnd' };
      case '\\':
        return this.#escape();
      default:
        this.#at++;
        return this.#literal(character);
    }
  }

  #literal(character: string): Node {
    const set = CharacterSet.of(character);
    return { kind: 'Set', set: this.#flags.fold ? set.fold() : set };
  }

  /** A group, or `undefined` for `(?i)` which only sets flags for what follows. */
  #group(depth: number): Node | undefined {
    const before = this.#flags;
    this.#at++;
    if (this.#peek() === '?') {
      const rest = this.#rest();
      if (/^\?P?</.test(rest)) {
        const named = /^\?P?<([^>]*)>/.exec(rest);
        if (named === null || !/^\w+$/.test(named[1] ?? '')) throw this.#error('invalid named capture', `(${named?.[0] ?? rest}`);
        this.#at += named[0].length;
      } else {
        const flags = /^\?([imsU]*)(?:-([imsU]+))?([:)])/.exec(rest);
        if (flags === null || (flags[1] === '' && flags[2] === undefined && flags[3] === ')')) {
          throw this.#error('invalid or unsupported Perl syntax', `(${rest.slice(0, 2)}`);
        }
        this.#at += flags[0].length;
        this.#flags = changed(before, flags[1] ?? '', flags[2] ?? '');
        if (flags[3] === ')') return undefined;
      }
    }
    const node = this.#alternate(depth + 1);
    if (this.#peek() !== ')') throw this.#error('missing closing )', this.#text);
    this.#at++;
    this.#flags = before;
    return node;
  }

  #escape(): Node {
    const next = this.#peek(1);
    switch (next) {
      case '':
        throw new PatternError('error parsing regexp: trailing backslash at end of expression: ``');
      case 'A':
        this.#at += 2;
        return { kind: 'Assert', at: 'textBegin' };
      case 'z':
        this.#at += 2;
        return { kind: 'Assert', at: 'textEnd' };
      case 'b':
      case 'B':
        this.#at += 2;
        return { kind: 'Assert', at: next === 'b' ? 'word' : 'notWord' };
      case 'Q': {
        this.#at += 2;
        const end = this.#rest().indexOf('\\E');
        const quoted = [...(end < 0 ? this.#rest() : this.#rest().slice(0, end))];
        this.#at += quoted.length + (end < 0 ? 0 : 2);
        return { kind: 'Concat', parts: quoted.map((character) => this.#literal(character)) };
      }
      default: {
        const set = this.#escapedSet();
        if (set !== undefined) return { kind: 'Set', set };
        return this.#literal(this.#escapedCharacter());
      }
    }
  }

  /** `\d`, `\pL` and the like, read over; `undefined` if a single character is escaped. */
  #escapedSet(): CharacterSet | undefined {
    const next = this.#peek(1);
    const perl = perlSet(next);
    if (perl !== undefined) {
      this.#at += 2;
      return perl;
    }
    if (next !== 'p' && next !== 'P') return undefined;
    const match = /^\\[pP](?:\{(\^?)(\w+)\}|(\w))/.exec(this.#rest());
    if (match === null) throw this.#error('invalid character class range', this.#rest().slice(0, 2));
    const set = CharacterSet.property(match[2] ?? match[3] ?? '');
    if (set === undefined) throw this.#error('invalid character class range', match[0]);
    this.#at += match[0].length;
    const isNegated = (next === 'P') !== (match[1] === '^');
    const folded = this.#flags.fold ? set.fold() : set;
    return isNegated ? folded.negate() : folded;
  }

  /** One escaped character, read over. */
  #escapedCharacter(): string {
    const start = this.#at;
    this.#at++;
    const character = this.#peek();
    const plain: Readonly<Record<string, string>> = { a: '\u0007', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
    const known = plain[character];
    if (known !== undefined) {
      this.#at++;
      return known;
    }
    const octal = /^(?:[1-7][0-7]{1,2}|0[0-7]{0,2})/.exec(this.#rest());
    if (octal !== null) {
      this.#at += octal[0].length;
      return String.fromCodePoint(Number.parseInt(octal[0], 8));
    }
    const hex = /^x(?:\{([0-9a-fA-F]{1,6})\}|([0-9a-fA-F]{2}))/.exec(this.#rest());
    if (hex !== null) {
      const code = Number.parseInt(hex[1] ?? hex[2] ?? '', 16);
      if (code <= 0x10ffff) {
        this.#at += hex[0].length;
        return String.fromCodePoint(code);
      }
    }
    this.#at += /^x\{[0-9a-fA-F]*\}?/.exec(this.#rest())?.[0].length ?? 1;
    if (character === '' || /[A-Za-z0-9]/.test(character) || (character.codePointAt(0) ?? 0) >= 0x80) {
      throw this.#error('invalid escape sequence', this.#since(start));
    }
    return character;
  }

  #characterClass(): CharacterSet {
    const start = this.#at;
    this.#at++;
    const isNegated = this.#peek() === '^';
    if (isNegated) this.#at++;
    let set = CharacterSet.none();
    let isFirst = true;
    while (isFirst || this.#peek() !== ']') {
      if (this.#at >= this.#characters.length) throw this.#error('missing closing ]', this.#characters.slice(start).join(''));
      isFirst = false;
      const named = /^\[:(\^?)(\w+):\]/.exec(this.#rest());
      if (named !== null) {
        const found = namedSet(named[2] ?? '');
        if (found === undefined) throw this.#error('invalid character class range', named[0]);
        this.#at += named[0].length;
        set = set.union(named[1] === '^' ? found.negate() : found);
        continue;
      }
      const escaped = this.#peek() === '\\' ? this.#escapedSet() : undefined;
      set = set.union(escaped ?? this.#range());
    }
    this.#at++;
    if (this.#flags.fold) set = set.fold();
    return isNegated ? set.negate() : set;
  }

  #range(): CharacterSet {
    const start = this.#at;
    const low = this.#classCharacter();
    if (this.#peek() !== '-' || this.#peek(1) === ']' || this.#peek(1) === '') return CharacterSet.of(low);
    this.#at++;
    const high = this.#classCharacter();
    const from = low.codePointAt(0) ?? 0;
    const to = high.codePointAt(0) ?? 0;
    if (to < from) throw this.#error('invalid character class range', this.#since(start));
    return CharacterSet.range(from, to);
  }

  #classCharacter(): string {
    if (this.#peek() === '\\') return this.#escapedCharacter();
    const character = this.#peek();
    if (character === '') throw this.#error('missing closing ]', this.#text);
    this.#at++;
    return character;
  }
}

/** Counts inside each other may not multiply to more than `most`. @see go regexp/syntax repeatIsValid */
function isRepeatable(node: Node, most: number): boolean {
  switch (node.kind) {
    case 'Concat':
    case 'Alternate':
      return node.parts.every((part) => isRepeatable(part, most));
    case 'Repeat': {
      const count = Math.max(1, node.max === Number.POSITIVE_INFINITY ? node.min : node.max);
      return count <= most && isRepeatable(node.node, Math.floor(most / count));
    }
    default:
      return true;
  }
}

function changed(flags: Flags, on: string, off: string): Flags {
  const pick = (letter: string, before: boolean): boolean => (on.includes(letter) ? true : off.includes(letter) ? false : before);
  return {
    fold: pick('i', flags.fold),
    multiLine: pick('m', flags.multiLine),
    dotAll: pick('s', flags.dotAll),
    ungreedy: pick('U', flags.ungreedy),
  };
}
