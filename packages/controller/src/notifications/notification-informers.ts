/** Caches of the objects that notifications are configured with. They are made apart from the sender, and belong to the caller. */
import type { Clock, KubeObject } from '@sluice/api';
import { notificationConfigMap, notificationSecret } from '@sluice/engine';
import { builtinTypes, type Client, createInformer, type Informer, type Logger } from '@sluice/kube';

export type ConfigMapObject = KubeObject & { readonly data?: Readonly<Record<string, string>> };
/** Values are base64. */
export type SecretObject = KubeObject & { readonly data?: Readonly<Record<string, string>> };

export type NotificationInformers = {
  readonly configMaps: readonly Informer<ConfigMapObject>[];
  readonly secrets: readonly Informer<SecretObject>[];
};

export type NotificationInformersOptions = {
  readonly client: Client;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  /** Where the controller runs. */
  readonly controllerNamespace: string;
  /** `--self-service-notification-enabled`: also those of the namespaces that the controller looks after. */
  readonly isSelfService: boolean;
  /** The only namespace that the controller looks after; all when absent. */
  readonly namespace?: string | undefined;
};

/**
 * Begins to fill them. The caller stops them, and may wait for `synced` but need not: without the right to read Secrets it would wait for
 * ever, and what is not there yet configures nothing.
 */
export function createNotificationInformers(options: NotificationInformersOptions): NotificationInformers {
  const { client, clock, random, logger, controllerNamespace, isSelfService, namespace } = options;
  const places: readonly (string | undefined)[] = !isSelfService
    ? [controllerNamespace]
    : namespace === undefined
      ? [undefined]
      : [...new Set([controllerNamespace, namespace])];
  const of = <T extends KubeObject>(type: typeof builtinTypes.secrets, name: string): readonly Informer<T>[] =>
    places.map((place) =>
      createInformer<T>({ client, clock, random, logger, type, namespace: place, fieldSelector: `metadata.name=${name}` }),
    );
  return { configMaps: of(builtinTypes.configMaps, notificationConfigMap), secrets: of(builtinTypes.secrets, notificationSecret) };
}
