import { afterEach, describe, expect, it } from 'vitest';
import { createAuthentication } from './authentication.ts';
import { type AuditLine, type RunningServer, startHttpServer } from './http-server.ts';
import { ownRoutes } from './routes.ts';

const clock = { now: () => Date.parse('2026-01-02T03:04:05Z'), after: () => () => {} };

/** A cluster that knows one token and lets its user do one thing. */
const cluster = {
  create: async (type: { kind: string }, object: unknown) => {
    const { spec } = object as { spec: { token?: string; user?: string; nonResourceAttributes?: { path: string } } };
    if (type.kind === 'TokenReview') {
      return {
        ...(object as object),
        status:
          spec.token?.startsWith('of-') === true ? { authenticated: true, user: { username: spec.token.slice(3), groups: ['dev'] } } : {},
      };
    }
    return { ...(object as object), status: { allowed: spec.user === 'ada' && spec.nonResourceAttributes?.path === '/version' } };
  },
};

describe('the one HTTP listener', () => {
  let server: RunningServer | undefined;
  let lines: AuditLine[] = [];
  afterEach(() => server?.close());

  const start = async (): Promise<(path: string, token?: string, method?: string) => Promise<string>> => {
    lines = [];
    const authentication = createAuthentication('secret', cluster as never);
    server = await startHttpServer({
      host: '127.0.0.1',
      port: 0,
      authentication,
      routes: ownRoutes,
      clock,
      audit: (line) => lines.push(line),
    });
    const { url } = server;
    return async (path, token, method = 'GET') => {
      const answer = await fetch(`${url}${path}`, { method, headers: token === undefined ? {} : { authorization: `Bearer ${token}` } });
      return `${answer.status} ${(await answer.text()).trim()}`;
    };
  };

  it('lets everybody ask for health, and nobody else without a token', async () => {
    const ask = await start();
    expect(await ask('/healthz')).toBe('200 ok');
    expect(await ask('/version')).toBe('401 {"error":"a bearer token is needed"}');
    expect(await ask('/nothing')).toBe('401 {"error":"a bearer token is needed"}');
    expect(await ask('/version', 'wrong')).toBe('401 {"error":"a bearer token is needed"}');
  });

  it('lets the token of this machine do everything and asks the cluster about all others', async () => {
    const ask = await start();
    expect(await ask('/version', 'secret')).toMatch(/^200 \{"version":"[^"]+","user":"local"\}$/);
    expect(await ask('/version', 'of-ada')).toMatch(/"user":"ada"/);
    expect(await ask('/version', 'of-bob')).toBe('403 {"error":"bob may not do this"}');
    expect(await ask('/nothing', 'secret')).toBe('404 {"error":"there is nothing at /nothing"}');
    expect(await ask('/version', 'secret', 'DELETE')).toBe('405 {"error":"DELETE is not possible at /version"}');
  });

  it('writes one audit line a request, without secrets', async () => {
    const ask = await start();
    await ask('/version?token=secret', 'of-ada');
    expect(lines).toMatchObject([
      { time: '2026-01-02T03:04:05Z', user: 'ada', method: 'GET', path: '/version', status: 200, from: '127.0.0.1' },
    ]);
    expect(JSON.stringify(lines)).not.toContain('secret');
  });
});
