/** `sluice demo`: the main story in one command. */
import type { Command } from 'commander';
import type { Io } from '../../io.ts';

export type DemoOptions = { readonly color: boolean };

export function registerDemo(program: Command, io: Io): void {
  program
    .command('demo')
    .description('show a real chart through a real canary, and a bad version taken back, on a cluster that lives as long as the demo')
    .option('--no-color', 'no colour')
    .addHelpText('after', '\nExamples:\n  sluice demo\n  sluice demo --no-color | tee demo.log\n  NO_COLOR=1 sluice demo\n')
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('./run.ts');
      io.exitCode = await runDemo(options, io);
    });
}
