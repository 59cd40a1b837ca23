/** The kubeconfig that helm gets: made from our own view of the cluster, one context, so both talk to the same server as the same user. */
import { writeFile } from 'node:fs/promises';
import type { ClusterConfig } from '@sluice/kube';

/** Writes it as a file that only the user can read. The caller removes it. */
export async function writeHelmKubeconfig(path: string, config: ClusterConfig): Promise<void> {
  await writeFile(path, JSON.stringify(helmKubeconfig(config)), { mode: 0o600, flag: 'wx' });
}

/** JSON is YAML, and needs no library. */
export function helmKubeconfig(config: ClusterConfig): Readonly<Record<string, unknown>> {
  const { credentials } = config;
  const { exec, impersonate } = credentials;
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'sluice',
    contexts: [{ name: 'sluice', context: { cluster: 'sluice', user: 'sluice', namespace: config.namespace } }],
    clusters: [
      {
        name: 'sluice',
        cluster: {
          server: config.server,
          // Go refuses a certificate authority together with no verification.
          ...(config.certificateAuthority === undefined || config.insecureSkipTlsVerify
            ? {}
            : { 'certificate-authority-data': base64(config.certificateAuthority) }),
          ...(config.insecureSkipTlsVerify ? { 'insecure-skip-tls-verify': true } : {}),
          ...(config.tlsServerName === undefined ? {} : { 'tls-server-name': config.tlsServerName }),
          ...(config.disableCompression ? { 'disable-compression': true } : {}),
        },
      },
    ],
    users: [
      {
        name: 'sluice',
        user: {
          ...(credentials.clientCertificate === undefined ? {} : { 'client-certificate-data': base64(credentials.clientCertificate) }),
          ...(credentials.clientKey === undefined ? {} : { 'client-key-data': base64(credentials.clientKey) }),
          ...(credentials.tokenFile === undefined ? {} : { tokenFile: credentials.tokenFile }),
          ...(credentials.token === undefined ? {} : { token: credentials.token }),
          ...(exec === undefined
            ? {}
            : {
                exec: {
                  apiVersion: exec.apiVersion,
                  command: exec.command,
                  args: exec.args,
                  env: Object.entries(exec.env).map(([name, value]) => ({ name, value })),
                  ...(exec.installHint === undefined ? {} : { installHint: exec.installHint }),
                  provideClusterInfo: exec.provideClusterInfo,
                  interactiveMode: exec.interactiveMode === 'Always' ? 'Always' : 'Never',
                },
              }),
          ...(impersonate === undefined
            ? {}
            : {
                as: impersonate.user,
                ...(impersonate.uid === undefined ? {} : { 'as-uid': impersonate.uid }),
                'as-groups': impersonate.groups,
                'as-user-extra': impersonate.extra,
              }),
        },
      },
    ],
  };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
