/**
 * What go-plugin puts on a connection to a plugin: a yamux session whose first stream is the control, the next two what the plugin prints,
 * and one more for each interface that the control hands out.
 *
 * @see https://github.com/hashicorp/go-plugin rpc_client.go, mux_broker.go
 */
import type { Duplex } from 'node:stream';
import type { Clock } from '@sluice/api';
import type { GobMessage } from './gob/encoder.ts';
import { gobTypes } from './gob/types.ts';
import { type RpcClient, type RpcConnection, RpcConnectionError, rpcConnection } from './net-rpc/client.ts';
import { type YamuxStream, yamuxClient } from './yamux/session.ts';

export type PluginConnection = {
  /** Asks whether the plugin is alive. */
  ping(timeLimitMs: number): Promise<void>;
  /** Opens the stream of an interface of the plugin by its name, such as `RpcStepPlugin`. */
  dispense(name: string, timeLimitMs: number): Promise<RpcClient>;
  /** Asks the plugin to end. It may not. */
  quit(timeLimitMs: number): Promise<void>;
  close(): void;
};

export type PluginConnectionOptions = {
  readonly clock: Clock;
  /** What the plugin prints after the handshake. */
  print(stream: 'stdout' | 'stderr', chunk: Buffer): void;
  /** Once: the connection is gone. */
  onEnd(problem: Error | undefined): void;
};

const yes: GobMessage = { kind: 'value', type: gobTypes.bool, value: true };

/** @param connection - connected, or about to be */
export function pluginConnection(connection: Duplex, { clock, print, onEnd }: PluginConnectionOptions): PluginConnection {
  const session = yamuxClient(connection, onEnd);
  const after = (delayMs: number, run: () => void): (() => void) => clock.after(delayMs, run);

  /** A stream of calls. `intercept` takes the bytes that stand before the first answer. */
  function openCalls(intercept?: (chunk: Buffer) => Buffer | undefined): { readonly stream: YamuxStream; readonly calls: RpcConnection } {
    const stream = session.open({
      data: (chunk) => {
        const rest = intercept === undefined ? chunk : intercept(chunk);
        if (rest !== undefined && rest.length > 0) calls.receive(rest);
      },
      end: (problem) => calls.end(problem),
    });
    const calls = rpcConnection(stream, after, () => session.close());
    return { stream, calls };
  }

  const control = openCalls().calls;
  for (const name of ['stdout', 'stderr'] as const) {
    session.open({ data: (chunk) => print(name, chunk), end: () => undefined });
  }

  /** Both sides say the number of the interface to each other before the calls begin. */
  async function openInterface(number: number, timeLimitMs: number): Promise<RpcClient> {
    const label = Buffer.alloc(4);
    label.writeUInt32LE(number);
    let head = Buffer.alloc(0);
    let isConfirmed = false;
    return new Promise((resolve, reject) => {
      const stopTimer = clock.after(timeLimitMs, () => reject(new RpcConnectionError(`no answer within ${timeLimitMs / 1000} s`)));
      const { stream, calls } = openCalls((chunk) => {
        if (isConfirmed) return chunk;
        head = Buffer.concat([head, chunk]);
        if (head.length < 4) return undefined;
        isConfirmed = true;
        stopTimer();
        if (head.readUInt32LE(0) === number) resolve(calls);
        else reject(new RpcConnectionError('the plugin opened another interface than was asked for'));
        return head.subarray(4);
      });
      // A stream that ends before the confirmation fails the calls, and so says why.
      void calls.ended.then((problem) => {
        stopTimer();
        reject(problem);
      });
      stream.write(label);
    });
  }

  return {
    ping: async (timeLimitMs) => {
      await control.call('Control.Ping', yes, timeLimitMs);
    },
    dispense: async (name, timeLimitMs) => {
      const number = await control.call('Dispenser.Dispense', { kind: 'value', type: gobTypes.string, value: name }, timeLimitMs);
      if (typeof number !== 'number') throw new RpcConnectionError('the plugin gave its interface no number');
      return openInterface(number, timeLimitMs);
    },
    quit: async (timeLimitMs) => {
      await control.call('Control.Quit', yes, timeLimitMs);
    },
    close: () => session.close(),
  };
}
