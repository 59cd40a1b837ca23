import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHelmDriver, type DeployOutcome, type DeployRequest, deploy, writeHelmKubeconfig } from '@sluice/helm';
import { silentLogger } from '@sluice/kube';
import { connect } from '../../cluster-access.ts';
import { type Io, usesColor } from '../../io.ts';
import { requireTool } from '../../tools.ts';
import type { DeployOptions } from './index.ts';
import { outcomeText } from './outcome-text.ts';
import { createReport } from './report.ts';

/** @returns the exit code */
export async function runDeploy(service: string, options: DeployOptions, io: Io): Promise<number> {
  const { client, config, namespace } = connect(options, io);
  const helm = await requireTool('helm', io);
  const kubeconfig = join(tmpdir(), `sluice-${randomUUID()}.kubeconfig`);
  const color = usesColor(io, io.out, !options.color);
  const report = createReport({ output: io.out, color, clock: io.clock });
  const request: DeployRequest = {
    release: service,
    namespace,
    chart: { folder: options.chart },
    valuesFiles: options.values,
    set: options.set,
    ...(options.appVersion === undefined ? {} : { appVersion: options.appVersion }),
    timeoutMs: options.timeout,
    rollbackOnFailure: options.rollbackOnFailure,
  };
  // Nobody sits before a pipe to promote: a pause that needs a person ends the call there.
  const until = io.out.isTerminal && options.wait ? options.until : 'paused';
  let outcome: DeployOutcome;
  try {
    await writeHelmKubeconfig(kubeconfig, config);
    outcome = await deploy(request, until, {
      client,
      helm: await createHelmDriver({ binary: helm.path, kubeconfig, env: io.env }),
      clock: io.clock,
      random: io.random,
      logger: silentLogger,
      onProgress: (progress) => report.tell(progress),
      signal: io.signal,
    });
  } finally {
    report.close();
    await rm(kubeconfig, { force: true });
    await client.close();
  }
  const text = outcomeText(service, outcome, options.until);
  io.out.write(text.out);
  io.err.write(text.err);
  return text.exitCode;
}
