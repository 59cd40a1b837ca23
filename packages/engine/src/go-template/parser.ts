/**
 * From words to trees: one for the template itself and one for each `define` and `block` in it. Functions and variables must be known, so a
 * misspelt one is found before anything is rendered.
 *
 * @see go text/template/parse/parse.go for the language
 */
import { quote } from '../expression/go-numbers.ts';
import { type Token, tokenize } from './lexer.ts';
import { refuse } from './problem.ts';
import type { Operand, Pipe, TemplateNode } from './syntax.ts';

/** Longest template, in characters. A ConfigMap holds a million bytes at most. */
const lengthMax = 500_000;
/** Deepest nesting of actions and brackets. */
const depthMax = 100;

export type TemplateTree = {
  readonly body: readonly TemplateNode[];
  /** Of `define` and `block`, by name. */
  readonly definitions: ReadonlyMap<string, readonly TemplateNode[]>;
};

/** @throws TemplateProblem with the number of the line */
export function parseTemplate(source: string, isFunction: (name: string) => boolean): TemplateTree {
  if (source.length > lengthMax) refuse('template is too long');
  return new Parser(tokenize(source), isFunction).run();
}

const keywords: ReadonlySet<string> = new Set('block break continue define else end if range nil template with'.split(' '));

type List = { readonly nodes: readonly TemplateNode[]; readonly end: 'end' | 'else' | 'eof' };

class Parser {
  readonly #tokens: readonly Token[];
  readonly #isFunction: (name: string) => boolean;
  readonly #definitions = new Map<string, readonly TemplateNode[]>();
  #at = 0;
  #depth = 0;
  #loops = 0;
  /** Names that may be used here. */
  #variables: string[] = ['$'];

  constructor(tokens: readonly Token[], isFunction: (name: string) => boolean) {
    this.#tokens = tokens;
    this.#isFunction = isFunction;
  }

  run(): TemplateTree {
    const { nodes, end } = this.#list(true);
    if (end !== 'eof') this.#refuse(`unexpected {{${end}}}`);
    return { body: nodes, definitions: this.#definitions };
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end', text: '', line: 0 };
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #nextWord(): Token {
    this.#skipSpace();
    return this.#next();
  }

  #peekWord(): Token {
    this.#skipSpace();
    return this.#peek();
  }

  #skipSpace(): void {
    while (this.#peek().kind === 'space') this.#at++;
  }

