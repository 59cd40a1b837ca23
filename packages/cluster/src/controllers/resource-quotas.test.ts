import { expect, it } from 'vitest';
import type { ResourceList } from '../shapes/pod.ts';
import { pod } from '../testing/builders.ts';
import { decideQuota } from './resource-quotas.ts';

it('counts what pods ask for, without those that have ended', () => {
  const asking = (cpu: string, memory: string): { containers: readonly { name: string; resources: { requests: ResourceList } }[] } => ({
    containers: [{ name: 'c', resources: { requests: { cpu, memory } } }],
  });
  const hard = {
    pods: '5',
    cpu: '2',
    'requests.memory': '1Gi',
    'limits.cpu': '3',
    'count/deployments.apps': '4',
    'requests.nvidia.com/gpu': '1',
  };
  const plan = decideQuota({
    quota: { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'default' }, spec: { hard } },
    pods: [
      pod({ spec: asking('300m', '512Mi') }),
      pod({ spec: asking('1', '512Mi') }),
      pod({ phase: 'Succeeded', spec: asking('8', '8Gi') }),
    ],
    services: [],
    claims: [],
    countOf: (kind) => (kind === 'deployments.apps' ? 3 : undefined),
  });
  const write = plan.steps[0]?.writes[0];
  expect(write?.verb === 'patch' && write.patch.status).toEqual({
    hard,
    used: { pods: '2', cpu: '1300m', 'requests.memory': '1Gi', 'limits.cpu': '0', 'count/deployments.apps': '3' },
  });
});
