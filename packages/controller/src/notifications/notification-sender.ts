/**
 * The shell around notifications: told of every event, it puts what is to be sent into lanes and returns at once. Rendering and sending are
 * done beside the passes of the controller, tried again a few times, and never fail anything but themselves. Begin at `notify`.
 */
import { type AnalysisRun, type Clock, type KubeObject, keyOf, type Rollout } from '@sluice/api';
import {
  type Destination,
  destinationsOf,
  messagesFor,
  type Notification,
  type NotificationSubject,
  type Notifier,
  type NotifierFactory,
  notifiedRuns,
  type SendOutcome,
  triggerOfReason,
  withoutSecretValues,
} from '@sluice/engine';
import { type Backoff, backoffMs, type Logger, sleep } from '@sluice/kube';
import { ConfigurationBook, type LoadedConfiguration } from './configuration-book.ts';
import { DeliveryLane } from './delivery-lane.ts';
import type { NotificationInformers } from './notification-informers.ts';
import { type NotificationMetrics, NotificationMetricsBook } from './notification-metrics.ts';
import { parseNotificationYaml } from './yaml.ts';

export type NotificationSenderOptions = {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Belong to the caller, who stops them. */
  readonly informers: NotificationInformers;
  readonly controllerNamespace: string;
  /** `--self-service-notification-enabled`. */
  readonly isSelfService: boolean;
  readonly notifierFor: NotifierFactory;
  /** Analysis runs of a namespace, for templates of a Rollout. */
  readonly runsIn: (namespace: string) => Iterable<AnalysisRun>;
  /** For `sha256sum` and the like in templates. */
  readonly digest?: (algorithm: 'sha1' | 'sha256' | 'sha512', text: string) => string;
};

export type NotifiedEvent = { readonly type: string; readonly reason: string };

export interface NotificationSender {
  /**
   * Tells those who subscribed of an event. Costs next to nothing where nobody did; never waits and never throws. `object` is the Rollout,
   * AnalysisRun or Experiment of the event, as it is now; a Rollout with a `workloadRef` has the workload's template and selector in place.
   */
  notify(object: KubeObject, event: NotifiedEvent): void;
  /** Drops the numbers of a deleted object after a while. */
  forget(object: KubeObject): void;
  /** Takes no more events; what is under way has a few seconds. */
  stop(): Promise<void>;
  metrics(): NotificationMetrics;
}

const waitingMax = 500;
const laneConcurrency = 4;
const triesMax = 4;
const backoff: Backoff = { delayMsMin: 1_000, delayMsMax: 30_000 };
/** Longest wait that a service may ask for. */
const retryAfterMsMax = 60_000;
/** What `stop` gives the lanes to get empty. */
const stopMsMax = 5_000;

type Job = {
  readonly loaded: LoadedConfiguration;
  readonly notifier: Notifier;
  readonly subject: NotificationSubject;
  readonly event: NotifiedEvent;
  readonly destination: Destination;
  readonly since: number;
};

export function createNotificationSender(options: NotificationSenderOptions): NotificationSender {
  return new Sender(options);
}

class Sender implements NotificationSender {
  readonly #options: NotificationSenderOptions;
  readonly #book: ConfigurationBook;
  readonly #metrics = new NotificationMetricsBook();
  /** By namespace of the configuration and name of the service. */
  readonly #lanes = new Map<string, DeliveryLane>();
  readonly #stopping = new AbortController();
  #isStopped = false;
  #onIdle: (() => void) | undefined;

  constructor(options: NotificationSenderOptions) {
    this.#options = options;
    this.#book = new ConfigurationBook(options);
  }

