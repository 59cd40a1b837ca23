/** The part of @sluice/kube that one call needs: loaded on its own, without the connection pool. */
export { ConnectionError, createClient, loadKubeconfig } from '@sluice/kube';
