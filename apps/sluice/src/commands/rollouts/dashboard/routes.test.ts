import { describe, expect, it } from 'vitest';
import { route } from './routes.ts';

describe('the paths of the API', () => {
  it.each([
    ['GET', 'version', { kind: 'version' }],
    ['GET', 'namespace', { kind: 'namespace' }],
    ['GET', 'rollouts/shop/info', { kind: 'list', namespace: 'shop', isWatch: false }],
    ['GET', 'rollouts/shop/info/watch', { kind: 'list', namespace: 'shop', isWatch: true }],
    ['HEAD', 'rollouts/shop/web/info', { kind: 'info', namespace: 'shop', name: 'web', isWatch: false }],
    ['GET', 'rollouts/shop/web/info/watch', { kind: 'info', namespace: 'shop', name: 'web', isWatch: true }],
    ['GET', 'rollouts/shop/info/info', { kind: 'info', namespace: 'shop', name: 'info', isWatch: false }],
    ['PUT', 'rollouts/shop/web/restart', { kind: 'restart', namespace: 'shop', name: 'web' }],
    ['PUT', 'rollouts/shop/web/promote', { kind: 'promote', namespace: 'shop', name: 'web' }],
    ['PUT', 'rollouts/shop/web/abort', { kind: 'abort', namespace: 'shop', name: 'web' }],
    ['PUT', 'rollouts/shop/web/retry', { kind: 'retry', namespace: 'shop', name: 'web' }],
    ['PUT', 'rollouts/shop/web/undo/0', { kind: 'undo', namespace: 'shop', name: 'web', revision: 0 }],
    ['PUT', 'rollouts/shop/web/set/main/app/2', { kind: 'set-image', namespace: 'shop', name: 'web', container: 'main', image: 'app:2' }],
    [
      'PUT',
      'rollouts/shop/web/set/*/registry.example.com%3A5000%2Fteam%2Fapp/1.2',
      { kind: 'set-image', namespace: 'shop', name: 'web', container: '*', image: 'registry.example.com:5000/team/app:1.2' },
    ],
    [
      'PUT',
      'rollouts/shop/web/set/main/team/app@sha256/0123abcd',
      { kind: 'set-image', namespace: 'shop', name: 'web', container: 'main', image: 'team/app@sha256:0123abcd' },
    ],
  ])('%s %s', (method, path, call) => {
    expect(route(method, path)).toEqual({ ok: true, call });
  });

  it.each([
    ['GET', '', 'not-found'],
    ['GET', 'versions', 'not-found'],
    ['GET', 'version/', 'not-found'],
    ['GET', 'rollouts/shop/web', 'not-found'],
    ['GET', 'rollouts/shop/web/info/watch/more', 'not-found'],
    ['PUT', 'rollouts/shop/web/delete', 'not-found'],
    ['PUT', 'rollouts/shop/web/set/main/app', 'not-found'],
    ['POST', 'version', 'method'],
    ['GET', 'rollouts/shop/web/abort', 'method'],
    ['PUT', 'rollouts/shop/web/info', 'method'],
    ['GET', 'rollouts/..%2F..%2Fsecrets/web/info', 'invalid'],
    ['GET', 'rollouts//web/info', 'invalid'],
    ['GET', 'rollouts/shop/%zz/info', 'invalid'],
    ['GET', `rollouts/shop/${'a'.repeat(300)}/info`, 'invalid'],
    ['PUT', 'rollouts/shop/web/undo/-1', 'invalid'],
    ['PUT', 'rollouts/shop/web/undo/1e3', 'invalid'],
    ['PUT', 'rollouts/shop/web/set/main/app/%0A', 'invalid'],
    ['PUT', 'rollouts/shop/web/set/main//tag', 'invalid'],
    ['PUT', 'rollouts/shop/web/set/ma%20in/app/2', 'invalid'],
  ])('%s %s is refused: %s', (method, path, reason) => {
    expect(route(method, path)).toMatchObject({ ok: false, reason });
  });
});
