/**
 * `/openapi/v2` and `/openapi/v3`. A document of a group version lives until one of its resources changes, so establishing one
 * definition rebuilds one document. Clients keep documents by the hash in the index, which is that of their bytes.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Catalog } from '@sluice/schema';
import type { ResourceRegistry, ServedResource, ServerRequest, ServerResponse } from '../../ports.ts';
import { answer, type Document, DocumentCache, toDocument } from '../documents-cache.ts';
import { type ServedGroup, servedGroups } from '../groups.ts';
import { collectSchemas } from './definitions.ts';
import { pathsOf } from './paths.ts';
import { encodeVersion2 } from './version2-protobuf.ts';

const json = 'application/json';
/** What clients ask for, and the same without the `@`, which no media type may have: that is also how a real server answers. */
const protobufTypes = [
  'application/com.github.proto-openapi.spec.v2@v1.0+protobuf',
  'application/com.github.proto-openapi.spec.v2.v1.0+protobuf',
];
const protobufAnswer = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
const security = { BearerToken: { type: 'apiKey', name: 'authorization', in: 'header' } };

export type OpenApiOptions = {
  readonly registry: ResourceRegistry;
  readonly catalog: () => Catalog;
  /** `1.34` */
  readonly release: string;
};

export interface OpenApi {
  /** Answers paths that begin with `/openapi/`; `undefined` for those that name nothing. */
  handle(request: ServerRequest): Promise<ServerResponse | undefined>;
}

type Section = { readonly base: string; readonly resources: readonly ServedResource[] };

export function createOpenApi(options: OpenApiOptions): OpenApi {
  const { registry, release } = options;
  const kept = new Map<string, { readonly resources: readonly ServedResource[]; readonly document: Document }>();
  const whole = new DocumentCache(registry);
  const info = { title: 'Kubernetes', version: release };

  const documentOf = (section: Section): Document => {
    const before = kept.get(section.base);
    if (before !== undefined && isSame(before.resources, section.resources)) return before.document;
    const catalog = options.catalog();
    const { paths, schemaNames } = pathsOf(catalog, section.base, section.resources, 'v3');
    const schemas = collectSchemas(catalog, section.resources, schemaNames, 'v3');
    const document = toDocument(
      json,
      Buffer.from(JSON.stringify({ openapi: '3.0.0', info, paths, components: { schemas, securitySchemes: security } })),
    );
    kept.set(section.base, { resources: section.resources, document });
    return document;
  };

  const index = async (): Promise<Document> => {
    const known = whole.peek('v3');
    if (known !== undefined) return known;
    const generation = registry.generation;
    const paths: Record<string, unknown> = {};
    for (const section of sectionsOf(registry)) {
      const name = section.base.slice(1);
      paths[name] = { serverRelativeURL: `/openapi/v3/${name}?hash=${documentOf(section).etag}` };
      await nextTurn();
    }
    const document = toDocument(json, Buffer.from(JSON.stringify({ paths })));
    // Another definition may have come in between: then this says what was true when it was begun, and is not kept.
    if (generation === registry.generation) whole.keep('v3', document);
    return document;
  };

  const version2 = (): unknown => {
    const catalog = options.catalog();
    const paths: Record<string, unknown> = {};
    const names = new Set<string>();
    for (const section of sectionsOf(registry)) {
      const part = pathsOf(catalog, section.base, section.resources, 'v2');
      Object.assign(paths, part.paths);
      for (const name of part.schemaNames) names.add(name);
    }
    const definitions = collectSchemas(catalog, registry.all(), [...names], 'v2');
    return { swagger: '2.0', info, paths, definitions, securityDefinitions: security };
  };

  /** Go clients ask for protobuf and read nothing else. */
  const version2Document = (accept: string): Document => {
    const document = whole.get('v2', json, version2);
    if (!accept.split(',').some((entry) => protobufTypes.includes(entry.split(';')[0]?.trim() ?? ''))) return document;
    const known = whole.peek('v2 protobuf');
    if (known !== undefined) return known;
    const encoded = toDocument(protobufAnswer, encodeVersion2(JSON.parse(document.bytes.toString('utf8')) as Record<string, unknown>));
    whole.keep('v2 protobuf', encoded);
    return encoded;
  };

  return {
    async handle(request) {
      const [, , version, ...rest] = request.path.replace(/\/$/, '').split('/');
      if (version === 'v2' && rest.length === 0) return answer(request, version2Document(request.headers.accept ?? ''));
      if (version !== 'v3') return undefined;
      if (rest.length === 0) return answer(request, await index());
      const base = `/${rest.join('/')}`;
      const section = sectionsOf(registry).find((each) => each.base === base);
      return section === undefined ? undefined : answerByHash(request, documentOf(section));
    },
  };
}

/** A document asked for by its hash never changes; one asked for by an old hash has moved. */
function answerByHash(request: ServerRequest, document: Document): ServerResponse {
  const hash = request.query.get('hash');
  if (hash === null) return answer(request, document);
  if (hash === document.etag)
    return answer(request, document, { 'cache-control': 'public, immutable', expires: 'Fri, 31 Dec 2100 23:59:59 GMT' });
  const location = `${request.path}?hash=${document.etag}`;
  return { kind: 'bytes', status: 301, contentType: 'text/plain', headers: { location }, bytes: Buffer.alloc(0) };
}

function sectionsOf(registry: ResourceRegistry): readonly Section[] {
  return servedGroups(registry).flatMap((group: ServedGroup) =>
    group.versions.map(({ version, resources }) => ({
      base: group.name === '' ? `/api/${version}` : `/apis/${group.name}/${version}`,
      resources,
    })),
  );
}

function isSame(a: readonly ServedResource[], b: readonly ServedResource[]): boolean {
  return a.length === b.length && a.every((resource, position) => resource === b[position]);
}
