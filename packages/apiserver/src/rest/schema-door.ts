import * as door from '@sluice/schema';

type Any = Record<string, unknown>;
const parts = door as unknown as Any;
export class NoConflict extends Error {
  readonly conflicts: readonly { manager: string; field: string; message: string }[] = [];
}
export const ApplyConflict = (parts.ApplyConflict ?? NoConflict) as typeof NoConflict;
export const trackUpdate = (parts.trackUpdate ?? ((i: any) => i.live?.metadata.managedFields ?? [])) as (input: Any) => readonly any[];
export const serverSideApply = (parts.serverSideApply ?? ((i: any) => door.mergePatch(i.live, i.applied))) as (input: Any) => any;
export const parseYaml = (parts.parseYaml ?? ((t: string) => [JSON.parse(t)])) as (text: string) => unknown[];
export const validateRules = (parts.validateRules ?? (() => [])) as (s: any, o: unknown, old?: unknown) => door.FieldProblem[];
export const compileCrdSchema = (parts.compileCrdSchema ?? ((s: any) => ({ ok: true, schema: s }))) as (
  s: unknown,
) => { ok: true; schema: door.Schema } | { ok: false; problems: door.FieldProblem[] };
export const toYaml = (parts.toYaml ?? ((v: unknown) => JSON.stringify(v))) as (v: unknown) => string;
