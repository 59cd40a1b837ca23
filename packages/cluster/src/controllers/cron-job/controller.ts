/** The shell of the cronjob controller. */
import { builtinTypes } from '@sluice/kube';
import { controlledBy } from '../../control/caches.ts';
import { type ClusterController, createShell, enqueueController, enqueueItself, follow, type Surroundings } from '../../control/shell.ts';
import type { CronJob, Job } from '../../shapes/workloads.ts';
import { decideCronJob, decideCronStatus } from './decide.ts';

export function cronJobController(around: Surroundings): ClusterController {
  const { caches, clock, tombstones } = around;
  const cronJobs = caches.of<CronJob>(builtinTypes.cronJobs);
  const jobs = caches.of<Job>(builtinTypes.jobs);

  const { loop } = createShell(around, 'cronjob-controller', async (key, actor) => {
    const cronJob = cronJobs.get(key);
    if (cronJob === undefined) return undefined;
    const uid = cronJob.metadata.uid ?? '';
    const children = (): readonly Job[] => controlledBy(jobs, uid).filter((job) => !tombstones.has(job));
    const plan = decideCronJob({ cronJob, jobs: children() }, clock.now());
    const { failure } = await actor.carryOut(plan);
    const current = cronJobs.get(key);
    if (current?.metadata.uid === uid) await follow(actor, decideCronStatus({ cronJob: current, jobs: children() }));
    if (failure !== undefined) throw failure;
    return plan.requeueAfterMs;
  });

  enqueueItself(cronJobs, loop);
  enqueueController(jobs, loop, 'CronJob');
  return loop;
}
