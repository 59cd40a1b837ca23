import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTimeAs } from '../expression/time-layout.ts';
import { GoFunction } from '../expression/values.ts';
import { readTemplate, renderTemplate } from './template.ts';

const now = Date.parse('2026-01-02T03:04:05Z');
const digest = (algorithm: string, text: string): string => createHash(algorithm).update(text).digest('hex');

const time = { Parse: new GoFunction(['string'], 'time.Time', (text) => parseTimeAs('2006-01-02T15:04:05Z07:00', String(text))) };

/** `= TEXT`, or `! PROBLEM`. */
function answer(source: string, data: unknown = {}): string {
  const read = readTemplate(source);
  const rendered = read.ok ? renderTemplate(read.template, data, { now, digest }) : read;
  return rendered.ok ? `= ${rendered.text}` : `! ${rendered.problem}`;
}

const [head = '', ...lines] = readFileSync(new URL('./testdata/go-template-answers.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const data = { ...(JSON.parse(head) as object), time };
const answered = lines.map((line) => JSON.parse(line) as readonly [source: string, answer: string]);

// The answers are those of a Go program that renders each line: text/template of Go 1.26 with sprig.TxtFuncMap() of sprig 3.3, TZ=UTC.
describe('templates', () => {
  it('render as Go 1.26 with sprig 3.3 does, and fail where it fails', () => {
    const wrong = answered
      .map(([source, expected]) => [source, expected, answer(source, data)] as const)
      .filter(([, expected, found]) => (expected.startsWith('!') ? !found.startsWith('!') : expected !== found));
    expect(wrong).toEqual([]);
    expect(answered.length).toBeGreaterThan(180);
  });
});

describe('what goes wrong in a template', () => {
  it.each([
    ['a function that is not known', 'a\n{{ env "HOME" }}', 'line 2: function "env" not defined'],
    ['randomness', '{{ randAlphaNum 5 }}', 'line 1: function "randAlphaNum" not defined'],
    ['a variable that is not known', '{{ $x }}', 'line 1: undefined variable "$x"'],
    ['an action without end', '{{ if true }}\nx', 'line 2: unexpected end of template: an action is not ended'],
    ['a brace too few', '{{ .a }', 'line 1: unexpected "}" in action'],
    ['a call with too little', '\n\n{{ upper }}', 'line 3: wrong number of args for upper: want 1 got 0'],
    ['a number as text', '{{ upper .n }}', 'line 1: wrong type for value; expected string; got float64'],
    ['a field of a nil', '{{ .none.x }}', 'line 1: nil pointer evaluating interface {}.x'],
    ['a failure asked for', '{{ fail "no owner" }}', 'line 1: error calling fail: no owner'],
    ['a break without a loop', '{{ break }}', 'line 1: {{break}} outside {{range}}'],
  ])('says: %s', (_, source, problem) => {
    expect(answer(source, { n: 1, none: null })).toBe(`! ${problem}`);
  });

  it('says that there are no digests where none were passed in', () => {
    const read = readTemplate('{{ sha256sum "a" }}');
    if (!read.ok) throw new Error(read.problem);
    expect(renderTemplate(read.template, {}, { now })).toEqual({
      ok: false,
      problem: 'line 1: error calling sha256sum: sha256sum is not available here',
    });
  });

  it('never changes the data', () => {
    const own = { dict: { a: 1, deep: { b: [1] } } };
    const before = structuredClone(own);
    expect(answer('{{ $_ := set .dict "a" 2 }}{{ $_ = unset .dict.deep "b" }}{{ $_ = merge .dict (dict "c" 3) }}{{ .dict }}', own)).toBe(
      '= map[a:2 c:3 deep:map[]]',
    );
    expect(own).toEqual(before);
  });
});

describe('hostile templates', () => {
  const many = (count: number, text: string): string => Array.from({ length: count }, () => text).join('');

  it.each([
    ['a loop over a billion', '{{ range until 1000000000 }}x{{ end }}', /memory budget exceeded/],
    ['a count of a billion', '{{ range 1000000000 }}{{ end }}', /step budget exceeded/],
    ['loops within loops', many(5, '{{ range 1000 }}') + many(5, '{{ end }}'), /step budget exceeded/],
    ['output without end', '{{ range 1000000 }}0123456789{{ end }}', /output is too long/],
    ['repetition', '{{ repeat 1000000000 "abc" | len }}', /memory budget exceeded/],
    ['repetition of repetition', '{{ repeat 100000 (repeat 100000 "a") }}', /memory budget exceeded/],
    ['texts that double', '{{ $x := "ab" }}{{ range 60 }}{{ $x = cat $x $x }}{{ end }}', /memory budget exceeded/],
    ['lists that double', '{{ $x := list 1 }}{{ range 60 }}{{ $x = concat $x $x }}{{ end }}', /memory budget exceeded/],
    [
      'lists that hold themselves',
      '{{ $x := list 1 }}{{ range 60 }}{{ $x = list $x $x }}{{ end }}{{ $x }}',
      /step budget exceeded|memory budget/,
    ],
    ['a map that holds itself', '{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ $d }}', /recursion depth exceeded/],
    ['a map that holds itself, as JSON', '{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ toJson $d }}', /recursion depth exceeded/],
    ['a map that holds itself, copied', '{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ deepCopy $d }}', /recursion depth exceeded/],
    ['a map that holds itself, printed', '{{ $d := dict }}{{ $_ := set $d "d" $d }}{{ printf "%d" $d }}', /too large|exceeded/],
    [
      'a template that calls itself',
      '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}',
      /exceeded maximum template depth/,
    ],
    [
      'a template that calls itself twice',
      '{{ define "a" }}{{ template "a" }}{{ template "a" }}{{ end }}{{ template "a" }}',
      /template depth/,
    ],
    ['a wide field', '{{ printf "%1000000000d" 1 }}', /width or precision is too large/],
    ['a wide field by an argument', '{{ printf "%*d" 1000000000 1 }}', /width or precision is too large/],
    ['an indent', '{{ indent 100000000 "a" }}', /memory budget exceeded/],
    ['a replacement', '{{ replace "" (repeat 90000 "b") (repeat 90000 "a") }}', /memory budget exceeded/],
    ['a join', '{{ join (repeat 90000 "b") (splitList "" (repeat 90000 "a")) }}', /memory budget exceeded/],
    ['a wrap', '{{ wrapWith 1 (repeat 90000 "b") (repeat 90000 "a") }}', /memory budget exceeded/],
    ['a pattern that goes back', '{{ regexReplaceAll "^(a|a)*$" (repeat 60 "a") "$1" }}', /too complex/],
    ['bracket in bracket', `{{ ${many(5000, '(')}1${many(5000, ')')} }}`, /nested too deeply/],
    ['if in if', many(5000, '{{ if true }}') + many(5000, '{{ end }}'), /nested too deeply/],
    ['else if after else if', `{{ if false }}${many(5000, '{{ else if false }}')}{{ end }}`, /nested too deeply/],
    ['a long template', 'x'.repeat(600_000), /template is too long/],
  ])('%s', (_, source, problem) => {
    expect(answer(source)).toMatch(/^! /);
    expect(answer(source)).toMatch(problem);
  });

  it.each(['constructor', '__proto__', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'length', 'size', 'get'])(
    'never reach %s of anything',
    (name) => {
      const own = { map: {}, list: [1], text: 'a', time: new Map([['a', 1]]) };
      expect(answer(`{{ .${name} }}`, own)).toBe('= <no value>');
      expect(answer(`{{ .map.${name} }}{{ index .map "${name}" }}{{ get .map "${name}" }}{{ hasKey .map "${name}" }}`, own)).toBe(
        '= <no value><no value>false',
      );
      expect(answer(`{{ .list.${name} }}`, own)).toMatch(/^! line 1: can't evaluate field/);
      expect(answer(`{{ .text.${name} }}`, own)).toMatch(/^! line 1: can't evaluate field/);
      expect(answer(`{{ now.${name} }}`, own)).toMatch(/^! /);
      if (name !== 'get') expect(answer(`{{ ${name} . }}`, own)).toMatch(name === 'toString' ? /^= map/ : /^! line 1: function/);
    },
  );

  it('take a key such as __proto__ as any other', () => {
    expect(answer('{{ $d := dict "__proto__" (dict "x" 1) }}{{ $d.x }}{{ $d.__proto__.x }}{{ dict.x }}')).toBe('= <no value>1<no value>');
    expect(answer('{{ .__proto__.a }}', JSON.parse('{"__proto__": {"a": 1}}'))).toBe('= 1');
    expect(Object.getPrototypeOf({})).toBe(Object.prototype);
  });

  it('never throw, whatever they are', () => {
    const word = fc.constantFrom(
      ...'{{ }} {{- -}} ( ) | .a . $x $ := = , "a" `b` 5 -1 1.5 nil true if else end range with define block template break len index printf dict list set quote default "%s" /* */ \n'.split(
        ' ',
      ),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 30 }), (words) => {
        expect(answer(`{{ ${words.join(' ')} }}`, { a: [1, { b: null }] })).toMatch(/^[=!] /);
        expect(answer(words.join(''), { a: 1 })).toMatch(/^[=!] /);
      }),
      { numRuns: 400 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(answer(text)).toMatch(/^[=!] /);
      }),
    );
  });
});
