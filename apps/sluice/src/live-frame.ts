/** The lower part of a terminal that is drawn again and again, with lines that stay scrolling away above it. */
import type { TextOutput } from './io.ts';

export class LiveFrame {
  readonly #output: TextOutput;
  #drawn: readonly string[] = [];

  constructor(output: TextOutput) {
    this.#output = output;
  }

  /** Replaces the frame. Lines are cut to the terminal's width, or a wrapped one would break the count. */
  draw(lines: readonly string[]): void {
    const cut = lines.map((line) => cutLine(line, this.#output.columns));
    if (cut.join('\n') === this.#drawn.join('\n')) return;
    this.#output.write(`${this.#erasing()}${cut.map((line) => `${line}\n`).join('')}`);
    this.#drawn = cut;
  }

  /** Writes a line that stays, above the frame. */
  print(line: string): void {
    this.#output.write(`${this.#erasing()}${line}\n${this.#drawn.map((drawn) => `${drawn}\n`).join('')}`);
  }

  /** Lets the present frame stand and begins anew below. */
  release(): void {
    this.#drawn = [];
  }

  /** Takes the frame away. */
  clear(): void {
    this.#output.write(this.#erasing());
    this.#drawn = [];
  }

  #erasing(): string {
    return this.#drawn.length === 0 ? '' : `${escapeCharacter}[${this.#drawn.length}A${escapeCharacter}[0J`;
  }
}

const escapeCharacter = '\u001b';
const colorCode: RegExp = new RegExp(`(${escapeCharacter}\\[[0-9;]*m)`);

/** Cuts at the width, not counting the codes of colour. */
export function cutLine(line: string, width: number): string {
  let visible = 0;
  let cut = '';
  for (const part of line.split(colorCode)) {
    if (part.startsWith(escapeCharacter)) {
      cut += part;
      continue;
    }
    const room = [...part].slice(0, Math.max(0, width - 1 - visible));
    visible += room.length;
    cut += room.join('');
  }
  return cut;
}
