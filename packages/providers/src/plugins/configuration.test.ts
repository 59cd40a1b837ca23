import { describe, expect, it } from 'vitest';
import { pluginFile, readPluginConfiguration } from './configuration.ts';
import { pluginEnvironment } from './environment.ts';

const sum = '1234567890'.repeat(6).concat('1234');

describe('argo-rollouts-config', () => {
  it('lists plugins of three kinds', () => {
    const data = {
      trafficRouterPlugins:
        '- name: argoproj-labs/gatewayAPI\n  location: https://example.org/plugin\n  headersFrom:\n  - secretRef:\n      name: token\n',
      metricProviderPlugins: `- {"name": "a/metric", "location": "file:///plugin", "sha256": ${sum}, "args": ["--port", 8080]}`,
      stepPlugins: `- name: a/step\n  location: file:///plugin\n  disabled: true\n- name: a/other\n  location: file:///plugin\n  sha256:\n  args: null\n`,
    };
    const plain = { sha256: '', args: [], headersFrom: [], isDisabled: false, location: 'file:///plugin' };
    expect(readPluginConfiguration(data)).toEqual({
      ok: true,
      plugins: [
        { ...plain, kind: 'traffic', name: 'argoproj-labs/gatewayAPI', location: 'https://example.org/plugin', headersFrom: ['token'] },
        { ...plain, kind: 'metric', name: 'a/metric', sha256: sum, args: ['--port', '8080'] },
        { ...plain, kind: 'step', name: 'a/step', isDisabled: true },
        { ...plain, kind: 'step', name: 'a/other' },
      ],
    });
  });

  it.each([undefined, {}, { stepPlugins: '' }, { stepPlugins: '# none\n' }, { stepPlugins: '[]' }, { other: 'x' }])(
    'may list none: %j',
    (data) => {
      expect(readPluginConfiguration(data)).toEqual({ ok: true, plugins: [] });
    },
  );

  it('keeps disabled for steps', () => {
    const entry = '- {name: a/b, location: "file:///x", disabled: true}';
    expect(readPluginConfiguration({ metricProviderPlugins: entry })).toMatchObject({ plugins: [{ isDisabled: false }] });
  });

  it.each([
    ['stepPlugins', '- {name: a/b', /^failed to unmarshal step plugins while initializing: ./],
    ['metricProviderPlugins', 'name: a/b', /^failed to unmarshal metric provider plugins while initializing: a list is wanted$/],
    ['trafficRouterPlugins', '- a/b', /^failed to unmarshal traffic router plugins while initializing: entry 1: an object is wanted$/],
    ['stepPlugins', '- {name: [a/b]}', /entry 1: name is to be text$/],
    ['stepPlugins', '- {name: a/b, args: x}', /entry 1: args is to be a list$/],
    ['stepPlugins', '- {name: a/b, args: [{}]}', /entry 1: args are to be text$/],
    ['stepPlugins', '- {name: a/b, disabled: maybe}', /entry 1: disabled is to be true or false$/],
    ['stepPlugins', '- {name: a/b, headersFrom: [{secretRef: {}}]}', /entry 1: headersFrom is to name a secret in secretRef.name$/],
    ['stepPlugins', '- {name: a/b}\n- {name: a/b}', /plugin a\/b is configured twice$/],
    [
      'stepPlugins',
      '- {name: nobody}',
      /^validation of config due to \(plugin repository \(nobody\) must be in the format of <namespace>\/<name>\)$/,
    ],
    ['stepPlugins', '- {location: x}', /plugin repository \(\) must be/],
  ])('is told of when it cannot be read: %s %s', (key, text, problem) => {
    const result = readPluginConfiguration({ [key]: text });
    expect(result.ok ? '' : result.problem).toMatch(problem);
  });

  it.each(['a/..', 'a/.', '../b', 'a/b/c', '/b', 'a/', 'a b/c', 'a/b\n'])('has no name that leaves its folder: %j', (name) => {
    expect(pluginFile(name)).toBeUndefined();
  });
});

describe('the environment of a plugin', () => {
  const environment = { PATH: '/bin', KUBERNETES_SERVICE_HOST: '10.0.0.1', AWS_SECRET_ACCESS_KEY: 's', OWN: 'x', GONE: undefined };

  it('is what it needs and what is named', () => {
    expect(pluginEnvironment(environment)).toEqual({ PATH: '/bin', KUBERNETES_SERVICE_HOST: '10.0.0.1' });
    expect(pluginEnvironment({ ...environment, SLUICE_PLUGIN_ENVIRONMENT: 'OWN, GONE' })).toEqual({
      PATH: '/bin',
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
      OWN: 'x',
    });
    expect(pluginEnvironment({ ...environment, SLUICE_PLUGIN_ENVIRONMENT: '*' })).toMatchObject({ AWS_SECRET_ACCESS_KEY: 's', OWN: 'x' });
  });
});
