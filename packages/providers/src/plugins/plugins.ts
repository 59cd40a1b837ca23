/**
 * All plugins of a controller by kind and name. A plugin is a process that is started when it is first used; `stop` ends them all. Begin
 * reading at `createPlugins`.
 */
import type { Clock, MetricProvider } from '@sluice/api';
import type { MetricSource, PluginRouter, StepPlugins } from '@sluice/engine';
import type { Logger } from '@sluice/kube';
import { errorTextOf } from './answers.ts';
import { pluginPath } from './binaries.ts';
import type { ConfiguredPlugin } from './configuration.ts';
import { type CallPlugin, metricPluginSource } from './metric-plugin.ts';
import { messageOf, type PluginKind, type PluginLimits, type PluginProcess, pluginProcess } from './process.ts';
import { stepPlugins } from './step-plugin.ts';
import { pluginRouter } from './traffic-plugin.ts';

export type PluginsOptions = {
  readonly configured: readonly ConfiguredPlugin[];
  /** Where `installPlugins` has put the programs. */
  readonly folder: string;
  /** What plugins see of the environment; see `pluginEnvironment`. */
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits?: Partial<PluginLimits>;
};

export type Plugins = {
  /** For a metric whose provider is a plugin. Never throws: a plugin that is not there fails the calls. */
  readonly metricSource: (provider: MetricProvider) => MetricSource;
  /** For a name in `trafficRouting.plugins`. */
  router(name: string): PluginRouter;
  readonly steps: StepPlugins;
  /** Ends all processes and keeps new ones from starting. Never throws. */
  stop(): Promise<void>;
};

const nothing = { kind: 'nil interface' } as const;

export function createPlugins(options: PluginsOptions): Plugins {
  const { configured, folder, environment, clock, logger, limits } = options;
  const processes = new Map<string, PluginProcess>();

  function find(kind: PluginKind, name: string): ConfiguredPlugin | undefined {
    return configured.find((plugin) => plugin.kind === kind && plugin.name === name);
  }

  function processOf(kind: PluginKind, name: string): PluginProcess {
    const key = `${kind} ${name}`;
    const known = processes.get(key);
    if (known !== undefined) return known;
    const plugin = find(kind, name);
    if (plugin === undefined) throw new Error(`unable to find plugin (${name}): plugin ${name} not configured in configmap`);
    const made = pluginProcess({
      name,
      kind,
      path: pluginPath(folder, name),
      args: plugin.args,
      environment,
      clock,
      logger: logger.with({ kind }),
      ...(limits === undefined ? {} : { limits }),
      initialize: async (calls, { callMs }) => {
        let problem: string;
        try {
          problem = errorTextOf(await calls.call('Plugin.InitPlugin', nothing, callMs));
        } catch (failed) {
          problem = `InitPlugin rpc call error: ${messageOf(failed)}`;
        }
        if (problem !== '') throw new Error(`unable to initialize plugin via rpc (${name}): ${problem}`);
      },
    });
    processes.set(key, made);
    return made;
  }

  /** A plugin as a function: one call of one method. */
  function caller(kind: PluginKind, name: string): CallPlugin {
    return async () => {
      try {
        const process = processOf(kind, name);
        const calls = await process.use();
        return async (method, argument = nothing) => {
          try {
            return await calls.call(`Plugin.${method}`, argument, process.limits.callMs);
          } catch (problem) {
            throw new Error(`${method} rpc call error: ${messageOf(problem)}`, { cause: problem });
          }
        };
      } catch (problem) {
        throw new Error(`unable to start plugin system: ${messageOf(problem)}`, { cause: problem });
      }
    };
  }

  return {
    metricSource: (provider) => metricPluginSource((name) => caller('metric', name), provider),
    router: (name) => pluginRouter(name, caller('traffic', name)),
    steps: stepPlugins({
      isDisabled: (name) => find('step', name)?.isDisabled === true,
      callerOf: (name) => caller('step', name),
      clock,
    }),
    stop: async () => {
      await Promise.all([...processes.values()].map((process) => process.stop()));
    },
  };
}
