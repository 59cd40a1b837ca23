/** `sluice manifests`: what installs the controller. */
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { version } from '../../version.ts';

export type ManifestsOptions = { readonly namespaced: boolean; readonly namespace: string; readonly image: string };

export function registerManifests(program: Command, io: Io): void {
  program
    .command('manifests')
    .description('print the objects that install the rollouts controller: account, rights, Deployment, metrics Service')
    .option('--namespaced', 'one namespace only, with rights in it alone', false)
    .option('-n, --namespace <name>', 'namespace to install into', 'argo-rollouts')
    .option('--image <image>', 'image that has this program as its entry point', `sluice:${version}`)
    .addHelpText(
      'after',
      `
The names are those of Argo Rollouts, so applying this takes its place; both share one lease and never work at once.

Examples:
  sluice crds | kubectl apply --server-side -f -
  sluice manifests | kubectl apply -f -
  sluice manifests --namespaced -n team-a --image registry.example.test/sluice:${version} | kubectl apply -f -
`,
    )
    .action(async (options: ManifestsOptions) => {
      const { runManifests } = await import('./run.ts');
      runManifests(options, io);
    });
}
