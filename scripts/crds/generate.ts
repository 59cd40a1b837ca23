/**
 * Writes packages/api/src/crds.data.json: the five CustomResourceDefinitions, from the outlines in fields.ts and, for pods and Jobs,
 * from the structures that Kubernetes itself publishes (the catalog of @sluice/schema). Run: npx tsx scripts/crds/generate.ts
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { builtinCatalog } from '@sluice/schema';
import { kinds, parts } from './fields.ts';
import { readOutline, type Schema } from './outline.ts';
import { structureOf } from './pod-structure.ts';

const selector = structureOf(builtinCatalog(), 'io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector');
const podSpec = structureOf(builtinCatalog(), 'io.k8s.api.core.v1.PodSpec');
const jobSpec = structureOf(builtinCatalog(), 'io.k8s.api.batch.v1.JobSpec');

/** Stands for the pod spec, which the data file holds once. */
const podSpecMark: Schema = { $podSpec: true };

const metadata: Schema = readOutline(parts.Metadata ?? '', named);
const podTemplate: Schema = { type: 'object', properties: { metadata, spec: podSpecMark } };

const ready: Readonly<Record<string, Schema>> = {
  LabelSelector: selector,
  ImmutableSelector: {
    ...selector,
    'x-kubernetes-validations': [{ message: '.spec.selector is immutable', rule: 'self == oldSelf' }],
  },
  PodTemplate: podTemplate,
  JobSpec: {
    ...jobSpec,
    properties: { ...(jobSpec.properties as Record<string, Schema>), template: podTemplate },
  },
};

function named(name: string): Schema {
  const schema = ready[name];
  if (schema !== undefined) return schema;
  const outline = parts[name];
  if (outline === undefined) throw new Error(`no part is called ${name}`);
  return readOutline(outline, named);
}

const definitions = kinds.map(({ kind, plural, shortName, scope, description, spec, status, columns, subresources }) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.argoproj.io` },
  spec: {
    group: 'argoproj.io',
    names: { kind, listKind: `${kind}List`, plural, shortNames: [shortName], singular: kind.toLowerCase() },
    scope,
    versions: [
      {
        name: 'v1alpha1',
        served: true,
        storage: true,
        additionalPrinterColumns: columns,
        subresources,
        schema: {
          openAPIV3Schema: {
            description,
            type: 'object',
            required: ['spec'],
            properties: {
              apiVersion: { type: 'string' },
              kind: { type: 'string' },
              metadata: { type: 'object' },
              spec: readOutline(spec, named),
              ...(status === undefined ? {} : { status: readOutline(status, named) }),
            },
          },
        },
      },
    ],
  },
}));

const target = fileURLToPath(new URL('../../packages/api/src/crds.data.json', import.meta.url));
// As text: a program that never asks for them does not pay for parsing them.
writeFileSync(target, `${JSON.stringify({ text: JSON.stringify({ podSpec, definitions }) })}\n`);
