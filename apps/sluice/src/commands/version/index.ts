/** `sluice version` */
import type { Command } from 'commander';
import type { Io } from '../../io.ts';
import { version } from '../../version.ts';

export function registerVersion(program: Command, io: Io): void {
  program
    .command('version')
    .description('print the version')
    .action(() => io.out.write(`sluice ${version}\n`));
}
