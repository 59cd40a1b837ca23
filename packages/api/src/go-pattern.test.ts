import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GoPattern } from './go-pattern.ts';
import { Automaton, codePoints } from './pattern/automaton.ts';
import { parsePattern } from './pattern/syntax.ts';

describe('patterns', () => {
  it.each([
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$', 'a.b-c.d', true],
    ['^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$', 'a.-b', false],
    [
      '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$',
      '1.5Gi',
      true,
    ],
    ['(?i)abc', 'xABCx', true],
    ['a(?i:b)c', 'aBc', true],
    ['a(?i:b)c', 'aBC', false],
    ['^\\d+$', '١', false],
    ['^\\pL+$', 'é', true],
    ['^\\p{Greek}+$', 'αβ', true],
    ['^[[:alpha:]_]+$', 'a_b', true],
    ['^[^\\D]+$', '12', true],
    ['^[\\D]+$', 'ab', true],
    ['\\Aab\\z', 'ab\n', false],
    ['^ab$', 'ab\n', false],
    ['(?m)^b$', 'a\nb\nc', true],
    ['a.b', 'a\nb', false],
    ['(?s)a.b', 'a\nb', true],
    ['\\bfoo\\b', 'a foo b', true],
    ['\\Qa.b\\E+', 'a.bb', true],
    ['^x{2,3}$', 'xxxx', false],
    ['{a}', '{a}', true],
    ['[]a]', ']', true],
    ['[a\\-z]', '-', true],
    ['\\x41\\x{1F600}', 'A😀', true],
    ['(?P<year>\\d{4})', '2026', true],
    ['(a|b|)c', 'c', true],
  ])('%s on %j is %s', (pattern, text, expected) => {
    expect(new GoPattern(pattern).test(text)).toBe(expected);
    expect(new Automaton(parsePattern(pattern)).test(text)).toBe(expected);
  });

  it.each([
    ['(', 'missing closing ): `(`'],
    ['a)', 'unexpected ): `a)`'],
    ['[a', 'missing closing ]: `[a`'],
    ['*a', 'missing argument to repetition operator: `*`'],
    ['a**', 'invalid nested repetition operator: `**`'],
    ['a{2000}', 'invalid repeat count: `{2000}`'],
    ['(a{500}){3}', 'invalid repeat count: `{3}`'],
    ['[z-a]', 'invalid character class range: `z-a`'],
    ['\\q', 'invalid escape sequence: `\\q`'],
    ['a\\', 'trailing backslash at end of expression: ``'],
    ['(?=a)', 'invalid or unsupported Perl syntax: `(?=`'],
    ['(?<!a)', 'invalid named capture: `(?<!a)`'],
    ['a*?*', 'invalid nested repetition operator: `*?*`'],
    ['\\pX', 'invalid character class range: `\\pX`'],
  ])('refuses %s in the words of Go', (pattern, message) => {
    expect(() => new GoPattern(pattern)).toThrow(`error parsing regexp: ${message}`);
  });

  it('takes no longer for a pattern that would backtrack without bound', () => {
    const text = `${'a'.repeat(5_000)}!`;
    expect(new GoPattern('^(a+)+$').test(text)).toBe(false);
    expect(new GoPattern('^(a|a)*$').test(text)).toBe(false);
    expect(new GoPattern('a*a*a*a*a*b').test(text)).toBe(false);
  });

  it('finds what Go finds', () => {
    expect(new GoPattern('a+?').find('xaaa')).toBe('a');
    expect(new GoPattern('a|ab').find('ab')).toBe('a');
    expect(new GoPattern('[0-9]+').findAll('1a22b333', -1)).toEqual(['1', '22', '333']);
    expect(new GoPattern('a*').findAll('baac', -1)).toEqual(['', 'aa', '']);
  });

  it('agrees with an ECMAScript expression wherever the two speak the same language', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '(a|b)', '(ab)', '^', '$');
    const piece = fc.tuple(atom, fc.constantFrom('', '*', '+', '?', '{2}', '{1,2}'));
    const pattern = fc
      .array(piece, { maxLength: 6 })
      .map((pieces) => pieces.map(([one, many]) => (/[\^$]$/.test(one) && one.length === 1 ? one : one + many)).join(''));
    fc.assert(
      fc.property(pattern, fc.string({ unit: fc.constantFrom('a', 'b', 'c', '\n'), maxLength: 12 }), (source, text) => {
        const expression = new RegExp(source, 'u');
        const automaton = new Automaton(parsePattern(source));
        expect(automaton.test(text)).toBe(expression.test(text));
        expect(new GoPattern(source).test(text)).toBe(expression.test(text));
        const match = automaton.find(codePoints(text), 0);
        expect(match === undefined ? undefined : text.slice(...match)).toBe(expression.exec(text)?.[0]);
      }),
      { numRuns: 500 },
    );
  });
});
