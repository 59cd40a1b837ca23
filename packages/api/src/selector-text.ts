/**
 * The text form of label selectors, `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`, and its errors in the words of apimachinery
 * (pkg/labels), since they reach users through `kubectl get -l`.
 */
import { labelValueProblems, qualifiedNameProblems } from './name-rules.ts';
import type { Requirement } from './selector.ts';

/** A selector that cannot be read. */
export class SelectorError extends Error {}

type Token = { readonly kind: 'word' | 'sign' | 'end'; readonly text: string };

const end: Token = { kind: 'end', text: '' };
const endText = "'end of string'";

/**
 * Parses a selector; empty text selects everything.
 *
 * @throws SelectorError with the server's sentence
 */
export function parseLabelSelector(text: string): readonly Requirement[] {
  const tokens = tokensOf(text);
  const requirements: Requirement[] = [];
  if (tokens.next().kind === 'end') return requirements;
  tokens.back();
  for (;;) {
    const first = tokens.peek();
    const isStart = first.kind === 'word' || first.text === '!';
    if (!isStart) throw new SelectorError(`found '${first.text}', expected: !, identifier, or ${endText}`);
    requirements.push(parseRequirement(tokens));
    const after = tokens.next();
    if (after.kind === 'end') return requirements;
    if (after.text !== ',' || after.kind !== 'sign') throw new SelectorError(`found '${after.text}', expected: ',' or ${endText}`);
    const next = tokens.peek();
    if (next.kind !== 'word' && next.text !== '!') throw new SelectorError(`found '${next.text}', expected: identifier after ','`);
  }
}

type Tokens = { next(): Token; peek(): Token; back(): void };

function tokensOf(text: string): Tokens {
  const tokens: Token[] = [];
  for (const [part] of text.matchAll(/[^\s=!(),<>]+|==|!=|[=!(),<>]/g))
    tokens.push({ kind: /^[=!(),<>]/.test(part) ? 'sign' : 'word', text: part });
  let at = 0;
  return {
    next: () => tokens[at++] ?? end,
    peek: () => tokens[at] ?? end,
    back: () => {
      at--;
    },
  };
}

const operators: Readonly<Record<string, Requirement['operator']>> = {
  in: 'in',
  notin: 'notin',
  '=': 'in',
  '==': 'in',
  '!=': 'notin',
  '>': 'gt',
  '<': 'lt',
};

function parseRequirement(tokens: Tokens): Requirement {
  const isAbsent = tokens.peek().text === '!';
  if (isAbsent) tokens.next();
  const key = tokens.next();
  if (key.kind !== 'word') throw unreadable(`found '${key.text}', expected: identifier`);
  checkKey(key.text);
  if (isAbsent) return { key: key.text, operator: '!', values: [] };
  const following = tokens.peek();
  if (following.kind === 'end' || following.text === ',') return { key: key.text, operator: 'exists', values: [] };
  const sign = tokens.next();
  const operator = operators[sign.text];
  if (operator === undefined) throw unreadable(`found '${sign.text}', expected: in, notin, =, ==, !=, gt, lt`);
  const isList = sign.kind === 'word';
  const values = isList ? parseList(tokens) : [parseValue(tokens)];
  checkValues(key.text, operator, values);
  return { key: key.text, operator, values };
}

function parseValue(tokens: Tokens): string {
  const value = tokens.peek();
  if (value.kind === 'end' || value.text === ',') return '';
  tokens.next();
  if (value.kind !== 'word') throw unreadable(`found '${value.text}', expected: identifier`);
  return value.text;
}

/** `(a,b)`; a missing value between commas is the empty one. */
function parseList(tokens: Tokens): readonly string[] {
  const open = tokens.next();
  if (open.text !== '(') throw unreadable(`found '${open.text}' expected: '('`);
  const values = new Set<string>();
  if (tokens.peek().text === ')') {
    tokens.next();
    return [];
  }
  for (;;) {
    const value = tokens.peek();
    if (value.kind === 'word') {
      tokens.next();
      values.add(value.text);
    } else if (value.text === ',' || value.text === ')') values.add('');
    else throw unreadable(`found '${value.text}', expected: ',', or identifier`);
    const after = tokens.next();
    if (after.text === ')' && after.kind === 'sign') return [...values].sort();
    if (after.text !== ',') throw unreadable(`found '${after.text}', expected: ',' or ')'`);
  }
}

function checkKey(key: string): void {
  const [problem] = qualifiedNameProblems(key);
  if (problem !== undefined) throw unreadable(`<nil>: Invalid value: ${JSON.stringify(key)}: ${problem}`);
}

function checkValues(key: string, operator: Requirement['operator'], values: readonly string[]): void {
  if (operator === 'in' || operator === 'notin') {
    if (values.length === 0) throw unreadable("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty");
  } else if (!/^[+-]?\d+$/.test(values[0] ?? '')) {
    throw unreadable(`values[0]: Invalid value: ${JSON.stringify(values[0])}: for 'Gt', 'Lt' operators, the value must be an integer`);
  }
  for (const [index, value] of values.entries()) {
    const [problem] = labelValueProblems(value);
    if (problem !== undefined) throw unreadable(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${problem}`);
  }
}

function unreadable(text: string): SelectorError {
  return new SelectorError(`unable to parse requirement: ${text}`);
}
