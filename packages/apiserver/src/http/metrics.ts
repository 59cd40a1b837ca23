/** Numbers about the server for `/metrics`, in the text format of Prometheus. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Limits } from './limits.ts';

export type ServerMetrics = {
  count(method: string, status: number): void;
  text(): string;
  close(): void;
};

export function createMetrics(limits: Limits, state: () => { readonly revision: number; readonly watches: number }): ServerMetrics {
  const requests = new Map<string, number>();
  // Switched on by the first request, so that a server that nobody connects to has no timer running.
  let delay: ReturnType<typeof monitorEventLoopDelay> | undefined;
  return {
    count: (method, status) => {
      if (delay === undefined) {
        delay = monitorEventLoopDelay({ resolution: 20 });
        delay.enable();
      }
      const key = `method="${method}",code="${status}"`;
      requests.set(key, (requests.get(key) ?? 0) + 1);
    },
    text: () => {
      const { mutating, reading } = limits.inFlight;
      const { revision, watches } = state();
      return [
        '# TYPE apiserver_request_total counter',
        ...[...requests].map(([labels, value]) => `apiserver_request_total{${labels}} ${value}`),
        '# TYPE apiserver_current_inflight_requests gauge',
        `apiserver_current_inflight_requests{request_kind="mutating"} ${mutating}`,
        `apiserver_current_inflight_requests{request_kind="readOnly"} ${reading}`,
        '# TYPE apiserver_registered_watchers gauge',
        `apiserver_registered_watchers ${watches}`,
        '# TYPE sluice_store_revision gauge',
        `sluice_store_revision ${revision}`,
        '# TYPE sluice_event_loop_delay_seconds gauge',
        `sluice_event_loop_delay_seconds{quantile="0.99"} ${delay === undefined ? 0 : delay.percentile(99) / 1e9}`,
        '',
      ].join('\n');
    },
    close: () => delay?.disable(),
  };
}
