/**
 * Lists in pages: the first page fixes the state, the following ones read from that same snapshot of pointers for five minutes.
 * Tokens are opaque to callers; one that is too old tells how to go on without consistency, as a real server does.
 */
import type { Clock, Instant } from '@sluice/api';
import type { StoredObject } from '../store/stored-object.ts';
import { badRequest } from './errors.ts';

export type Page = { readonly start: number; readonly revision: number; readonly entries: readonly StoredObject[] };

type Chain = { readonly entries: readonly StoredObject[]; readonly revision: number; expires: Instant };

type Token = {
  readonly v: 'meta.k8s.io/v1';
  readonly rv: number;
  readonly start: string;
  readonly chain?: number;
  readonly index?: number;
};

const chainLifeMs = 5 * 60_000;
const chainsMax = 200;

export class PageChains {
  readonly #clock: Clock;
  readonly #chains: Map<number, Chain> = new Map();
  #next = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A token that leads to `entries[index]`. `chain` is the one that the page before came from. */
  tokenFor(entries: readonly StoredObject[], revision: number, index: number, startKey: string, chain?: number): string {
    let id = chain;
    if (id === undefined) {
      this.#expire();
      id = this.#next++;
      this.#chains.set(id, { entries, revision, expires: this.#clock.now() + chainLifeMs });
    }
    return encode({ v: 'meta.k8s.io/v1', rv: revision, start: startKey, chain: id, index });
  }

  /** A token that goes on from a key in whatever state there is then. */
  inconsistentToken(startKey: string): string {
    return encode({ v: 'meta.k8s.io/v1', rv: -1, start: startKey });
  }

  /** `chain` is absent when the snapshot is gone. @throws StatusError 400 for what is no token */
  read(text: string): { readonly token: Token; readonly page: Page | undefined } {
    const token = decode(text);
    this.#expire();
    const chain = token.chain === undefined ? undefined : this.#chains.get(token.chain);
    if (chain === undefined || chain.revision !== token.rv || token.index === undefined) return { token, page: undefined };
    return { token, page: { start: token.index, revision: chain.revision, entries: chain.entries } };
  }

  #expire(): void {
    const now = this.#clock.now();
    for (const [id, chain] of this.#chains) {
      if (chain.expires > now && this.#chains.size < chainsMax) break;
      this.#chains.delete(id);
    }
  }
}

function encode(token: Token): string {
  return Buffer.from(JSON.stringify(token), 'utf8').toString('base64url');
}

function decode(text: string): Token {
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Token;
    if (token.v === 'meta.k8s.io/v1' && typeof token.rv === 'number' && typeof token.start === 'string' && token.start !== '') return token;
  } catch {
    // Falls through to the one message for everything that is no token.
  }
  throw badRequest('invalid continue token: continue key is not valid: incorrectly formatted token');
}
