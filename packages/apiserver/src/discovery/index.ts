export { createDiscovery } from './discovery.ts';
export { createTables } from './tables/tables.ts';
