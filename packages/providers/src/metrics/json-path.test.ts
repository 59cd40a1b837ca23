import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileTemplate } from './json-path.ts';

const document = {
  rate: 0.5,
  nothing: null,
  list: [1, 2, 3, 4],
  'dotted.name': 'd',
  pods: [
    { name: 'a', ready: true, cpu: 1, labels: { app: 'x' } },
    { name: 'b', ready: false, cpu: 5 },
    { name: "c's", ready: true, cpu: 9 },
  ],
  deep: { z: { name: 'dz' }, a: { name: 'da' } },
};

describe('a JSONPath template', () => {
  it.each<readonly [string, readonly unknown[]]>([
    ['{$}', [document]],
    ['{$.rate}', [0.5]],
    ['{.rate}', [0.5]],
    ['{ $.rate }', [0.5]],
    ['{rate}', [0.5]],
    ['{$.nothing}', [null]],
    ['{$["rate"]}', [0.5]],
    ["{$['dotted.name']}", ['d']],
    ['{$.dotted\\.name}', ['d']],
    ['{$.list[0]}', [1]],
    ['{$.list[-1]}', [4]],
    ['{$.list[1:3]}', [2, 3]],
    ['{$.list[:2]}', [1, 2]],
    ['{$.list[-2:]}', [3, 4]],
    ['{$.list[0:4:2]}', [1, 3]],
    ['{$.list[0,2]}', [1, 3]],
    ['{$.list[*]}', [1, 2, 3, 4]],
    ['{$.pods[*].name}', ['a', 'b', "c's"]],
    ["{$.pods[0]['name','cpu']}", ['a', 1]],
    ['{$.pods[?(@.cpu>1)].name}', ['b', "c's"]],
    ['{$.pods[?(@.cpu>=5)].name}', ['b', "c's"]],
    ['{$.pods[?(@.name=="b")].cpu}', [5]],
    ['{$.pods[?(@.name!="b")].cpu}', [1, 9]],
    ['{$.pods[?(@.ready==true)].cpu}', [1, 9]],
    ['{$.pods[?(@.labels.app)].name}', ['a']],
    ['{$.pods[?(@.name=="c\'s")].cpu}', [9]],
    ['{$.pods[?(@.name=="none")].cpu}', []],
    ['{$..name}', ['da', 'dz', 'a', 'b', "c's"]],
    ['{$.deep.*.name}', ['da', 'dz']],
    ['{range $.pods[*]}{.name}{end}', ['a', 'b', "c's"]],
    ['{range .pods[*]}{.name}={.cpu} {end}', ['a', '=', 1, ' ', 'b', '=', 5, ' ', "c's", '=', 9, ' ']],
    ['{range .pods[*]}{$.rate}{end}', [0.5, 0.5, 0.5]],
    ['{"text"}', ['text']],
    ['rate', ['rate']],
  ])('%s', (template, results) => {
    expect(compileTemplate(template)(document)).toEqual(results);
  });

  it.each([
    ['{$.foo}', 'foo is not found'],
    ['{$.rate.foo}', 'foo is not found'],
    ['{$.list[4]}', 'array index out of bounds: index 4, length 4'],
    ['{$.list[-5]}', 'array index out of bounds: index -5, length 4'],
    ['{$.rate[0]}', '0.5 is not array or slice'],
    ['{$.deep[0]}', 'map is not array or slice'],
    ['{$.constructor}', 'constructor is not found'],
    ['{$.__proto__}', '__proto__ is not found'],
  ])('%s fails: %s', (template, problem) => {
    const path = compileTemplate(template);
    expect(() => path(document)).toThrow(problem);
  });

  it.each([
    ['{$.rate', 'unclosed action'],
    ['{$.list[0}', 'unterminated array'],
    ['{$.list[x]}', 'invalid array index x'],
    ['{$.rate!}', 'unrecognized character in action: "!" of "$.rate!"'],
    ['{$..}', 'unrecognized character'],
    ['{end}', 'not in range, nothing to end'],
    ['{range .pods[*]}{.name}', 'unterminated range'],
    ['{$.list[?()]}', 'unterminated filter'],
  ])('%s is refused: %s', (template, problem) => {
    expect(() => compileTemplate(template)).toThrow(problem);
  });

  it('reads or refuses any text, and never looks past own properties', () => {
    const pieces = fc.array(
      fc.constantFrom(
        '{',
        '}',
        '$',
        '.',
        '..',
        '*',
        '[',
        ']',
        '0',
        '-1',
        ':',
        ',',
        '?(',
        ')',
        '@',
        '==',
        '"a"',
        "'b'",
        'name',
        'range ',
        'end',
      ),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        try {
          compileTemplate(parts.join(''))(document);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
          expect(error).not.toBeInstanceOf(TypeError);
          expect(error).not.toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('is bounded where a document nests and descends', () => {
    const nested = JSON.parse(`${'[['.repeat(2000)}${']]'.repeat(2000)}`) as unknown;
    expect(() => compileTemplate('{..x}')(nested)).toThrow('document is nested too deeply');
    const wide = Array.from({ length: 400 }, () => Array.from({ length: 400 }, () => 0));
    expect(() => compileTemplate('{$[*][*]}')(wide)).toThrow('too many results');
  });
});
