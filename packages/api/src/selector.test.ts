import { describe, expect, it } from 'vitest';
import { matches, parseLabelSelector } from './selector.ts';

describe('a label selector', () => {
  const labels = { app: 'web', size: '3', empty: '' };
  const rows: readonly (readonly [string, boolean])[] = [
    ['', true],
    ['app=web', true],
    ['app == web', true],
    ['app!=web', false],
    ['other!=web', true],
    ['app in (db, web)', true],
    ['app notin (db,web)', false],
    ['other notin (web)', true],
    ['app', true],
    ['!app', false],
    ['! other', true],
    ['size>2,size<4', true],
    ['empty=', true],
    ['empty in (,x)', true],
    ['in', false],
    ['notin=in', false],
    ['app=web,size=4', false],
    ['example.com/x notin (y),app', true],
  ];
  for (const [text, isMatch] of rows) {
    it(`${isMatch ? 'selects by' : 'passes over by'} '${text}'`, () => expect(matches(parseLabelSelector(text), labels)).toBe(isMatch));
  }

  // As a server of version 1.34 answers them.
  const errors: readonly (readonly [string, string])[] = [
    ['a=b=c', "found '=', expected: ',' or 'end of string'"],
    ['a b', "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"],
    ['a in b', "unable to parse requirement: found 'b' expected: '('"],
    [',a', "found ',', expected: !, identifier, or 'end of string'"],
    ['a,', "found '', expected: identifier after ','"],
    ['=b', "found '=', expected: !, identifier, or 'end of string'"],
    ['a=!b', "unable to parse requirement: found '!', expected: identifier"],
    ['a>', "unable to parse requirement: values[0]: Invalid value: \"\": for 'Gt', 'Lt' operators, the value must be an integer"],
    ['!a=b', "found '=', expected: ',' or 'end of string'"],
    ['a=b c', "found 'c', expected: ',' or 'end of string'"],
    ['-a', 'unable to parse requirement: <nil>: Invalid value: "-a": name part must consist of alphanumeric characters'],
    ['a=b/', 'unable to parse requirement: values[0][a]: Invalid value: "b/": a valid label must be an empty string or consist of'],
  ];
  for (const [text, message] of errors) {
    it(`refuses '${text}' in the words of a real server`, () => expect(() => parseLabelSelector(text)).toThrow(message));
  }
});
