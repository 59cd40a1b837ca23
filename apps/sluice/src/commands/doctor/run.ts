import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { isStatusError } from '@sluice/api';
import { builtinTypes, type Client } from '@sluice/kube';
import { type ClusterOptions, connect } from '../../cluster-access.ts';
import { exitCodes } from '../../exit-codes.ts';
import type { Io } from '../../io.ts';
import { findOurTool, howToGet } from '../../tools.ts';

/** `missing`: something cannot work without it. `absent`: nice to have, or needed by some commands only. */
type Finding = { readonly state: 'ok' | 'absent' | 'missing'; readonly what: string; readonly detail: string; readonly next?: string };

const symbols: Readonly<Record<Finding['state'], string>> = { ok: '✔', absent: '–', missing: '✘' };

const nodeMajorMin = 20;

/** Prints a line a finding; the exit code is 1 when something is missing. */
export async function runDoctor(options: ClusterOptions, io: Pick<Io, 'out' | 'env' | 'homeDir' | 'signal'>): Promise<number> {
  const findings: Finding[] = [
    nodeFinding(process.version),
    await toolFinding('helm', io),
    await toolFinding('kubectl', io),
    ...(await clusterFindings(options, io)),
  ];
  for (const { state, what, detail, next } of findings) {
    io.out.write(`${symbols[state]} ${what.padEnd(12)} ${detail}\n`);
    if (next !== undefined) io.out.write(`  ${''.padEnd(12)} ${next}\n`);
  }
  return findings.some(({ state }) => state === 'missing') ? exitCodes.failed : exitCodes.done;
}

function nodeFinding(version: string): Finding {
  const major = Number(/^v(\d+)/.exec(version)?.[1] ?? 0);
  if (major >= nodeMajorMin) return { state: 'ok', what: 'node', detail: version };
  return { state: 'missing', what: 'node', detail: `${version} is too old`, next: `install Node.js ${nodeMajorMin} or newer` };
}

async function toolFinding(name: 'helm' | 'kubectl', io: Pick<Io, 'env' | 'homeDir'>): Promise<Finding> {
  const state = name === 'helm' ? 'missing' : 'absent';
  try {
    const tool = await findOurTool(name, io);
    if (tool === undefined) return { state, what: name, detail: 'not found on the PATH', next: howToGet(name) };
    const args = name === 'helm' ? ['version', '--template', '{{.Version}}'] : ['version', '--client', '-o', 'json'];
    const { stdout } = await promisify(execFile)(tool.path, args);
    const version =
      name === 'helm' ? stdout.trim() : (JSON.parse(stdout) as { clientVersion: { gitVersion: string } }).clientVersion.gitVersion;
    return {
      state: 'ok',
      what: name,
      detail: `${version} ${tool.source === 'PATH' ? tool.path : `${tool.path} (from the optional package)`}`,
    };
  } catch (error) {
    return {
      state,
      what: name,
      detail: error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error),
      next: howToGet(name),
    };
  }
}

async function clusterFindings(options: ClusterOptions, io: Pick<Io, 'env' | 'homeDir'>): Promise<readonly Finding[]> {
  let client: Client | undefined;
  try {
    const access = connect(options, io);
    client = access.client;
    const version = (await client.raw({ method: 'GET', path: '/version', timeoutMs: 5_000 })) as { readonly gitVersion?: string };
    const name = access.config.contextName === undefined ? '' : ` (context ${access.config.contextName})`;
    const cluster: Finding = {
      state: 'ok',
      what: 'cluster',
      detail: `${version.gitVersion ?? 'unknown version'} at ${access.config.server}${name}`,
    };
    return [cluster, ...(await insideFindings(client))];
  } catch (error) {
    const detail = isStatusError(error, 'Unauthorized')
      ? 'it does not know who you are (401 Unauthorized)'
      : error instanceof Error
        ? error.message
        : String(error);
    const isNoneGiven = error instanceof Error && error.name === 'KubeconfigError';
    return [{ state: isNoneGiven ? 'absent' : 'missing', what: 'cluster', detail, next: 'start one here with: sluice up' }];
  } finally {
    await client?.close();
  }
}

async function insideFindings(client: Client): Promise<readonly Finding[]> {
  const rollouts = await client.resolve('argoproj.io/v1alpha1', 'Rollout');
  const crds: Finding =
    rollouts === undefined
      ? { state: 'missing', what: 'CRDs', detail: 'the cluster has no Rollouts', next: 'sluice crds | kubectl apply --server-side -f -' }
      : { state: 'ok', what: 'CRDs', detail: 'argoproj.io/v1alpha1 is served' };
  return [crds, await controllerFinding(client)];
}

async function controllerFinding(client: Client): Promise<Finding> {
  const what = 'controller';
  try {
    const { items } = await client.list(builtinTypes.leases);
    const lease = items.find(({ metadata }) => metadata.name?.startsWith('argo-rollouts-controller-lock') === true);
    const holder = (lease?.spec as { readonly holderIdentity?: string } | undefined)?.holderIdentity;
    if (lease !== undefined && holder !== undefined && holder !== '') {
      return { state: 'ok', what, detail: `${holder} leads (lease ${lease.metadata.namespace ?? ''}/${lease.metadata.name ?? ''})` };
    }
    return {
      state: 'absent',
      what,
      detail: 'no rollouts controller holds a lease',
      next: 'sluice manifests | kubectl apply -f -, or run: sluice controller',
    };
  } catch (error) {
    return { state: 'absent', what, detail: `cannot look: ${error instanceof Error ? error.message : String(error)}` };
  }
}
