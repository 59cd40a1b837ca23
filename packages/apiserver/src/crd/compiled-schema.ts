/** Schemas of definitions are compiled once each, however many requests, versions of the object and checks ask for them. */
import { compileCrdSchema, type FieldProblem, type Schema } from '@sluice/schema';

export type CompiledSchema =
  | { readonly ok: true; readonly schema: Schema }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] };

const compiled: WeakMap<object, CompiledSchema> = new WeakMap();

/** `undefined` when there is no schema. The source must never change, which holds for whatever is stored. */
export function compiledSchema(source: unknown): CompiledSchema | undefined {
  if (typeof source !== 'object' || source === null) return undefined;
  let result = compiled.get(source);
  if (result === undefined) {
    result = compileCrdSchema(source);
    compiled.set(source, result);
  }
  return result;
}
