/** The part of @sluice/kube that following objects needs: the connection pool and caches. */
export { createInformer, httpTransport, silentLogger } from '@sluice/kube';
