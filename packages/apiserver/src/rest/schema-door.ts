import * as door from '@sluice/schema';

const parts = door as unknown as Record<string, unknown>;
export const validateRules = (parts.validateRules ?? (() => [])) as (
  schema: door.Schema,
  object: unknown,
  old?: unknown,
) => door.FieldProblem[];
export const compileCrdSchema = (parts.compileCrdSchema ?? ((schema: door.Schema) => ({ ok: true, schema }))) as (
  schema: unknown,
) => { ok: true; schema: door.Schema } | { ok: false; problems: door.FieldProblem[] };