  #refuse(message: string): never {
    return refuse(`line ${this.#tokens[Math.max(0, Math.min(this.#at, this.#tokens.length) - 1)]?.line ?? 1}: ${message}`);
  }

  #unexpected(token: Token, context: string): never {
    return this.#refuse(`unexpected ${token.kind === 'end' ? 'end of template' : quote(token.text)} in ${context}`);
  }

  #expectClose(context: string): void {
    const token = this.#nextWord();
    if (token.kind !== 'close') this.#unexpected(token, context);
  }

  /** Nodes up to `{{end}}`, `{{else`, or the end of the template. `{{else` is left for the caller from its condition on. */
  #list(isTop = false): List {
    if (++this.#depth > depthMax) this.#refuse('template is nested too deeply');
    const nodes: TemplateNode[] = [];
    for (;;) {
      const token = this.#next();
      if (token.kind === 'end') {
        if (!isTop) this.#refuse('unexpected end of template: an action is not ended');
        this.#depth--;
        return { nodes, end: 'eof' };
      }
      if (token.kind === 'text') {
        nodes.push({ kind: 'Text', text: token.text });
        continue;
      }
      const word = this.#peekWord();
      if (word.kind === 'word' && (word.text === 'end' || word.text === 'else')) {
        this.#next();
        if (word.text === 'end') this.#expectClose('end');
        this.#depth--;
        return { nodes, end: word.text };
      }
      if (word.kind === 'word' && word.text === 'define') {
        if (!isTop) this.#unexpected(word, 'action: templates are defined at the top');
        this.#next();
        this.#define('define clause');
        continue;
      }
      nodes.push(this.#action(token.line));
    }
  }

  #action(line: number): TemplateNode {
    const { kind, text } = this.#peekWord();
    if (kind === 'word') {
      switch (text) {
        case 'if':
        case 'with':
        case 'range':
          this.#next();
          return this.#control(text, line);
        case 'break':
        case 'continue':
          this.#next();
          if (this.#loops === 0) this.#refuse(`{{${text}}} outside {{range}}`);
          this.#expectClose(text);
          return { kind: text === 'break' ? 'Break' : 'Continue' };
        case 'template': {
          this.#next();
          const name = this.#name('template clause');
          const pipe = this.#peekWord().kind === 'close' ? undefined : this.#pipe('template clause');
          this.#expectClose('template clause');
          return { kind: 'Template', line, name, pipe };
        }
        case 'block':
          this.#next();
          return this.#block(line);
        default:
      }
    }
    const pipe = this.#pipe('command');
    this.#expectClose('command');
    return { kind: 'Action', line, pipe };
  }

  #name(context: string): string {
    const token = this.#nextWord();
    if (token.kind !== 'string') this.#unexpected(token, context);
    return this.#unquote(token);
  }

  #define(context: string): void {
    const name = this.#name(context);
    this.#expectClose(context);
    this.#declare(name, this.#apart(context));
  }

  /** An empty definition may be followed by another. */
  #declare(name: string, body: readonly TemplateNode[]): void {
    const isEmpty = (nodes: readonly TemplateNode[]): boolean => nodes.every((node) => node.kind === 'Text' && node.text.trim() === '');
    const known = this.#definitions.get(name);
    if (known !== undefined && !isEmpty(known)) {
      if (!isEmpty(body)) this.#refuse(`multiple definition of template ${quote(name)}`);
      return;
    }
    this.#definitions.set(name, body);
  }

  /** A body with variables and loops of its own. */
  #apart(context: string): readonly TemplateNode[] {
    const [variables, loops] = [this.#variables, this.#loops];
    [this.#variables, this.#loops] = [['$'], 0];
    const { nodes, end } = this.#list();
    if (end !== 'end') this.#refuse(`unexpected {{else}} in ${context}`);
    [this.#variables, this.#loops] = [variables, loops];
    return nodes;
  }

  #block(line: number): TemplateNode {
    const name = this.#name('block clause');
    const pipe = this.#pipe('block clause');
    this.#expectClose('block clause');
    this.#declare(name, this.#apart('block clause'));
    return { kind: 'Template', line, name, pipe };
  }

  #control(word: 'if' | 'with' | 'range', line: number): TemplateNode {
    const known = this.#variables.length;
    const pipe = this.#pipe(word);
    this.#expectClose(word);
    if (word === 'range') this.#loops++;
    const { nodes, end } = this.#list();
    let otherwise: readonly TemplateNode[] = [];
    if (end === 'else') otherwise = this.#otherwise(word);
    if (word === 'range') this.#loops--;
    this.#variables.length = known;
    const kind = word === 'if' ? 'If' : word === 'with' ? 'With' : 'Range';
    return { kind, line, pipe, body: nodes, otherwise };
  }

  /** After `{{else`: its body, or the one action that it goes on with. */
  #otherwise(word: 'if' | 'with' | 'range'): readonly TemplateNode[] {
    const token = this.#peekWord();
    if (token.kind === 'word' && token.text === word && word !== 'range') {
      this.#next();
      if (++this.#depth > depthMax) this.#refuse('template is nested too deeply');
      const node = this.#control(word, token.line);
      this.#depth--;
      return [node];
    }
    this.#expectClose('else');
    const { nodes, end } = this.#list();
    if (end === 'else') this.#refuse('expected end; found {{else}}');
    return nodes;
  }

  #pipe(context: string, end: 'close' | 'rightParen' = 'close'): Pipe {
    if (++this.#depth > depthMax) this.#refuse('template is nested too deeply');
    const { variables, isAssignment } = this.#declarations(context);
    const commands: (readonly Operand[])[] = [];
    for (;;) {
      const token = this.#peekWord();
      if (token.kind === end) break;
      if (token.kind === 'end' || token.kind === 'close' || token.kind === 'rightParen' || token.kind === 'pipe')
        this.#unexpected(token, context);
      commands.push(this.#command(context));
      if (this.#peekWord().kind === 'pipe') this.#next();
    }
    if (commands.length === 0) this.#refuse(`missing value for ${context}`);
    for (const [stage, [first]] of commands.entries()) {
      if (stage > 0 && first !== undefined && ['Bool', 'Dot', 'Nil', 'Number', 'String'].includes(first.kind)) {
        this.#refuse(`non executable command in pipeline stage ${stage + 1}`);
      }
    }
    if (!isAssignment) this.#variables.push(...variables);
    this.#depth--;
    return { variables, isAssignment, commands };
  }

  /** `$a :=`, `$a =`, and in ranges `$a, $b :=`. */
  #declarations(context: string): { readonly variables: readonly string[]; readonly isAssignment: boolean } {
    const start = this.#at;
    const variables: string[] = [];
    while (this.#peekWord().kind === 'variable') {
      variables.push(this.#next().text);
      const { kind } = this.#peekWord();
      if (kind === 'declare' || kind === 'assign') {
        this.#next();
        if (kind === 'assign') for (const name of variables) this.#checkVariable(name);
        return { variables, isAssignment: kind === 'assign' };
      }
      if (kind !== 'comma' || context !== 'range' || variables.length > 1) break;
      this.#next();
    }
    this.#at = start;
    return { variables: [], isAssignment: false };
  }

  #checkVariable(name: string): void {
    if (!this.#variables.includes(name)) this.#refuse(`undefined variable ${quote(name)}`);
  }

  #command(context: string): readonly Operand[] {
    const operands: Operand[] = [];
    for (;;) {
      this.#skipSpace();
      const operand = this.#operand();
      if (operand !== undefined) operands.push(operand);
      const { kind } = this.#peek();
      if (kind === 'space') {
        const after = this.#peekWord().kind;
        if (after === 'close' || after === 'rightParen' || after === 'pipe') break;
        continue;
      }
      if (kind === 'close' || kind === 'rightParen' || kind === 'pipe') break;
      this.#unexpected(this.#next(), 'operand');
    }
    if (operands.length === 0) this.#refuse(`empty command in ${context}`);
    return operands;
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined || this.#peek().kind !== 'field') return term;
    const path: string[] = [];
    while (this.#peek().kind === 'field') path.push(this.#next().text.slice(1));
    switch (term.kind) {
      case 'Field':
        return { kind: 'Field', path: [...term.path, ...path] };
      case 'Variable':
        return { ...term, path };
      case 'Bool':
      case 'String':
      case 'Number':
      case 'Nil':
      case 'Dot':
        return this.#refuse('unexpected . after term');
      default:
        return { kind: 'Chain', of: term, path };
    }
  }

  #term(): Operand | undefined {
    const token = this.#peek();
    const taken = (operand: Operand): Operand => {
      this.#next();
      return operand;
    };
    switch (token.kind) {
      case 'word':
        if (token.text === 'nil') return taken({ kind: 'Nil' });
        if (token.text === 'true' || token.text === 'false') return taken({ kind: 'Bool', value: token.text === 'true' });
        if (keywords.has(token.text)) return undefined;
        if (!this.#isFunction(token.text)) {
          this.#next();
          return this.#refuse(`function ${quote(token.text)} not defined`);
        }
        return taken({ kind: 'Function', name: token.text });
      case 'dot':
        return taken({ kind: 'Dot' });
      case 'field':
        return taken({ kind: 'Field', path: [token.text.slice(1)] });
      case 'variable':
        this.#checkVariable(token.text);
        return taken({ kind: 'Variable', name: token.text, path: [] });
      case 'number':
      case 'character':
        this.#next();
        return this.#number(token);
      case 'string':
        this.#next();
        return { kind: 'String', value: this.#unquote(token) };
      case 'leftParen': {
        this.#next();
        const pipe = this.#pipe('parenthesized pipeline', 'rightParen');
        this.#nextWord();
        return { kind: 'Pipe', pipe };
      }
      default:
        return undefined;
    }
  }

  #number({ kind, text }: Token): Operand {
    if (kind === 'character') {
      const [character = '', ...more] = this.#unescape(text.slice(1, -1), "'");
      if (more.length > 0) this.#refuse(`malformed character constant: ${text}`);
      const code = character.codePointAt(0) ?? 0;
      return { kind: 'Number', text, integer: BigInt(code), float: code, isFloat: false };
    }
    const digits = text.replace(/^[+-]/, '').replaceAll('_', '');
    const sign = text.startsWith('-') ? -1 : 1;
    const isFloat = /^0[xX]/.test(digits) ? /[.pP]/.test(digits) : /[.eE]/.test(digits);
    if (isFloat) {
      const float = /^0[xX]/.test(digits) ? Number.NaN : Number(digits);
      if (!Number.isFinite(float) || digits === '.') this.#refuse(`bad number syntax: ${quote(text)}`);
      const integer = Number.isInteger(float) && Math.abs(float) < 2 ** 63 ? BigInt(float * sign) : undefined;
      return { kind: 'Number', text, integer, float: float * sign, isFloat: true };
    }
    const octal = /^0\d+$/.test(digits) ? `0o${digits.slice(1)}` : digits;
    if (!/^(?:0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|\d+)$/.test(octal)) this.#refuse(`bad number syntax: ${quote(text)}`);
    const integer = BigInt(octal) * BigInt(sign);
    if (BigInt.asIntN(64, integer) !== integer) this.#refuse(`integer overflow: ${quote(text)}`);
    return { kind: 'Number', text, integer, float: Number(integer), isFloat: false };
  }

  #unquote({ text }: Token): string {
    if (text.startsWith('`')) return text.slice(1, -1).replaceAll('\r', '');
    return this.#unescape(text.slice(1, -1), '"').join('');
  }

  /** The characters of what was between quotes, as `strconv.Unquote` reads them. */
  #unescape(text: string, quoteMark: string): readonly string[] {
    const characters: string[] = [];
    for (const match of text.matchAll(/\\(?:([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.?))|[^\\]/gsu)) {
      const [whole, octal, byte, short, long, plain] = match;
      if (!whole.startsWith('\\')) {
        characters.push(whole);
        continue;
      }
      const code = octal !== undefined ? Number.parseInt(octal, 8) : Number.parseInt(byte ?? short ?? long ?? 'x', 16);
      if (!Number.isNaN(code)) {
        if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) || (octal !== undefined && code > 255))
          this.#refuse('invalid syntax in string');
        characters.push(String.fromCodePoint(code));
        continue;
      }
      const known = plain === quoteMark ? quoteMark : escapes[plain ?? ''];
      characters.push(known ?? this.#refuse('invalid syntax in string'));
    }
    return characters;
  }
}

const escapes: Readonly<Record<string, string>> = { a: '\x07', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v', '\\': '\\' };
