/** Programs of other people that the controller calls: read from the ConfigMap once at the start, fetched, checked, and started when first used. */
import { isStatusError, type KubeObject } from '@sluice/api';
import { builtinTypes, type Client, type Logger } from '@sluice/kube';
import { createPlugins, installPlugins, type Plugins, pluginEnvironment, readPluginConfiguration, readSecret } from '@sluice/providers';
import { UserError } from './exit-codes.ts';
import type { Io } from './io.ts';

/** As upstream names it, in the controller's namespace. */
const configMapName = 'argo-rollouts-config';

/**
 * @param folder - where the programs are kept
 * @throws UserError when the configuration is wrong or a program cannot be had: as upstream, the controller then does not start
 */
export async function rolloutsPlugins(
  client: Client,
  namespace: string,
  folder: string,
  logger: Logger,
  io: Pick<Io, 'env' | 'clock'>,
): Promise<Plugins> {
  const configuration = readPluginConfiguration(await configMapData(client, namespace));
  const where = `ConfigMap ${namespace}/${configMapName}`;
  if (!configuration.ok) throw new UserError(`${where}: ${configuration.problem}`);
  const configured = configuration.plugins;
  try {
    await installPlugins(configured, { folder, logger, readSecret: (name) => readSecret(client, namespace, name) });
  } catch (error) {
    throw new UserError(`${where}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  return createPlugins({ configured, folder, environment: pluginEnvironment(io.env), clock: io.clock, logger });
}

async function configMapData(client: Client, namespace: string): Promise<Readonly<Record<string, string>> | undefined> {
  try {
    const found = await client.get<KubeObject & { data?: Readonly<Record<string, string>> }>(builtinTypes.configMaps, {
      namespace,
      name: configMapName,
    });
    return found.data;
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return undefined;
    throw error;
  }
}
