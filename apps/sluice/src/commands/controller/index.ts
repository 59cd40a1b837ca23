/** `sluice controller`: the rollouts controller, with upstream's names of flags. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../duration-flag.ts';
import type { Io } from '../../io.ts';
import { portFlag } from '../server/index.ts';

export type ControllerOptions = {
  readonly namespaced: boolean;
  readonly namespace?: string;
  readonly instanceId: string;
  readonly loglevel: 'debug' | 'info' | 'warn' | 'error';
  readonly logformat: 'text' | 'json';
  readonly metricsPort: number;
  readonly healthzPort: number;
  /** Seconds. */
  readonly rolloutResync: number;
  readonly rolloutThreads: number;
  readonly experimentThreads: number;
  readonly analysisThreads: number;
  readonly istioApiVersion: string;
  readonly ambassadorApiVersion: string;
  readonly trafficSplitApiVersion: string;
  readonly traefikApiVersion: string;
  readonly ingressApiVersion: string;
  readonly appmeshCrdVersion: string;
  readonly albIngressClasses?: readonly string[];
  readonly selfServiceNotificationEnabled: boolean;
  readonly qps: number;
  readonly burst: number;
  /** False with `--leader-elect=false`. */
  readonly leaderElect: boolean;
  /** Milliseconds. */
  readonly leaderElectionLeaseDuration: number;
  readonly leaderElectionRenewDeadline: number;
  readonly leaderElectionRetryPeriod: number;
  readonly kubeconfig?: string;
  readonly context?: string;
};

export function registerController(program: Command, io: Io): void {
  program
    .command('controller')
    .description('run the rollouts controller against any cluster, in it or from outside')
    .option('--namespaced', 'watch one namespace only', false)
    .option('-n, --namespace <name>', 'that namespace, and where the lease is')
    .option('--instance-id <id>', 'look only at objects with this controller-instance-id label', '')
    .addOption(new Option('--loglevel <level>', 'least severe lines to log').choices(['debug', 'info', 'warn', 'error']).default('info'))
    .addOption(new Option('--logformat <format>', 'form of log lines').choices(['text', 'json']).default('text'))
    .option('--metricsPort <port>', 'port of /metrics', portFlag, 8090)
    .option('--healthzPort <port>', 'port of /healthz', portFlag, 8080)
    .option('--rollout-resync <seconds>', 'how often every Rollout is looked at without a reason', threadsFlag, 900)
    .option('--rollout-threads <number>', 'Rollouts looked at side by side', threadsFlag, 10)
    .option('--experiment-threads <number>', 'Experiments looked at side by side', threadsFlag, 10)
    .option('--analysis-threads <number>', 'AnalysisRuns looked at side by side', threadsFlag, 30)
    .option('--istio-api-version <version>', 'version of VirtualServices and DestinationRules', 'v1alpha3')
    .option('--ambassador-api-version <version>', 'group and version of Mappings', 'getambassador.io/v2')
    .option('--traffic-split-api-version <version>', 'version of TrafficSplits', 'v1alpha1')
    .option('--traefik-api-version <version>', 'group and version of TraefikServices', 'traefik.io/v1alpha1')
    .option('--ingress-api-version <version>', 'extensions/v1beta1, or networking.k8s.io/v1 when empty', '')
    .option('--appmesh-crd-version <version>', 'version of VirtualRouters and VirtualNodes', 'v1beta2')
    .option('--self-service-notification-enabled', 'also read the notification configuration of each namespace', false)
    .option('--alb-ingress-classes <class>', 'classes of ALB Ingresses, may be repeated', repeated)
    .option('--qps <number>', 'calls to the API a second, 0 for no limit', numberFlag, 250)
    .option('--burst <number>', 'calls that may come at once', numberFlag, 500)
    .option('--leader-elect [boolean]', 'one of several leads, by a Lease', booleanFlag, true)
    .addOption(durationOption('--leader-election-lease-duration', 'how long a silent leader is respected', 15))
    .addOption(durationOption('--leader-election-renew-deadline', 'how long a leader tries to renew before it gives up', 10))
    .addOption(durationOption('--leader-election-retry-period', 'how often they try', 2))
    .option('--kubeconfig <file>', "kubeconfig to use; in a pod, the pod's account")
    .option('--context <name>', 'context of the kubeconfig')
    .addHelpText(
      'after',
      `
Examples:
  sluice controller
  sluice controller --namespaced -n team-a
  sluice controller --context staging --loglevel debug --logformat json
`,
    )
    .action(async (options: ControllerOptions) => {
      const { runController } = await import('./run.ts');
      io.exitCode = await runController(options, io);
    });
}

function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(',')];
}

function threadsFlag(text: string): number {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError('Write a number of at least 1.');
  return Number(text);
}

function durationOption(flag: string, description: string, defaultSeconds: number): Option {
  return new Option(`${flag} <duration>`, description).argParser(durationFlag).default(defaultSeconds * 1000, `${defaultSeconds}s`);
}

function numberFlag(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError('Write a number that is not negative.');
  return Number(text);
}

function booleanFlag(text: string): boolean {
  if (text !== 'true' && text !== 'false') throw new InvalidArgumentError('Write true or false.');
  return text === 'true';
}

function durationFlag(text: string): number {
  const milliseconds = parseDuration(text);
  if (milliseconds === undefined) throw new InvalidArgumentError('Write a duration such as 15s or 1m.');
  return milliseconds;
}
