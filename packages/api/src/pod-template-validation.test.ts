import { describe, expect, it } from 'vitest';
import { formatFieldError } from './field-error.ts';
import { defaultPodTemplate, podTemplatesEqual } from './pod-defaults.ts';
import { podTemplateJson } from './pod-template-shape.ts';
import { validatePodTemplate } from './pod-template-validation.ts';
import defaults from './testdata/pod-defaults.json' with { type: 'json' };
import refused from './testdata/pod-template-errors.json' with { type: 'json' };
import type { PodTemplateSpec } from './types/workloads.ts';

describe('validatePodTemplate', () => {
  const rows = refused as unknown as [string, PodTemplateSpec, string[]][];
  it.each(rows)('refuses %s in the words of a real API server', (_, template, messages) => {
    expect(validatePodTemplate('spec.template', template).map(formatFieldError)).toEqual(messages);
  });
});

describe('defaultPodTemplate', () => {
  const given = defaults.given as unknown as PodTemplateSpec;
  const stored = defaults.stored as unknown as PodTemplateSpec;

  it('fills in what a real API server stored', () => {
    expect(JSON.parse(podTemplateJson(defaultPodTemplate(given)))).toEqual(JSON.parse(podTemplateJson(stored)));
  });

  it('makes a template equal to its stored form, and to no other', () => {
    expect(podTemplatesEqual(given, stored)).toBe(true);
    expect(podTemplatesEqual(given, { ...stored, metadata: { labels: { a: 'c' } } })).toBe(false);
  });

  it('does not look at the deprecated serviceAccount, empty lists or the spelling of quantities', () => {
    const containers = [{ name: 'c', image: 'i', resources: { limits: { cpu: '1000m' } } }];
    const other = [{ name: 'c', image: 'i', env: [], resources: { limits: { cpu: 1 } } }];
    expect(
      podTemplatesEqual(
        { spec: { containers, serviceAccount: 'a', serviceAccountName: 'b' } },
        { spec: { containers: other, serviceAccountName: 'b' } },
      ),
    ).toBe(true);
  });
});
