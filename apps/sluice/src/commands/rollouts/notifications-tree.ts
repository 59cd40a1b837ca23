/** The tree of `notifications`: templates and triggers to look at and to try. The work is loaded when one of them runs. */
import type { Command } from 'commander';
import type { NotificationFlags } from './notifications.ts';
import type { Session } from './session.ts';

type Tools = {
  /** Connects and runs; what goes wrong becomes one line and exit code 1. */
  readonly work: (run: (session: Session) => Promise<void>) => Promise<void>;
  /** Help on stderr, exit code 1. */
  readonly usage: (this: Command) => void;
};

type Work = typeof import('./notifications.ts');

export function addNotificationCommands(root: Command, { work, usage }: Tools): void {
  const summary = 'Set of CLI commands that helps manage notifications settings';
  const notifications = group(root, 'notifications', summary).action(function (this: Command) {
    this.outputHelp();
  });
  sourceFlags(notifications);

  function leaf(
    parent: Command,
    words: string,
    about: string,
    run: (work: Work, session: Session, names: readonly string[], flags: NotificationFlags) => Promise<void>,
  ): Command {
    const [name = '', ...rest] = words.split(' ');
    const command = parent
      .command(name)
      .summary(about)
      .description(about)
      .usage(`${rest.join(' ')} [flags]`.trim());
    sourceFlags(
      command
        .argument('[arguments...]')
        .allowExcessArguments()
        .configureHelp({ visibleArguments: () => [] }),
    );
    return command.action((names: string[]) =>
      work(async (session) =>
        run(await import('./notifications.ts'), session, names, {
          ...notifications.opts<NotificationFlags>(),
          ...command.opts<NotificationFlags>(),
        }),
      ),
    );
  }

  const template = group(notifications, 'template', 'Notification templates related commands').action(usage);
  outputFlag(
    leaf(template, 'get [NAME]', 'Prints information about configured templates', ({ getTemplates }, session, [name = ''], flags) =>
      getTemplates(session, name, flags),
    ),
  );
  leaf(
    template,
    'notify NAME RESOURCE_NAME',
    'Generates notification using the specified template and send it to specified recipients',
    ({ notifyByTemplate }, session, names, flags) => notifyByTemplate(session, names, flags),
  ).option(
    '--recipient <service:recipient>',
    'List of recipients (default [console:stdout])',
    (value: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), value],
  );

  const trigger = group(notifications, 'trigger', 'Notification triggers related commands').action(usage);
  outputFlag(
    leaf(trigger, 'get [NAME]', 'Prints information about configured triggers', ({ getTriggers }, session, [name = ''], flags) =>
      getTriggers(session, name, flags),
    ),
  );
  leaf(
    trigger,
    'run NAME RESOURCE_NAME',
    'Evaluates specified trigger condition and prints the result',
    ({ runConfiguredTrigger }, session, names, flags) => runConfiguredTrigger(session, names, flags),
  );
}

function group(parent: Command, name: string, summary: string): Command {
  return parent.command(name).summary(summary).description(summary).allowExcessArguments();
}

function sourceFlags(command: Command): Command {
  return command
    .option('--config-map <path>', 'argo-rollouts-notification-configmap.yaml file path')
    .option('--secret <path>', "argo-rollouts-notification-secret.yaml file path. Use empty secret if provided value is ':empty'");
}

/** `-o=yaml` is read as `-o yaml`, which commander does for long flags only. */
function outputFlag(command: Command): Command {
  return command.option('-o, --output <format>', 'Output format. One of:json|yaml|wide|name', (value) => value.replace(/^=/, ''), 'wide');
}
