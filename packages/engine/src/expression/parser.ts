/**
 * Reads an expression into its tree: operators by binding power (a Pratt parser), then what follows a value (`.name`, `[...]`, `(...)`).
 * The grammar and its messages are those of expr-lang 1.17; the bounds on depth are ours.
 *
 * @see expr-lang/expr docs/language-definition.md
 */
import { parseFloatText, parseInteger } from './go-numbers.ts';
import { isAlphabetic, type Token, type TokenKind, tokens, tokenText } from './lexer.ts';
import { fail } from './problem.ts';
import { type Node, type NodeShape, nodeOf } from './syntax.ts';

/** As upstream's `DefaultMaxNodes`. */
const nodesMax = 10_000;
/** Brackets and operators inside each other; each costs a few frames of the stack. */
const nestingMax = 250;
/** Height of a tree, which long chains such as `a or b or c` reach without nesting. */
const depthMax = 1_500;

type Binding = { readonly power: number; readonly isRight?: boolean };

const unary: ReadonlyMap<string, number> = new Map([
  ['not', 50],
  ['!', 50],
  ['-', 90],
  ['+', 90],
]);

const binary: ReadonlyMap<string, Binding> = new Map([
  ['|', { power: 0 }],
  ['or', { power: 10 }],
  ['||', { power: 10 }],
  ['and', { power: 15 }],
  ['&&', { power: 15 }],
  ...['==', '!=', '<', '>', '>=', '<=', 'in', 'matches', 'contains', 'startsWith', 'endsWith'].map((operator): [string, Binding] => [
    operator,
    { power: 20 },
  ]),
  ['..', { power: 25 }],
  ['+', { power: 30 }],
  ['-', { power: 30 }],
  ['*', { power: 60 }],
  ['/', { power: 60 }],
  ['%', { power: 60 }],
  ['**', { power: 100, isRight: true }],
  ['^', { power: 100, isRight: true }],
  ['??', { power: 500 }],
]);

const comparisons: ReadonlySet<string> = new Set(['<', '>', '>=', '<=']);
const negatable: ReadonlySet<string> = new Set(['in', 'matches', 'contains', 'startsWith', 'endsWith']);

/** What a builtin with a predicate takes: `e` an expression, `p` a predicate, `?` behind an optional one. */
type ParameterKind = 'e' | 'p' | 'p?' | 'e?';

export const predicateBuiltins: ReadonlyMap<string, readonly ParameterKind[]> = new Map<string, readonly ParameterKind[]>([
  ...['all', 'none', 'any', 'one', 'filter', 'map', 'find', 'findIndex', 'findLast', 'findLastIndex', 'groupBy'].map(
    (name): [string, readonly ParameterKind[]] => [name, ['e', 'p']],
  ),
  ['count', ['e', 'p?']],
  ['sum', ['e', 'p?']],
  ['sortBy', ['e', 'p', 'e?']],
  ['reduce', ['e', 'p', 'e?']],
]);

/** What the reader must know of names: those of builtins, and those that the environment takes from them. */
export type Names = { isBuiltin(name: string): boolean; isTaken(name: string): boolean };

/** @throws ExpressionProblem */
export function parse(text: string, names: Names): Node {
  return new Parser(text, names).parse();
}

class Parser {
  readonly #tokens: readonly Token[];
  readonly #names: Names;
  #at = 0;
  #predicates = 0;
  #nesting = 0;
  #count = 0;

  constructor(text: string, names: Names) {
    this.#tokens = tokens(text);
    this.#names = names;
  }

  parse(): Node {
    const node = this.#sequence();
    if (!this.#is('EOF')) this.#unexpected();
    return node;
  }

  get #current(): Token {
    return this.#tokens[this.#at] ?? { kind: 'EOF', value: '' };
  }

