import type { Metric } from '@sluice/api';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { goQuoted } from './go-text.ts';
import { resolveMetrics, withoutSecrets } from './metric-arguments.ts';

const metric = (url: string): Metric => ({ name: 'm', provider: { web: { url } } });
const urlOf = (resolved: ReturnType<typeof resolveMetrics>) => (resolved.ok ? resolved.metrics[0]?.provider.web?.url : resolved.problem);

describe('filling in arguments', () => {
  it.each([
    ['a value', 'http://{{args.host}}/', 'http://db/'],
    ['blanks around the name', 'http://{{ args.host  }}/', 'http://db/'],
    ['the same twice', '{{args.host}}{{args.host}}', 'dbdb'],
    ['a quote and a line break, as text', '{{args.odd}}', 'a"b\\c\n<d>'],
    ['no tag', 'a}}b', 'a}}b'],
    ['a value that looks like a tag, as text', '{{args.tag}}', '{{args.host}}'],
    ['an unknown tag', '{{args.nope}}', 'failed to resolve {{args.nope}}'],
    ['a tag without args', '{{host}}', 'failed to resolve {{host}}'],
    ['a tag that does not end', '{{args.host', /^failed to resolve|^cannot find end tag/],
  ])('handles %s', (_, url, expected) => {
    const args = [
      { name: 'host', value: 'db' },
      { name: 'odd', value: 'a"b\\c\n<d>' },
      { name: 'tag', value: '{{args.host}}' },
    ];
    const found = urlOf(resolveMetrics([metric(url)], args));
    if (expected instanceof RegExp) expect(found).toMatch(expected);
    else expect(found).toBe(expected);
  });

  it('reaches any field, names and limits too', () => {
    const templated: Metric = { ...metric('u'), name: '{{args.n}}-x', count: '{{args.n}}', interval: '{{args.n}}s' };
    expect(resolveMetrics([templated], [{ name: 'n', value: '3' }])).toMatchObject({
      metrics: [{ name: '3-x', count: '3', interval: '3s' }],
    });
  });

  it('wants a value for every argument, used or not', () => {
    expect(resolveMetrics([metric('u')], [{ name: 'x' }])).toEqual({ ok: false, problem: 'argument "x" was not supplied' });
  });

  it('says no more than the metric when a value cannot be written', () => {
    const resolved = resolveMetrics([metric('{{args.x}}')], [{ name: 'x', value: 'hidden\x01' }]);
    expect(resolved).toEqual({ ok: false, problem: "an argument of metric 'm' has a character that cannot be written in JSON" });
  });

  it('gives back what was put in, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const found = resolveMetrics([metric('<{{args.x}}>')], [{ name: 'x', value }]);
        if (found.ok) expect(urlOf(found)).toBe(`<${value}>`);
        else expect(value).toMatch(/[\p{C}\p{Z}]/u);
      }),
    );
  });

  it('lets a Secret stand by a word', () => {
    const secret = { name: 's', valueFrom: { secretKeyRef: { name: 'token', key: 'k' } } };
    expect(withoutSecrets([secret, { name: 'v', value: '1' }])).toEqual([
      { name: 's', value: 'temp-for-secret' },
      { name: 'v', value: '1' },
    ]);
  });
});

describe("Go's text", () => {
  it.each([
    ['"\\\n', '\\"\\\\\\n'],
    ['\x07\x01\x7f', '\\a\\x01\\x7f'],
    ['é 😀', 'é 😀'],
    ['\u00a0\u200b', '\\u00a0\\u200b'],
    ['\u{e0001}', '\\U000e0001'],
  ])('of %j in quotes is %s', (text, quoted) => {
    expect(goQuoted(text)).toBe(quoted);
  });
});
