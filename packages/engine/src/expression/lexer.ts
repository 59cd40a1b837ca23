/** Cuts the text of an expression into tokens. Messages name tokens as expr-lang does: `Operator(">")`. */
import { quote } from './go-numbers.ts';
import { fail } from './problem.ts';

export type TokenKind = 'Identifier' | 'Number' | 'String' | 'Operator' | 'Bracket' | 'EOF';
export type Token = { readonly kind: TokenKind; readonly value: string };

/** Longest text that is read at all. */
const textMax = 100_000;

const wordOperators: ReadonlySet<string> = new Set([
  'not',
  'in',
  'or',
  'and',
  'matches',
  'contains',
  'startsWith',
  'endsWith',
  'let',
  'if',
  'else',
]);

export function tokenText({ kind, value }: Token): string {
  return value === '' ? kind : `${kind}(${quote(value)})`;
}

export function isAlphabetic(character: string): boolean {
  return /^[A-Za-z_$]$/.test(character) || (character > '\u007f' && /^\p{L}$/u.test(character));
}

function isAlphaNumeric(character: string): boolean {
  return isAlphabetic(character) || /^\p{Nd}$/u.test(character);
}

/** @throws ExpressionProblem */
export function tokens(text: string): readonly Token[] {
  if (text.length > textMax) fail('compilation failed: expression exceeds maximum allowed length');
  return new Lexer(text).run();
}

class Lexer {
  readonly #characters: readonly string[];
  readonly #found: Token[] = [];
  #at = 0;

  constructor(text: string) {
    this.#characters = [...text.replace(/\p{Surrogate}/gu, '\ufffd')];
  }

  run(): readonly Token[] {
    while (this.#at < this.#characters.length) this.#token(this.#peek());
    this.#found.push({ kind: 'EOF', value: '' });
    return this.#found;
  }

  #peek(offset = 0): string {
    return this.#characters[this.#at + offset] ?? '';
  }

  #emit(kind: TokenKind, value: string): void {
    this.#found.push({ kind, value });
  }

  /** Takes `length` characters as one operator. */
  #operator(length: number): void {
    this.#emit('Operator', this.#characters.slice(this.#at, this.#at + length).join(''));
    this.#at += length;
  }

  #token(character: string): void {
    if (/^\s$/u.test(character) || character === '\u0085') {
      this.#at++;
    } else if (character === "'" || character === '"') {
      this.#string(character);
    } else if (character === '`') {
      this.#rawString();
    } else if (/^\d$/.test(character) || (character === '.' && /^\d$/.test(this.#peek(1)))) {
      this.#number();
    } else if (character === '/' && (this.#peek(1) === '/' || this.#peek(1) === '*')) {
      this.#comment();
    } else if ('([{)]}'.includes(character)) {
      this.#emit('Bracket', character);
      this.#at++;
    } else if (character === '#') {
      this.#operator(this.#peek(1) === '#' ? 2 : 1);
      const name = this.#word();
      if (name !== '') this.#emit('Identifier', name);
    } else if (character === '?') {
      this.#operator(this.#peek(1) === '.' || this.#peek(1) === '?' ? 2 : 1);
    } else if (character === '|' || character === ':' || character === '.') {
      this.#operator(this.#peek(1) === character ? 2 : 1);
    } else if ('&!=*<>'.includes(character)) {
      this.#operator(['&', '=', '*'].includes(this.#peek(1)) ? 2 : 1);
    } else if (',;%+-^/'.includes(character)) {
      this.#operator(1);
    } else if (isAlphaNumeric(character)) {
      const word = this.#word();
      this.#emit(wordOperators.has(word) ? 'Operator' : 'Identifier', word);
    } else {
      const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
      fail(`unrecognized character: U+${code}${/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(character) ? ` '${character}'` : ''}`);
    }
  }

  #word(): string {
    const start = this.#at;
    while (this.#at < this.#characters.length && isAlphaNumeric(this.#peek())) this.#at++;
    return this.#characters.slice(start, this.#at).join('');
  }

  #run(set: RegExp): void {
    while (this.#at < this.#characters.length && set.test(this.#peek())) this.#at++;
  }

  #number(): void {
    const start = this.#at;
    let digits = /^[\d_]$/;
    if (this.#peek() === '0') {
      this.#at++;
      const base = { x: /^[\da-fA-F_]$/, o: /^[0-7_]$/, b: /^[01_]$/ }[this.#peek().toLowerCase()];
      if (base !== undefined) {
        digits = base;
        this.#at++;
      }
    }
    this.#run(digits);
    // `1..2` is a range, not a number with a point.
    const isRange = this.#peek() === '.' && this.#peek(1) === '.';
    if (!isRange) {
      if (this.#peek() === '.') {
        this.#at++;
        this.#run(digits);
      }
      if (this.#peek() === 'e' || this.#peek() === 'E') {
        this.#at++;
        if (this.#peek() === '+' || this.#peek() === '-') this.#at++;
        this.#run(digits);
      }
      const next = this.#peek();
      if (next !== '' && isAlphaNumeric(next)) {
        this.#at++;
        fail(`bad number syntax: ${quote(this.#characters.slice(start, this.#at).join(''))}`);
      }
    }
    this.#emit('Number', this.#characters.slice(start, this.#at).join(''));
  }

  #comment(): void {
    const isLine = this.#peek(1) === '/';
    this.#at += 2;
    while (this.#at < this.#characters.length) {
      if (isLine && this.#peek() === '\n') return;
      if (!isLine && this.#peek() === '*' && this.#peek(1) === '/') {
        this.#at += 2;
        return;
      }
      this.#at++;
    }
    if (!isLine) fail('unclosed comment');
  }

  /** Between backticks nothing is escaped, and two backticks are one. */
  #rawString(): void {
    this.#at++;
    let text = '';
    for (;;) {
      const character = this.#peek();
      if (character === '') fail('literal not terminated');
      if (character === '`') {
        if (this.#peek(1) !== '`') break;
        this.#at++;
      }
      text += character;
      this.#at++;
    }
    this.#at++;
    this.#emit('String', text);
  }

  #string(quoteMark: string): void {
    this.#at++;
    let text = '';
    while (this.#peek() !== quoteMark) {
      const character = this.#peek();
      if (character === '' || character === '\n') fail('literal not terminated');
      if (character === '\\') {
        text += this.#escape(quoteMark);
      } else {
        text += character === '\r' ? '\n' : character;
        this.#at++;
      }
    }
    this.#at++;
    this.#emit('String', text);
  }

  #escape(quoteMark: string): string {
    const character = this.#peek(1);
    const plain = { a: '\u0007', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' }[character];
    if (plain !== undefined || character === quoteMark) {
      this.#at += 2;
      return plain ?? quoteMark;
    }
    const rest = this.#characters.slice(this.#at + 1, this.#at + 11).join('');
    const match = /^(?:([0-3][0-7]{2})|x([0-9a-fA-F]{2})|u\{([0-9a-fA-F]{1,6})\}|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/.exec(rest);
    if (match === null) return fail(this.#peek(1) === '' ? 'literal not terminated' : 'invalid char escape');
    this.#at += 1 + match[0].length;
    const code =
      match[1] === undefined ? Number.parseInt(match[2] ?? match[3] ?? match[4] ?? match[5] ?? '', 16) : Number.parseInt(match[1], 8);
    if (code > 0x10ffff) fail('unable to unescape string');
    return code >= 0xd800 && code <= 0xdfff ? '\ufffd' : String.fromCodePoint(code);
  }
}
