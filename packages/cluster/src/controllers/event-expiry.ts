/** Events live for an hour after they were last written, as a real server's `--event-ttl` has it. */
import { type Instant, type KubeObject, keyOf, parseTime } from '@sluice/api';
import { builtinTypes, createInformer } from '@sluice/kube';
import { inOrder, nothing, type Plan } from '../control/plan.ts';
import { type ClusterController, createShell, follow, type Surroundings } from '../control/shell.ts';

const lifetimeMs = 3_600_000;

type Event = KubeObject & {
  readonly lastTimestamp?: string | null;
  readonly eventTime?: string | null;
  readonly series?: { readonly lastObservedTime?: string } | null;
};

function decideEvent(event: Event, now: Instant): Plan {
  const times = [event.metadata.creationTimestamp, event.lastTimestamp, event.eventTime, event.series?.lastObservedTime];
  const last = Math.max(...times.map((time) => parseTime(time) ?? 0));
  const expiresAt = last + lifetimeMs;
  if (now < expiresAt) return nothing('not yet expired', expiresAt - now);
  return { steps: inOrder({ verb: 'delete', type: builtinTypes.events, object: event }), notes: [], reason: 'expired' };
}

/** Keeps only names and times of events: there are many of them, and nobody else here reads them. */
export function eventExpiry(around: Surroundings): ClusterController {
  const events = createInformer<Event>({
    client: around.client,
    clock: around.clock,
    random: around.random,
    logger: around.logger,
    type: builtinTypes.events,
    transform: (object) => {
      const { apiVersion, kind, metadata, lastTimestamp = null, eventTime = null, series = null } = object as Event;
      const { namespace = '', name = '', uid = '', resourceVersion = '', creationTimestamp = '' } = metadata;
      return { apiVersion, kind, metadata: { namespace, name, uid, resourceVersion, creationTimestamp }, lastTimestamp, eventTime, series };
    },
  });
  const { loop } = createShell(
    around,
    'event-expiry',
    async (key, actor) => {
      const event = events.get(key);
      return event === undefined ? undefined : follow(actor, decideEvent(event, around.clock.now()));
    },
    4,
  );
  // A whole lifetime ahead without a look: an event that is written again meanwhile is only looked at once more.
  const later = (event: Event): void => loop.enqueueAfter(keyOf(event), lifetimeMs);
  events.addHandler({ added: (event) => loop.enqueue(keyOf(event)), updated: later });
  return {
    start: () => loop.start(),
    stop: async () => {
      events.stop();
      await loop.stop();
    },
  };
}
