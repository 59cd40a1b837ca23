/** A server in memory for tests: time stands still until it is moved, random bytes are counted up, and calls are one line each. */
import type { Clock, KubeObject, Status } from '@sluice/api';
import type { ServerResponse, UserInfo, WatchFrame } from './ports.ts';
import { type ApiServer, createApiServer } from './server.ts';

const administrator: UserInfo = { name: 'admin', groups: ['system:masters', 'system:authenticated'] };

export type TestClock = Clock & { advance(ms: number): void };

export function testClock(start: number = Date.parse('2026-01-02T03:04:05Z')): TestClock {
  let now = start;
  let timers: { readonly at: number; readonly run: () => void }[] = [];
  return {
    now: () => now,
    after: (delayMs, run) => {
      const timer = { at: now + delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((one) => one !== timer);
      };
    },
    advance: (ms) => {
      now += ms;
      const due = timers.filter(({ at }) => at <= now).sort((a, b) => a.at - b.at);
      timers = timers.filter(({ at }) => at > now);
      for (const { run } of due) run();
    },
  };
}

function countedBytes(): (count: number) => Uint8Array {
  let state = 1;
  return (count) =>
    Uint8Array.from({ length: count }, () => {
      // A linear congruential generator: the same names in every run.
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return state >>> 24;
    });
}

export type Answer = { readonly status: number; readonly object: KubeObject & Status; readonly headers: Readonly<Record<string, string>> };

type CallOptions = {
  readonly contentType?: string;
  readonly accept?: string;
  readonly userAgent?: string;
  readonly user?: UserInfo;
};

export type TestServer = {
  readonly server: ApiServer;
  readonly clock: TestClock;
  /** `call('POST', '/api/v1/namespaces/default/configmaps?dryRun=All', object)`. */
  call(method: string, url: string, body?: unknown, options?: CallOptions): Promise<Answer>;
  /** Starts a watch and collects its events in the array that is answered. */
  watch(url: string, options?: CallOptions): Promise<WatchLog>;
};

export type WatchLog = { readonly frames: WatchFrame[]; readonly lines: () => readonly string[]; isOver(): boolean; close(): void };

export async function testServer(): Promise<TestServer> {
  const clock = testClock();
  const server = await createApiServer({ durability: 'memory', clock, randomBytes: countedBytes() });
  const send = (method: string, url: string, body: unknown, options: CallOptions): Promise<ServerResponse> => {
    const [path = '', query = ''] = url.split('?');
    const headers = {
      'user-agent': options.userAgent ?? 'test/1',
      ...(options.contentType === undefined ? {} : { 'content-type': options.contentType }),
      ...(options.accept === undefined ? {} : { accept: options.accept }),
    };
    const user = options.user ?? administrator;
    return server.handle({ method, path, query: new URLSearchParams(query), headers, user, ...(body === undefined ? {} : { body }) });
  };
  return {
    server,
    clock,
    call: async (method, url, body, options = {}) => {
      const answer = await send(method, url, body, options);
      if (answer.kind !== 'object') throw new Error(`${method} ${url} answered ${answer.status} ${answer.kind}`);
      return { status: answer.status, object: answer.object as Answer['object'], headers: answer.headers ?? {} };
    },
    watch: async (url, options = {}) => {
      const answer = await send('GET', `${url}${url.includes('?') ? '&' : '?'}watch=true`, undefined, options);
      if (answer.kind !== 'watch')
        throw new Error(`watch ${url}: ${answer.kind === 'object' ? JSON.stringify(answer.object) : answer.status}`);
      const frames: WatchFrame[] = [];
      let isOver = false;
      answer.stream.onEvents(
        (events) => frames.push(...events),
        () => {
          isOver = true;
        },
      );
      const lines = (): readonly string[] =>
        frames.map(({ type, object }) => `${type} ${(object as KubeObject).metadata?.name ?? ''}`.trim());
      return { frames, lines, isOver: () => isOver, close: () => answer.stream.close() };
    },
  };
}
