/** The flags of kubectl that say which cluster, as whom. They may stand before or after a subcommand. */
import type { Command } from 'commander';

export type ConnectionFlags = {
  readonly namespace?: string;
  readonly context?: string;
  readonly kubeconfig?: string;
  readonly cluster?: string;
  readonly user?: string;
  readonly server?: string;
  readonly token?: string;
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly asUid?: string;
  readonly certificateAuthority?: string;
  readonly clientCertificate?: string;
  readonly clientKey?: string;
  readonly insecureSkipTlsVerify?: boolean;
  readonly tlsServerName?: string;
  readonly disableCompression?: boolean;
  readonly requestTimeout?: string;
};

export function addConnectionFlags(command: Command): Command {
  const collect = (value: string, earlier: readonly string[] | undefined): readonly string[] => [...(earlier ?? []), ...value.split(',')];
  return command
    .optionsGroup('Connection:')
    .option('-n, --namespace <name>', 'If present, the namespace scope for this CLI request')
    .option('--context <name>', 'The name of the kubeconfig context to use')
    .option('--kubeconfig <path>', 'Path to the kubeconfig file to use for CLI requests.')
    .option('--cluster <name>', 'The name of the kubeconfig cluster to use')
    .option('--user <name>', 'The name of the kubeconfig user to use')
    .option('-s, --server <url>', 'The address and port of the Kubernetes API server')
    .option('--token <token>', 'Bearer token for authentication to the API server')
    .option('--as <user>', 'Username to impersonate for the operation.')
    .option('--as-group <group>', 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups.', collect)
    .option('--as-uid <uid>', 'UID to impersonate for the operation.')
    .option('--certificate-authority <path>', 'Path to a cert file for the certificate authority')
    .option('--client-certificate <path>', 'Path to a client certificate file for TLS')
    .option('--client-key <path>', 'Path to a client key file for TLS')
    .option('--insecure-skip-tls-verify', "If true, the server's certificate will not be checked for validity.")
    .option('--tls-server-name <name>', 'Server name to use for server certificate validation.')
    .option('--disable-compression', 'If true, opt-out of response compression for all requests to the server')
    .option('--request-timeout <duration>', 'The length of time to wait before giving up on a single server request.')
    .option('--cache-dir <path>', 'Accepted and not used: nothing is cached')
    .option('-v, --kloglevel <level>', 'Accepted and not used')
    .option('--loglevel <level>', 'Accepted and not used')
    .optionsGroup('Options:');
}
