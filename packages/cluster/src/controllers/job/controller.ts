/** The shell of the job controller, and of the clean-up after it: pods of Jobs that are gone, Jobs whose time to live is over. */
import { controllerOf, type Instant, keyOf, parseTime } from '@sluice/api';
import { builtinTypes } from '@sluice/kube';
import { adoptersIn } from '../../control/adopters.ts';
import { controlledBy, orphansIn } from '../../control/caches.ts';
import { claim } from '../../control/claims.ts';
import { inOrder, nothing, type Plan } from '../../control/plan.ts';
import {
  type ClusterController,
  createShell,
  enqueueController,
  enqueueItself,
  follow,
  type Surroundings,
  together,
} from '../../control/shell.ts';
import type { Pod } from '../../shapes/pod.ts';
import type { Job } from '../../shapes/workloads.ts';
import { decideJob, withoutFinalizer } from './decide.ts';
import { isTracked } from './pods.ts';

export function jobController(around: Surroundings): ClusterController {
  const { caches, clock, tombstones } = around;
  const jobs = caches.of<Job>(builtinTypes.jobs);
  const pods = caches.of<Pod>(builtinTypes.pods);

  const main = createShell(around, 'job-controller', async (key, actor) => {
    const job = jobs.get(key);
    if (job === undefined) return undefined;
    const { namespace = '', uid = '' } = job.metadata;
    const { claimed, writes } = claim<Pod>({
      ownerType: builtinTypes.jobs,
      owner: job,
      selector: job.spec.selector,
      type: builtinTypes.pods,
      candidates: [...controlledBy(pods, uid), ...orphansIn(pods, namespace)].filter((pod) => !tombstones.has(pod)),
    });
    if (writes.length > 0) await actor.carryOutOrThrow({ steps: [{ writes }], notes: [], reason: 'adopt and release' });
    return follow(actor, decideJob({ job, pods: claimed }, clock.now()));
  });

  const strays = createShell(around, 'job-controller', async (key, actor) => {
    const pod = pods.get(key);
    if (pod === undefined || !isTracked(pod) || isWithJob(pod)) return undefined;
    return follow(actor, { steps: [{ writes: [withoutFinalizer(pod)] }], notes: [], reason: 'the job is gone' });
  });
  const isWithJob = (pod: Pod): boolean => {
    const owner = controllerOf(pod);
    return owner?.kind === 'Job' && jobs.get(`${pod.metadata.namespace}/${owner.name}`)?.metadata.uid === owner.uid;
  };

  const expired = createShell(around, 'ttl-after-finished-controller', async (key, actor) => {
    const job = jobs.get(key);
    return job === undefined ? undefined : follow(actor, decideExpiry(job, clock.now()));
  });

  enqueueItself(jobs, main.loop);
  enqueueController(pods, main.loop, 'Job', adoptersIn(jobs));
  const wakeStray = (pod: Pod): void => {
    if (isTracked(pod) && !isWithJob(pod)) strays.loop.enqueue(keyOf(pod));
  };
  pods.addHandler({ added: wakeStray, updated: wakeStray });
  const wakeExpired = (job: Job): void => {
    if (job.spec.ttlSecondsAfterFinished !== undefined) expired.loop.enqueue(keyOf(job));
  };
  jobs.addHandler({
    added: wakeExpired,
    updated: wakeExpired,
    deleted: (job) => {
      for (const pod of controlledBy(pods, job.metadata.uid ?? '')) wakeStray(pod);
    },
  });

  return together(main.loop, strays.loop, expired.loop);
}

/** A finished Job goes, with its pods, `ttlSecondsAfterFinished` after it ended. */
export function decideExpiry(job: Job, now: Instant): Plan {
  const ttl = job.spec.ttlSecondsAfterFinished;
  const end = job.status?.conditions?.find(({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True');
  const endedAt = parseTime(end?.lastTransitionTime);
  if (ttl === undefined || endedAt === undefined || job.metadata.deletionTimestamp !== undefined) return nothing('does not expire');
  const expiresAt = endedAt + ttl * 1000;
  if (now < expiresAt) return nothing('not yet expired', expiresAt - now);
  return {
    steps: inOrder({ verb: 'delete', type: builtinTypes.jobs, object: job, propagationPolicy: 'Foreground' }),
    notes: [],
    reason: 'expired',
  };
}
