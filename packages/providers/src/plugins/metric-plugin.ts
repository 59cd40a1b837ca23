/**
 * A metric plugin as a source of measurements. A plugin judges for itself: conditions do not apply to what it found.
 *
 * @see argoproj/argo-rollouts metricproviders/plugin
 */
import type { AnalysisPhase, Measurement, MetricProvider } from '@sluice/api';
import type { MetricQuestion, MetricReading, MetricSource } from '@sluice/engine';
import { errorTextOf, instantOf, structOf, textMap, textOf } from './answers.ts';
import type { GobMessage } from './gob/encoder.ts';
import type { GobValue } from './gob/types.ts';
import { messageOf } from './process.ts';
import { argumentOf } from './shapes/argo.ts';

/** Makes sure that a plugin lives, and gives a function that calls its methods; both throw what upstream says. */
export type CallPlugin = () => Promise<(method: string, argument?: GobMessage) => Promise<GobValue>>;

/** @param callerOf - the plugin of a name */
export function metricPluginSource(callerOf: (name: string) => CallPlugin, { plugin = {} }: MetricProvider): MetricSource {
  const [name = ''] = Object.keys(plugin);
  const connect = callerOf(name);

  async function use(): ReturnType<CallPlugin> {
    try {
      return await connect();
    } catch (problem) {
      throw new Error(`failed to create plugin: unable to get metric plugin: ${messageOf(problem)}`, { cause: problem });
    }
  }

  async function ask(method: 'Run' | 'Resume' | 'Terminate', { run, metric }: MetricQuestion, of?: Measurement): Promise<MetricReading> {
    const call = await use();
    const subject = { AnalysisRun: run, Metric: metric };
    const argument =
      of === undefined ? argumentOf('RunArgs', subject) : argumentOf('TerminateAndResumeArgs', { ...subject, Measurement: of });
    const reading = readMeasurement(await call(method, argument));
    if (reading.phase !== 'Error') return reading;
    return { ...reading, message: `failed to ${method.toLowerCase()} via plugin: ${reading.message ?? ''}` };
  }

  return {
    type: 'RPCPlugin',
    metadata: async ({ metric }) => {
      const call = await use();
      const found = textMap(await call('GetMetadata', argumentOf('GetMetadataArgs', { Metric: metric })));
      const { error } = found;
      return error === undefined || error === '' ? found : { ...found, error: `failed to get metadata via plugin: ${error}` };
    },
    measure: (question) => ask('Run', question),
    resume: (question, measurement) => ask('Resume', question, measurement),
    terminate: (question, measurement) => ask('Terminate', question, measurement),
    collectGarbage: async ({ run, metric }, keep) => {
      const call = await use();
      const argument = argumentOf('GarbageCollectArgs', { AnalysisRun: run, Metric: metric, Limit: keep });
      const problem = errorTextOf(await call('GarbageCollect', argument));
      if (problem !== '') throw new Error(`failed to garbage collect via plugin: ${problem}`);
    },
  };
}

/** The phase is the plugin's word; the engine holds it to the known ones. */
function readMeasurement(value: GobValue): Extract<MetricReading, { kind: 'verdict' }> {
  const measurement = structOf(value, 'a measurement');
  const message = textOf(measurement.Message);
  const resumeAt = instantOf(measurement.ResumeAt);
  return {
    kind: 'verdict',
    phase: textOf(measurement.Phase) as AnalysisPhase,
    value: textOf(measurement.Value),
    ...(message === '' ? {} : { message }),
    ...(resumeAt === undefined ? {} : { resumeAt }),
    metadata: textMap(measurement.Metadata),
  };
}
