/** Values as Go prints them, where upstream's users see Go's print: `%v` of a float64, and quoted strings. */

/**
 * `%v` of a float64: the shortest digits that read back; an exponent of at least two digits below 1e-4 and from 1e6 on.
 *
 * @example 1000000 is `1e+06`, 123456 is `123456`, 0.00001 is `1e-05`
 */
export function goFloatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const [digits = '', exponentText = '0'] = value.toExponential().split('e');
  const exponent = Number(exponentText);
  // JavaScript writes plain digits between 1e-7 and 1e21, so that it does for all that Go writes without an exponent.
  if (exponent >= -4 && exponent < 6) return String(value);
  return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

const shortEscapes: Readonly<Record<string, string>> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** What `strconv.Quote` writes between its quotes. Not always JSON: a bell is `\a`, other control characters are `\x..`. */
export function goQuoted(text: string): string {
  return text.replaceAll(/["\\]|[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code >= 0xd800 && code < 0xe000) return '\ufffd';
    const short = shortEscapes[character];
    if (short !== undefined) return short;
    if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, '0')}`;
    return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
  });
}
