export { createDiscovery, kubernetesRelease } from './discovery.ts';
export { createTables } from './tables/tables.ts';
