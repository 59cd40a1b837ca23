/** `sluice deploy`: flags to options. The work is in `run.ts`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../duration-flag.ts';
import type { Io } from '../../io.ts';

export type DeployOptions = {
  readonly chart: string;
  readonly namespace?: string;
  readonly values: readonly string[];
  readonly set: readonly string[];
  readonly appVersion?: string;
  /** Milliseconds. */
  readonly timeout: number;
  readonly rollbackOnFailure: boolean;
  readonly until: 'healthy' | 'paused';
  /** False with `--no-wait`. */
  readonly wait: boolean;
  readonly color: boolean;
  readonly kubeconfig?: string;
  readonly context?: string;
};

const examples = `
At a pause that only a person can end it waits on a terminal and shows the command that promotes. In a pipe, or with --no-wait, it ends
there with exit code 3, and the next call goes on. Time spent at such a pause does not count towards --timeout.

Examples:
  sluice deploy greeter --chart ./chart -n prod --app-version 1.8.2
  sluice deploy greeter --chart ./chart -n prod -f env/prod.yaml --set replicas=4 --rollback-on-failure
  sluice deploy greeter --chart ./chart -n prod -f env/prod.yaml --app-version 1.8.2 --until paused

Exit codes: 0 done, 1 failed, 2 usage or could not decide, 3 waits for a person, 130 cancelled.
`;

export function registerDeploy(program: Command, io: Io): void {
  const collect = (value: string, previous: readonly string[]): readonly string[] => [...previous, value];
  program
    .command('deploy')
    .description('deliver a Helm chart and wait until it is healthy, canaries included')
    .argument('<service>', 'name of the service; the release is called the same')
    .requiredOption('--chart <dir>', 'folder of the chart')
    .option('-n, --namespace <name>', "namespace; the kubeconfig context's by default, made when it is missing")
    .option('-f, --values <file>', 'values file; may be repeated, the last wins', collect, [])
    .option('--set <key=value>', 'one value, as helm reads it; may be repeated, wins over files', collect, [])
    .option('--app-version <version>', 'version of the artifact: the chart’s appVersion and the tag of its image')
    .addOption(new Option('--timeout <duration>', 'how long to wait for it to be healthy').argParser(durationFlag).default(300_000, '5m'))
    .option('--rollback-on-failure', 'abort its rollouts and put the last good revision back when it fails', false)
    .addOption(new Option('--until <state>', 'when to end').choices(['healthy', 'paused']).default('healthy'))
    .option('--no-wait', 'do not wait at a pause that only a person can end')
    .option('--no-color', 'no colour')
    .option('--kubeconfig <file>', 'kubeconfig to use')
    .option('--context <name>', 'context of the kubeconfig')
    .addHelpText('after', examples)
    .action(async (service: string, options: DeployOptions) => {
      const { runDeploy } = await import('./run.ts');
      io.exitCode = await runDeploy(service, options, io);
    });
}

function durationFlag(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new InvalidArgumentError('Write a duration such as 90s, 5m or 1h30m.');
  return milliseconds;
}
