// Bundles the program into apps/sluice/dist. Runs in `prepare`, so `npx sluice` works right after `npm ci`.
// Every subcommand is its own chunk: starting `sluice --help` must not load the cluster.
import { chmodSync, cpSync, existsSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const app = fileURLToPath(new URL('../apps/sluice/', import.meta.url));
if (existsSync(`${app}src/main.ts`)) {
  rmSync(`${app}dist`, { recursive: true, force: true });
  await build({
    entryPoints: { main: `${app}src/main.ts`, 'kubectl-argo-rollouts': `${app}src/kubectl-argo-rollouts.ts` },
    outdir: `${app}dist`,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    sourcemap: true,
    minifySyntax: true,
    loader: { '.data.json': 'json' },
    logLevel: 'warning',
    // Bundled CommonJS dependencies call require() of Node's own modules.
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  });
  // The demo delivers these.
  for (const name of ['greeter', 'service-library']) {
    cpSync(fileURLToPath(new URL(`../examples/${name}`, import.meta.url)), `${app}dist/examples/${name}`, { recursive: true });
  }
  for (const name of ['sluice', 'kubectl-argo-rollouts']) chmodSync(`${app}bin/${name}`, 0o755);
}
