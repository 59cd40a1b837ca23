/**
 * The commands of `kubectl argo rollouts`, with upstream's names, flags, texts and exit codes: under `sluice rollouts` and as the
 * program `kubectl-argo-rollouts`. Only the tree is here; each command loads its work when it runs.
 */
import { type Command, Option } from 'commander';
import type { Io } from '../../io.ts';
import { addConnectionFlags, type ConnectionFlags } from './connection-flags.ts';
import { addNotificationCommands } from './notifications-tree.ts';
import { PluginCommand } from './plugin-command.ts';
import type { Connect, Session } from './session.ts';

/** Adds `rollouts` with its subcommands. `connect` is for tests. */
export function registerRollouts(program: Command, io: Io, connect?: Connect): void {
  const command = new PluginCommand('rollouts');
  command.copyInheritedSettings(program);
  addRolloutCommands(command, io, connect);
  program.addCommand(command);
}

/** The program of its own, as kubectl finds it. */
export function createRolloutsProgram(io: Io, connect?: Connect): Command {
  const program = new PluginCommand('kubectl-argo-rollouts');
  program.exitOverride().configureOutput({ writeOut: (text) => io.out.write(text), writeErr: (text) => io.err.write(text) });
  addRolloutCommands(program, io, connect);
  return program;
}

const treeIcons = `
Tree view icons

| Icon | Kind |
|:----:|:-----------:|
| ⟳ | Rollout |
| Σ | Experiment |
| α | AnalysisRun |
| # | Revision |
| ⧉ | ReplicaSet |
| □ | Pod |
| ⊞ | Job |`;

