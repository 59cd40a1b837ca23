/** Sets of characters, kept as the inside of an ECMAScript class, so that Unicode properties need no tables of our own. */

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
  punct: '!-\\/:-@\\[-`\\{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
};

/** Categories of one letter and of two, which ECMAScript names as Go does. */
const categories = /^(?:C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/;

export class CharacterSet {
  /** The inside of a class of the flag `u`. */
  readonly source: string;
  readonly isNegated: boolean;
  #ascii: Uint8Array | undefined;
  #expression: RegExp | undefined;

  private constructor(source: string, isNegated: boolean) {
    this.source = source;
    this.isNegated = isNegated;
  }

  static none(): CharacterSet {
    return new CharacterSet('', false);
  }

  static any(): CharacterSet {
    return new CharacterSet('', true);
  }

  static of(character: string): CharacterSet {
    return new CharacterSet(codeText(character.codePointAt(0) ?? 0), false);
  }

  static range(from: number, to: number): CharacterSet {
    return new CharacterSet(`${codeText(from)}-${codeText(to)}`, false);
  }

  static source(source: string): CharacterSet {
    return new CharacterSet(source, false);
  }

  /** A general category or a script; `undefined` for a name that Unicode does not have. */
  static property(name: string): CharacterSet | undefined {
    if (name === 'Any') return CharacterSet.any();
    const source = categories.test(name) ? `\\p{${name}}` : `\\p{Script=${name}}`;
    try {
      new RegExp(source, 'u');
      return new CharacterSet(source, false);
    } catch {
      return undefined;
    }
  }

  negate(): CharacterSet {
    return new CharacterSet(this.source, !this.isNegated);
  }

  union(other: CharacterSet): CharacterSet {
    if (!this.isNegated && !other.isNegated) return new CharacterSet(this.source + other.source, false);
    // A negated set inside a class has no spelling of its own there, unless it is one escape.
    if (!this.isNegated) return new CharacterSet(this.source + complement(other.source), false);
    return new CharacterSet(complement(this.source) + (other.isNegated ? complement(other.source) : other.source), false);
  }

  /** The set with the other case of its letters. */
  fold(): CharacterSet {
    const folded = new CharacterSet(this.source, false);
    let extra = '';
    for (let code = 0; code < 0x250; code++) {
      const character = String.fromCodePoint(code);
      if (!folded.has(code)) continue;
      for (const other of [character.toLowerCase(), character.toUpperCase()]) {
        if (other !== character && [...other].length === 1) extra += codeText(other.codePointAt(0) ?? 0);
      }
    }
    const single = /^\\u\{([0-9a-f]+)\}$/.exec(this.source);
    if (single !== null) {
      const character = String.fromCodePoint(Number.parseInt(single[1] ?? '0', 16));
      for (const other of [character.toLowerCase(), character.toUpperCase()]) {
        if ([...other].length === 1) extra += codeText(other.codePointAt(0) ?? 0);
      }
    }
    return new CharacterSet(this.source + extra, this.isNegated);
  }

  /** The set as an ECMAScript class. */
  get classText(): string {
    if (this.source === '') return this.isNegated ? '[^]' : '[]';
    return `[${this.isNegated ? '^' : ''}${this.source}]`;
  }

  has(code: number): boolean {
    if (code < 128) {
      if (this.#ascii === undefined) {
        this.#ascii = new Uint8Array(128);
        for (let i = 0; i < 128; i++) this.#ascii[i] = this.#test(i) ? 1 : 0;
      }
      return this.#ascii[code] === 1;
    }
    return this.#test(code);
  }

  #test(code: number): boolean {
    this.#expression ??= new RegExp(`^${this.classText}$`, 'u');
    return this.#expression.test(String.fromCodePoint(code));
  }
}

function codeText(code: number): string {
  return `\\u{${code.toString(16)}}`;
}

/** What a source leaves out, as a source. Only single escapes and named classes come here. */
function complement(source: string): string {
  if (/^\\p\{[^}]*\}$/.test(source)) return source.replace('\\p', '\\P');
  const expression = new RegExp(`^[${source}]$`, 'u');
  // The rest are ASCII classes such as \D: what they leave out is below 128, and everything above is in.
  let text = '\\u{80}-\\u{10ffff}';
  for (let code = 0; code < 128; code++) if (!expression.test(String.fromCodePoint(code))) text += codeText(code);
  return text;
}

export function namedSet(name: string): CharacterSet | undefined {
  const source = Object.hasOwn(posix, name) ? posix[name] : undefined;
  return source === undefined ? undefined : CharacterSet.source(source);
}

/** `\d` and its like, ASCII only as in Go. */
export function perlSet(letter: string): CharacterSet | undefined {
  switch (letter) {
    case 'd':
      return CharacterSet.source('0-9');
    case 'D':
      return CharacterSet.source('0-9').negate();
    case 's':
      return CharacterSet.source('\\t\\n\\f\\r ');
    case 'S':
      return CharacterSet.source('\\t\\n\\f\\r ').negate();
    case 'w':
      return CharacterSet.source('0-9A-Za-z_');
    case 'W':
      return CharacterSet.source('0-9A-Za-z_').negate();
    default:
      return undefined;
  }
}
