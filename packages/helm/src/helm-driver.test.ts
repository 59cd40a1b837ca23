import { describe, expect, it } from 'vitest';
import { failureText, helmLine, rollbackArguments, templateArguments, uninstallArguments, upgradeArguments } from './helm-driver.ts';

const chart = { release: 'web', namespace: 'prod', chart: '/c', valuesFiles: ['/a.yaml', '/b.json'] };

describe('what helm is told', () => {
  it('waits for hooks only: said aloud to helm 4, the absence of a flag to helm 3', () => {
    const options = { ...chart, timeoutMs: 90_000, createNamespace: true };
    const common = 'upgrade web /c --install --reset-values --namespace prod --values /a.yaml --values /b.json --create-namespace';
    expect(upgradeArguments(4, options).join(' ')).toBe(`${common} --wait=hookOnly --timeout 90s --hide-notes`);
    expect(upgradeArguments(3, options).join(' ')).toBe(`${common} --timeout 90s --hide-notes`);
    const at = { release: 'web', namespace: 'prod', timeoutMs: 1_500 };
    expect(rollbackArguments(4, { ...at, revision: 3 }).join(' ')).toBe('rollback web 3 --namespace prod --wait=hookOnly --timeout 2s');
    expect(uninstallArguments(3, at).join(' ')).toBe('uninstall web --namespace prod --ignore-not-found --timeout 2s');
  });

  it('renders for the cluster at hand', () => {
    expect(
      templateArguments({ ...chart, kubeVersion: 'v1.34.3', apiVersions: ['v1', 'apps/v1/Deployment'], isUpgrade: true }).join(' '),
    ).toBe(
      'template web /c --namespace prod --values /a.yaml --values /b.json --include-crds --is-upgrade --kube-version v1.34.3 --api-versions v1,apps/v1/Deployment',
    );
  });

  it('knows its line, and says when it is another', () => {
    expect([helmLine('v3.19.0'), helmLine('v4.1.4')]).toEqual([3, 4]);
    expect(() => helmLine('v2.17.0')).toThrow('helm v2.17.0 is not supported; use helm 3 or helm 4');
  });

  it('is quoted without its prefixes and warnings', () => {
    expect(
      failureText(
        'WARNING: loose file mode\nError: UPGRADE FAILED: "web" has no\n  deployed releases\n\nUse --debug flag to render out invalid YAML\n',
      ),
    ).toBe('UPGRADE FAILED: "web" has no deployed releases');
    expect(failureText('')).toBe('no message');
  });
});
