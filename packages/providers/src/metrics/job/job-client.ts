/** The client for Jobs that run in another cluster than the controller's. */
import { homedir } from 'node:os';
import { type Client, createClient, httpTransport, loadKubeconfig } from '@sluice/kube';

/**
 * The cluster that `ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG` names (a file, or `in-cluster` for the pod's own); `undefined` if it is not set.
 * The caller closes it.
 *
 * @throws KubeconfigError if the file cannot be used
 */
export function analysisJobClient(
  environment: Readonly<Record<string, string | undefined>>,
  homeDir: string = homedir(),
): Client | undefined {
  const kubeconfig = environment.ARGO_ROLLOUTS_ANALYSIS_JOB_KUBECONFIG ?? '';
  if (kubeconfig === '') return undefined;
  // Without KUBECONFIG and a home there is only the service account left to be found.
  const env = { ...environment, KUBECONFIG: undefined };
  const config =
    kubeconfig === 'in-cluster'
      ? loadKubeconfig({ env, homeDir: '/nonexistent' })
      : loadKubeconfig({ kubeconfig, env: environment, homeDir });
  return createClient(httpTransport(config, { userAgent: 'sluice-analysis-jobs' }), { fieldManager: 'rollouts-controller' });
}
