export { type BuiltinKind, type BuiltinSubresource, builtinCatalog, type Catalog } from './catalog.ts';
export { type Conformed, type ConformOptions, conform } from './conform.ts';
export { ApplyConflict, type ApplyInput, type Conflict, serverSideApply, type TrackInput, trackUpdate } from './field-ownership.ts';
export { type FieldProblem, type FieldProblemType, formatProblem, formatProblemBody, problemReason } from './field-problem.ts';
export { jsonPatch } from './json-patch.ts';
export { mergePatch } from './merge-patch.ts';
export { PatchError } from './patch-error.ts';
export type { GroupVersionKind, Rule, Schema } from './schema.ts';
export { strategicMergePatch } from './strategic-merge.ts';