function addRolloutCommands(root: Command, io: Io, connect: Connect | undefined): void {
  root.description('Manage rollouts: look at them, promote, abort, retry, undo, pause and restart them.');
  root.configureHelp({
    subcommandTerm: (command) => `${command.name()} ${command.usage().replace(/\[(flags|options|command)\] ?/g, '')}`.trim(),
  });
  root.configureOutput({ outputError: (text, write) => write(asUpstream(text)) });
  root.addHelpText('after', examples(root.parent === null && root.name() !== 'rollouts' ? 'kubectl argo rollouts' : 'sluice rollouts'));
  addConnectionFlags(root);
  const programName = root.parent === null && root.name() !== 'rollouts' ? root.name() : 'sluice rollouts';
  root.allowExcessArguments().action(function (this: Command) {
    const [unknown] = this.args;
    if (unknown === undefined) return usage.call(this);
    io.err.write(`Error: unknown command ${JSON.stringify(unknown)} for "${programName}"\nRun '${programName} --help' for usage.\n`);
    io.exitCode = 1;
  });
  const open = async (flags: ConnectionFlags): Promise<Session> => (connect ?? (await import('./session.ts')).connectWithFlags)(flags, io);

  /** Connects and runs. What goes wrong becomes one line on stderr and exit code 1, as upstream does. */
  async function work(run: (session: Session) => Promise<void>): Promise<void> {
    let session: Session | undefined;
    try {
      session = await open(root.opts<ConnectionFlags>());
      await run(session);
    } catch (error) {
      fail(error);
    } finally {
      await session?.close();
    }
  }

  function fail(error: unknown): void {
    io.err.write(`Error: ${error instanceof Error ? error.message : String(error)}\n`);
    io.exitCode = 1;
  }

  /** The wrong number of arguments: usage on stderr, exit code 1. */
  function usage(this: Command): void {
    io.err.write(this.helpInformation({ error: true }));
    io.exitCode = 1;
  }

  function leaf(parent: Command, words: string, summary: string, isCount: (count: number) => boolean, run: LeafRun): Command {
    const [name = '', ...rest] = words.split(' ');
    const command = parent
      .command(name)
      .summary(summary)
      .description(summary)
      .usage(`${rest.join(' ')} [flags]`.trim());
    command.argument('[arguments...]').allowExcessArguments();
    command.configureHelp({ visibleArguments: () => [] });
    command.action(async (names: string[]) => {
      if (isCount(names.length)) await run(names, command.opts());
      else usage.call(command);
    });
    return command;
  }

  const one = (count: number): boolean => count === 1;
  const some = (count: number): boolean => count > 0;
  const none = (): boolean => true;

  const get = group(root, 'get', 'Get details about rollouts and experiments', usage);
  getFlags(
    leaf(get, 'rollout ROLLOUT_NAME', 'Get details about a rollout', one, ([name = ''], flags) =>
      work(async (session) => (await import('./get.ts')).getRollout(session, name, getOptions(flags))),
    ).aliases(['ro', 'rollouts']),
  )
    .option('--timeout-seconds <seconds>', 'Timeout after specified seconds', Number, 0)
    .addHelpText('after', treeIcons);
  getFlags(
    leaf(get, 'experiment EXPERIMENT_NAME', 'Get details about an experiment', one, ([name = ''], flags) =>
      work(async (session) => (await import('./get.ts')).getExperiment(session, name, getOptions(flags))),
    ).aliases(['exp', 'experiments']),
  ).addHelpText('after', treeIcons);

  const list = group(root, 'list', 'List rollouts or experiments', usage);
  leaf(list, 'rollouts', 'List rollouts', none, (_, flags) =>
    work(async (session) =>
      (await import('./list.ts')).listRollouts(session, {
        allNamespaces: flags.allNamespaces === true,
        watch: flags.watch === true,
        timestamps: flags.timestamps === true,
        name: String(flags.name ?? ''),
      }),
    ),
  )
    .aliases(['ro', 'rollout'])
    .option('-A, --all-namespaces', 'Include all namespaces')
    .option('-w, --watch', 'Watch for changes')
    .option('--name <name>', 'Only show rollout with specified name')
    .option('--timestamps', 'Print timestamps on updates');
  leaf(list, 'experiments', 'List experiments', none, (_, flags) =>
    work(async (session) => (await import('./list.ts')).listExperiments(session, { allNamespaces: flags.allNamespaces === true })),
  )
    .aliases(['exp', 'experiment'])
    .option('-A, --all-namespaces', 'Include all namespaces');

  leaf(root, 'status ROLLOUT_NAME', 'Show the status of a rollout', one, ([name = ''], flags) =>
    work(async (session) =>
      (await import('./status.ts')).showStatus(session, name, {
        watch: flags.watch !== false,
        timeout: String(flags.timeout ?? '0s'),
      }),
    ),
  )
    .option('-w, --watch', "Watch the status of the rollout until it's done (default true)")
    .option('-t, --timeout <duration>', 'The length of time to watch before giving up (e.g. 1s, 2m, 3h). Zero means wait forever');

  leaf(root, 'promote ROLLOUT_NAME', 'Promote a rollout', one, ([name = ''], flags) => {
    const skip = { skipCurrentStep: flags.skipCurrentStep === true, skipAllSteps: flags.skipAllSteps === true };
    if (skip.skipCurrentStep)
      io.err.write(`Flag --skip-current-step has been deprecated, use without the flag instead ex: promote ROLLOUT_NAME\n`);
    if (skip.skipAllSteps) io.err.write('Flag --skip-all-steps has been deprecated, use --full instead\n');
    return work(async (session) => (await import('./act.ts')).promote(session, name, { full: flags.full === true, ...skip }));
  })
    .option('--full', 'Perform a full promotion, skipping analysis, pauses, and steps')
    .addOption(hidden('-c, --skip-current-step'))
    .addOption(hidden('-a, --skip-all-steps'));

  for (const [kind, summary] of [
    ['abort', 'Abort a rollout'],
    ['pause', 'Pause a rollout'],
  ] as const) {
    leaf(root, `${kind} ROLLOUT_NAME...`, summary, some, (names) =>
      work(async (session) => (await import('./act.ts')).actOnEach(session, names, kind)),
    );
  }

  const retry = group(root, 'retry', 'Retry a rollout or experiment', usage);
  leaf(retry, 'rollout ROLLOUT_NAME...', 'Retry an aborted rollout', some, (names) =>
    work(async (session) => (await import('./act.ts')).actOnEach(session, names, 'retry')),
  ).aliases(['ro', 'rollouts']);
  leaf(retry, 'experiment EXPERIMENT_NAME...', 'Retry an experiment', some, (names) =>
    work(async (session) => (await import('./act.ts')).retryExperiments(session, names)),
  ).aliases(['exp', 'experiments']);

  const terminate = group(root, 'terminate', 'Terminate an AnalysisRun or Experiment', usage);
  leaf(terminate, 'analysisrun ANALYSISRUN_NAME...', 'Terminate an AnalysisRun', some, (names) =>
    work(async (session) => (await import('./act.ts')).terminate(session, 'analysisRun', names)),
  ).aliases(['ar', 'analysisruns']);
  leaf(terminate, 'experiment EXPERIMENT_NAME...', 'Terminate an experiment', some, (names) =>
    work(async (session) => (await import('./act.ts')).terminate(session, 'experiment', names)),
  ).aliases(['exp', 'experiments']);

  leaf(root, 'restart ROLLOUT_NAME', 'Restart the pods of a rollout', one, ([name = ''], flags) =>
    work(async (session) => (await import('./act.ts')).restart(session, name, String(flags.in ?? ''))),
  ).option('-i, --in <duration>', 'Amount of time before a restart. (e.g. 30s, 5m, 1h)');

  leaf(root, 'undo ROLLOUT_NAME', 'Undo a rollout', one, ([name = ''], flags) =>
    work(async (session) => {
      const text = String(flags.toRevision ?? '0');
      if (!/^-?\d+$/.test(text))
        throw new Error(
          `invalid argument ${JSON.stringify(text)} for "--to-revision" flag: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
        );
      await (await import('./undo.ts')).undo(session, name, Number(text));
    }),
  ).option('--to-revision <revision>', 'The revision to rollback to. Default to 0 (last revision).');

  const create = group(
    root,
    'create',
    'Create a Rollout, Experiment, AnalysisTemplate, ClusterAnalysisTemplate, or AnalysisRun resource',
    usage,
  );
  create
    .option('-f, --filename <path>', 'Files to use to create the resource', collected)
    .option('-w, --watch', 'Watch live updates to the resource after creating')
    .option('--no-color', 'Do not colorize output')
    .action(async () => {
      const flags: Flags = create.opts();
      const files = (flags.filename ?? []) as readonly string[];
      if (files.length === 0) return usage.call(create);
      await work(async (session) => (await import('./create.ts')).createFromFiles(session, files, getOptions(flags)));
    });
  leaf(create, 'analysisrun', 'Create an AnalysisRun from an AnalysisTemplate or a ClusterAnalysisTemplate', none, (_, flags) =>
    work(async (session) =>
      (await import('./create.ts')).createAnalysisRun(session, {
        from: String(flags.from ?? ''),
        fromFile: String(flags.fromFile ?? ''),
        isGlobal: flags.global === true,
        name: String(flags.name ?? ''),
        generateName: String(flags.generateName ?? ''),
        args: (flags.argument ?? []) as readonly string[],
        instanceId: String(flags.instanceId ?? ''),
      }),
    ),
  )
    .alias('ar')
    .option('-a, --argument <name=value>', 'Arguments to the parameter template', collected)
    .option('--from <name>', 'Create an AnalysisRun from an AnalysisTemplate or ClusterAnalysisTemplate in the cluster')
    .option('--from-file <path>', 'Create an AnalysisRun from an AnalysisTemplate or ClusterAnalysisTemplate in a local file')
    .option('--generate-name <prefix>', 'Use the specified generateName for the run')
    .option('--global', 'Use a ClusterAnalysisTemplate instead of a AnalysisTemplate')
    .option('--instance-id <id>', 'Instance-ID for the AnalysisRun')
    .option('--name <name>', 'Use the specified name for the run');

  const linting: Command = leaf(root, 'lint', 'Lint and validate a Rollout', none, async (_, flags) => {
    const file = String(flags.filename ?? '');
    if (file === '') return usage.call(linting);
    await import('./lint.ts').then(({ lint }) => lint(io, file)).catch(fail);
  }).option('-f, --filename <path>', 'File to lint');

  leaf(root, 'version', 'Print version', none, async (_, flags) =>
    (await import('./version.ts')).printVersion(io, flags.short === true),
  ).option('--short', 'print just the version number');

  leaf(root, 'dashboard', 'Start UI dashboard', none, (_, flags) =>
    work(async (session) => (await import('./dashboard/run.ts')).runDashboard(session, flags)),
  )
    .option('-p, --port <port>', 'port to listen on (default 3100)')
    .option('--root-path <path>', 'changes the root path of the dashboard (default "rollouts")');

  const set = group(root, 'set', 'Update various values on resources', usage);
  const image = leaf(
    set,
    'image ROLLOUT_NAME CONTAINER=IMAGE',
    'Update the image of a rollout',
    (count) => count === 2,
    ([name = '', pair = '']) => {
      const parts = pair.split('=');
      if (parts.length !== 2) return Promise.resolve(usage.call(image));
      return work(async (session) => (await import('./set-image.ts')).setImage(session, name, parts[0] ?? '', parts[1] ?? ''));
    },
  );

  addNotificationCommands(root, { work, usage });

  leaf(root, 'completion bash|zsh|fish|powershell', 'Generate completion script', none, async (names) => {
    const { completionScript, shells } = await import('./completion.ts');
    const shell = shells.find((one) => one === names[0]);
    if (names.length !== 1) return fail(new Error(`accepts 1 arg(s), received ${names.length}`));
    if (shell === undefined) return fail(new Error(`invalid argument ${JSON.stringify(names[0])} for "${programName} completion"`));
    const [program = '', ...prefix] = programName.split(' ');
    io.out.write(completionScript(shell, { program, prefix }));
  });
  root
    .command('__complete', { hidden: true })
    .helpOption(false)
    .allowUnknownOption()
    .argument('[words...]')
    .action(async (words: string[]) => {
      const { complete } = await import('./completion.ts');
      io.out.write(await complete(root, words, open));
    });
}

/** A flag that may be given several times. */
function collected(value: string, earlier: readonly string[] | undefined): readonly string[] {
  return [...(earlier ?? []), value];
}

function examples(name: string): string {
  return `
Examples:
  ${name} get rollout guestbook -w      get a rollout and watch its progress
  ${name} promote guestbook             go on after a pause
  ${name} abort guestbook               send all traffic back to the stable version
`;
}

/** The words that upstream's flag parser uses. */
function asUpstream(text: string): string {
  return text.replace(/^error: unknown option '([^']*)'/, 'Error: unknown flag: $1').replace(/^error: /, 'Error: ');
}

type Flags = Readonly<Record<string, unknown>>;
type LeafRun = (names: readonly string[], flags: Flags) => Promise<void>;

function group(root: Command, name: string, summary: string, usage: (this: Command) => void): Command {
  return root.command(name).summary(summary).description(summary).allowExcessArguments().action(usage);
}

function getFlags(command: Command): Command {
  return command.option('-w, --watch', 'Watch live updates').option('--no-color', 'Do not colorize output');
}

function getOptions(flags: Flags): { watch: boolean; isColorOff: boolean; timeoutSeconds: number } {
  return { watch: flags.watch === true, isColorOff: flags.color === false, timeoutSeconds: Number(flags.timeoutSeconds ?? 0) };
}

function hidden(flags: string): Option {
  return new Option(flags).hideHelp();
}
