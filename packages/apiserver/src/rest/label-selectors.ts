/** Label selectors as a real server reads them, with its words for each mistake. @see apimachinery pkg/labels selector.go */
import type { Requirement } from '@sluice/api';
import { badRequest } from './errors.ts';
import { labelValueProblems, qualifiedNameProblems } from './names.ts';

type Token = { readonly kind: 'text' | 'sign' | 'end'; readonly text: string };

const signs = ['==', '!=', '=', '!', '>', '<', '(', ')', ','];
const operators = 'in, notin, =, ==, !=, gt, lt';

/**
 * Parses `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`.
 *
 * @throws StatusError 400
 */
export function parseLabelSelector(text: string): readonly Requirement[] {
  const tokens = tokensOf(text);
  const requirements: Requirement[] = [];
  let at = 0;
  const next = (): Token => tokens[at++] ?? endToken;
  const peek = (): Token => tokens[at] ?? endToken;
  if (peek().kind === 'end') return [];
  for (;;) {
    const first = peek();
    if (first.kind !== 'text' && first.text !== '!') throw badRequest(`found '${first.text}', expected: !, identifier, or 'end of string'`);
    requirements.push(requirement(next, peek));
    const separator = next();
    if (separator.kind === 'end') return requirements;
    if (separator.text !== ',') throw badRequest(`found '${separator.text}', expected: ',' or 'end of string'`);
    if (peek().kind !== 'text' && peek().text !== '!') throw badRequest(`found '${peek().text}', expected: identifier after ','`);
  }
}

const endToken: Token = { kind: 'end', text: '' };

function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at] ?? '')) {
      at++;
      continue;
    }
    const sign = signs.find((one) => text.startsWith(one, at));
    if (sign !== undefined) {
      tokens.push({ kind: 'sign', text: sign });
      at += sign.length;
      continue;
    }
    const word = /^[^\s=!<>(),]+/.exec(text.slice(at))?.[0] ?? '';
    tokens.push({ kind: 'text', text: word });
    at += word.length;
  }
  return tokens;
}

function requirement(next: () => Token, peek: () => Token): Requirement {
  const start = next();
  if (start.text === '!' && start.kind === 'sign') {
    const key = next();
    if (key.kind !== 'text') throw failed(`found '${key.text}', expected: identifier`);
    return checked({ key: key.text, operator: '!', values: [] });
  }
  const key = start.text;
  const following = peek();
  if (following.kind === 'end' || following.text === ',') return checked({ key, operator: 'exists', values: [] });
  const operator = next();
  const isSign = operator.kind === 'sign' && ['=', '==', '!=', '>', '<'].includes(operator.text);
  if (!isSign && operator.text !== 'in' && operator.text !== 'notin') throw failed(`found '${operator.text}', expected: ${operators}`);
  if (!isSign) return checked({ key, operator: operator.text === 'in' ? 'in' : 'notin', values: valueList(next) });
  const value = peek().kind === 'text' ? next().text : '';
  const names = { '=': 'in', '==': 'in', '!=': 'notin', '>': 'gt', '<': 'lt' } as const;
  return checked({ key, operator: names[operator.text as keyof typeof names], values: [value] });
}

function valueList(next: () => Token): readonly string[] {
  const open = next();
  if (open.text !== '(') throw failed(`found '${open.text}' expected: '('`);
  const values: string[] = [];
  let isValueNext = true;
  for (;;) {
    const token = next();
    if (token.kind === 'text' && isValueNext) {
      values.push(token.text);
      isValueNext = false;
    } else if (token.text === ',' && token.kind === 'sign') {
      if (isValueNext) values.push('');
      isValueNext = true;
    } else if (token.text === ')' && token.kind === 'sign') {
      if (isValueNext) values.push('');
      return [...new Set(values)];
    } else {
      throw failed(`found '${token.text}', expected: ',', or ')'`);
    }
  }
}

function checked(requirement: Requirement): Requirement {
  const { key, operator, values } = requirement;
  const [wrongKey] = qualifiedNameProblems(key);
  if (wrongKey !== undefined) throw failed(`<nil>: Invalid value: ${JSON.stringify(key)}: ${wrongKey}`);
  if (operator === 'gt' || operator === 'lt') {
    const value = values[0] ?? '';
    if (!/^[+-]?\d+$/.test(value))
      throw failed(`values[0]: Invalid value: ${JSON.stringify(value)}: for 'Gt', 'Lt' operators, the value must be an integer`);
  }
  for (const [index, value] of values.entries()) {
    const [wrong] = labelValueProblems(value);
    if (wrong !== undefined) throw failed(`values[${index}][${key}]: Invalid value: ${JSON.stringify(value)}: ${wrong}`);
  }
  return requirement;
}

function failed(detail: string): Error {
  return badRequest(`unable to parse requirement: ${detail}`);
}
