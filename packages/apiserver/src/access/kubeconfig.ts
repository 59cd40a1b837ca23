/** The administrator's kubeconfig as text. JSON is YAML, but people read this file, so it is laid out as kubectl would write it. */
import type { KeyPair } from './certificates.ts';

/** @param server - URL; for plain `http:` the credentials are left out, since clients send none over it */
export function kubeconfigText(server: string, authorityPem: string, administrator: KeyPair): string {
  const inline = (pem: string): string => Buffer.from(pem, 'utf8').toString('base64');
  const isSecure = server.startsWith('https:');
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    '- cluster:',
    ...(isSecure ? [`    certificate-authority-data: ${inline(authorityPem)}`] : []),
    `    server: ${server}`,
    '  name: sluice',
    'contexts:',
    '- context:',
    '    cluster: sluice',
    '    namespace: default',
    '    user: kubernetes-admin',
    '  name: sluice',
    'current-context: sluice',
    'preferences: {}',
    'users:',
    '- name: kubernetes-admin',
    ...(isSecure
      ? [
          '  user:',
          `    client-certificate-data: ${inline(administrator.certificatePem)}`,
          `    client-key-data: ${inline(administrator.keyPem)}`,
        ]
      : ['  user: {}']),
    '',
  ].join('\n');
}
