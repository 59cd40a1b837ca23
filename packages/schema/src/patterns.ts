/** Regular expressions of schemas. They are written for Go (RE2), which never backtracks; here they become ECMAScript expressions. */

const posix: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-\\/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

export class PatternError extends Error {}

const compiled = new Map<string, RegExp>();

/**
 * The ECMAScript expression that matches what Go's `regexp` matches. Compiled once per pattern.
 *
 * @throws PatternError for what Go refuses or what has no counterpart here
 */
export function goPattern(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const expression = translate(pattern);
  if (compiled.size > 5000) compiled.clear();
  compiled.set(pattern, expression);
  return expression;
}

function translate(pattern: string): RegExp {
  let flags = 'u';
  let source = pattern;
  const leading = /^\(\?([ims]+)\)/.exec(source);
  if (leading !== null) {
    flags += leading[1] ?? '';
    source = source.slice(leading[0].length);
  }
  let out = '';
  let inClass = false;
  for (let i = 0; i < source.length; i++) {
    const character = source[i] ?? '';
    const rest = source.slice(i);
    if (character === '\\') {
      const next = source[i + 1] ?? '';
      const hex = /^\\x\{([0-9a-fA-F]+)\}/.exec(rest);
      const property = /^\\([pP])([A-Z])/.exec(rest);
      if (hex !== null) {
        out += `\\u{${hex[1]}}`;
        i += hex[0].length - 1;
      } else if (property !== null) {
        out += `\\${property[1]}{${property[2]}}`;
        i += 2;
      } else {
        i++;
        if (!inClass && next === 'A') out += '(?<![\\s\\S])';
        else if (!inClass && next === 'z') out += '(?![\\s\\S])';
        else if (next === 'a') out += '\\x07';
        else if (/[a-zA-Z0-9]/.test(next) || '^$\\.*+?()[]{}|/'.includes(next)) out += `\\${next}`;
        else if (inClass && next === '-') out += '\\-';
        else out += next;
      }
    } else if (inClass) {
      const named = /^\[:(\^?)([a-z]+):\]/.exec(rest);
      if (named !== null) {
        out += posix[named[2] ?? ''] ?? '';
        i += named[0].length - 1;
      } else if (character === ']') {
        inClass = false;
        out += ']';
      } else out += character === '[' ? '\\[' : character;
    } else if (character === '[') {
      inClass = true;
      out += '[';
      if (source[i + 1] === '^') {
        out += '^';
        i++;
      }
      if (source[i + 1] === ']') {
        out += '\\]';
        i++;
      }
    } else if (rest.startsWith('(?P<')) {
      out += '(?<';
      i += 3;
    } else if (character === '{' && !/^\{\d+(,\d*)?\}/.test(rest)) out += '\\{';
    else if (character === '}' && !/\{\d+(,\d*)?$/.test(source.slice(0, i))) out += '\\}';
    else if (character === ']') out += '\\]';
    else out += character;
  }
  try {
    return new RegExp(out, flags);
  } catch (error) {
    throw new PatternError(`pattern ${JSON.stringify(pattern)} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
  }
}
