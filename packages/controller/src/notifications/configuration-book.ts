/** Configurations by namespace, read again when their objects change, with a notifier for each service. */
import {
  type NotificationConfiguration,
  type Notifier,
  type NotifierFactory,
  notificationConfigMap,
  notificationSecret,
  readNotificationConfiguration,
  withoutSecretValues,
} from '@sluice/engine';
import type { Informer, Logger } from '@sluice/kube';
import type { NotificationInformers } from './notification-informers.ts';
import { parseNotificationYaml } from './yaml.ts';

export type LoadedConfiguration = {
  /** Of the ConfigMap. */
  readonly namespace: string;
  readonly configuration: NotificationConfiguration;
  readonly notifiers: ReadonlyMap<string, Notifier>;
  /** What keeps a service from having a notifier. */
  readonly serviceProblems: ReadonlyMap<string, string>;
};

export type ConfigurationBookOptions = {
  readonly informers: NotificationInformers;
  readonly controllerNamespace: string;
  readonly isSelfService: boolean;
  readonly notifierFor: NotifierFactory;
  readonly logger: Logger;
};

export class ConfigurationBook {
  readonly #options: ConfigurationBookOptions;
  /** `undefined` where a namespace has none; absent where it has to be read. */
  readonly #loaded = new Map<string, LoadedConfiguration | undefined>();
  readonly #detach: readonly (() => void)[];

  constructor(options: ConfigurationBookOptions) {
    this.#options = options;
    const { configMaps, secrets } = options.informers;
    const outdated = ({ metadata }: { readonly metadata: { readonly namespace?: string } }): void => {
      this.#loaded.delete(metadata.namespace ?? '');
    };
    this.#detach = [...configMaps, ...secrets].map((informer) =>
      informer.addHandler({ added: outdated, updated: outdated, deleted: outdated }),
    );
  }

  stop(): void {
    for (const detach of this.#detach) detach();
    this.#loaded.clear();
  }

  /** Those that an event in a namespace goes by: the controller's, and with self-service the namespace's own. */
  forNamespace(namespace: string): readonly LoadedConfiguration[] {
    const { controllerNamespace, isSelfService } = this.#options;
    const places = isSelfService && namespace !== controllerNamespace ? [controllerNamespace, namespace] : [controllerNamespace];
    return places.flatMap((place) => this.#in(place) ?? []);
  }

  #in(namespace: string): LoadedConfiguration | undefined {
    if (!this.#loaded.has(namespace)) this.#loaded.set(namespace, this.#load(namespace));
    return this.#loaded.get(namespace);
  }

  #load(namespace: string): LoadedConfiguration | undefined {
    const { informers, notifierFor, logger } = this.#options;
    const configMap = find(informers.configMaps, `${namespace}/${notificationConfigMap}`);
    if (configMap === undefined) return undefined;
    const secrets = decoded(find(informers.secrets, `${namespace}/${notificationSecret}`)?.data ?? {});
    const configuration = readNotificationConfiguration(configMap.data ?? {}, secrets, parseNotificationYaml);
    const notifiers = new Map<string, Notifier>();
    const serviceProblems = new Map<string, string>();
    for (const [name, { type, options }] of configuration.services) {
      const made = notifierFor(type, options);
      if (made.ok) notifiers.set(name, made.notifier);
      else serviceProblems.set(name, made.problem);
    }
    const services = [...serviceProblems].map(([name, problem]) => ({ key: `service ${name}`, problem }));
    for (const { key, problem } of [...configuration.problems, ...services]) {
      logger.warn('notification configuration is wrong', { namespace, key, problem: withoutSecretValues(problem, Object.values(secrets)) });
    }
    return { namespace, configuration, notifiers, serviceProblems };
  }
}

function find<T extends { readonly data?: Readonly<Record<string, string>> }>(
  informers: readonly Pick<Informer, 'get'>[],
  key: string,
): T | undefined {
  for (const informer of informers) {
    const found = informer.get(key);
    if (found !== undefined) return found as unknown as T;
  }
  return undefined;
}

function decoded(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]));
}
