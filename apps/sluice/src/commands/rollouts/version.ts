/** `version`: the lines of upstream's plugin. What has no meaning for a program that nobody compiled with Go says so. */
import { arch, platform } from 'node:os';
import type { Io } from '../../io.ts';
import { version } from '../../version.ts';

const architectures: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' };

export function printVersion({ out }: Pick<Io, 'out'>, isShort: boolean): void {
  out.write(`kubectl-argo-rollouts: v${version}+sluice\n`);
  if (isShort) return;
  const system = platform() === 'win32' ? 'windows' : platform();
  const lines = [
    ['BuildDate', 'unknown'],
    ['GitCommit', 'unknown'],
    ['GitTreeState', 'unknown'],
    ['GoVersion', `none (Node.js ${process.versions.node})`],
    ['Compiler', 'none'],
    ['Platform', `${system}/${architectures[arch()] ?? arch()}`],
  ];
  out.write(lines.map(([name, value]) => `  ${name}: ${value}\n`).join(''));
}
