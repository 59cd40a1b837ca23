export { createAccess, type ServerAccess } from './access.ts';
export { startDerivedWrites } from './derived-writes.ts';
export { forbidden } from './forbidden.ts';
