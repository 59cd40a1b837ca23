import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Budget } from './budget.ts';
import { compileExpression, runExpression } from './expression.ts';
import { formatValue, GoFunction } from './values.ts';

const now = Date.parse('2026-01-02T03:04:05Z');

/** The answer as `TYPE VALUE`, or `! PROBLEM`. */
function answer(source: string, environment: Readonly<Record<string, unknown>> = {}): string {
  const compiled = compileExpression(source, { environment });
  const found = compiled.ok ? runExpression(compiled.program, environment, { now }) : compiled;
  return found.ok ? `${found.type} ${formatValue(found.value, new Budget())}` : `! ${found.problem}`;
}

type Answered = readonly [result: string, expression: string, answer: string];
type Results = Readonly<Record<string, { readonly json?: unknown; readonly floats?: readonly (number | string)[] }>>;

const [head = '', ...lines] = readFileSync(new URL('./testdata/expr-lang-answers.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const results = JSON.parse(head) as Results;
const answered = lines.map((line) => JSON.parse(line) as Answered);

function environmentOf(name: string): Readonly<Record<string, unknown>> {
  const { json = null, floats } = results[name] ?? {};
  const result = floats === undefined ? json : Float64Array.from(floats, (value) => Number(String(value).replace('Inf', 'Infinity')));
  return {
    result,
    isNaN: new GoFunction(['float64'], 'bool', (value) => Number.isNaN(value)),
    isInf: new GoFunction(['float64'], 'bool', (value) => Math.abs(Number(value)) === Number.POSITIVE_INFINITY),
    isNil: new GoFunction(['any'], 'bool', () => result === null),
    default: new GoFunction(['any', 'any'], 'any', (_, otherwise) => result ?? otherwise),
  };
}

describe('expressions', () => {
  // Questions of ours, by hand and by chance, with the answers that the Go library gave.
  it('answer as expr-lang 1.17.8 does', () => {
    const usable = answered.filter(([, expression]) => !/\bas(Int|Float)\b/.test(expression));
    const wrong = usable
      .map(([name, expression, expected]) => [expression, expected, answer(expression, environmentOf(name))])
      .filter(([, expected, found]) => expected !== found);
    expect(usable.length).toBeGreaterThan(2000);
    expect(wrong).toEqual([]);
  });

  it('without an environment find types out when they run', () => {
    const compiled = compileExpression('rollout.status.phase == "Healthy" and time.Now() > 5');
    if (!compiled.ok) throw new Error(compiled.problem);
    const environment = { rollout: { status: { phase: 'Healthy' } }, time: { Now: new GoFunction([], 'any', () => 7) } };
    expect(runExpression(compiled.program, environment, { now })).toEqual({ ok: true, value: true, type: 'bool' });
    expect(runExpression(compiled.program, { ...environment, time: {} }, { now })).toEqual({
      ok: false,
      problem: 'invalid operation: cannot call nil',
    });
  });

  it('let the environment take names of builtins', () => {
    expect(answer('len(5)', { len: new GoFunction(['any'], 'int', () => 9n) })).toBe('int 9');
    expect(answer('::len([1])', { len: new GoFunction(['any'], 'int', () => 9n) })).toBe('int 1');
  });

  it('keep variables of neighbours apart', () => {
    expect(answer('(let a = 1; a) + (let a = 2; a) + sum([1, 2], {let b = #; b * b})')).toBe('int 8');
  });
});

describe('hostile expressions', () => {
  it.each([
    ['a range over a billion', 'sum(1..1000000000)', 'memory budget exceeded'],
    ['a range over all integers', '-9223372036854775807..9223372036854775807', 'memory budget exceeded'],
    ['loops within loops', 'all(1..900, all(1..900, all(1..900, # > 0)))', 'memory budget exceeded'],
    ['loops over one list', 'let a = 1..9000; all(a, {let b = #; all(a, {let c = #; all(a, # > 0)})})', 'step budget exceeded'],
    ['maps that double', 'reduce(1..40, concat(#acc, #acc), [1])', 'memory budget exceeded'],
    ['lists that hold themselves and are counted', 'len(toJSON(reduce(1..60, [#acc, #acc], [1])))', 'memory budget exceeded'],
    [
      'lists that hold themselves and are compared',
      'let a = reduce(1..60, [#acc, #acc], [1]); a == reduce(1..60, [#acc, #acc], [1])',
      'step budget exceeded',
    ],
    ['texts that double', 'len(reduce(1..60, #acc + #acc, "ab"))', 'memory budget exceeded'],
    ['repetition', 'len(repeat(repeat("a", 100000), 100000))', 'memory budget exceeded'],
    ['replacement', 'len(replace(repeat("a", 90000), "", repeat("b", 90000)))', 'memory budget exceeded'],
    ['joining', 'len(join(split(repeat("a", 90000), ""), repeat("b", 90000)))', 'memory budget exceeded'],
    ['a square of comparisons', 'len(uniq(1..900000))', 'step budget exceeded'],
    ['nested JSON', 'fromJSON(repeat("[", 5000) + repeat("]", 5000)) == 1', 'recursion depth exceeded'],
    ['a deep list', 'let a = reduce(1..5000, [#acc], []); string(a)', 'recursion depth exceeded'],
    ['a pattern that backtracks', 'repeat("a", 40) matches "^(a+)+$" and not (repeat("a", 40) + "b" matches "^(a|a)*$")', undefined],
    ['a pattern over a long text', 'repeat("ab", 400000) matches "(.*a){30}c"', 'step budget exceeded'],
    ['a pattern that explodes', '"a" matches "((a{500}){500}){500}"', 'error parsing regexp: invalid repeat count: `{500}`'],
    ['a reference backwards', '"aa" matches "(a)\\\\1"', 'error parsing regexp: invalid escape sequence: `\\1`'],
    ['looking ahead', '"aa" matches "a(?=a)"', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
    ['bracket upon bracket', `${'('.repeat(5000)}1${')'.repeat(5000)}`, 'compilation failed: expression is nested too deeply'],
    ['list in list', `${'['.repeat(5000)}1${']'.repeat(5000)}`, 'compilation failed: expression is nested too deeply'],
    ['minus upon minus', `${'-'.repeat(5000)}1`, 'compilation failed: expression is nested too deeply'],
    ['member upon member', `{}${'.a'.repeat(4000)}`, 'compilation failed: expression is nested too deeply'],
    ['a long sum', Array.from({ length: 6000 }, () => '1').join('+'), 'compilation failed: expression is nested too deeply'],
    ['a wide list', `[${'1,'.repeat(20_000)}]`, 'compilation failed: expression exceeds maximum allowed nodes'],
    ['a long text', `"${'a'.repeat(200_000)}"`, 'compilation failed: expression exceeds maximum allowed length'],
  ])('%s', (_, source, problem) => {
    const found = answer(source);
    if (problem === undefined) expect(found).toBe('bool true');
    else expect(found).toBe(`! ${problem}`);
  });

  it('run the deepest tree that is read', () => {
    expect(answer(Array.from({ length: 700 }, (_, index) => `${index} == ${index}`).join(' and '))).toBe('bool true');
    expect(answer(`${'('.repeat(120)}1${')'.repeat(120)}`)).toBe('int 1');
  });

  it.each(['constructor', '__proto__', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__', 'length', 'size', 'get'])(
    'never reach %s of anything',
    (name) => {
      const environment = { result: { list: [1], map: {}, text: 'a', number: 1 } };
      expect(answer(`result.${name}`, environment)).toBe('<nil> <nil>');
      expect(answer(`result["${name}"]`, environment)).toBe('<nil> <nil>');
      expect(answer(`result.map["${name}"]`, environment)).toBe('<nil> <nil>');
      expect(answer(`{}.${name}`, environment)).toBe('<nil> <nil>');
      expect(answer(`get(result, "${name}")`, environment)).toBe('<nil> <nil>');
      expect(answer(`"${name}" in result`, environment)).toBe('bool false');
      expect(answer(`groupBy([1], 1).${name}`, environment)).toBe('[]interface {} []');
      expect(answer(`result.list.${name}`, environment)).toBe('! invalid operation: int(string)');
      expect(answer(`result.text.${name}`, environment)).toBe('! invalid operation: int(string)');
      expect(answer(`result.number.${name}`, environment)).toBe(`! cannot fetch ${name} from float64`);
      expect(answer(name, environment)).toBe(`! unknown name ${name}`);
      expect(answer(`now().${name}`, environment)).toBe(`! type time.Time has no field ${name}`);
      expect(answer(`map([now()], #)[0].${name}`, {})).toBe(`! type time.Time has no field ${name}`);
      expect(answer(`[now(), 1][0].${name}`, {})).toBe(`! cannot fetch ${name} from time.Time`);
    },
  );

  it('take a map with such keys as any other', () => {
    const result: unknown = JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}');
    expect(answer('result.__proto__.a + result.constructor', { result })).toBe('float64 3');
    expect(answer('fromJSON(\'{"__proto__": 5}\').__proto__')).toBe('float64 5');
    expect(answer('{"__proto__": 5}.__proto__')).toBe('int 5');
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it('never throw, whatever they are', () => {
    const word = fc.constantFrom(
      ...[
        'result',
        '1',
        '1.5',
        '"a"',
        'nil',
        'true',
        '[',
        ']',
        '(',
        ')',
        '{',
        '}',
        ',',
        ':',
        '?',
        '?.',
        '??',
        '.',
        '..',
        '+',
        '-',
        '*',
        '/',
        '%',
      ],
      ...[
        '==',
        '<',
        'in',
        'not',
        'and',
        'matches',
        'let',
        'x',
        '=',
        ';',
        'if',
        'else',
        '|',
        '#',
        '.a',
        'len',
        'map',
        'filter',
        'reduce',
        'sum',
      ],
      ...['sortBy', 'groupBy', 'toJSON', 'date', 'now()', 'duration("1h")', 'max', 'first', 'get', 'split', 'keys'],
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), fc.jsonValue(), (words, result) => {
        const found = answer(words.join(' '), { result });
        expect(found).toMatch(/^(! )?\S/);
      }),
      { numRuns: 1500 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(answer(text)).toMatch(/^(! )?\S/);
      }),
    );
  });
});
