/** The part of @sluice/kube that following objects needs: the connection pool and caches. */
export { createInformer, httpTransport, ownerIndex, ownerIndexName, silentLogger } from '@sluice/kube';
