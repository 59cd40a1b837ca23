/**
 * How pods live when no rule of the user says otherwise. The cases are those that people write on purpose: an image that is named after
 * its failure, a command that cannot run, a Job that sleeps and exits. They come after the user's rules, so any of them can be overruled.
 */
import { exactly, type PodLife, type PodRule } from './rules.ts';

/**
 * An ordinary pod: bound at once, Running after 1 to 2 s, Ready with it (later by the initial delay of its readiness probe), gone 0.5 s
 * after it is deleted.
 */
export const baseLife: PodLife = {
  scheduledAfter: exactly(0),
  pulledAfter: exactly(0),
  startedAfter: { minMs: 1000, maxMs: 2000 },
  readyAfter: exactly(0),
  terminatedAfter: exactly(500),
  usage: { cpu: '5m', memory: '16Mi' },
};

const crashes: Partial<PodLife> = { exit: { after: exactly(0), code: 1 }, isNeverReady: true };
const isMissing: Partial<PodLife> = { pullError: 'not found', pulledAfter: { minMs: 1000, maxMs: 2000 }, startedAfter: exactly(0) };

export const defaultRules: readonly PodRule[] = [
  { name: 'image that cannot be found', match: { image: '*nonexistent*' }, life: isMissing },
  { name: 'image that cannot be found', match: { image: '*non-existent*' }, life: isMissing },
  { name: 'image that cannot be found', match: { image: '*does-not-exist*' }, life: isMissing },
  { name: 'command that cannot run', match: { command: '/bad-command*' }, life: crashes },
  { name: 'image tagged as broken', match: { image: '*:error' }, life: crashes },
  { name: 'image tagged as broken', match: { image: '*-argo-error' }, life: crashes },
  { name: 'image tagged as broken', match: { image: '*:crash' }, life: crashes },
  { name: 'pod of a Job', match: { ownerKind: 'Job' }, life: { exit: 'command' } },
  {
    name: 'pod that runs one command, such as a chart test',
    match: { ownerKind: 'none', restartPolicy: ['Never', 'OnFailure'], command: '?*' },
    life: { exit: 'command' },
  },
];
