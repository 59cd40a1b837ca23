/** The routes of the server itself. Other parts add theirs beside these. */
import { version } from '../version.ts';
import type { Route } from './http-server.ts';

export const ownRoutes: readonly Route[] = [
  { method: 'GET', path: '/healthz', access: { kind: 'public' }, handle: () => ({ status: 200, body: 'ok' }) },
  {
    method: 'GET',
    path: '/version',
    access: { kind: 'path', path: '/version', verb: 'get' },
    handle: ({ caller }) => ({ status: 200, body: { version, user: caller?.name } }),
  },
];