  notify(object: KubeObject, event: NotifiedEvent): void {
    if (this.#isStopped || event.reason === '') return;
    try {
      for (const loaded of this.#book.forNamespace(object.metadata.namespace ?? '')) this.#notifyBy(loaded, object, event);
    } catch (error) {
      this.#options.logger.error('notification failed', { ...about(object, event), problem: messageOf(error) });
    }
  }

  #notifyBy(loaded: LoadedConfiguration, object: KubeObject, event: NotifiedEvent): void {
    const destinations = destinationsOf(loaded.configuration, object, event.reason, parseNotificationYaml);
    if (destinations.length === 0) return;
    const { clock, runsIn } = this.#options;
    const isRollout = object.kind === 'Rollout';
    const analysisRuns = isRollout ? notifiedRuns(object as Rollout, runsIn(object.metadata.namespace ?? '')) : null;
    const subject: NotificationSubject = { object, analysisRuns };
    for (const destination of destinations) {
      const notifier = loaded.notifiers.get(destination.service);
      if (notifier === undefined) {
        const known = loaded.serviceProblems.get(destination.service);
        const problem =
          known === undefined
            ? `notification service '${destination.service}' is not supported`
            : `service ${destination.service}: ${known}`;
        this.#failed(loaded, subject, event, destination, problem);
        continue;
      }
      const job: Job = { loaded, notifier, subject, event, destination, since: clock.now() };
      const taken = this.#lane(loaded, destination).put({ subject: keyOf(object), run: () => this.#deliver(job) });
      if (!taken) this.#failed(loaded, subject, event, destination, 'too many notifications wait for this service');
    }
  }

  #lane({ namespace }: LoadedConfiguration, { service }: Destination): DeliveryLane {
    const key = `${namespace}/${service}`;
    const lane = this.#lanes.get(key) ?? new DeliveryLane({ waitingMax, concurrency: laneConcurrency, onIdle: () => this.#onIdle?.() });
    this.#lanes.set(key, lane);
    return lane;
  }

  async #deliver({ loaded, notifier, subject, event, destination, since }: Job): Promise<void> {
    const { clock, digest, logger } = this.#options;
    try {
      const now = clock.now();
      const options = { now, ...(digest === undefined ? {} : { digest }) };
      for (const message of messagesFor(loaded.configuration, subject, event.reason, destination, options)) {
        if (this.#stopping.signal.aborted) return;
        if (!message.ok) {
          // A condition that cannot be evaluated does not hold: for upstream that is no failed notification.
          if (message.isCondition === true)
            logger.debug('notification condition failed', { ...about(subject.object, event), problem: message.problem });
          else this.#failed(loaded, subject, event, destination, message.problem);
          continue;
        }
        const outcome = await this.#send(notifier, message.notification, destination);
        if (outcome.ok) this.#metrics.count(keyOf(subject.object), event, 'successes');
        else this.#failed(loaded, subject, event, destination, outcome.problem);
      }
    } catch (error) {
      this.#failed(loaded, subject, event, destination, messageOf(error));
    } finally {
      this.#metrics.observe(keyOf(subject.object), clock.now() - since);
    }
  }

  async #send(notifier: Notifier, notification: Notification, destination: Destination): Promise<SendOutcome> {
    const { clock, random } = this.#options;
    const { signal } = this.#stopping;
    for (let tries = 1; ; tries++) {
      const outcome = await notifier.send(notification, destination);
      if (outcome.ok || !outcome.mayRetry || tries === triesMax || signal.aborted) return outcome;
      const waitMs = backoffMs(backoff, tries, random());
      await sleep(clock, Math.max(waitMs, Math.min(retryAfterMsMax, outcome.retryAfterMs ?? 0)), signal);
      if (signal.aborted) return outcome;
    }
  }

  #failed(
    loaded: LoadedConfiguration,
    { object }: NotificationSubject,
    event: NotifiedEvent,
    destination: Destination,
    problem: string,
  ): void {
    this.#metrics.count(keyOf(object), event, 'errors');
    this.#options.logger.error('notification failed', {
      ...about(object, event),
      service: destination.service,
      recipient: destination.recipient,
      configuration: loaded.namespace,
      problem: withoutSecretValues(problem, Object.values(loaded.configuration.secrets)),
    });
  }

  forget(object: KubeObject): void {
    if (!this.#isStopped) this.#metrics.forget(keyOf(object), this.#options.clock);
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    const isIdle = (): boolean => [...this.#lanes.values()].every((lane) => lane.isIdle);
    if (!isIdle()) {
      await new Promise<void>((resolve) => {
        const cancel = this.#options.clock.after(stopMsMax, resolve);
        this.#onIdle = () => {
          if (!isIdle()) return;
          cancel();
          resolve();
        };
      });
    }
    this.#stopping.abort();
    for (const lane of this.#lanes.values()) lane.clear();
    this.#book.stop();
    this.#metrics.stop();
  }

  metrics(): NotificationMetrics {
    return this.#metrics.read();
  }
}

function about({ kind, metadata }: KubeObject, { reason }: NotifiedEvent): Readonly<Record<string, unknown>> {
  return { kind, namespace: metadata.namespace, name: metadata.name, trigger: triggerOfReason(reason) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
