import { crds } from '@sluice/api';
import { toYaml } from '@sluice/schema';
import type { Io } from '../../io.ts';

/** One YAML document a CRD. Their descriptions make them too big for the annotation of client-side apply, so they are applied server-side. */
export function runCrds(io: Pick<Io, 'out'>): void {
  for (const crd of crds()) io.out.write(`---\n${toYaml(crd)}`);
}
