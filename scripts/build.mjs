// Bundles the program into apps/sluice/dist. Runs in `prepare`, so `npx sluice` works right after `npm ci`.
// Every subcommand is its own chunk: starting `sluice --help` must not load the cluster.
import { chmodSync, cpSync, existsSync, renameSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));
const app = `${root}apps/sluice/`;
if (existsSync(`${app}src/main.ts`)) {
  // Built beside and moved in at the end, so that a program that starts meanwhile finds all of its parts.
  const fresh = `${root}node_modules/.cache/sluice-dist-${process.pid}`;
  await build({
    entryPoints: { main: `${app}src/main.ts`, 'kubectl-argo-rollouts': `${app}src/kubectl-argo-rollouts.ts` },
    outdir: fresh,
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
  // The pages, for `rollouts dashboard`. React is bundled in, so that the program itself loads nothing of it.
  await build({
    entryPoints: ['main.tsx', 'styles.css'].map((name) => ({ in: `${root}apps/dashboard/src/${name}`, out: 'app' })),
    outdir: `${fresh}/dashboard`,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    legalComments: 'linked',
    logLevel: 'warning',
  });
  for (const name of ['index.html', 'icon.svg']) cpSync(`${root}apps/dashboard/${name}`, `${fresh}/dashboard/${name}`);
  // The demo delivers these.
  for (const name of ['greeter', 'service-library']) cpSync(`${root}examples/${name}`, `${fresh}/examples/${name}`, { recursive: true });
  rmSync(`${app}dist`, { recursive: true, force: true });
  renameSync(fresh, `${app}dist`);
  for (const name of ['sluice', 'kubectl-argo-rollouts']) chmodSync(`${app}bin/${name}`, 0o755);
}
