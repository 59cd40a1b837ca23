/** `sluice server`: the HTTP listener against any cluster. */
import { type Command, InvalidArgumentError } from 'commander';
import type { Io } from '../../io.ts';

export type ServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
};

export function registerServer(program: Command, io: Io): void {
  program
    .command('server')
    .description('serve the HTTP API: one listener, one login, one audit log')
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--port <number>', 'port to listen on; 0 takes a free one', portFlag, 7480)
    .option('--token-file <file>', "where the token of this machine's user is; made when missing (default: ~/.sluice/server-token)")
    .option('--tls-cert <file>', 'certificate (PEM); needed beyond this machine')
    .option('--tls-key <file>', 'its key (PEM)')
    .option('--kubeconfig <file>', 'kubeconfig of the cluster that knows the other users')
    .option('--context <name>', 'context of the kubeconfig')
    .addHelpText(
      'after',
      `
Examples:
  sluice server
  curl -H "Authorization: Bearer $(cat ~/.sluice/server-token)" http://127.0.0.1:7480/version
  sluice server --host 0.0.0.0 --tls-cert tls.crt --tls-key tls.key
`,
    )
    .action(async (options: ServerOptions) => {
      const { runServer } = await import('./run.ts');
      io.exitCode = await runServer(options, io);
    });
}

/** For every flag that takes a port. */
export function portFlag(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('A port is a number from 0 to 65535.');
  return port;
}
