/** A commander command that reads flags as upstream's plugin does: `--watch=false` for switches, and its texts and exit codes. */
import { Command } from 'commander';

export class PluginCommand extends Command {
  override createCommand(name?: string): Command {
    return new PluginCommand(name);
  }

  /** Switches take `=true` and `=false`. */
  override parseOptions(args: string[]): { operands: string[]; unknown: string[] } {
    // What is being typed is no command yet: flags in it are not ours to read.
    if (args[0] === '__complete') return { operands: args.slice(0, 1), unknown: args.slice(1) };
    const values = new Map<string, boolean>();
    const plain = args.flatMap((arg) => {
      const match = /^(--[a-z-]+|-[a-zA-Z])=(true|false|1|0|t|f)$/i.exec(arg);
      const option = match === null ? undefined : this.options.find(({ long, short }) => long === match[1] || short === match[1]);
      if (match === null || option === undefined || !option.isBoolean()) return [arg];
      values.set(option.attributeName(), /^(true|1|t)$/i.test(match[2] ?? ''));
      return [];
    });
    const parsed = super.parseOptions(plain);
    for (const [name, value] of values) this.setOptionValueWithSource(name, value, 'cli');
    return parsed;
  }
}
