/** Quantities in the one form that a real server answers with. */
import { canonicalQuantity } from '@sluice/api';
import { type Fields, fieldsOf } from './fields.ts';

/** Rewrites a map of quantities in place: `1024Mi` becomes `1Gi`, `0.5` becomes `500m`. */
export function canonicalResources(object: Fields, field: string): void {
  const list = object[field];
  if (typeof list !== 'object' || list === null) return;
  object[field] = Object.fromEntries(Object.entries(fieldsOf(list)).map(([name, amount]) => [name, canonical(amount)]));
}

function canonical(amount: unknown): unknown {
  return typeof amount === 'string' || typeof amount === 'number' ? (canonicalQuantity(amount) ?? amount) : amount;
}
