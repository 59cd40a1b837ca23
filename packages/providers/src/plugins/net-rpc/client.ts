/**
 * Calls of Go's `net/rpc` over one stream: a request header and its argument, a response header and its result, all gobs of one stream in
 * each direction. Calls may overlap; answers find their call by its number.
 *
 * @see https://pkg.go.dev/net/rpc Request, Response
 */
import { GobDecoder } from '../gob/decoder.ts';
import { GobEncoder, type GobMessage } from '../gob/encoder.ts';
import { type GobStruct, type GobType, type GobValue, gobTypes } from '../gob/types.ts';

/** The method ran and answered with an error: Go's `rpc.ServerError`. */
class RpcServerError extends Error {
  override readonly name = 'RpcServerError';
}

/** There is no answer and there will be none: the connection ended, or time was up. */
export class RpcConnectionError extends Error {
  override readonly name = 'RpcConnectionError';
}

export interface RpcClient {
  /**
   * @param timeLimitMs - an answer that comes later is dropped
   * @throws RpcServerError or RpcConnectionError; GobError for an argument that cannot be sent, which leaves the connection as it was
   */
  call(method: string, argument: GobMessage, timeLimitMs: number): Promise<GobValue>;
}

/** What the calls go over. */
export type RpcChannel = { write(data: Uint8Array): void };

export type RpcConnection = RpcClient & {
  /** Resolves with the reason once there will be no more answers. */
  readonly ended: Promise<RpcConnectionError>;
  receive(chunk: Buffer): void;
  /** Fails the calls that wait, and those to come. */
  end(problem: Error | undefined): void;
};

const requestType: GobType = {
  kind: 'struct',
  name: 'Request',
  fields: [
    { name: 'ServiceMethod', type: gobTypes.string },
    { name: 'Seq', type: gobTypes.uint },
  ],
};

type Waiting = { resolve(value: GobValue): void; reject(problem: Error): void; readonly stopTimer: () => void };

/**
 * @param after - calls a function once after a delay in milliseconds and returns how to cancel that
 * @param onBroken - the other side sent what is no answer: the connection is of no more use
 */
export function rpcConnection(
  channel: RpcChannel,
  after: (delayMs: number, run: () => void) => () => void,
  onBroken: (problem: Error) => void,
): RpcConnection {
  const encoder = new GobEncoder();
  const decoder = new GobDecoder();
  const waiting = new Map<number, Waiting>();
  let nextNumber = 0;
  let header: GobStruct | undefined;
  let problemAtEnd: RpcConnectionError | undefined;
  let tellEnd: (problem: RpcConnectionError) => void = () => undefined;
  const ended = new Promise<RpcConnectionError>((resolve) => {
    tellEnd = resolve;
  });

  function end(problem: Error | undefined): void {
    if (problemAtEnd !== undefined) return;
    // As Go's client calls a connection that ended between answers.
    problemAtEnd = new RpcConnectionError(problem?.message ?? 'unexpected EOF');
    tellEnd(problemAtEnd);
    for (const { reject, stopTimer } of waiting.values()) {
      stopTimer();
      reject(problemAtEnd);
    }
    waiting.clear();
  }

  function answer({ Seq = 0, Error: problem }: GobStruct, value: GobValue): void {
    const call = typeof Seq === 'number' ? waiting.get(Seq) : undefined;
    // A call given up before its answer came.
    if (call === undefined || typeof Seq !== 'number') return;
    waiting.delete(Seq);
    call.stopTimer();
    if (typeof problem === 'string' && problem !== '') call.reject(new RpcServerError(problem));
    else call.resolve(value);
  }

  return {
    call: (method, argument, timeLimitMs) =>
      new Promise((resolve, reject) => {
        if (problemAtEnd !== undefined) return reject(problemAtEnd);
        const number = nextNumber;
        let bytes: Buffer;
        try {
          const header = { ServiceMethod: method, Seq: number };
          bytes = encoder.encode({ kind: 'value', type: requestType, value: header }, argument);
        } catch (problem) {
          return reject(problem);
        }
        nextNumber++;
        const stopTimer = after(timeLimitMs, () => {
          waiting.delete(number);
          reject(new RpcConnectionError(`no answer within ${timeLimitMs / 1000} s`));
        });
        waiting.set(number, { resolve, reject, stopTimer });
        channel.write(bytes);
      }),
    receive: (chunk) => {
      if (problemAtEnd !== undefined) return;
      try {
        decoder.push(chunk);
        for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
          if (header === undefined) {
            header = structOf(next.value);
          } else {
            const complete = header;
            header = undefined;
            answer(complete, next.value);
          }
        }
      } catch (problem) {
        const broken = problem instanceof Error ? problem : new Error(String(problem));
        end(broken);
        onBroken(broken);
      }
    },
    ended,
    end,
  };
}

function structOf(value: GobValue): GobStruct {
  if (typeof value !== 'object' || value instanceof Uint8Array || Array.isArray(value) || value instanceof Map) {
    throw new RpcConnectionError('a response has no header');
  }
  return value as GobStruct;
}
