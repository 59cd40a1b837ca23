/** A watch on the wire: one write a turn however many events there were, and an end for whoever cannot keep up. */
import type { ServerResponse as HttpResponse } from 'node:http';
import type { ServerWatch, WatchFrame } from '../ports.ts';

const backlogEventsMax = 1_000;
const backlogBytesMax = 8 * 1024 * 1024;
/** The state at the beginning of a watch is no backlog: it may be large, and is written as fast as it is taken. */
const pieceFrames = 500;

export function writeWatch(stream: ServerWatch, response: HttpResponse): void {
  let queue: WatchFrame[] = [];
  let isScheduled = false;
  let isEnded = false;
  let isFirst = true;

  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-cache, private' });
  response.flushHeaders();

  const schedule = (): void => {
    if (isScheduled) return;
    isScheduled = true;
    setImmediate(flush);
  };
  const flush = (): void => {
    isScheduled = false;
    if (response.destroyed) return;
    if (response.writableNeedDrain) {
      response.once('drain', schedule);
      return;
    }
    const frames = queue.splice(0, pieceFrames);
    if (frames.length > 0)
      response.write(frames.length === 1 ? frames[0]?.bytes() : Buffer.concat(frames.flatMap((frame) => frame.pieces())));
    if (queue.length > 0) schedule();
    else {
      isFirst = false;
      if (isEnded) response.end();
    }
  };

  response.on('close', () => {
    queue = [];
    stream.close();
  });
  stream.onEvents(
    (events) => {
      if (response.destroyed) return;
      for (const event of events) queue.push(event);
      const isSlow = response.writableLength > backlogBytesMax || (queue.length > backlogEventsMax && response.writableNeedDrain);
      if (isSlow && !isFirst) {
        // The client lists again; waiting for it would cost everybody memory.
        response.destroy();
        return;
      }
      schedule();
    },
    () => {
      isEnded = true;
      schedule();
    },
  );
}
