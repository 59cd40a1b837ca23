/** `sluice up`: a cluster on this machine. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Io } from '../../io.ts';
import { portFlag } from '../server/index.ts';

export type UpOptions = {
  readonly dir?: string;
  readonly port: number;
  readonly serverPort?: number;
  readonly fresh: boolean;
  readonly rules?: string;
  readonly verbose: boolean;
};

export function registerUp(program: Command, io: Io): void {
  program
    .command('up')
    .description('start a cluster here: a Kubernetes API, the built-in controllers with simulated pods, and the rollouts controller')
    .option('--dir <dir>', 'folder of its data and of its kubeconfig (default: ~/.sluice)', folderFlag)
    .option('--port <number>', 'port of the Kubernetes API; 0 takes a free one', portFlag, 7443)
    .option('--server-port <number>', 'port of the HTTP API (default: one above --port where that is free)', portFlag)
    .option('--fresh', 'forget what an earlier run stored', false)
    .option('--rules <file>', 'YAML file that says how pods live; see docs/reference/pod-rules.md')
    .option('-v, --verbose', 'log what the controllers do', false)
    .addHelpText(
      'after',
      `
Examples:
  sluice up
  sluice up --dir ./cluster --port 0 --fresh
  sluice up --rules slow-images.yaml
`,
    )
    .action(async (options: UpOptions) => {
      const { runUp } = await import('./run.ts');
      io.exitCode = await runUp(options, io);
    });
}

function folderFlag(text: string): string {
  if (text === '') throw new InvalidArgumentError('Give a folder.');
  return text;
}
