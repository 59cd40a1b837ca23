import type { AnalysisArgument, AnalysisTemplate, AnalysisTemplateSpec, Metric } from '@sluice/api';
import { describe, expect, it } from 'vitest';
import { buildRunSpec, effectiveCount, flattenTemplates, isSameRunSpec, type TemplateLookup } from './run-spec.ts';

const metric = (name: string): Metric => ({ name, provider: { web: { url: 'http://metrics' } } });

function lookup(
  templates: Readonly<Record<string, AnalysisTemplateSpec>>,
  clusterTemplates: Readonly<Record<string, AnalysisTemplateSpec>> = {},
): TemplateLookup {
  const find = (all: Readonly<Record<string, AnalysisTemplateSpec>>, name: string): AnalysisTemplate | undefined =>
    Object.hasOwn(all, name)
      ? { apiVersion: 'argoproj.io/v1alpha1', kind: 'AnalysisTemplate', metadata: { name }, spec: all[name] ?? {} }
      : undefined;
  return { template: (name) => find(templates, name), clusterTemplate: (name) => find(clusterTemplates, name) };
}

const names = (...all: string[]) => all.map((templateName) => ({ templateName }));

describe('flattening templates', () => {
  it('takes namespaced templates before cluster ones, each once, nested ones after the one that names them', () => {
    const found = flattenTemplates(
      [{ templateName: 'wide', clusterScope: true }, ...names('a', 'b')],
      lookup(
        {
          a: { metrics: [metric('a')], templates: names('c') },
          b: { metrics: [metric('b')], templates: names('c') },
          c: { metrics: [metric('c')] },
        },
        { wide: { metrics: [metric('wide')], templates: names('b') } },
      ),
    );
    expect(found.ok && found.value.metrics?.map(({ name }) => name)).toEqual(['b', 'c', 'a', 'wide']);
  });

  it.each([
    ['itself', { a: { templates: names('a') } }, 'a -> a'],
    [
      'itself through others',
      { a: { templates: names('b') }, b: { templates: names('c') }, c: { templates: names('a') } },
      'a -> b -> c -> a',
    ],
  ])('ends with a problem when a template includes %s', (_, templates, path) => {
    expect(flattenTemplates(names('a'), lookup(templates))).toEqual({
      ok: false,
      problem: { kind: 'merge', message: `analysis template 'a' includes itself: ${path}` },
    });
  });

  it('walks a lattice of templates in which paths are many, not one by one', () => {
    const rows = 40;
    const templates: Record<string, AnalysisTemplateSpec> = {};
    for (let row = 0; row < rows; row++)
      for (const side of ['l', 'r'])
        templates[`${side}${row}`] = { templates: row === rows - 1 ? [] : names(`l${row + 1}`, `r${row + 1}`) };
    expect(flattenTemplates(names('l0'), lookup(templates)).ok).toBe(true);
  });

  it.each([
    ['a template that is not there', names('x'), {}, 'AnalysisTemplate', false, false],
    ['a nested one that is not there', names('a'), { a: { templates: names('x') } }, 'AnalysisTemplate', true, false],
    ['a cluster template that is not there', [{ templateName: 'x', clusterScope: true }], {}, 'ClusterAnalysisTemplate', false, true],
  ])('names %s', (_, references, templates, kind, isNested, clusterScope) => {
    expect(flattenTemplates(references, lookup(templates))).toEqual({
      ok: false,
      problem: { kind: 'not-found', name: 'x', clusterScope, isNested, message: `${kind} 'x' not found` },
    });
  });

  it.each([
    ['metrics', { metrics: [metric('m')] }, { metrics: [metric('m')] }, "two metrics have the same name 'm'"],
    [
      'dry-run rules',
      { dryRun: [{ metricName: 'm' }] },
      { dryRun: [{ metricName: 'm' }] },
      "two Dry-Run metric rules have the same name 'm'",
    ],
    [
      'retention rules',
      { measurementRetention: [{ metricName: 'm', limit: 1 }] },
      { measurementRetention: [{ metricName: 'm', limit: 2 }] },
      "two Measurement Retention metric rules have the same name 'm'",
    ],
    [
      'values of an argument',
      { args: [{ name: 'x', value: '1' }] },
      { args: [{ name: 'x', value: '2' }] },
      "Argument `x` specified multiple times with different values: '1', '2'",
    ],
  ])('refuses two %s of one name', (_, a, b, message) => {
    expect(flattenTemplates(names('a', 'b'), lookup({ a, b }))).toEqual({ ok: false, problem: { kind: 'merge', message } });
  });

  it.each<[string, AnalysisArgument, AnalysisArgument, AnalysisArgument]>([
    ['a value over none', { name: 'x', value: '1' }, { name: 'x' }, { name: 'x', value: '1' }],
    ['a later value over none', { name: 'x' }, { name: 'x', value: '1' }, { name: 'x', value: '1' }],
    [
      'the later one where the former has no value',
      { name: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } },
      { name: 'x' },
      { name: 'x' },
    ],
    ['the same value twice', { name: 'x', value: '1' }, { name: 'x', value: '1' }, { name: 'x', value: '1' }],
  ])('keeps of an argument that two templates declare: %s', (_, first, second, kept) => {
    const found = flattenTemplates(names('a', 'b'), lookup({ a: { args: [first] }, b: { args: [second] } }));
    expect(found.ok && found.value.args).toEqual([kept]);
  });
});

