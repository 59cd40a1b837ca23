/** The door of `kubectl-argo-rollouts`, which kubectl runs for `kubectl argo rollouts`: upstream's texts and exit codes. */
import { CommanderError } from 'commander';
import { createRolloutsProgram } from './commands/rollouts/index.ts';
import { createProcessIo } from './process-io.ts';

const io = createProcessIo();
try {
  await createRolloutsProgram(io).parseAsync(process.argv);
  process.exitCode = io.exitCode;
} catch (error) {
  if (!(error instanceof CommanderError)) io.err.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof CommanderError ? error.exitCode : 1;
}
