/**
 * Completion in four shells. The scripts know nothing of the commands: they ask the program itself, by the hidden command `__complete`
 * with the words typed so far, and get a candidate a line, a tab, what it is, and at the end `:4` (nothing else fits) or `:0` (files do).
 * kubectl asks in the same way, when a script `kubectl_complete-argo-rollouts` passes its arguments on.
 */
import { analysisRunType, experimentType, type ResourceType, rolloutType } from '@sluice/api';
import type { Command, Option } from 'commander';
import type { ConnectionFlags } from './connection-flags.ts';
import type { Session } from './session.ts';

export const shells = ['bash', 'zsh', 'fish', 'powershell'] as const;
export type Shell = (typeof shells)[number];

/** The program that a script is for, and the words in front of our commands: none, or `rollouts` below `sluice`. */
export type Completed = { readonly program: string; readonly prefix: readonly string[] };

export function completionScript(shell: Shell, { program, prefix }: Completed): string {
  const name = `_${program.replaceAll('-', '_')}_complete`;
  const ask = [program, ...prefix, '__complete'].join(' ');
  const skip = prefix.length + 1;
  switch (shell) {
    case 'bash':
      return `# bash completion for ${[program, ...prefix].join(' ')}
${name}() {
  local line current="\${COMP_WORDS[COMP_CWORD]}" directive=
  ${inPrefix(prefix, (word, at) => `[ "\${COMP_WORDS[${at}]}" = ${word} ] || return 0; `)}[ "$COMP_CWORD" -ge ${skip} ] || return 0
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :[0-9]*) directive="\${line#:}" ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <(${ask} "\${COMP_WORDS[@]:${skip}:COMP_CWORD${skip > 1 ? `-${skip - 1}` : ''}}" 2>/dev/null)
  if [ "$directive" = 0 ] && [ "\${#COMPREPLY[@]}" -eq 0 ]; then
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$current")
  fi
}
complete -F ${name} ${program}
`;
    case 'zsh':
      return `#compdef ${program}
# zsh completion for ${[program, ...prefix].join(' ')}
${name}() {
  ${inPrefix(prefix, (word, at) => `[[ "\${words[${at + 1}]}" == ${word} ]] || return 0; `)}(( CURRENT > ${skip} )) || return 0
  local -a candidates
  local line directive
  while IFS= read -r line; do
    case "$line" in
      :[0-9]*) directive="\${line#:}" ;;
      *) candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}") ;;
    esac
  done < <(${ask} "\${(@)words[${skip + 1},CURRENT]}" 2>/dev/null)
  if (( \${#candidates} )); then
    _describe '${program}' candidates
  elif [[ "$directive" == 0 ]]; then
    _files
  fi
}
compdef ${name} ${program}
`;
    case 'fish':
      return `# fish completion for ${[program, ...prefix].join(' ')}
function ${name}
  set -l given (commandline -opc) (commandline -ct)
  ${inPrefix(prefix, (word, at) => `test "$given[${at + 1}]" = ${word}; or return; `)}set -l lines (${ask} $given[${skip + 1}..-1] 2>/dev/null)
  set -l candidates (string match -rv '^:[0-9]+$' -- $lines)
  if test (count $candidates) -gt 0
    printf '%s\\n' $candidates
  else if contains ':0' $lines
    __fish_complete_path (commandline -ct)
  end
end
complete -c ${program} -f -a '(${name})'
`;
    case 'powershell':
      return `# PowerShell completion for ${[program, ...prefix].join(' ')}
Register-ArgumentCompleter -Native -CommandName '${program}' -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $given = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
  if ($wordToComplete -eq '') { $given += '' }
  ${inPrefix(prefix, (word, at) => `if ($given[${at - 1}] -ne '${word}') { return }; `)}$given = @($given | Select-Object -Skip ${prefix.length})
  ${ask} @given 2>$null | Where-Object { $_ -notmatch '^:\\d+$' } | ForEach-Object {
    $parts = $_ -split "\`t", 2
    $about = if ($parts.Count -gt 1 -and $parts[1]) { $parts[1] } else { $parts[0] }
    [System.Management.Automation.CompletionResult]::new($parts[0], $parts[0], 'ParameterValue', $about)
  }
}
`;
  }
}

/** Checks that the words in front of ours are there; nothing for a program of our own. */
function inPrefix(prefix: readonly string[], check: (word: string, at: number) => string): string {
  return prefix.map((word, index) => check(word, index + 1)).join('');
}

