/**
 * What a plugin sees of the controller's environment. Upstream hands all of it on; here it is what a program needs to find its way
 * (paths, proxies, certificates, the cluster), and what the operator names.
 */

const passed: ReadonlySet<string> = new Set([
  ...[
    'PATH',
    'HOME',
    'TMPDIR',
    'TZ',
    'LANG',
    'LC_ALL',
    'HOSTNAME',
    'KUBECONFIG',
    'POD_NAME',
    'POD_NAMESPACE',
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
  ],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'],
  ...['KUBERNETES_SERVICE_HOST', 'KUBERNETES_SERVICE_PORT', 'KUBERNETES_SERVICE_PORT_HTTPS'],
]);

/**
 * The variables that plugins get, out of the controller's. `SLUICE_PLUGIN_ENVIRONMENT` names further ones, with commas in between; `*` stands
 * for all, as upstream has it.
 */
export function pluginEnvironment(environment: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  const more = (environment.SLUICE_PLUGIN_ENVIRONMENT ?? '').split(',').map((name) => name.trim());
  const isPassed = (name: string): boolean => passed.has(name) || more.includes(name) || more.includes('*');
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined && isPassed(entry[0])),
  );
}
