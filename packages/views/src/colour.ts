/** ANSI colours by the words and signs that they belong to, and the width of text with colours in it. */

export const colours = {
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
  brightBlue: 94,
  grey: 90,
  bold: 1,
  plain: 0,
} as const;

export type Colour = keyof typeof colours;

const byWord: Readonly<Record<string, Colour>> = {
  '◷': 'yellow',
  '◌': 'brightBlue',
  '⚠': 'red',
  '?': 'yellow',
  '✔': 'green',
  '✖': 'red',
  canary: 'yellow',
  stable: 'green',
  active: 'green',
  preview: 'brightBlue',
  ping: 'brightBlue',
  pong: 'brightBlue',
  Pending: 'brightBlue',
  Running: 'brightBlue',
};

/** A pen paints text when colours are on and leaves it alone when they are off. */
export type Pen = {
  /** Paints a known word or sign in its own colour. Unknown ones get the plain code, so that columns stay aligned in any layout. */
  word(text: string): string;
  /** Paints `text` in the colour of a known word. */
  like(text: string, word: string): string;
  in(text: string, ...colour: readonly Colour[]): string;
};

export function pen(isColoured: boolean): Pen {
  const paint = (text: string, codes: readonly number[]): string => (isColoured ? `\u001b[${codes.join(';')}m${text}\u001b[0m` : text);
  const codeOf = (word: string): number => colours[byWord[word] ?? 'plain'];
  return {
    word: (text) => paint(text, [codeOf(text)]),
    like: (text, word) => paint(text, [codeOf(word)]),
    in: (text, ...names) =>
      paint(
        text,
        names.map((name) => colours[name]),
      ),
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
const escapes = /\u001b\[[0-9;]*m/g;

/** Characters that a terminal shows: colour codes count for nothing. */
export function widthOf(text: string): number {
  return [...text.replace(escapes, '')].length;
}

export function padTo(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}
