import { expect, it } from 'vitest';
import { controllerMetricsText } from './controller-metrics.ts';
import { resourceOf } from './metrics.ts';

it('the numbers of the rollouts side have the names and labels that dashboards ask for', () => {
  const seconds = { bounds: [0.01, 0.5], counts: [2, 3], sum: 1.25, count: 4 };
  const text = controllerMetricsText({
    rollouts: {
      rollouts: [
        {
          namespace: 'a',
          name: 'web',
          strategy: 'canary',
          trafficRouter: '',
          phase: 'Paused',
          progress: 'Paused',
          desired: 5,
          available: 4,
          unavailable: 1,
          updated: 2,
        },
      ],
      events: [{ namespace: 'a', name: 'web', type: 'Normal', reason: 'RolloutPaused', count: 2 }],
      passes: [{ namespace: 'a', name: 'web', errors: 1, seconds }],
      durations: [{ completion: 'Promoted', total: seconds, progression: seconds, manualPause: seconds }],
      writes: {},
    },
    analysis: {
      runs: [{ namespace: 'a', name: 'r', phase: 'Failed', metrics: [{ name: 'm', type: 'Web', isDryRun: true, phase: 'Error' }] }],
      passes: [{ namespace: 'a', name: 'r', errors: 2, seconds }],
    },
    templates: [{ namespace: '', name: 't', metrics: [{ name: 'm', type: 'Job' }] }],
    notifications: {
      sent: [{ namespace: 'a', name: 'web', type: 'Normal', reason: 'RolloutPaused', successes: 2, errors: 1 }],
      durations: [],
    },
    experiments: { experiments: [{ namespace: 'a', name: 'e', phase: 'Running' }], passes: [], writes: { WriteStatus: 3 } },
  });
  for (const line of [
    'rollout_info{namespace="a",name="web",strategy="canary",traffic_router="",phase="Paused"} 1',
    'rollout_info_replicas_unavailable{namespace="a",name="web"} 1',
    'rollout_phase{namespace="a",name="web",strategy="canary",phase="Paused"} 1',
    'rollout_phase{namespace="a",name="web",strategy="canary",phase="Abort"} 0',
    'rollout_reconcile_bucket{namespace="a",name="web",le="0.5"} 3',
    'rollout_reconcile_bucket{namespace="a",name="web",le="+Inf"} 4',
    'rollout_reconcile_error{namespace="a",name="web"} 1',
    'rollout_events_total{namespace="a",name="web",type="Normal",reason="RolloutPaused"} 2',
    'rollout_duration_seconds_count{status="Promoted"} 4',
    '# TYPE rollout_manual_pause_duration_seconds histogram',
    'analysis_run_info{namespace="a",name="r",phase="Failed"} 1',
    'analysis_run_phase{namespace="a",name="r",phase="Error"} 0',
    'analysis_run_metric_type{namespace="a",name="r",metric="m",type="Web"} 1',
    'analysis_run_metric_phase{namespace="a",name="r",metric="m",type="Web",dry_run="true",phase="Error"} 1',
    'analysis_run_reconcile_error{namespace="a",name="r"} 2',
    'analysis_template_metric_info{namespace="",name="t",type="Job",metric="m"} 1',
    'experiment_info{namespace="a",name="e",phase="Running"} 1',
    'experiment_phase{namespace="a",name="e",phase="Pending"} 0',
    'sluice_experiment_writes_total{kind="WriteStatus"} 3',
    'notification_send_error{namespace="a",name="web",type="Normal",reason="RolloutPaused"} 1',
  ]) {
    expect(text.split('\n')).toContain(line);
  }
});

it('calls of the API are counted by resource, never by name', () => {
  const paths = [
    '/api/v1/namespaces/a/pods/web-1/eviction',
    '/api/v1/namespaces/a',
    '/api/v1/namespaces',
    '/apis/apps/v1/replicasets',
    '/apis/argoproj.io/v1alpha1/namespaces/a/rollouts/web/status',
    '/version',
  ];
  expect(paths.map(resourceOf)).toEqual(['pods/eviction', 'namespaces', 'namespaces', 'replicasets', 'rollouts/status', '']);
});