describe('building the spec of a run', () => {
  const template = { metrics: [metric('m')], args: [{ name: 'x' }, { name: 'y', value: 'default' }], dryRun: [{ metricName: 'm' }] };

  it('fills in what the caller gives, drops what nobody declares, leaves out empty lists', () => {
    const args = [
      { name: 'x', value: '1' },
      { name: 'undeclared', value: '2' },
    ];
    expect(buildRunSpec({ templates: names('a'), args, dryRun: [{ metricName: 'n' }] }, lookup({ a: template }))).toEqual({
      ok: true,
      value: {
        metrics: [metric('m')],
        args: [
          { name: 'x', value: '1' },
          { name: 'y', value: 'default' },
        ],
        dryRun: [{ metricName: 'n' }, { metricName: 'm' }],
      },
    });
  });

  it('says which argument has no value', () => {
    expect(buildRunSpec({ templates: names('a'), args: [] }, lookup({ a: template }))).toEqual({
      ok: false,
      problem: { kind: 'merge', message: 'args.x was not resolved' },
    });
  });

  it('refuses a rule that both the caller and a template have', () => {
    const request = { templates: names('a'), args: [{ name: 'x', value: '1' }], dryRun: [{ metricName: 'm' }] };
    expect(buildRunSpec(request, lookup({ a: template }))).toMatchObject({
      problem: { message: "two Dry-Run metric rules have the same name 'm'" },
    });
  });

  it('compares metrics, rules and arguments of two specs, and nothing else', () => {
    const spec = { metrics: [metric('m')], args: [{ name: 'x', value: '1' }] };
    const reordered = { args: [{ value: '1', name: 'x' }], dryRun: [], terminate: true, metrics: [metric('m')] };
    expect(isSameRunSpec(spec, reordered)).toBe(true);
    expect(isSameRunSpec(spec, { ...spec, args: [{ name: 'x', value: '2' }] })).toBe(false);
    expect(isSameRunSpec(spec, { ...spec, metrics: [metric('n')] })).toBe(false);
  });
});

describe('how many measurements a metric takes', () => {
  it.each([
    [{}, 1],
    [{ interval: '5s' }, undefined],
    [{ count: 0, interval: '5s' }, undefined],
    [{ count: 0 }, 1],
    [{ count: 3, interval: '5s' }, 3],
    [{ count: '3', interval: '5s' }, 3],
    [{ count: 'many' }, 1],
  ])('%j: %s', (fields, count) => {
    expect(effectiveCount(fields)).toBe(count);
  });
});
