/** What the demo says is true is looked up in the cluster before it is said. A false claim is shown as false and remembered. */
import type { LiveFrame } from '../../live-frame.ts';

export type Claim = {
  /** What is said, without a full stop. */
  readonly text: string;
  readonly isTrue: boolean;
  /** What was found; shown when the claim is false. */
  readonly seen: unknown;
};

/** A claim that two values are equal. */
export function claimEqual(text: string, seen: unknown, expected: unknown): Claim {
  return { text, isTrue: JSON.stringify(seen) === JSON.stringify(expected), seen };
}

export class Claims {
  readonly #print: (line: string) => void;
  #falseCount = 0;

  constructor(print: LiveFrame['print']) {
    this.#print = print;
  }

  say(...claims: readonly Claim[]): void {
    for (const { text, isTrue, seen } of claims) {
      this.#print(isTrue ? `  ✔ ${text}` : `  ✘ ${text}: not true, found ${JSON.stringify(seen)}`);
      if (!isTrue) this.#falseCount++;
    }
  }

  get falseCount(): number {
    return this.#falseCount;
  }
}
