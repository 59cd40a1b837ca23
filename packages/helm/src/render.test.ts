import { describe, expect, it } from 'vitest';
import { imagesOf, parseRender, usesAppVersion } from './render.ts';

const stream = `---
# Source: web/templates/a.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  text: |
    a
    --- not a line of its own
---
# Source: web/templates/empty.yaml
---
# Source: web/templates/list.yaml
apiVersion: v1
kind: List
items:
  - { apiVersion: v1, kind: Service, metadata: { name: web } }
---
# Source: web/templates/test.yaml
apiVersion: v1
kind: Pod
metadata: { name: web-test, annotations: { helm.sh/hook: test } }
spec: { containers: [{ name: t, image: "curl:8" }] }
`;

describe('the render', () => {
  it('becomes objects, hooks apart, each with the template it came from', () => {
    const render = parseRender(stream);
    expect(render.objects.map(({ object, source }) => `${object.kind} ${source}`)).toEqual([
      'ConfigMap web/templates/a.yaml',
      'Service web/templates/list.yaml',
    ]);
    expect(render.hooks.map(({ object }) => object.metadata.name)).toEqual(['web-test']);
  });

  const bad: readonly (readonly [name: string, text: string, message: RegExp])[] = [
    [
      'twice the same object',
      `${stream}---\n# Source: web/templates/b.yaml\napiVersion: v1\nkind: Service\nmetadata: {name: web}\n`,
      /^the chart renders Service web twice: in web\/templates\/list.yaml and in web\/templates\/b.yaml$/,
    ],
    [
      'no kind',
      '---\n# Source: web/templates/b.yaml\napiVersion: v1\nmetadata: {name: a}\n',
      /^web\/templates\/b.yaml: kind: is required$/,
    ],
    [
      'no name',
      '---\n# Source: web/templates/b.yaml\napiVersion: v1\nkind: Pod\nmetadata: {}\n',
      /^web\/templates\/b.yaml: Pod: metadata.name: is required$/,
    ],
    ['broken YAML', '---\n# Source: web/templates/b.yaml\na: [\n', /^web\/templates\/b.yaml: not YAML: /],
  ];
  for (const [name, text, message] of bad) {
    it(`refuses ${name}`, () => expect(() => parseRender(text)).toThrow(message));
  }

  it('finds the new version in an image tag or digest, never in a part of one', () => {
    const images = imagesOf(parseRender(stream).hooks);
    expect(images).toEqual(['curl:8']);
    expect(usesAppVersion(['host:5000/web:1.2.3@sha256:ab'], '1.2.3')).toBe(true);
    expect(usesAppVersion(['web:1.2.3_build'], '1.2.3+build')).toBe(true);
    expect(usesAppVersion(['web@sha256:ab'], 'sha256:ab')).toBe(true);
    expect(usesAppVersion(['web:1.2.30', 'host:1.2.3/web'], '1.2.3')).toBe(false);
  });
});
