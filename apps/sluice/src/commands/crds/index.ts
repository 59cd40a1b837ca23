/** `sluice crds`: our CRDs for `kubectl apply -f -`. */
import type { Command } from 'commander';
import type { Io } from '../../io.ts';

export function registerCrds(program: Command, io: Io): void {
  program
    .command('crds')
    .description('print our CustomResourceDefinitions')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice crds | kubectl apply --server-side -f -\n  sluice crds > crds.yaml\n  sluice crds | kubectl diff --server-side -f -\n',
    )
    .action(async () => {
      const { runCrds } = await import('./run.ts');
      runCrds(io);
    });
}
