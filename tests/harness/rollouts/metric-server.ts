/** An HTTP endpoint for web metrics, reachable from the controller of either cluster, which runs on this machine. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type MetricServer = { readonly url: string; close(): Promise<void> };

/** Answers every GET with this JSON; with `token`, only when the request carries it as a bearer. */
export async function metricServer(answer: unknown, token?: string): Promise<MetricServer> {
  const server = createServer((request, response) => {
    const isAllowed = token === undefined || request.headers.authorization === `Bearer ${token}`;
    response.writeHead(isAllowed ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isAllowed ? answer : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
