/** A transport that counts what goes through it: by method and resource, Events apart. */
import type { ApiRequest, Transport } from '@sluice/kube';

/** `PATCH rollouts/status` and the like with how often; Events are `events`. */
export type WriteCounts = Readonly<Record<string, number>>;

export type CountedTransport = Transport & { counts(): WriteCounts };

export function countedTransport(transport: Transport): CountedTransport {
  const counts: Record<string, number> = {};
  return {
    request: (request) => {
      if (request.method !== 'GET') {
        const kind = kindOf(request);
        counts[kind] = (counts[kind] ?? 0) + 1;
      }
      return transport.request(request);
    },
    watch: (request) => transport.watch(request),
    close: () => transport.close(),
    counts: () => ({ ...counts }),
  };
}

function kindOf({ method, path }: ApiRequest): string {
  const parts = path.split('/').slice(path.startsWith('/apis/') ? 4 : 3);
  const [resource = '', , subresource] = parts[0] === 'namespaces' && parts.length > 2 ? parts.slice(2) : parts;
  if (resource === 'events') return 'events';
  return `${method} ${resource}${subresource === undefined ? '' : `/${subresource}`}`;
}

/** What came to pass between two looks. */
export function difference(after: WriteCounts, before: WriteCounts): WriteCounts {
  const rows = Object.entries(after).map(([kind, count]) => [kind, count - (before[kind] ?? 0)] as const);
  return Object.fromEntries(rows.filter(([, count]) => count > 0));
}

/** All but Events. */
export function stateWrites(counts: WriteCounts): number {
  return Object.entries(counts).reduce((sum, [kind, count]) => (kind === 'events' ? sum : sum + count), 0);
}
