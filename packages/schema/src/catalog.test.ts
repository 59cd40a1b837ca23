import { describe, expect, it } from 'vitest';
import { builtinCatalog, type Schema } from './index.ts';

const catalog = builtinCatalog();

describe('the catalog', () => {
  it('knows how a kind is served', () => {
    const { verbs, subresources, ...kind } = catalog.find('apps', 'v1', 'Deployment') ?? { verbs: [], subresources: [] };
    expect(kind).toEqual({
      group: 'apps',
      version: 'v1',
      kind: 'Deployment',
      resource: 'deployments',
      singular: 'deployment',
      namespaced: true,
      shortNames: ['deploy'],
      categories: ['all'],
    });
    expect(verbs).toContain('watch');
    expect(subresources.map(({ name, kind: sub, group }) => `${name} ${group}/${sub}`)).toEqual([
      'scale autoscaling/Scale',
      'status apps/Deployment',
    ]);
  });

  it('has a schema for every kind it serves, and none of custom kinds', () => {
    expect(catalog.kinds.filter(({ group, version, kind }) => catalog.schemaOf(group, version, kind) === undefined)).toEqual([]);
    expect(catalog.definitionNames().filter((name) => !name.startsWith('io.k8s.'))).toEqual([]);
  });

  it('resolves references to a graph, with what stands beside a reference', () => {
    const spec = catalog.schemaOf('apps', 'v1', 'Deployment')?.properties?.spec;
    expect(spec?.properties?.strategy).toMatchObject({ 'x-kubernetes-patch-strategy': 'retainKeys', goType: 'v1.DeploymentStrategy' });
    const ports = spec?.properties?.template?.properties?.spec?.properties?.containers?.items?.properties?.ports;
    expect(ports).toMatchObject({
      'x-kubernetes-list-map-keys': ['containerPort', 'protocol'],
      'x-kubernetes-patch-merge-key': 'containerPort',
    });
    expect(ports?.items?.properties?.protocol).toMatchObject({ default: 'TCP', enum: ['SCTP', 'TCP', 'UDP'] });
  });

  it('closes the circle of JSONSchemaProps', () => {
    const props = catalog.schemaNamed('io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps') as Schema;
    expect(props.properties?.not).toBe(props);
    expect(props.properties?.properties?.additionalProperties).toBe(props);
  });

  it('publishes definitions with their references', () => {
    const name = catalog.definitionNameOf('apps', 'v1', 'Deployment') ?? '';
    expect(name).toBe('io.k8s.api.apps.v1.Deployment');
    expect(catalog.definition(name)).toMatchObject({
      type: 'object',
      properties: { spec: { $ref: '#/definitions/io.k8s.api.apps.v1.DeploymentSpec' } },
      'x-kubernetes-group-version-kind': [{ group: 'apps', kind: 'Deployment', version: 'v1' }],
    });
    expect(catalog.definition('io.k8s.apimachinery.pkg.util.intstr.IntOrString')).toEqual({ type: 'string', format: 'int-or-string' });
  });
});
