/**
 * Turns a structure that Kubernetes publishes into the schema that controller-gen would write for it in a CRD: references resolved,
 * quantities and int-or-string spelled out, patch hints dropped, and four places left open as upstream leaves them open.
 */
import type { Catalog } from '@sluice/schema';
import type { Schema } from './outline.ts';

const quantityPattern =
  '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$';
const intOrString: Schema = { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true };
const leaves: Readonly<Record<string, Schema>> = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': { ...intOrString, pattern: quantityPattern },
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': intOrString,
  'io.k8s.apimachinery.pkg.apis.meta.v1.Time': { type: 'string', format: 'date-time' },
};

/**
 * Free-form: their checks would cost more than they bring, and the API server checks them again in the ReplicaSet. The resources of
 * a whole pod are not among them (they are called `PodResourceRequirements` here).
 */
const open: ReadonlySet<string> = new Set(['ResourceRequirements.limits', 'ResourceRequirements.requests', 'PodSpec.volumes']);

/** References that are replaced as a whole although Kubernetes does not publish that. */
const atomic: ReadonlySet<string> = new Set(['ConfigMapEnvSource', 'SecretEnvSource']);

const kept = ['type', 'format', 'x-kubernetes-list-type', 'x-kubernetes-list-map-keys', 'x-kubernetes-map-type'] as const;

export function structureOf(catalog: Catalog, name: string, user = ''): Schema {
  const leaf = leaves[name];
  if (leaf !== undefined) return leaf;
  const definition = catalog.definition(name);
  if (definition === undefined) throw new Error(`the catalog has no ${name}`);
  return convert(catalog, definition as Schema, user + name.slice(name.lastIndexOf('.') + 1));
}

function convert(catalog: Catalog, source: Schema, owner: string, user = ''): Schema {
  const reference = source.$ref;
  const out: Schema = typeof reference === 'string' ? { ...structureOf(catalog, reference.slice('#/definitions/'.length), user) } : {};
  if (atomic.has(owner) && source.properties !== undefined) out['x-kubernetes-map-type'] = 'atomic';
  for (const key of kept) if (source[key] !== undefined) out[key] = source[key];
  if (Array.isArray(source.required)) out.required = [...(source.required as string[])].sort();
  if (source.properties !== undefined) {
    out.properties = Object.fromEntries(
      Object.entries(source.properties as Record<string, Schema>).map(([field, schema]) => {
        if (open.has(`${owner}.${field}`)) return [field, { 'x-kubernetes-preserve-unknown-fields': true }];
        // A default of a required field is Go's zero value; those of the others are meant.
        const isRequired = Array.isArray(source.required) && source.required.includes(field);
        const isMeant = !isRequired && schema.default !== undefined && typeof schema.default !== 'object';
        const user = owner === 'PodSpec' && field === 'resources' ? 'Pod' : '';
        return [field, { ...convert(catalog, schema, owner, user), ...(isMeant ? { default: schema.default } : {}) }];
      }),
    );
  }
  if (source.items !== undefined) out.items = convert(catalog, source.items as Schema, owner);
  if (source.additionalProperties !== undefined) {
    out.additionalProperties = convert(catalog, source.additionalProperties as Schema, owner);
  }
  return out;
}
