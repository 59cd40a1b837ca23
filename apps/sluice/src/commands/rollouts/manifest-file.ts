/**
 * Files of manifests as upstream's plugin reads them: YAML or JSON, strictly. A field that its kind does not have is an error in the
 * words of Go's decoder, which users know.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { crds, type KubeObject, parseApiVersion } from '@sluice/api';
import { builtinCatalog, conform, parseYaml, type Schema } from '@sluice/schema';
import type { Io } from '../../io.ts';

/** How a text was written: Go's two decoders word their errors differently. */
type Form = 'json' | 'yaml';

export type Manifest = { readonly object: KubeObject; readonly form: Form };

/** @throws Error in Go's words for a file that cannot be read */
async function readText(io: Pick<Io, 'workingDir'>, path: string): Promise<string> {
  try {
    return await readFile(resolve(io.workingDir, path), 'utf8');
  } catch (error) {
    const { code = '' } = error as { code?: string };
    const [verb, reason] = {
      ENOENT: ['open', 'no such file or directory'],
      EACCES: ['open', 'permission denied'],
      EISDIR: ['read', 'is a directory'],
    }[code] ?? ['open', code];
    throw new Error(`${verb} ${path}: ${reason}`, { cause: error });
  }
}

/** The first document of a file: what `create` takes. @throws Error */
export async function readManifest(io: Pick<Io, 'workingDir'>, path: string): Promise<Manifest> {
  const text = await readText(io, path);
  const form: Form = text.trimStart().startsWith('{') ? 'json' : 'yaml';
  const value = form === 'json' ? (JSON.parse(text) as unknown) : parseYaml(text)[0];
  return { object: asObject(value, form), form };
}

/** Every document of a file that holds anything: what `lint` takes. @throws Error */
export async function readManifests(io: Pick<Io, 'workingDir'>, path: string): Promise<readonly Manifest[]> {
  const documents = parseYaml(await readText(io, path)).filter((value) => value !== null && value !== undefined);
  return documents.map((value) => ({ object: asObject(value, 'yaml'), form: 'yaml' }));
}

function asObject(value: unknown, form: Form): KubeObject {
  const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Partial<KubeObject>) : undefined;
  if (typeof fields?.kind === 'string' && fields.kind !== '') return { ...fields, metadata: fields.metadata ?? {} } as KubeObject;
  throw new Error(worded(`Object 'Kind' is missing in '${JSON.stringify(value ?? null)}'`, form));
}

/** @throws Error for a field that the kind does not have, or a value of another type; kinds that are not known here pass */
export function checkStrictly({ object, form }: Manifest): void {
  const schema = schemaOf(object);
  if (schema === undefined) return;
  const { unknownFields, problems } = conform(schema, object, { prune: true, defaults: false, validate: true });
  const mistyped = problems.find(({ type }) => type === 'TypeInvalid');
  if (mistyped !== undefined) throw new Error(worded(mistyped.decoding ?? `${mistyped.path}: ${mistyped.detail}`, form));
  const [unknown] = unknownFields;
  if (unknown !== undefined) throw new Error(worded(`json: unknown field ${JSON.stringify(lastName(unknown))}`, form));
}

function worded(text: string, form: Form): string {
  return form === 'json' ? text : `error unmarshaling JSON: while decoding JSON: ${text}`;
}

/** `spec.containers[0].foo` and `metadata.x["a.b"]`: Go names only the last of it. */
function lastName(path: string): string {
  const quoted = /\["?([^"\]]*)"?\]$/.exec(path);
  return quoted?.[1] ?? path.slice(path.lastIndexOf('.') + 1);
}

function schemaOf({ apiVersion, kind }: KubeObject): Schema | undefined {
  const { group, version } = parseApiVersion(apiVersion ?? '');
  for (const definition of crds()) {
    const { spec } = definition as unknown as Definition;
    if (spec.group !== group || spec.names.kind !== kind) continue;
    return spec.versions.find(({ name }) => name === version)?.schema.openAPIV3Schema;
  }
  return builtinCatalog().schemaOf(group, version, kind);
}

type Definition = {
  readonly spec: {
    readonly group: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly { readonly name: string; readonly schema: { readonly openAPIV3Schema: Schema } }[];
  };
};
