import { describe, expect, it } from 'vitest';
import { refusal } from './guard.ts';

describe('who may ask', () => {
  it.each([
    ['a program of this machine', 'PUT', { host: 'localhost:3100' }],
    ['by address', 'GET', { host: '127.0.0.1:3100' }],
    ['through a tunnel to another port', 'GET', { host: '[::1]:8080' }],
    ['the page itself', 'PUT', { host: 'localhost:3100', origin: 'http://localhost:3100', 'sec-fetch-site': 'same-origin' }],
    ['an address that was typed', 'GET', { host: 'localhost:3100', 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
    ['a link from elsewhere', 'GET', { host: 'localhost:3100', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
  ])('%s', (_, method, headers) => {
    expect(refusal(method, headers)).toBeUndefined();
  });

  it.each([
    ['a name that points here', 'GET', { host: 'evil.example.com:3100' }],
    ['a name that begins like ours', 'GET', { host: 'localhost.evil.example.com' }],
    ['no name', 'GET', {}],
    ['another page that writes', 'PUT', { host: 'localhost:3100', origin: 'https://evil.example.com' }],
    ['another server of this machine that writes', 'PUT', { host: 'localhost:3100', origin: 'http://localhost:8080' }],
    ['a page without a name', 'PUT', { host: 'localhost:3100', origin: 'null' }],
    ['another page that reads', 'GET', { host: 'localhost:3100', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['a form of another page', 'PUT', { host: 'localhost:3100', 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
    ['another site of the same domain', 'GET', { host: 'localhost:3100', 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }],
  ])('not %s', (_, method, headers) => {
    expect(refusal(method, headers)).toBeDefined();
  });
});
