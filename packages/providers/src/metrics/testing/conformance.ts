/**
 * What every provider that asks a service over HTTP promises: a reading or an error, in bounded time and memory, and no credential in either.
 * Each row of `HttpSubject` runs the whole suite.
 */
import type { MetricProvider } from '@sluice/api';
import type { MetricReading } from '@sluice/engine';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Bench } from './bench.ts';
import type { Answer } from './fake-service.ts';

export type HttpSubject = {
  readonly name: string;
  /** The provider that asks the service at this address. */
  provider(address: string): MetricProvider;
  /** Seeds the credentials that it needs, for a service at this address. */
  prepare?(bench: Bench, address: string): void;
  /** Texts that must never be told. */
  readonly secrets: readonly string[];
  /** An answer, and what is read from it. */
  readonly happy: Answer;
  readonly reading: Partial<MetricReading>;
  /** What it says when its credentials are missing; absent where it needs none. */
  readonly withoutCredentials?: string;
  /** Text that is no JSON is a result (the web provider). */
  readonly takesText?: boolean;
};

const minuteMs = 60_000;
const nobody = 'http://127.0.0.1:1';

export function describeHttpSource(subject: HttpSubject): void {
  describe(`${subject.name}, as any provider over HTTP`, () => {
    let bench: Bench;

    beforeAll(async () => {
      bench = new Bench();
      await bench.start();
    });
    beforeEach(() => {
      bench.cluster.objects.clear();
      bench.environment = {};
      subject.prepare?.(bench, bench.service.address);
    });
    afterAll(() => bench.stop());

    const asked = (): Promise<string> => bench.problem(subject.provider(bench.service.address));
    const expectProblem = async (answer: Answer, pattern: RegExp): Promise<void> => {
      bench.service.answer = () => answer;
      const problem = await asked();
      expect(problem).toMatch(pattern);
      expect(problem).not.toMatch(/^no problem/);
      for (const secret of subject.secrets) expect(problem).not.toContain(secret);
    };

    it('reads a good answer', async () => {
      bench.service.answer = () => subject.happy;
      expect(await bench.measure(subject.provider(bench.service.address))).toMatchObject(subject.reading);
    });

    it.each([400, 401, 403, 404, 429, 500, 503])('fails at status %i, even if the service repeats what it was sent', async (status) => {
      bench.service.answer = ({ headers, body, query }) => ({ status, body: JSON.stringify({ headers, body, query: [...query] }) });
      const problem = await asked();
      expect(problem).not.toMatch(/^no problem/);
      for (const secret of subject.secrets) expect(problem).not.toContain(secret);
    });

    it.each([
      ['a page', '<!DOCTYPE html><html><body>please log in</body></html>'],
      ['nothing', ''],
      ['null', 'null'],
      ['half an object', '{"data": {"result'],
      ['an object of something else', '{"hello": ["world"]}'],
      ['a deep list', `${'['.repeat(200_000)}`],
      ['a number', '5'],
    ])('does not fall over %s', async (_, body) => {
      bench.service.answer = () => ({ body });
      const problem = await asked();
      expect(problem).not.toMatch(/Cannot read|is not a function|undefined|Maximum call stack/);
      const isText = body.startsWith('<') || body.startsWith('[[') || body === '' || body.startsWith('{"data": {"result');
      if (isText && subject.takesText !== true) expect(problem).not.toMatch(/^no problem/);
    });

    it('gives up an answer without end', () => expectProblem('flood', /response body is larger than 256 KiB/));

    it('says that the connection broke', () => expectProblem('hang-up', /: EOF$/));

    it('says that nobody listens', async () => {
      subject.prepare?.(bench, nobody);
      const problem = await bench.problem(subject.provider(nobody));
      expect(problem).toMatch(/^(Get|Post) "http:\/\/127\.0\.0\.1:1.*": dial tcp 127\.0\.0\.1:1: connect: connection refused$/);
      for (const secret of subject.secrets) expect(problem).not.toContain(secret);
    });

    it('follows ten redirects and no more', async () => {
      bench.service.asked.length = 0;
      await expectProblem({ status: 307, headers: { location: '/again' }, body: '' }, /stopped after 10 redirects/);
      expect(bench.service.asked).toHaveLength(11);
    });

    it.each<Answer & string>(['silence', 'endless'])('waits for %s only so long', async (answer) => {
      bench.service.answer = () => answer;
      const arrived = bench.service.next();
      const problem = asked();
      await arrived;
      // The first bytes of a body are on their way.
      await new Promise((resolve) => setTimeout(resolve, 20));
      await bench.clock.advance(2 * minuteMs);
      expect(await problem).toMatch(/context deadline exceeded/);
    });

    const missing = subject.withoutCredentials;
    if (missing !== undefined) {
      it('says which credentials are missing, and asks nobody', async () => {
        bench.cluster.objects.clear();
        bench.environment = {};
        bench.service.asked.length = 0;
        expect(await asked()).toBe(missing);
        expect(bench.service.asked).toEqual([]);
      });
    }
  });
}
