/** The Markdown pages of this repository as data: which there are, what they link to, their snippets and tables; and the program's own help. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Io, TextOutput } from '../../apps/sluice/src/io.ts';
import { createProgram } from '../../apps/sluice/src/program.ts';
import { root } from './program.ts';

/** Every file below a folder of the repository, as paths from its root. Built and installed things are not part of it. */
export function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist', '.git'].includes(entry.name) ? [] : filesBelow(path);
    return [relative('.', path)];
  });
}

export function readPage(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

/** Bodies of the fenced blocks of a language, in order. */
export function snippets(page: string, language: string): readonly string[] {
  return [...page.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].filter(([, name]) => name === language).map(([, , body = '']) => body);
}

/** Targets of links that are no addresses, with the anchor behind `#`. Code is not looked at. */
export function relativeLinks(page: string): readonly { readonly path: string; readonly anchor: string }[] {
  const text = page.replaceAll(/^```[\s\S]*?^```$/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => ({ path: target.split('#')[0] ?? '', anchor: target.split('#')[1] ?? '' }));
}

/** Anchors of the headings, as GitHub makes them. */
export function anchors(page: string): readonly string[] {
  return [...page.replaceAll(/^```[\s\S]*?^```$/gm, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Rows of the tables under a heading (all of the page without one), headers left out; a bar in code is no cell border. */
export function tableRows(page: string, heading?: string): readonly (readonly string[])[] {
  const from = heading === undefined ? 0 : page.indexOf(`\n${heading}\n`);
  if (from < 0) throw new Error(`there is no ${heading}`);
  const level = /^#+/.exec(heading ?? '')?.[0].length ?? 1;
  const rest = page.slice(from + (heading?.length ?? 0) + 1);
  const end = heading === undefined ? -1 : rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  const lines = (end < 0 ? rest : rest.slice(0, end)).split('\n');
  return lines
    .filter((line, at) => line.startsWith('|') && !/^[|-]+$/.test(line) && !/^[|-]+$/.test(lines[at + 1] ?? ''))
    .map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
}

/** The texts in backticks. */
export function codes(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
}

type Program = Awaited<ReturnType<typeof createProgram>>;
type Command = Program['commands'][number];

/** The tree of commands, with those of `rollouts`. */
export function commandTree(): Promise<Command> {
  const nowhere: TextOutput = { write: () => {}, isTerminal: false, columns: 80 };
  const io: Io = {
    out: nowhere,
    err: nowhere,
    env: {},
    homeDir: '/home/user',
    workingDir: '/',
    clock: { now: () => 0, after: () => () => {} },
    random: () => 0,
    signal: new AbortController().signal,
    readInput: () => Promise.resolve(''),
    exitCode: 0,
  };
  return createProgram(io, ['rollouts']);
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => {
      text += part;
    },
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text.trim();
}

/** What docs/reference/cli.md must say: the help of every command. */
export async function cliPage(): Promise<string> {
  const sections: string[] = [];
  const visit = (command: Command): void => {
    sections.push(`${'#'.repeat(command.parent === null ? 2 : 3)} ${pathOf(command)}\n\n\`\`\`text\n${helpOf(command)}\n\`\`\`\n`);
    // What shells ask begins with an underscore and is in no help.
    for (const child of command.commands) if (child.name() !== 'help' && !child.name().startsWith('_')) visit(child);
  };
  visit(await commandTree());
  return `# Commands

What \`--help\` says, command by command. This page is written by its test: \`UPDATE_GOLDEN=1 npx vitest run tests/e2e/docs.test.ts\`.

\`kubectl-argo-rollouts\` is \`sluice rollouts\` under the name that kubectl looks for: \`kubectl argo rollouts ...\`. Flags of \`sluice rollouts\` itself, such as \`-n\`, may stand before or
after its subcommands, and switches take \`=true\` and \`=false\`.

${sections.join('\n')}`;
}

/** What is wrong with a command line: a command or a flag that does not exist. `undefined` when nothing is. */
export function problemOf(line: string, tree: Command): string | undefined {
  const words = line
    .replace(/ #.*$/, '')
    .split(' ')
    .filter((word) => word !== '');
  let command = tree;
  let at = 1;
  for (; at < words.length; at++) {
    const child = command.commands.find((one) => one.name() === words[at] || one.aliases().includes(words[at] ?? ''));
    if (child === undefined) break;
    command = child;
  }
  if (command.commands.length > 0 && at < words.length && !(words[at] ?? '').startsWith('-')) return `${line}: no command ${words[at]}`;
  const known = new Set(['-h', '--help', '--version']);
  for (let level: Command | null = command; level !== null; level = level.parent) {
    for (const { short, long } of level.options) for (const flag of [short, long]) if (flag !== undefined && flag !== null) known.add(flag);
  }
  const unknown = words.slice(at).find((word) => /^--?[a-zA-Z]/.test(word) && !known.has(word.split('=')[0] ?? ''));
  return unknown === undefined ? undefined : `${line}: no flag ${unknown}`;
}
