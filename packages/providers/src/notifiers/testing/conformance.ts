/**
 * What every notifier over HTTP promises: the request that its service documents, an outcome in bounded time whatever comes back, a word on
 * whether to try again, and no credential in any problem. Each row of `NotifierSubject` runs the whole suite.
 */
import type { Clock } from '@sluice/api';
import type { Destination, MadeNotifier, Notification, Notifier, SendOutcome } from '@sluice/engine';
import { type VirtualClock, virtualClock } from '@sluice/kube';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type HttpClient, httpClient } from '../../metrics/http/http-client.ts';
import { type Answer, type Asked, FakeService } from '../../metrics/testing/fake-service.ts';
import { notifierFactory } from '../registry.ts';

const now: number = Date.parse('2026-01-02T03:04:05.678Z');

export class NotifierBench {
  readonly service: FakeService = new FakeService();
  /** Of the HTTP client, for its time limits. */
  readonly clock: VirtualClock = virtualClock(now);
  readonly #client: HttpClient = httpClient({ clock: this.clock, bytesMax: 64 * 1024 });
  /** Of the notifiers: their waits between tries are over at once. */
  readonly waits: number[] = [];
  readonly #hasty: Clock = {
    now: () => now,
    after: (delayMs, run) => {
      this.waits.push(delayMs);
      const timer = setTimeout(run, 0);
      return () => clearTimeout(timer);
    },
  };
  #made = 0;
  readonly make: (type: string, options: unknown) => MadeNotifier = notifierFactory({
    http: this.#client.request,
    clock: this.#hasty,
    uuid: () => `id-${++this.#made}`,
  });

  async stop(): Promise<void> {
    await this.#client.close();
    await this.service.stop();
  }

  notifier(type: string, options: unknown): Notifier {
    const made = this.make(type, options);
    if (!made.ok) throw new Error(made.problem);
    return made.notifier;
  }
}

export type NotifierSubject = {
  readonly type: string;
  options(address: string): unknown;
  readonly notification: Notification;
  readonly recipient: string;
  /** Texts that must never be told. */
  readonly secrets: readonly string[];
  /** An answer with which the service takes a message. */
  answer(asked: Asked): Answer;
  /** What it is sent: `METHOD /path?query`, some headers, and the body. */
  readonly requests: readonly { readonly line: string; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown }[];
  /** It tries again by itself, and says so by `mayRetry: false`. */
  readonly triesItself?: boolean;
  /** Takes any answer with a status of success for one. */
  readonly takesAnyBody?: boolean;
  /** Takes any object with a status of success for one. */
  readonly takesAnyObject?: boolean;
};

const nobody = 'http://127.0.0.1:1';

export function describeNotifier(subject: NotifierSubject): void {
  describe(`${subject.type}, as any notifier`, () => {
    const bench = new NotifierBench();
    const { service, clock } = bench;
    const destination: Destination = { service: subject.type, recipient: subject.recipient };
    const send = (address = service.address): Promise<SendOutcome> =>
      bench.notifier(subject.type, subject.options(address)).send(subject.notification, destination);
    const problemOf = async (sending: Promise<SendOutcome>): Promise<string> => {
      const outcome = await sending;
      if (outcome.ok) return 'no problem';
      for (const secret of subject.secrets) expect(outcome.problem).not.toContain(secret);
      return `${outcome.mayRetry ? 'may retry' : 'final'}: ${outcome.problem}`;
    };

    beforeAll(() => service.start());
    afterAll(() => bench.stop());
    beforeEach(() => {
      service.asked.length = 0;
      service.answer = subject.answer;
    });

    it('sends what the service documents', async () => {
      expect(await send()).toEqual({ ok: true });
      const told = service.asked.map(({ method, path, query, headers, body }, at) => ({
        line: `${method} ${path}${query.size === 0 ? '' : `?${query.toString()}`}`,
        headers: Object.fromEntries(Object.keys(subject.requests[at]?.headers ?? {}).map((name) => [name, headers[name]])),
        body: bodyOf(body, String(headers['content-type'])),
      }));
      expect(told).toEqual(subject.requests.map((request) => ({ headers: {}, body: '', ...request })));
    });

    it.each([
      [400, 'final'],
      [401, 'final'],
      [403, 'final'],
      [404, 'final'],
      [429, 'may retry'],
      [500, 'may retry'],
      [503, 'may retry'],
    ])('fails at status %i (%s), even if the service repeats what it was sent', async (status, word) => {
      service.answer = ({ method, path, headers, body, query }) => ({
        status,
        body: `${JSON.stringify({ method, path, headers, body, query: [...query] })}${body}${[...query.values()].join()}`,
      });
      const problem = await problemOf(send());
      expect(problem).toMatch(new RegExp(`^${subject.triesItself === true ? 'final' : word}: `));
      expect(problem).not.toMatch(/undefined|Cannot read|is not a function/);
    });

    it.each([
      ['a page', '<!DOCTYPE html><html><body>please log in</body></html>'],
      ['nothing', ''],
      ['null', 'null'],
      ['half an object', '{"data": {"result'],
      ['an object of something else', '{"hello": ["world"]}'],
      ['a deep list', '['.repeat(20_000)],
    ])('does not fall over %s', async (_, body) => {
      service.answer = () => ({ body });
      const problem = await problemOf(send());
      expect(problem).not.toMatch(/Cannot read|is not a function|undefined|Maximum call stack/);
      if (subject.takesAnyBody === true) expect(problem).toBe('no problem');
      else if (body !== '' && !(subject.takesAnyObject === true && body.endsWith('}'))) expect(problem).not.toBe('no problem');
    });

    const word = subject.triesItself === true ? 'final' : 'may retry';

    it('gives up an answer without end', async () => {
      service.answer = () => 'flood';
      expect(await problemOf(send())).toMatch(new RegExp(`^${word}: .*response body is larger than 64 KiB`));
    });

    it('says that the connection broke', async () => {
      service.answer = () => 'hang-up';
      expect(await problemOf(send())).toMatch(new RegExp(`^${word}: .*: EOF`));
    });

    it('says that nobody listens', async () => {
      expect(await problemOf(send(nobody))).toMatch(new RegExp(`^${word}: .*connection refused`));
    });

    it('follows ten redirects and no more', async () => {
      service.answer = () => ({ status: 307, headers: { location: '/again' }, body: '' });
      expect(await problemOf(send())).toMatch(/stopped after 10 redirects/);
      expect(service.asked.length % 11).toBe(0);
    });

    it.each<Answer & string>(['silence', 'endless'])('waits for %s only so long', async (answer) => {
      service.answer = () => answer;
      let isDone = false;
      const sending = problemOf(send()).finally(() => {
        isDone = true;
      });
      while (!isDone) {
        // What was sent is on its way, and the first bytes of the answer.
        await new Promise((resolve) => setTimeout(resolve, 20));
        await clock.advance(31_000);
      }
      expect(await sending).toMatch(new RegExp(`^${word}: .*context deadline exceeded`));
    });
  });
}

function bodyOf(body: string, type: string): unknown {
  if (type.includes('json')) return JSON.parse(body);
  return type.includes('form') ? Object.fromEntries(new URLSearchParams(body)) : body;
}
