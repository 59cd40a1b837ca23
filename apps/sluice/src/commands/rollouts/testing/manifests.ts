/** Manifests for the commands that read files, and the files. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KubeObject, Metric } from '@sluice/api';

/** A folder for the files of one test file. Texts are written as they are, objects as JSON, which is YAML. */
export function manifestFolder(): { file(name: string, ...documents: readonly unknown[]): string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-plugin-'));
  return {
    file: (name, ...documents) => {
      const path = join(folder, name);
      writeFileSync(path, documents.map((one) => (typeof one === 'string' ? one : JSON.stringify(one, null, 2))).join('\n---\n'));
      return path;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const apiVersion = 'argoproj.io/v1alpha1';
const podTemplate = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };
export const rollout = (spec: object = {}, metadata: object = {}): KubeObject => ({
  apiVersion,
  kind: 'Rollout',
  metadata: { name: 'web', ...metadata },
  spec: { selector: { matchLabels: { app: 'web' } }, template: podTemplate, strategy: { canary: {} }, ...spec },
});
export const experiment = (): KubeObject => ({
  apiVersion,
  kind: 'Experiment',
  metadata: { name: 'trial', namespace: 'default' },
  spec: {
    duration: '10m',
    templates: [{ name: 'a', selector: { matchLabels: { app: 'web' } }, template: podTemplate }],
  },
});
export const metric = (name: string): Metric => ({ name, provider: { web: { url: 'http://{{args.host}}' } } });
export const template = (kind: string, name: string, spec: object): KubeObject => ({ apiVersion, kind, metadata: { name }, spec });
