/** The tree of commands. Each registers its flags here and loads its work when it runs. */
import { Command, Help } from 'commander';
import { registerController } from './commands/controller/index.ts';
import { registerCrds } from './commands/crds/index.ts';
import { registerDemo } from './commands/demo/index.ts';
import { registerDeploy } from './commands/deploy/index.ts';
import { registerDoctor } from './commands/doctor/index.ts';
import { registerManifests } from './commands/manifests/index.ts';
import { registerServer } from './commands/server/index.ts';
import { registerUp } from './commands/up/index.ts';
import { registerVersion } from './commands/version/index.ts';
import type { Io } from './io.ts';
import { version } from './version.ts';

/** Defaults that go without saying. */
const emptyDefault = / \(default: (?:false|\[\]|"")\)$/;

/** @param args - the command line without node and script; decides only whether the commands of `rollouts` are loaded */
export async function createProgram(io: Io, args: readonly string[]): Promise<Command> {
  const program = new Command('sluice')
    .description('Takes a release to production a little at a time: progressive delivery for Kubernetes, and a cluster to try it on.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .configureHelp({ optionDescription: (option) => new Help().optionDescription(option).replace(emptyDefault, '') })
    .showHelpAfterError('(add --help to see what there is)')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out.write(text), writeErr: (text) => io.err.write(text) })
    .addHelpText(
      'after',
      `
Examples:
  sluice demo                                    a real chart through a real canary, on this machine, in one command
  sluice up                                      start a cluster here; real kubectl and helm work against it
  sluice deploy greeter --chart ./chart -n prod  deliver a chart and wait for its canary

Exit codes: 0 done, 1 failed, 2 usage or could not decide, 3 waits for a person, 130 cancelled.
`,
    );
  registerUp(program, io);
  registerDeploy(program, io);
  await registerRolloutsLazily(program, io, args);
  registerController(program, io);
  registerServer(program, io);
  registerManifests(program, io);
  registerCrds(program, io);
  registerDoctor(program, io);
  registerDemo(program, io);
  registerVersion(program, io);
  return program;
}

/** The commands under `rollouts` are many; they are loaded only for a command line that means them. */
async function registerRolloutsLazily(program: Command, io: Io, args: readonly string[]): Promise<void> {
  const words = args.filter((word) => !word.startsWith('-'));
  const isMeant = words[0] === 'rollouts' || (words[0] === 'help' && words[1] === 'rollouts');
  if (isMeant) {
    const { registerRollouts } = await import('./commands/rollouts/index.ts');
    registerRollouts(program, io);
    return;
  }
  program
    .command('rollouts')
    .description('get, list, status, promote, abort, retry, undo, pause, restart, set image: as kubectl argo rollouts');
}
