/**
 * The program's door: wires the process to an `Io`, finds the command, and turns how it ended into text and an exit code.
 * Nothing heavy is imported here; each command loads its own parts when it runs, so help and version come at once.
 */
import { CommanderError } from 'commander';
import { exitCodes } from './exit-codes.ts';
import { explainFailure } from './failure-text.ts';
import { createProcessIo } from './process-io.ts';
import { createProgram } from './program.ts';

const io = createProcessIo();
// A mistake of ours: still one line, and where to look.
process.on('uncaughtException', (error) => {
  const { text } = explainFailure(error, false, io.env.SLUICE_DEBUG !== undefined);
  io.err.write(`${text}  try: again with SLUICE_DEBUG=1, which shows where it happened, and report it\n`);
  process.exit(exitCodes.failed);
});
try {
  const program = await createProgram(io, process.argv.slice(2));
  await program.parseAsync(process.argv);
  process.exitCode = io.exitCode;
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  } else {
    const failure = explainFailure(error, io.signal.aborted, io.env.SLUICE_DEBUG !== undefined);
    io.err.write(failure.text);
    process.exitCode = failure.exitCode;
  }
}

// What was begun and not finished may hold timers and connections; who pressed Ctrl-C does not wait for them.
if (io.signal.aborted) setTimeout(() => process.exit(), 1_000).unref();
