/**
 * Everything of a delivery that happens before the first write: check the request, copy and stamp the chart, lay the values,
 * render, compare with the cluster. Ends in a problem with nothing changed, or in a release that is ready to be applied.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { isStatusError, type KubeObject } from '@sluice/api';
import type { Client } from '@sluice/kube';
import { readCapabilities } from './capabilities.ts';
import { type ChangePlan, planChanges } from './change-plan.ts';
import { appVersionPaths, type Chart, readChart } from './chart.ts';
import { copyChart } from './chart-copy.ts';
import type { DeployEnvironment, DeployRequest } from './delivery.ts';
import { dryRun } from './dry-run.ts';
import { HelmError } from './helm-driver.ts';
import { DeliveryProblem } from './problem.ts';
import { readHistory } from './release-history.ts';
import type { ReleaseRecord, Revision } from './release-record.ts';
import { identityOf, imagesOf, parseRender, type Render, usesAppVersion } from './render.ts';
import { appVersionValues, type LayeredValues, layerValues, mergeValues } from './values.ts';

/** What can be known without a cluster. */
export type LocalInput = { readonly chart: Chart; readonly values: LayeredValues };

export type Preparation = LocalInput & {
  readonly chartFolder: string;
  readonly valuesFiles: readonly string[];
  readonly objects: readonly KubeObject[];
  readonly plan: ChangePlan;
  /** Oldest first. */
  readonly revisions: readonly Revision[];
  /** The deployed revision is this very release already: helm has nothing to do. */
  readonly isDeployed: boolean;
};

/** Checks names, chart and values files. @throws DeliveryProblem */
export async function readInput(request: DeployRequest): Promise<LocalInput> {
  const { release, namespace } = request;
  if (release.length > 53 || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(release)) {
    throw new DeliveryProblem('NAME_INVALID', `service name ${JSON.stringify(release)}: at most 53 lower-case letters, digits and '-'`);
  }
  if (namespace.length > 63 || !/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(namespace)) {
    throw new DeliveryProblem('NAME_INVALID', `namespace ${JSON.stringify(namespace)}: at most 63 lower-case letters, digits and '-'`);
  }
  const chart = await readChart(request.chart.folder);
  if (chart.type === 'library') {
    throw new DeliveryProblem(
      'CHART_INVALID',
      `chart ${chart.name} is of type library: it has nothing to install`,
      'give the chart that depends on it',
    );
  }
  const injectedValues = mergeValues(request.injectedValues ?? {}, appVersionValues(request.appVersion, appVersionPaths(chart)));
  const values = await layerValues({ valuesFiles: request.valuesFiles, injectedValues, set: request.set ?? [] });
  return { chart, values };
}

/** @throws DeliveryProblem; HelmError when cancelled */
export async function prepare(
  request: DeployRequest,
  input: LocalInput,
  scratch: string,
  environment: DeployEnvironment,
): Promise<Preparation> {
  const { client, helm, signal } = environment;
  const capabilities = await readCapabilities(client, signal);
  const revisions = await readHistory(client, request, signal);
  const chartScratch = join(scratch, 'chart');
  await mkdir(chartScratch, { mode: 0o700 });
  const chartFolder = await copyChart({ chart: input.chart, scratch: chartScratch, appVersion: request.appVersion, helm, signal });
  const overlay = join(scratch, 'values.json');
  await writeFile(overlay, JSON.stringify(input.values.overlay), { mode: 0o600 });
  const valuesFiles = [...request.valuesFiles.map((file) => resolve(file)), overlay];

  const text = await helm
    .template({
      release: request.release,
      namespace: request.namespace,
      chart: chartFolder,
      valuesFiles,
      kubeVersion: capabilities.kubeVersion,
      apiVersions: capabilities.apiVersions,
      isUpgrade: revisions.length > 0,
      signal,
    })
    .catch((error: unknown) => {
      if (!(error instanceof HelmError) || error.wasCancelled) throw error;
      const message = error.message.replaceAll(chartScratch, '').replaceAll(overlay, '(values given on the command line)');
      throw new DeliveryProblem('RENDER_FAILED', `chart ${input.chart.name} does not render: ${message}`, undefined, { cause: error });
    });
  const render = parseRender(text);
  const { appVersion } = request;
  if (appVersion !== undefined && !usesAppVersion(imagesOf([...render.objects, ...render.hooks]), appVersion)) {
    throw new DeliveryProblem(
      'APPVERSION_UNUSED',
      `the app version is ${appVersion} but no container of the chart uses it as its image tag`,
      "use .Chart.AppVersion or .Values.global.appVersion as the tag, or name the value's path in the annotation sluice.dev/app-version-paths of Chart.yaml",
    );
  }
  const objects = await inNamespace(
    client,
    render.objects.map(({ object }) => object),
    request.namespace,
  );
  const deployed = revisions.findLast(({ record }) => record.info.status === 'deployed');
  const previous = await inNamespace(client, manifestObjects(deployed?.record), request.namespace);
  const live = await readLive(client, [...objects, ...previous], signal);
  // Helm installs the CRDs of crds/ where they are missing and never touches them again.
  const fixed = new Set(render.objects.filter((rendered) => !isInManifest(rendered)).map(({ object }) => identityOf(object)));
  const applied = objects.filter((object) => !(fixed.has(identityOf(object)) && live.has(identityOf(object))));
  const findings = await dryRun({ client, objects: applied, live, signal });
  if (findings.length > 0) throw new DeliveryProblem('DRYRUN_REJECTED', findings.join('; '));
  const plan = planChanges({ rendered: applied, previous, live });
  return {
    ...input,
    chartFolder,
    valuesFiles,
    objects,
    plan,
    revisions,
    isDeployed: deployed !== undefined && deployed === revisions.at(-1) && isSameRelease(deployed.record, input, request, render, plan),
  };
}

