/**
 * `npm run bench -- fleet`: N Rollouts of R pods are created, given a new image at once, taken through four steps (20 %, 5 s, 60 %, 5 s),
 * and left alone. On the cluster of `--kubeconfig`, or on the embedded one.
 */
import type { FleetResult } from './rollouts.ts';
import { measureFleet } from './rollouts.ts';
import type { Target } from './targets.ts';

export type FleetArguments = { readonly count: number; readonly replicas: number };

const pauseSeconds = 5;
const idleMs = 30_000;

/** @returns the table, as text */
export async function fleet(target: Target, bundles: string, { count, replicas }: FleetArguments): Promise<string> {
  const result = await measureFleet(target, bundles, { count, replicas, pauseSeconds, idleMs });
  return [`${count} Rollouts of ${replicas} pods updated at once through 4 steps`, ...lines(result, count)].join('\n');
}

function lines(result: FleetResult, count: number): readonly string[] {
  const { wallMs, controllerCpuMs, controllerRssMb, controllerPeakRssMb, writes, stateWritesEach, eventsEach, idle } = result;
  const rows: readonly (readonly [what: string, value: string])[] = [
    ['wall', `${(wallMs / 1000).toFixed(1)} s, of which the pauses are ${2 * pauseSeconds} s`],
    ['controller CPU', `${(controllerCpuMs / 1000).toFixed(2)} s, ${(controllerCpuMs / count).toFixed(1)} ms each`],
    ['controller memory', `${controllerRssMb.toFixed(0)} MB, ${controllerPeakRssMb.toFixed(0)} MB at its peak`],
    ['state writes each', stateWritesEach.toFixed(2)],
    ...Object.entries(writes)
      .filter(([kind]) => kind !== 'events')
      .sort(([, a], [, b]) => b - a)
      .map(([kind, all]) => [`  ${kind}`, (all / count).toFixed(2)] as const),
    ['Events each', eventsEach.toFixed(2)],
    [`idle for ${idleMs / 1000} s`, `${idle.writes} writes, ${idle.cpuPercent.toFixed(2)} % of a core, ${idle.rssMb.toFixed(0)} MB`],
  ];
  const width = Math.max(...rows.map(([what]) => what.length));
  return rows.map(([what, value]) => `  ${what.padEnd(width)}  ${value}`);
}
