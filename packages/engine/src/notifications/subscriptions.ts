/**
 * Who wants to hear of what: annotations of the object, and subscriptions of the configuration.
 *
 * @see argoproj/notifications-engine pkg/subscriptions
 */
import { type Labels, matches, parseLabelSelector, type Requirement, SelectorError } from '@sluice/api';
import type { Destination } from '../ports/notifier.ts';
import { isDictionary, textList } from './records.ts';

/** Parses YAML; throws for what is none. Given in, since the engine has no parser. */
export type ParseYaml = (text: string) => unknown;

export type GlobalSubscription = {
  readonly recipients: readonly string[];
  /** Empty: the default triggers. */
  readonly triggers: readonly string[];
  readonly selector: readonly Requirement[];
};

export type DefaultTriggers = { readonly ofAll: readonly string[]; readonly ofService: ReadonlyMap<string, readonly string[]> };

const prefix = 'notifications.argoproj.io/';

/** `AnalysisRunFailed` is `on-analysis-run-failed`. */
export function triggerOfReason(reason: string): string {
  const kebab = reason.replace(/(.)([A-Z][a-z]+)/g, '$1-$2').replace(/([a-z0-9])([A-Z])/g, '$1-$2');
  return `on-${kebab.toLowerCase()}`;
}

type Wish = { readonly trigger: string; readonly service: string; readonly recipients: readonly string[] };

/**
 * Destinations that the annotations of an object name for a trigger, in the order of the annotations' names.
 *
 * `subscribe.<trigger>.<service>: "a;b"`, `subscribe.<service>: "a"` for the default triggers, and `subscriptions`, a YAML list of
 * `{trigger: [...], destinations: [{service, recipients: [...]}]}`. One that cannot be read subscribes to nothing.
 */
export function annotatedDestinations(
  annotations: Readonly<Record<string, string>>,
  trigger: string,
  defaults: DefaultTriggers,
  parseYaml: ParseYaml,
): readonly Destination[] {
  const destinations: Destination[] = [];
  for (const key of Object.keys(annotations).sort()) {
    if (!key.startsWith(prefix)) continue;
    for (const wish of wishesOf(key.slice(prefix.length), annotations[key] ?? '', parseYaml)) {
      const triggers = wish.trigger === '' ? (defaults.ofService.get(wish.service) ?? defaults.ofAll) : [wish.trigger];
      const times = triggers.filter((name) => name === trigger).length;
      for (let time = 0; time < times; time++) {
        for (const recipient of wish.recipients) destinations.push({ service: wish.service, recipient });
      }
    }
  }
  return destinations;
}

/** Whether an object subscribes to anything at all. */
export function isSubscriber(annotations: Readonly<Record<string, string>> | undefined): boolean {
  return Object.keys(annotations ?? {}).some((key) => key.startsWith(`${prefix}subscribe.`) || key.startsWith(`${prefix}subscriptions`));
}

function wishesOf(name: string, value: string, parseYaml: ParseYaml): readonly Wish[] {
  if (name.startsWith('subscribe.')) {
    const [first = '', second] = name.slice('subscribe.'.length).split('.');
    const recipients = value === '' ? [''] : split(value);
    return [second === undefined ? { trigger: '', service: first, recipients } : { trigger: first, service: second, recipients }];
  }
  if (!name.startsWith('subscriptions')) return [];
  let parsed: unknown;
  try {
    parsed = parseYaml(value);
  } catch {
    return [];
  }
  return Array.isArray(parsed) ? parsed.flatMap(wishesOfEntry) : [];
}

function wishesOfEntry(entry: unknown): readonly Wish[] {
  if (!isDictionary(entry)) return [];
  const named = textList(entry.trigger) ?? [];
  const triggers = named.length === 0 ? [''] : named;
  const destinations = Array.isArray(entry.destinations) ? entry.destinations.filter(isDictionary) : [];
  return triggers.flatMap((trigger) =>
    destinations.flatMap(({ service, recipients }) => {
      if (typeof service !== 'string') return [];
      const known = textList(recipients) ?? [];
      return [{ trigger, service, recipients: known.length === 0 ? [''] : known }];
    }),
  );
}

function split(value: string): readonly string[] {
  return value
    .split(';')
    .map((recipient) => recipient.trim())
    .filter((recipient) => recipient !== '');
}

/** Destinations that subscriptions of the configuration name for a trigger. A recipient is `service:recipient`, or a service alone. */
export function globalDestinations(
  subscriptions: readonly GlobalSubscription[],
  labels: Labels,
  trigger: string,
  defaults: DefaultTriggers,
): readonly Destination[] {
  return subscriptions
    .filter(({ triggers, selector }) => (triggers.length === 0 ? defaults.ofAll : triggers).includes(trigger) && matches(selector, labels))
    .flatMap(({ recipients }) =>
      recipients.map((text) => {
        const [service = '', recipient = ''] = text.split(':');
        return { service, recipient };
      }),
    );
}

/** @throws Error with what is wrong */
export function readGlobalSubscriptions(parsed: unknown): readonly GlobalSubscription[] {
  if (parsed === null || parsed === undefined) return [];
  if (!Array.isArray(parsed)) throw new Error('must be a list');
  return parsed.map((entry, at) => {
    const { recipients, triggers, selector = '' } = isDictionary(entry) ? entry : { recipients: 0 };
    const read = { recipients: textList(recipients), triggers: textList(triggers) };
    if (read.recipients === undefined) throw new Error(`[${at}].recipients: must be a list of texts`);
    if (read.triggers === undefined) throw new Error(`[${at}].triggers: must be a list of texts`);
    if (typeof selector !== 'string') throw new Error(`[${at}].selector: must be a text`);
    try {
      return { recipients: read.recipients, triggers: read.triggers, selector: parseLabelSelector(selector) };
    } catch (error) {
      if (error instanceof SelectorError) throw new Error(`[${at}].selector: ${error.message}`, { cause: error });
      throw error;
    }
  });
}
