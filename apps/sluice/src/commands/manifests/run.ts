import { toYaml } from '@sluice/schema';
import type { Io } from '../../io.ts';
import type { ManifestsOptions } from './index.ts';
import { controllerManifests } from './objects.ts';

export function runManifests(options: ManifestsOptions, io: Pick<Io, 'out'>): void {
  for (const object of controllerManifests(options)) io.out.write(`---\n${toYaml(object)}`);
}
