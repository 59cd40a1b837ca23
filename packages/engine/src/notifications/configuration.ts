/**
 * The ConfigMap `argo-rollouts-notification-configmap` and its Secret, read into services, templates, triggers and subscriptions. What is
 * wrong with one key is a problem of that key: the others work on, where upstream would send nothing at all.
 *
 * @see argoproj/notifications-engine pkg/api/config.go
 */
import { isDictionary, textList } from './records.ts';
import { type DefaultTriggers, type GlobalSubscription, type ParseYaml, readGlobalSubscriptions } from './subscriptions.ts';
import { type NotificationTemplate, readNotificationTemplate } from './templates.ts';
import { readTrigger, type TriggerCondition } from './triggers.ts';

export const notificationConfigMap = 'argo-rollouts-notification-configmap';
export const notificationSecret = 'argo-rollouts-notification-secret';

/** `key` is that of the ConfigMap: `template.rollout-updated`. */
export type ConfigurationProblem = { readonly key: string; readonly problem: string };

export type ConfiguredService = {
  readonly type: string;
  /** As written, with `$key` filled in from the Secret: never log or show it. */
  readonly options: unknown;
};

export type NotificationConfiguration = {
  readonly services: ReadonlyMap<string, ConfiguredService>;
  readonly templates: ReadonlyMap<string, NotificationTemplate>;
  readonly triggers: ReadonlyMap<string, readonly TriggerCondition[]>;
  readonly subscriptions: readonly GlobalSubscription[];
  readonly defaults: DefaultTriggers;
  /** Values that templates see as `.context`. */
  readonly context: unknown;
  /** Values of the Secret, which templates see as `.secrets`. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly problems: readonly ConfigurationProblem[];
};

/**
 * @param data - of the ConfigMap
 * @param secrets - of the Secret, decoded; empty where there is none
 */
export function readNotificationConfiguration(
  data: Readonly<Record<string, string>>,
  secrets: Readonly<Record<string, string>>,
  parseYaml: ParseYaml,
): NotificationConfiguration {
  const services = new Map<string, ConfiguredService>();
  const templates = new Map<string, NotificationTemplate>();
  const triggers = new Map<string, readonly TriggerCondition[]>();
  const ofService = new Map<string, readonly string[]>();
  const problems: ConfigurationProblem[] = [];
  let subscriptions: readonly GlobalSubscription[] = [];
  let ofAll: readonly string[] = [];
  let context: unknown = {};

  const names = (parsed: unknown): readonly string[] => textList(parsed) ?? fail('must be a list of triggers');
  const take = (key: string, text: string): void => {
    const [kind = '', ...rest] = key.split('.');
    const name = rest.join('.');
    switch (kind) {
      case 'template':
        templates.set(name, readNotificationTemplate(parseYaml(text)));
        break;
      case 'trigger':
        triggers.set(name, readTrigger(parseYaml(text)));
        break;
      case 'service': {
        const [type = '', own = type] = rest;
        if (type === '' || rest.length > 2) fail(`invalid service key; expected 'service.<type>(.<name>)' but got '${key}'`);
        const missing = new Set<string>();
        services.set(own, { type, options: filledIn(parseYaml(text), secrets, missing) });
        for (const secret of missing) problems.push({ key, problem: `refers to $${secret}, which the Secret does not have` });
        break;
      }
      case 'defaultTriggers':
        if (rest.length === 0) ofAll = names(parseYaml(text));
        else ofService.set(name, names(parseYaml(text)));
        break;
      case 'subscriptions':
        if (rest.length === 0) subscriptions = readGlobalSubscriptions(parseYaml(text));
        break;
      case 'context':
        if (rest.length === 0) context = parseYaml(text) ?? {};
        break;
      default:
    }
  };

  for (const key of Object.keys(data).sort()) {
    try {
      take(key, data[key] ?? '');
    } catch (error) {
      // Parsers quote what they stumble over, which a secret written in place may be.
      problems.push({ key, problem: error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'cannot be read' });
    }
  }
  return { services, templates, triggers, subscriptions, defaults: { ofAll, ofService }, context, secrets, problems };
}

function fail(problem: string): never {
  throw new Error(problem);
}

/** Texts with `$key` replaced by the values of the Secret; what it does not have stays as it is. */
function filledIn(value: unknown, secrets: Readonly<Record<string, string>>, missing: Set<string>): unknown {
  if (typeof value === 'string') {
    return value.replace(/\$[\w-]+/g, (reference) => {
      const key = reference.slice(1);
      if (Object.hasOwn(secrets, key)) return secrets[key] ?? '';
      missing.add(key);
      return reference;
    });
  }
  if (Array.isArray(value)) return value.map((item) => filledIn(item, secrets, missing));
  if (!isDictionary(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filledIn(item, secrets, missing)]));
}
