/**
 * From an event to messages: who hears of it, whether the trigger's conditions hold, and what the templates come to. Begin with
 * `destinationsOf`, which costs next to nothing and is asked for every event.
 *
 * @see argoproj/argo-rollouts utils/record/record.go
 */
import type { AnalysisRun, Instant, KubeObject, Rollout } from '@sluice/api';
import { annotations, labels } from '@sluice/api';
import { GoTime, utc } from '../expression/time.ts';
import { parseTimeAs } from '../expression/time-layout.ts';
import { GoFunction } from '../expression/values.ts';
import type { Digest } from '../go-template/function.ts';
import type { Destination } from '../ports/notifier.ts';
import type { NotificationConfiguration } from './configuration.ts';
import type { Dictionary } from './records.ts';
import { annotatedDestinations, globalDestinations, type ParseYaml, triggerOfReason } from './subscriptions.ts';
import { type NotificationTemplate, type RenderedNotification, renderNotification } from './templates.ts';
import { runTrigger } from './triggers.ts';

/** Who hears of an event with this reason. Empty where the trigger is not configured: nothing would be sent. */
export function destinationsOf(
  configuration: NotificationConfiguration,
  object: KubeObject,
  reason: string,
  parseYaml: ParseYaml,
): readonly Destination[] {
  const trigger = triggerOfReason(reason);
  if (!configuration.triggers.has(trigger)) return [];
  const { subscriptions, defaults } = configuration;
  return [
    ...globalDestinations(subscriptions, object.metadata.labels ?? {}, trigger, defaults),
    ...annotatedDestinations(object.metadata.annotations ?? {}, trigger, defaults, parseYaml),
  ];
}

/** What templates and conditions see of an event. */
export type NotificationSubject = {
  /** A Rollout, an AnalysisRun or an Experiment; templates call each of them `rollout`. A Rollout has its pod template in place. */
  readonly object: KubeObject;
  /** Newest first; null for none, and for what is no Rollout. */
  readonly analysisRuns: readonly AnalysisRun[] | null;
};

/** Of the runs of its namespace those of a Rollout's present pods and revision, newest first. */
export function notifiedRuns(rollout: Rollout, runs: Iterable<AnalysisRun>): readonly AnalysisRun[] | null {
  const hash = rollout.status?.currentPodHash ?? '';
  const revision = rollout.metadata.annotations?.[annotations.revision];
  const own = [...runs].filter(
    ({ metadata }) =>
      metadata.namespace === rollout.metadata.namespace &&
      (metadata.labels?.[labels.podTemplateHash] ?? '') === hash &&
      metadata.annotations?.[annotations.revision] === revision,
  );
  const createdAt = ({ metadata }: AnalysisRun): string => metadata.creationTimestamp ?? '';
  return own.length === 0 ? null : own.sort((a, b) => (createdAt(a) < createdAt(b) ? 1 : createdAt(a) > createdAt(b) ? -1 : 0));
}

/** `destination` absent: for conditions, which see no recipient. */
export function notificationVariables(
  configuration: NotificationConfiguration,
  { object, analysisRuns }: NotificationSubject,
  now: Instant,
  destination?: Destination,
): Dictionary {
  return {
    rollout: object,
    analysisRuns,
    time: {
      Parse: new GoFunction(['string'], 'time.Time', (text) => parseTimeAs('2006-01-02T15:04:05Z07:00', String(text))),
      Now: new GoFunction([], 'time.Time', () => new GoTime(BigInt(Math.round(now * 1000)) * 1000n, utc)),
    },
    secrets: configuration.secrets,
    context: configuration.context,
    ...(destination === undefined ? {} : { serviceType: destination.service, recipient: destination.recipient }),
  };
}

/** A message, or what kept it from being: with `isCondition` the condition could not be evaluated, which counts as not holding. */
export type NotificationMessage = RenderedNotification | { readonly ok: false; readonly problem: string; readonly isCondition: true };

/** Messages for one destination, one for each condition that holds, and what kept others from being. */
export function messagesFor(
  configuration: NotificationConfiguration,
  subject: NotificationSubject,
  reason: string,
  destination: Destination,
  options: { readonly now: Instant; readonly digest?: Digest },
): readonly NotificationMessage[] {
  const trigger = triggerOfReason(reason);
  const conditions = configuration.triggers.get(trigger) ?? [];
  const results = runTrigger(conditions, notificationVariables(configuration, subject, options.now), options.now);
  return results.flatMap((result): readonly NotificationMessage[] => {
    if (!result.ok) {
      return [{ ok: false, problem: `trigger ${trigger}: ${JSON.stringify(result.condition.when)}: ${result.problem}`, isCondition: true }];
    }
    return result.holds ? [messageOf(configuration, result.condition.send, subject, destination, options)] : [];
  });
}

/** The message that templates come to, one over the other. */
export function messageOf(
  configuration: NotificationConfiguration,
  names: readonly string[],
  subject: NotificationSubject,
  destination: Destination,
  options: { readonly now: Instant; readonly digest?: Digest },
): RenderedNotification {
  const templates: NotificationTemplate[] = [];
  for (const name of names) {
    const template = configuration.templates.get(name);
    if (template === undefined) {
      const known = configuration.problems.find(({ key }) => key === `template.${name}`);
      return { ok: false, problem: known === undefined ? `template '${name}' is not supported` : `template ${name}: ${known.problem}` };
    }
    templates.push(template);
  }
  const variables = notificationVariables(configuration, subject, options.now, destination);
  const rendered = renderNotification(templates, variables, options);
  return rendered.ok ? rendered : { ok: false, problem: `template ${names.join(', ')}: ${rendered.problem}` };
}
