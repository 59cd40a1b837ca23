/** `sluice doctor`: what is there, what is missing, how to get it. */
import type { Command } from 'commander';
import type { Io } from '../../io.ts';

export function registerDoctor(program: Command, io: Io): void {
  program
    .command('doctor')
    .description('look at this machine and the cluster: what is there, what is missing, how to get it')
    .option('--kubeconfig <file>', 'kubeconfig to use')
    .option('--context <name>', 'context of the kubeconfig')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice doctor\n  sluice doctor --context staging\n  KUBECONFIG=~/.sluice/kubeconfig sluice doctor\n',
    )
    .action(async (options: { kubeconfig?: string; context?: string }) => {
      const { runDoctor } = await import('./run.ts');
      io.exitCode = await runDoctor(options, io);
    });
}
