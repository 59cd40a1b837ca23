export { createAccess } from './access.ts';
