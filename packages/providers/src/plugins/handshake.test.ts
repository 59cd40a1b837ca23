import { describe, expect, it } from 'vitest';
import { readHandshake } from './handshake.ts';

describe('the first line of a plugin', () => {
  it.each([
    ['1|1|unix|/tmp/plugin1|netrpc', { network: 'unix', path: '/tmp/plugin1' }],
    ['1|1|unix|/tmp/plugin1|netrpc|', { network: 'unix', path: '/tmp/plugin1' }],
    ['1|1|unix|/tmp/plugin1|netrpc||true\r', { network: 'unix', path: '/tmp/plugin1' }],
    // Before gRPC came there was no word for the kind of calls.
    ['1|1|unix|/tmp/plugin1', { network: 'unix', path: '/tmp/plugin1' }],
    ['1|1|tcp|127.0.0.1:10000|netrpc', { network: 'tcp', host: '127.0.0.1', port: 10_000 }],
    ['1|1|tcp|[::1]:10000|netrpc', { network: 'tcp', host: '::1', port: 10_000 }],
  ])('tells where it listens: %s', (line, address) => {
    expect(readHandshake(line)).toEqual({ ok: true, address });
  });

  it.each([
    ['', 'its first line is not a handshake of go-plugin: ""'],
    ['hello\u001b[31m', 'its first line is not a handshake of go-plugin: "hello?[31m"'],
    [`${'x'.repeat(200)}`, `its first line is not a handshake of go-plugin: "${'x'.repeat(120)}..."`],
    ['2|1|unix|/s|netrpc', 'it speaks core protocol "2" of go-plugin, not 1'],
    ['1|2|unix|/s|netrpc', 'it speaks protocol version "2", not 1'],
    ['1|1|unix|/s|grpc', 'it speaks "grpc", not netrpc'],
    ['1|1|unix|/s|netrpc|MIIC', 'it wants TLS, which was not offered'],
    ['1|1|unix||netrpc', 'the path of its socket cannot be used'],
    [`1|1|unix|/${'s'.repeat(200)}|netrpc`, 'the path of its socket cannot be used'],
    ['1|1|tcp|nowhere|netrpc', 'its address cannot be read'],
    ['1|1|tcp|host:99999|netrpc', 'its address cannot be read'],
    ['1|1|udp|host:1|netrpc', 'it listens on network "udp", which is not known'],
  ])('is told of when it is none: %s', (line, problem) => {
    expect(readHandshake(line)).toEqual({ ok: false, problem });
  });
});