type Candidate = readonly [text: string, about: string];
type NameKind = 'ROLLOUT' | 'EXPERIMENT' | 'ANALYSISRUN';

/** What the words so far lead to: a command, how many arguments it has got, and the option that still wants a value. */
type Position = { readonly command: Command; readonly given: readonly string[]; readonly open: Option | undefined };

/**
 * Answers `__complete`.
 *
 * @param words - everything after the program; the last one is the word to be completed, and may be empty
 * @param open - connects for the names of objects; where that fails there are none
 */
export async function complete(
  root: Command,
  words: readonly string[],
  open: (flags: ConnectionFlags) => Promise<Session>,
): Promise<string> {
  const [current = '', ...before] = [...words].reverse();
  const position = walk(root, before.reverse());
  const { candidates, areFilesFine } = await candidatesAt(root, position, current, () => open(flagsIn(root, words)));
  const fitting = candidates.filter(([text]) => text.startsWith(current));
  return `${fitting.map(([text, about]) => `${text}\t${about}\n`).join('')}:${areFilesFine ? 0 : 4}\n`;
}

function walk(root: Command, words: readonly string[]): Position {
  let command = root;
  let given: string[] = [];
  let open: Option | undefined;
  for (const word of words) {
    if (open !== undefined) {
      open = undefined;
    } else if (word.startsWith('-')) {
      const option = optionsOf(root, command).find(({ short, long }) => short === word || long === word);
      if (option !== undefined && !option.isBoolean()) open = option;
    } else {
      const next: Command | undefined =
        given.length > 0 ? undefined : command.commands.find((one) => one.name() === word || one.aliases().includes(word));
      if (next === undefined) given = [...given, word];
      else command = next;
    }
  }
  return { command, given, open };
}

function optionsOf(root: Command, command: Command): readonly Option[] {
  return command === root ? root.options : [...command.options, ...root.options];
}

async function candidatesAt(
  root: Command,
  { command, given, open }: Position,
  current: string,
  connect: () => Promise<Session>,
): Promise<{ readonly candidates: readonly Candidate[]; readonly areFilesFine: boolean }> {
  const only = (candidates: readonly Candidate[]) => ({ candidates, areFilesFine: false });
  // Values of flags are free text or files.
  if (open !== undefined) return { candidates: [], areFilesFine: /file|kubeconfig|certificate|client-key/.test(open.long ?? '') };
  if (current.startsWith('-')) {
    const visible = optionsOf(root, command).filter(({ hidden, long }) => !hidden && long !== undefined);
    return only(visible.map(({ long, description }) => [long ?? '', description]));
  }
  if (command.name() === 'completion' && given.length === 0) return only(shells.map((shell) => [shell, '']));
  const children = command.commands.filter((one) => !one.name().startsWith('_'));
  if (children.length > 0) return only(given.length > 0 ? [] : children.map((one) => [one.name(), one.summary()]));
  const [, kind, , several] = /^(ROLLOUT|EXPERIMENT|ANALYSISRUN)_NAME( [A-Z=]+)?(\.\.\.)?/.exec(command.usage()) ?? [];
  if (kind === undefined || (given.length > 0 && several === undefined)) return only([]);
  const names = await namesOf(kind as NameKind, connect);
  return only(names.filter((name) => !given.includes(name)).map((name) => [name, '']));
}

const types: Readonly<Record<NameKind, ResourceType>> = { ROLLOUT: rolloutType, EXPERIMENT: experimentType, ANALYSISRUN: analysisRunType };

async function namesOf(kind: NameKind, connect: () => Promise<Session>): Promise<readonly string[]> {
  let session: Session | undefined;
  try {
    session = await connect();
    const { items } = await session.client.list(types[kind], { namespace: session.namespace });
    return items.map(({ metadata }) => metadata.name ?? '');
  } catch {
    // Somebody is typing: an error in the middle of the line helps nobody.
    return [];
  } finally {
    await session?.close();
  }
}

/** The connection flags among the words, wherever they stand. */
function flagsIn(root: Command, words: readonly string[]): ConnectionFlags {
  const flags: Record<string, unknown> = { requestTimeout: '3s', ...root.opts() };
  for (const [at, word] of words.entries()) {
    const [name = '', value] = word.includes('=') ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)] : [word];
    const option = root.options.find(({ short, long }) => short === name || long === name);
    if (option === undefined) continue;
    flags[option.attributeName()] = option.isBoolean() ? value !== 'false' : (value ?? words[at + 1]);
  }
  return flags;
}