function manifestObjects(record: ReleaseRecord | undefined): readonly KubeObject[] {
  return record?.manifest === undefined ? [] : parseRender(record.manifest).objects.map(({ object }) => object);
}

/** Same chart, same values, same objects and hooks, and nothing in the cluster differs from them. */
function isSameRelease(record: ReleaseRecord, input: LocalInput, request: DeployRequest, render: Render, plan: ChangePlan): boolean {
  const metadata = record.chart?.metadata;
  const { create, change, delete: deleted } = plan.counts;
  const hooks = (record.hooks ?? []).flatMap((hook) => parseRender(hook.manifest ?? '').hooks);
  return (
    create + change + deleted === 0 &&
    metadata?.name === input.chart.name &&
    metadata.version === input.chart.version &&
    (metadata.appVersion ?? '') === (request.appVersion ?? input.chart.appVersion ?? '') &&
    canonical(record.config ?? {}) === canonical(input.values.merged) &&
    canonicalSet(parseRender(record.manifest ?? '').objects.map(({ object }) => object)) ===
      canonicalSet(render.objects.filter(isInManifest).map(({ object }) => object)) &&
    canonicalSet(hooks.map(({ object }) => object)) === canonicalSet(render.hooks.map(({ object }) => object))
  );
}

/** Files of `crds/` are rendered for us but are no part of helm's manifest. */
function isInManifest({ source }: { readonly source: string }): boolean {
  return !/\/crds\//.test(source);
}

function canonicalSet(objects: readonly KubeObject[]): string {
  return objects.map(canonical).sort().join('\n');
}

/** JSON with sorted keys. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Fills in the release's namespace where a namespaced object names none. A kind that is not served yet counts as namespaced. */
async function inNamespace(client: Client, objects: readonly KubeObject[], namespace: string): Promise<readonly KubeObject[]> {
  return Promise.all(
    objects.map(async (object) => {
      if (object.metadata.namespace !== undefined && object.metadata.namespace !== '') return object;
      const type = await client.resolve(object.apiVersion, object.kind);
      if (type !== undefined && !type.namespaced) return object;
      return { ...object, metadata: { ...object.metadata, namespace } };
    }),
  );
}

/** The live counterparts by identity. What is not there, not served or not ours to read is absent. */
async function readLive(client: Client, objects: readonly KubeObject[], signal: AbortSignal): Promise<ReadonlyMap<string, KubeObject>> {
  const live = new Map<string, KubeObject>();
  await Promise.all(
    objects.map(async (object) => {
      const type = await client.resolve(object.apiVersion, object.kind);
      const { name, namespace } = object.metadata;
      if (type === undefined || name === undefined) return;
      try {
        live.set(identityOf(object), await client.get(type, { namespace: type.namespaced ? namespace : undefined, name }, { signal }));
      } catch (error) {
        if (!isStatusError(error, 'NotFound', 'Forbidden')) throw error;
      }
    }),
  );
  return live;
}
