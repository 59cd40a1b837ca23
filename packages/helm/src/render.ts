/** From the stream of documents that helm prints to objects with an identity. Pure. */
import { apiVersionOf, type KubeObject, parseApiVersion } from '@sluice/api';
import { parseYaml } from '@sluice/schema';
import { DeliveryProblem } from './problem.ts';

/** One object of the render. `source` is the template it came from. */
export type RenderedObject = { readonly object: KubeObject; readonly source: string };

export type Render = {
  /** What the release manages, in helm's order of kinds. */
  readonly objects: readonly RenderedObject[];
  /** Objects that helm runs at moments of the release (`helm.sh/hook`); not part of the manifest. */
  readonly hooks: readonly RenderedObject[];
};

const hookAnnotation = 'helm.sh/hook';

/**
 * Splits helm's output. Documents of kind `List` are expanded, empty ones left out.
 *
 * @throws DeliveryProblem RENDER_FAILED for a document that is not YAML, OBJECT_INVALID for one that is not an object, DUPLICATE_OBJECT
 */
export function parseRender(text: string): Render {
  const objects: RenderedObject[] = [];
  const hooks: RenderedObject[] = [];
  const seen = new Map<string, string>();
  for (const document of splitDocuments(text)) {
    for (const rendered of documentObjects(document)) {
      const isHook = rendered.object.metadata.annotations?.[hookAnnotation] !== undefined;
      if (!isHook) {
        const key = identityOf(rendered.object);
        const other = seen.get(key);
        if (other !== undefined) {
          throw new DeliveryProblem(
            'DUPLICATE_OBJECT',
            `the chart renders ${describe(rendered.object)} twice: in ${other} and in ${rendered.source}`,
          );
        }
        seen.set(key, rendered.source);
      }
      (isHook ? hooks : objects).push(rendered);
    }
  }
  return { objects, hooks };
}

/** Two objects with the same identity are the same object, whatever version they are written in. */
export function identityOf(object: KubeObject): string {
  const { group } = parseApiVersion(object.apiVersion);
  return `${group}/${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name ?? ''}`;
}

/** `Deployment web` or `Service web in prod`: for sentences. */
export function describe(object: KubeObject): string {
  const { name, namespace } = object.metadata;
  return `${object.kind} ${name ?? '(no name)'}${namespace === undefined || namespace === '' ? '' : ` in ${namespace}`}`;
}

type Document = { readonly text: string; readonly source: string };

/** Splits at lines `---`; each part of helm's stream opens with `# Source: <chart path>`. */
function splitDocuments(text: string): readonly Document[] {
  let source = '(unknown template)';
  return text.split(/^---[ \t]*\r?$/m).flatMap((part) => {
    const named = /^# Source: (.+)$/m.exec(part)?.[1];
    if (named !== undefined) source = named.trim();
    return part.replaceAll(/^\s*#.*$/gm, '').trim() === '' ? [] : [{ text: part, source }];
  });
}

function documentObjects(document: Document): readonly RenderedObject[] {
  let parsed: readonly unknown[];
  try {
    parsed = parseYaml(document.text);
  } catch (cause) {
    throw new DeliveryProblem('RENDER_FAILED', `${document.source}: not YAML: ${(cause as Error).message}`, undefined, { cause });
  }
  return parsed.flatMap((value) => (value === null || value === undefined ? [] : expand(value, document.source)));
}

function expand(value: unknown, source: string): readonly RenderedObject[] {
  const object = value as Partial<KubeObject> & { readonly items?: unknown };
  if (typeof value !== 'object' || Array.isArray(value)) throw invalid(source, 'must be an object');
  if (typeof object.kind !== 'string' || object.kind === '') throw invalid(source, 'kind: is required');
  if (typeof object.apiVersion !== 'string' || object.apiVersion === '') throw invalid(source, 'apiVersion: is required');
  if (object.kind.endsWith('List') && Array.isArray(object.items)) return object.items.flatMap((item: unknown) => expand(item, source));
  const { name, generateName } = (object.metadata ?? {}) as { name?: unknown; generateName?: unknown };
  if (typeof name !== 'string' && typeof generateName !== 'string') throw invalid(source, `${object.kind}: metadata.name: is required`);
  const { group, version } = parseApiVersion(object.apiVersion);
  return [{ object: { ...(object as KubeObject), apiVersion: apiVersionOf({ group, version }) }, source }];
}

function invalid(source: string, what: string): DeliveryProblem {
  return new DeliveryProblem('OBJECT_INVALID', `${source}: ${what}`);
}

type Container = { readonly name?: string; readonly image?: string };

/** All container images of pod templates and pods in the render, hooks left out. */
export function imagesOf(objects: readonly RenderedObject[]): readonly string[] {
  return objects.flatMap(({ object }) => podSpecsIn(object).flatMap((spec) => containersIn(spec).flatMap(({ image }) => image ?? [])));
}

/** True when at least one image has this tag or digest; `+`, which no tag can have, may be written as `_` or `-`. */
export function usesAppVersion(images: readonly string[], appVersion: string): boolean {
  const wanted = [appVersion, appVersion.replaceAll('+', '_'), appVersion.replaceAll('+', '-')];
  return images.some((image) => {
    const [reference = '', digest] = image.split('@');
    const tag = /:([^:/]+)$/.exec(reference)?.[1];
    return (tag !== undefined && wanted.includes(tag)) || digest === appVersion;
  });
}

function podSpecsIn(value: unknown): readonly Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap(podSpecsIn);
  const map = value as Record<string, unknown>;
  if (Array.isArray(map.containers)) return [map];
  return Object.values(map).flatMap(podSpecsIn);
}

function containersIn(spec: Record<string, unknown>): readonly Container[] {
  return [spec.containers, spec.initContainers].flatMap((list) => (Array.isArray(list) ? (list as readonly Container[]) : []));
}
