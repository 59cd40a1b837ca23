/** `version`: what upstream's plugin says, as far as it has a meaning for this program. */
import type { Io } from '../../io.ts';
import { version } from '../../version.ts';

export function printVersion({ out }: Pick<Io, 'out'>, isShort: boolean): void {
  out.write(`kubectl-argo-rollouts: v${version}+sluice\n`);
  if (!isShort) out.write(`  Program: sluice ${version}\n`);
}
