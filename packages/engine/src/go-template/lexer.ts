/**
 * Words of a template: text outside of `{{ }}`, and what is inside. Trim markers and comments are dealt with here and never seen again.
 *
 * @see go text/template/parse/lex.go for the language
 */
import { quote } from '../expression/go-numbers.ts';
import { refuse } from './problem.ts';

type TokenKind =
  | 'text'
  | 'open'
  | 'close'
  | 'space'
  | 'field'
  | 'dot'
  | 'variable'
  | 'word'
  | 'number'
  | 'character'
  | 'string'
  | 'declare'
  | 'assign'
  | 'pipe'
  | 'comma'
  | 'leftParen'
  | 'rightParen'
  | 'end';

export type Token = { readonly kind: TokenKind; readonly text: string; readonly line: number };

const simple: Readonly<Record<string, TokenKind>> = { '|': 'pipe', ',': 'comma', '(': 'leftParen', ')': 'rightParen', '=': 'assign' };

const closing = /[ \t\r\n]+-\}\}|\}\}/y;
const commentClosing = /(?:[ \t\r\n]+-)?\}\}/y;
const numberForm = /[+-]?(?:0[xX][0-9a-fA-F_.]+(?:[pP][+-]?\d+)?|0[bBoO][\d_]+|[\d_]*\.?[\d_]*(?:[eE][+-]?[\d_]+)?)/y;

/** @throws TemplateProblem */
export function tokenize(source: string): readonly Token[] {
  return new Lexer(source).run();
}

class Lexer {
  readonly #source: string;
  readonly #tokens: Token[] = [];
  #at = 0;
  #line = 1;
  #parens = 0;

  constructor(source: string) {
    this.#source = source;
  }

  run(): readonly Token[] {
    let isTrimmed = false;
    for (;;) {
      const open = this.#source.indexOf('{{', this.#at);
      const text = this.#source.slice(this.#at, open < 0 ? undefined : open);
      const isOpenTrimmed = open >= 0 && /^-[ \t\r\n]/.test(this.#source.slice(open + 2, open + 4));
      let shown = isTrimmed ? text.replace(/^[ \t\r\n]+/, '') : text;
      if (isOpenTrimmed) shown = shown.replace(/[ \t\r\n]+$/, '');
      if (shown !== '') this.#tokens.push({ kind: 'text', text: shown, line: this.#line });
      this.#skip(text.length);
      if (open < 0) break;
      isTrimmed = this.#action(isOpenTrimmed);
    }
    this.#tokens.push({ kind: 'end', text: '', line: this.#line });
    return this.#tokens;
  }

  #skip(length: number): void {
    for (let at = this.#source.indexOf('\n', this.#at); at >= 0 && at < this.#at + length; at = this.#source.indexOf('\n', at + 1))
      this.#line++;
    this.#at += length;
  }

  #push(kind: TokenKind, text: string): undefined {
    this.#tokens.push({ kind, text, line: this.#line });
    this.#skip(text.length);
  }

  /** From `{{` to `}}`. Answers whether the text that follows is trimmed. */
  #action(isOpenTrimmed: boolean): boolean {
    const inside = this.#at + (isOpenTrimmed ? 4 : 2);
    if (this.#source.startsWith('/*', inside)) return this.#comment(inside);
    this.#tokens.push({ kind: 'open', text: '{{', line: this.#line });
    this.#skip(inside - this.#at);
    this.#parens = 0;
    for (;;) {
      closing.lastIndex = this.#at;
      const close = closing.exec(this.#source);
      if (close !== null) {
        if (this.#parens > 0) this.#refuse('unclosed left paren');
        this.#push('close', close[0]);
        return close[0] !== '}}';
      }
      this.#word();
    }
  }

  #comment(start: number): boolean {
    const end = this.#source.indexOf('*/', start + 2);
    if (end < 0) this.#refuse('unclosed comment');
    commentClosing.lastIndex = end + 2;
    const close = commentClosing.exec(this.#source);
    if (close === null) return this.#refuse('comment ends before closing delimiter');
    this.#skip(end + 2 + close[0].length - this.#at);
    return close[0] !== '}}';
  }

  #word(): undefined {
    const rest = this.#source.slice(this.#at, this.#at + 2);
    const [first = ''] = rest;
    if (first === '') this.#refuse('unclosed action');
    if (/[ \t\r\n]/.test(first)) return this.#match('space', /[ \t\r\n]+/y);
    if (rest === ':=') return this.#push('declare', rest);
    const kind = simple[first];
    if (kind !== undefined) {
      this.#parens += first === '(' ? 1 : first === ')' ? -1 : 0;
      if (this.#parens < 0) this.#refuse('unexpected right paren');
      return this.#push(kind, first);
    }
    if (first === '"') return this.#match('string', /"(?:[^"\\\n]|\\.)*"/y, 'unterminated quoted string');
    if (first === '`') return this.#match('string', /`[^`]*`/y, 'unterminated raw quoted string');
    if (first === "'") return this.#match('character', /'(?:[^'\\\n]|\\.)+'/y, 'unterminated character constant');
    if (/^\.?\d/.test(rest) || /^[+-]/.test(first)) {
      return this.#match('number', numberForm, 'bad number syntax');
    }
    if (first === '.')
      return this.#match(
        /^\.[\p{L}_]/u.test(rest + (this.#source[this.#at + 2] ?? '')) ? 'field' : 'dot',
        /\.(?:[\p{L}_][\p{L}\p{Nd}_]*)?/uy,
      );
    if (first === '$') return this.#match('variable', /\$[\p{L}\p{Nd}_]*/uy);
    if (/[\p{L}_]/u.test(first)) return this.#match('word', /[\p{L}_][\p{L}\p{Nd}_]*/uy);
    return this.#refuse(`unexpected ${quote(first)} in action`);
  }

  /** One token of this form, and after words a character that may follow them. */
  #match(kind: TokenKind, pattern: RegExp, problem = 'bad character'): undefined {
    pattern.lastIndex = this.#at;
    const text = pattern.exec(this.#source)?.[0];
    if (text === undefined || text === '') return this.#refuse(problem);
    this.#push(kind, text);
    const next = this.#source[this.#at] ?? '';
    const isWord = kind === 'field' || kind === 'variable' || kind === 'word' || kind === 'number' || kind === 'dot';
    if (isWord && next !== '' && !/[ \t\r\n.,|:()=}]/.test(next)) this.#refuse(`bad character ${quote(next)}`);
  }

  #refuse(message: string): never {
    return refuse(`line ${this.#line}: ${message}`);
  }
}