  #next(): Token {
    const token = this.#current;
    if (token.kind === 'EOF') fail('unexpected end of expression');
    this.#at++;
    return token;
  }

  #is(kind: TokenKind, value?: string): boolean {
    const token = this.#current;
    return token.kind === kind && (value === undefined || token.value === value);
  }

  #expect(kind: TokenKind, value?: string): Token {
    if (!this.#is(kind, value)) this.#unexpected();
    return this.#next();
  }

  #unexpected(): never {
    fail(`unexpected token ${tokenText(this.#current)}`);
  }

  #node(shape: NodeShape): Node {
    if (++this.#count > nodesMax) fail('compilation failed: expression exceeds maximum allowed nodes');
    const node = nodeOf(shape);
    if (node.depth > depthMax) fail('compilation failed: expression is nested too deeply');
    return node;
  }

  #sequence(): Node {
    const nodes = [this.#expression(0)];
    while (this.#is('Operator', ';')) {
      this.#next();
      if (this.#is('EOF')) break;
      nodes.push(this.#expression(0));
    }
    const [only] = nodes;
    return nodes.length === 1 && only !== undefined ? only : this.#node({ kind: 'Sequence', nodes });
  }

  #expression(power: number): Node {
    if (++this.#nesting > nestingMax) fail('compilation failed: expression is nested too deeply');
    const node = this.#operators(power);
    this.#nesting--;
    return node;
  }

  #operators(power: number): Node {
    if (power === 0 && this.#is('Operator', 'let')) return this.#let();
    if (power === 0 && this.#is('Operator', 'if')) return this.#if();
    let left = this.#primary();
    let previous = '';
    while (this.#is('Operator')) {
      const isNegated = this.#is('Operator', 'not');
      const operator = isNegated ? (this.#tokens[this.#at + 1] ?? this.#current) : this.#current;
      if (isNegated && !(operator.kind === 'Operator' && negatable.has(operator.value))) {
        this.#next();
        this.#unexpected();
      }
      const binding = binary.get(operator.value);
      if (binding === undefined || binding.power < power) break;
      this.#at += isNegated ? 2 : 1;
      left = this.#binary(left, operator.value, binding, isNegated, previous);
      previous = operator.value;
    }
    return power === 0 ? this.#conditional(left) : left;
  }

  #binary(left: Node, operator: string, { power, isRight = false }: Binding, isNegated: boolean, previous: string): Node {
    if (operator === '|') return this.#call(this.#expect('Identifier').value, [left]);
    if (previous === '??' && operator !== '??') {
      fail(`Operator (${operator}) and coalesce expressions (??) cannot be mixed. Wrap either by parentheses.`);
    }
    if (comparisons.has(operator)) return this.#comparison(left, operator, power);
    const right = this.#expression(isRight ? power : power + 1);
    const node = this.#node({ kind: 'Binary', operator, left, right });
    return isNegated ? this.#node({ kind: 'Unary', operator: 'not', operand: node }) : node;
  }

  /** `a < b < c` is `a < b && b < c`. */
  #comparison(first: Node, firstOperator: string, power: number): Node {
    let root: Node | undefined;
    let left = first;
    let operator = firstOperator;
    for (;;) {
      const right = this.#expression(power + 1);
      const link = this.#node({ kind: 'Binary', operator, left, right });
      root = root === undefined ? link : this.#node({ kind: 'Binary', operator: '&&', left: root, right: link });
      left = right;
      if (!(this.#is('Operator') && comparisons.has(this.#current.value))) return root;
      operator = this.#next().value;
    }
  }

  #let(): Node {
    this.#next();
    const name = this.#expect('Identifier').value;
    this.#expect('Operator', '=');
    const value = this.#expression(0);
    this.#expect('Operator', ';');
    return this.#node({ kind: 'Let', name, value, body: this.#sequence() });
  }

  #if(): Node {
    this.#next();
    const condition = this.#expression(0);
    const then = this.#block();
    this.#expect('Operator', 'else');
    const otherwise = this.#is('Operator', 'if') ? this.#if() : this.#block();
    return this.#node({ kind: 'Conditional', condition, then, otherwise });
  }

  #block(): Node {
    this.#expect('Bracket', '{');
    const node = this.#sequence();
    this.#expect('Bracket', '}');
    return node;
  }

  #conditional(first: Node): Node {
    let node = first;
    while (this.#is('Operator', '?')) {
      this.#next();
      let then = node;
      if (this.#is('Operator', ':')) {
        this.#next();
      } else {
        then = this.#expression(0);
        this.#expect('Operator', ':');
      }
      node = this.#node({ kind: 'Conditional', condition: node, then, otherwise: this.#expression(0) });
    }
    return node;
  }

  #primary(): Node {
    const token = this.#current;
    const power = token.kind === 'Operator' ? unary.get(token.value) : undefined;
    if (power !== undefined) {
      this.#next();
      return this.#postfix(this.#node({ kind: 'Unary', operator: token.value, operand: this.#expression(power) }));
    }
    if (this.#is('Bracket', '(')) {
      this.#next();
      const node = this.#sequence();
      this.#expect('Bracket', ')');
      return this.#postfix(node);
    }
    if (this.#predicates > 0 && (this.#is('Operator', '#') || this.#is('Operator', '.'))) {
      let name = '';
      if (this.#is('Operator', '#')) {
        this.#next();
        if (this.#is('Identifier')) name = this.#next().value;
      }
      return this.#postfix(this.#node({ kind: 'Pointer', name }));
    }
    if (this.#is('Operator', '::')) {
      this.#next();
      return this.#postfix(this.#call(this.#expect('Identifier').value, [], false));
    }
    return this.#secondary();
  }

  #secondary(): Node {
    const token = this.#current;
    switch (token.kind) {
      case 'Identifier':
        this.#next();
        if (token.value === 'true' || token.value === 'false') return this.#node({ kind: 'Bool', value: token.value === 'true' });
        if (token.value === 'nil') return this.#node({ kind: 'Nil' });
        if (this.#is('Bracket', '(')) return this.#postfix(this.#call(token.value, []));
        return this.#postfix(this.#node({ kind: 'Name', name: token.value }));
      case 'Number':
        this.#next();
        return this.#node(numberShape(token.value.replaceAll('_', '')));
      case 'String':
        this.#next();
        return this.#postfix(this.#node({ kind: 'Text', value: token.value }));
      default:
        if (this.#is('Bracket', '[')) return this.#postfix(this.#list());
        if (this.#is('Bracket', '{')) return this.#postfix(this.#map());
        return this.#unexpected();
    }
  }

  #call(name: string, given: Node[], mayBeTaken = true): Node {
    const isTaken = mayBeTaken && this.#names.isTaken(name);
    const kinds = isTaken ? undefined : predicateBuiltins.get(name);
    if (kinds !== undefined) return this.#predicateCall(name, given, kinds);
    if (!isTaken && this.#names.isBuiltin(name)) return this.#node({ kind: 'Builtin', name, parameters: this.#arguments(given) });
    const callee = this.#node({ kind: 'Name', name });
    return this.#node({ kind: 'Call', callee, parameters: this.#arguments(given) });
  }

  #predicateCall(name: string, given: Node[], all: readonly ParameterKind[]): Node {
    this.#expect('Bracket', '(');
    const kinds = all.slice(given.length);
    const parameters = [...given];
    for (const [index, kind] of kinds.entries()) {
      if (this.#is('Bracket', ')')) {
        if (kind.endsWith('?')) break;
        fail(`expected at least ${kinds.length} arguments`);
      }
      if (index > 0) this.#expect('Operator', ',');
      parameters.push(kind.startsWith('e') ? this.#expression(0) : this.#predicate());
    }
    if (this.#is('Operator', ',')) this.#next();
    this.#expect('Bracket', ')');
    return this.#node({ kind: 'Builtin', name, parameters });
  }

  #predicate(): Node {
    const hasBrackets = this.#is('Bracket', '{');
    if (hasBrackets) this.#next();
    this.#predicates++;
    const node = hasBrackets ? this.#sequence() : this.#expression(0);
    if (!hasBrackets && this.#is('Operator', ';')) fail('wrap predicate with brackets { and }');
    this.#predicates--;
    if (hasBrackets) this.#expect('Bracket', '}');
    return this.#node({ kind: 'Predicate', node });
  }

  #arguments(given: Node[]): Node[] {
    this.#expect('Bracket', '(');
    const parameters = [...given];
    while (!this.#is('Bracket', ')')) {
      if (parameters.length > given.length) this.#expect('Operator', ',');
      if (this.#is('Bracket', ')')) break;
      parameters.push(this.#expression(0));
    }
    this.#expect('Bracket', ')');
    return parameters;
  }

  #list(): Node {
    this.#expect('Bracket', '[');
    const nodes: Node[] = [];
    while (!this.#is('Bracket', ']')) {
      if (nodes.length > 0) this.#expect('Operator', ',');
      if (this.#is('Bracket', ']')) break;
      nodes.push(this.#expression(0));
    }
    this.#expect('Bracket', ']');
    return this.#node({ kind: 'List', nodes });
  }

  #map(): Node {
    this.#expect('Bracket', '{');
    const pairs: { key: Node; value: Node }[] = [];
    while (!this.#is('Bracket', '}')) {
      if (pairs.length > 0) this.#expect('Operator', ',');
      if (this.#is('Bracket', '}')) break;
      const key = this.#mapKey();
      this.#expect('Operator', ':');
      pairs.push({ key, value: this.#expression(0) });
    }
    this.#expect('Bracket', '}');
    return this.#node({ kind: 'Map', pairs });
  }

  #mapKey(): Node {
    const token = this.#current;
    if (token.kind === 'Number' || token.kind === 'String' || token.kind === 'Identifier') {
      this.#next();
      return this.#node({ kind: 'Text', value: token.value });
    }
    if (this.#is('Bracket', '(')) return this.#expression(0);
    return fail(
      `a map key must be a quoted string, a number, a identifier, or an expression enclosed in parentheses (unexpected token ${tokenText(token)})`,
    );
  }

  #postfix(first: Node): Node {
    let node = first;
    for (;;) {
      const isOptional = this.#is('Operator', '?.');
      if (isOptional || this.#is('Operator', '.')) {
        this.#next();
        node = isOptional && this.#is('Bracket', '[') ? this.#index(node, true) : this.#member(node, isOptional);
      } else if (this.#is('Bracket', '[')) {
        node = this.#index(node, false);
      } else {
        return node;
      }
    }
  }

  #member(target: Node, isOptional: boolean): Node {
    const token = this.#current;
    // Operators that are words, such as `not` and `matches`, are names here.
    const isName = token.kind === 'Identifier' || (token.kind === 'Operator' && isAlphabetic([...token.value][0] ?? ''));
    this.#next();
    if (!isName) fail('expected name');
    const property = this.#node({ kind: 'Text', value: token.value });
    const isChain = target.kind === 'Chain';
    const base = target.kind === 'Chain' ? target.node : target;
    const isMethod = this.#is('Bracket', '(');
    let node = this.#node({ kind: 'Member', node: base, property, isOptional, isMethod });
    if (isMethod) node = this.#node({ kind: 'Call', callee: node, parameters: this.#arguments([]) });
    return isChain || isOptional ? this.#node({ kind: 'Chain', node }) : node;
  }

  #index(target: Node, isOptional: boolean): Node {
    this.#next();
    let from: Node | undefined;
    if (!this.#is('Operator', ':')) from = this.#expression(0);
    if (this.#is('Operator', ':')) {
      this.#next();
      const to = this.#is('Bracket', ']') ? undefined : this.#expression(0);
      this.#expect('Bracket', ']');
      return this.#node({ kind: 'Slice', node: target, from, to });
    }
    this.#expect('Bracket', ']');
    const property = from ?? this.#unexpected();
    const node = this.#node({ kind: 'Member', node: target, property, isOptional, isMethod: false });
    return isOptional ? this.#node({ kind: 'Chain', node }) : node;
  }
}

function numberShape(text: string): NodeShape {
  const lower = text.toLowerCase();
  const base = { '0x': 'hex', '0b': 'binary', '0o': 'octal' }[lower.slice(0, 2)];
  if (base === 'hex' || (base !== undefined && !/[.e]/.test(lower))) {
    const isGood = /^0(x[0-9a-f]+|b[01]+|o[0-7]+)$/.test(lower);
    const value = isGood ? BigInt(lower) : 0n;
    if (isGood && value < 2n ** 63n) return { kind: 'Integer', value };
    return fail(`invalid ${base} literal: strconv.ParseInt: parsing "${text}": ${isGood ? 'value out of range' : 'invalid syntax'}`);
  }
  if (/[.e]/.test(lower)) {
    const float = parseFloatText(text);
    return float.ok ? { kind: 'Float', value: float.value } : fail(`invalid float literal: ${float.problem}`);
  }
  const integer = parseInteger(text);
  return integer.ok ? { kind: 'Integer', value: integer.value } : fail(`invalid integer literal: ${integer.problem}`);
}
