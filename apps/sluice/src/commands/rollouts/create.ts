/** `create -f` and `create analysisrun`. */
import {
  type AnalysisArgument,
  type AnalysisTemplate,
  analysisRunType,
  analysisTemplateType,
  type ClusterAnalysisTemplate,
  clusterAnalysisTemplateType,
  experimentType,
  isStatusError,
  type KubeObject,
  labels,
  parseApiVersion,
  type ResourceType,
  resourcePath,
  rolloutType,
} from '@sluice/api';
import { buildRunSpec, type TemplateLookup } from '@sluice/engine';
import type { GetOptions } from './get.ts';
import { checkStrictly, readManifest } from './manifest-file.ts';
import type { Session } from './session.ts';

/** By kind, with the word that is printed: upstream calls a cluster template an `analysistemplate` too. */
const creatable: Readonly<Record<string, readonly [type: ResourceType, word: string]>> = {
  Rollout: [rolloutType, 'rollout'],
  Experiment: [experimentType, 'experiment'],
  AnalysisTemplate: [analysisTemplateType, 'analysistemplate'],
  ClusterAnalysisTemplate: [clusterAnalysisTemplateType, 'analysistemplate'],
  AnalysisRun: [analysisRunType, 'analysisrun'],
};

/** Creates one object a file, in order; with a watch it goes on as `get -w` of what was created. */
export async function createFromFiles(session: Session, files: readonly string[], options: GetOptions): Promise<void> {
  if (files.length > 1 && options.watch) throw new Error('Cannot watch multiple resources');
  let last: KubeObject | undefined;
  for (const file of files) last = await createFromFile(session, file);
  if (!options.watch || last === undefined) return;
  const { getExperiment, getRollout } = await import('./get.ts');
  const { name = '' } = last.metadata;
  if (last.kind === 'Rollout') await getRollout(session, name, options);
  else if (last.kind === 'Experiment') await getExperiment(session, name, options);
  else throw new Error('Can only watch resources of type Rollout or Experiment');
}

async function createFromFile(session: Session, file: string): Promise<KubeObject> {
  const manifest = await readManifest(session.io, file);
  const { object } = manifest;
  const { group } = parseApiVersion(object.apiVersion ?? '');
  const [type, word] = (group === rolloutType.group ? creatable[object.kind] : undefined) ?? [];
  if (type === undefined) throw new Error(`creates of ${group}/${object.kind} unsupported`);
  checkStrictly(manifest);
  const created = await create(session, type, object);
  session.io.out.write(`${word}.${group}/${created.metadata.name} created\n`);
  return created;
}

/** In the session's namespace, whatever the object says: the server judges one that says otherwise. */
async function create({ client, namespace }: Session, type: ResourceType, object: KubeObject): Promise<KubeObject> {
  const query = { fieldManager: 'kubectl-argo-rollouts' };
  return (await client.raw({ method: 'POST', path: resourcePath(type, { namespace }), query, body: object })) as KubeObject;
}

export type CreateRunOptions = {
  /** Name of a template in the cluster; empty for none. */
  readonly from: string;
  /** Path of a file with a template; empty for none. */
  readonly fromFile: string;
  readonly isGlobal: boolean;
  readonly name: string;
  readonly generateName: string;
  /** `NAME=VALUE` each. */
  readonly args: readonly string[];
  readonly instanceId: string;
};

/** @throws Error for options that contradict each other, or an argument that the template needs and nobody gives */
export async function createAnalysisRun(session: Session, options: CreateRunOptions): Promise<void> {
  if ((options.from === '') === (options.fromFile === '')) throw new Error('one of --from or --from-file must be specified');
  const args = options.args.map(argumentOf);
  const template = await readTemplate(session, options);
  const name = options.name === '' ? undefined : options.name;
  const generateName = options.generateName === '' ? `${template.metadata.name ?? ''}-` : options.generateName;
  if (name === undefined && generateName === '-') throw new Error('name is invalid');
  const spec = await runSpecOf(session, template, options.isGlobal, args);
  const { labels: given, annotations } = template.metadata;
  const own = options.instanceId === '' ? given : { [labels.instanceId]: options.instanceId };
  const created = await create(session, analysisRunType, {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'AnalysisRun',
    metadata: {
      ...(name === undefined ? { generateName } : { name }),
      namespace: session.namespace,
      ...(own === undefined ? {} : { labels: own }),
      ...(annotations === undefined ? {} : { annotations }),
    },
    spec,
  });
  session.io.out.write(`analysisrun.argoproj.io/${created.metadata.name} created\n`);
}

function argumentOf(text: string): AnalysisArgument {
  const at = text.indexOf('=');
  if (at < 0) throw new Error('arguments must be in the form NAME=VALUE');
  return { name: text.slice(0, at), value: text.slice(at + 1) };
}

type Template = AnalysisTemplate | ClusterAnalysisTemplate;

async function readTemplate({ client, namespace, io }: Session, options: CreateRunOptions): Promise<Template> {
  if (options.fromFile !== '') return (await readManifest(io, options.fromFile)).object as Template;
  return options.isGlobal
    ? client.get<ClusterAnalysisTemplate>(clusterAnalysisTemplateType, { name: options.from })
    : client.get<AnalysisTemplate>(analysisTemplateType, { namespace, name: options.from });
}

/** Templates that this one is made of are read from the cluster; upstream's plugin leaves them out, and the run then lacks their metrics. */
async function runSpecOf(
  session: Session,
  template: Template,
  isGlobal: boolean,
  args: readonly AnalysisArgument[],
): Promise<KubeObject['spec']> {
  const rootName = template.metadata.name ?? '';
  const namespaced = new Map<string, AnalysisTemplate>();
  const clusterWide = new Map<string, ClusterAnalysisTemplate>();
  if (isGlobal) clusterWide.set(rootName, template as ClusterAnalysisTemplate);
  else namespaced.set(rootName, template as AnalysisTemplate);
  const waiting = [...(template.spec.templates ?? [])];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { templateName: name = '', clusterScope = false } = next;
    if ((clusterScope ? clusterWide : namespaced).has(name)) continue;
    const found = await readNested(session, name, clusterScope);
    if (found === undefined) continue;
    if (clusterScope) clusterWide.set(name, found as ClusterAnalysisTemplate);
    else namespaced.set(name, found as AnalysisTemplate);
    waiting.push(...(found.spec.templates ?? []));
  }
  const lookup: TemplateLookup = { template: (name) => namespaced.get(name), clusterTemplate: (name) => clusterWide.get(name) };
  const built = buildRunSpec({ templates: [{ templateName: rootName, clusterScope: isGlobal }], args }, lookup);
  if (!built.ok) throw new Error(built.problem.message);
  return built.value;
}

async function readNested({ client, namespace }: Session, name: string, clusterScope: boolean): Promise<Template | undefined> {
  try {
    return clusterScope
      ? await client.get<ClusterAnalysisTemplate>(clusterAnalysisTemplateType, { name })
      : await client.get<AnalysisTemplate>(analysisTemplateType, { namespace, name });
  } catch (error) {
    if (isStatusError(error, 'NotFound')) return undefined;
    throw error;
  }
}
