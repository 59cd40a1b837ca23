/** The fields of our five kinds as outlines (see outline.ts), with the sentences that `kubectl explain` prints. */

/** Parts that several kinds share. */
export const parts: Readonly<Record<string, string>> = {
  Metadata: `
annotations: map | Annotations to add.
labels: map | Labels to add.
`,
  FieldReference: `
fieldPath!: string | Path in the object, such as metadata.labels['region'].
`,
  RolloutArgument: `
name!: string | Name of the argument in the template.
value: string | Literal value.
valueFrom: object | Takes the value from elsewhere.
  podTemplateHashValue: string | Stable or Latest: the pod template hash of that version.
  fieldRef: FieldReference | Takes the value from a field of the Rollout.
`,
  Argument: `
name!: string | Name of the argument, used as {{args.NAME}}.
value: string | Literal value.
valueFrom: object | Takes the value from elsewhere.
  secretKeyRef: object | Takes the value from a Secret in the namespace of the run.
    name!: string | Name of the Secret.
    key!: string | Key in the Secret.
  fieldRef: FieldReference | Takes the value from a field of the object that owns the run.
`,
  DryRun: `
metricName!: string | Regular expression over metric names. Matching metrics are measured but do not decide.
`,
  Retention: `
metricName!: string | Regular expression over metric names.
limit!: int32 | How many finished measurements to keep. 10 when no rule matches.
`,
  TemplateReference: `
templateName: string | Name of an AnalysisTemplate in the same namespace, or of a ClusterAnalysisTemplate.
clusterScope: bool | Whether templateName is a ClusterAnalysisTemplate.
`,
  RolloutAnalysis: `
templates: []TemplateReference | Templates whose metrics are measured together.
args: []RolloutArgument | Arguments for the templates.
dryRun: []DryRun | Metrics that are measured but do not decide.
measurementRetention: []Retention | How many measurements to keep.
analysisRunMetadata: Metadata | Labels and annotations for the AnalysisRun.
`,
  BackgroundAnalysis: `
templates: []TemplateReference | Templates whose metrics are measured together.
args: []RolloutArgument | Arguments for the templates.
dryRun: []DryRun | Metrics that are measured but do not decide.
measurementRetention: []Retention | How many measurements to keep.
analysisRunMetadata: Metadata | Labels and annotations for the AnalysisRun.
startingStep: int32 | Index of the step, counted from 0, at which the analysis begins. From the start when absent.
`,
  AntiAffinity: `
preferredDuringSchedulingIgnoredDuringExecution: object | Prefers nodes that do not run pods of the other version.
  weight!: int32 | Strength of the preference, 1 to 100.
requiredDuringSchedulingIgnoredDuringExecution: empty | Never schedules pods of both versions on one node.
`,
  StringMatch: `
exact: string | The whole text.
prefix: string | The beginning of the text.
regex: string | A regular expression for the text.
`,
  VirtualService: `
name!: string | Name of the VirtualService; name.namespace reaches another namespace.
routes: []string | Names of the HTTP routes to manage. Needed when there is more than one.
tlsRoutes: []object | TLS routes to manage.
  port: int64 | Port of the route.
  sniHosts: []string | SNI hosts of the route.
tcpRoutes: []object | TCP routes to manage.
  port: int64 | Port of the route.
`,
  NamedReference: `
name!: string | Name of the object.
`,
  RunStatus: `
name!: string | Name of the AnalysisRun.
status!: string | Its phase when last seen; empty right after it was created.
message: string | Its message when last seen.
`,
  WeightDestination: `
weight!: int32 | Share of the traffic.
serviceName: string | Service that receives it.
podTemplateHash: string | Pod template hash of the version that receives it.
`,
  AwsResource: `
name!: string | Name.
arn!: string | Amazon resource name.
fullName: string | Full name as AWS reports it.
`,
  AlbStatus: `
ingress: string | Ingress that the load balancer serves.
loadBalancer: AwsResource | The load balancer.
canaryTargetGroup: AwsResource | Target group of the canary.
stableTargetGroup: AwsResource | Target group of the stable version.
`,
  Condition: `
type!: string | Kind of condition.
status!: string | True, False or Unknown.
reason!: string | One word for why.
message!: string | A sentence for people.
lastUpdateTime!: time | When it was last written.
lastTransitionTime!: time | When status last changed.
`,
  Authentication: `
basicAuth: object | User name and password.
  username: string | User name.
  password: string | Password.
oauth2: object | OAuth 2 client credentials.
  tokenUrl: string | Where tokens are fetched.
  clientId: string | Client id.
  clientSecret: string | Client secret.
  scopes: []string | Scopes to ask for.
sigv4: object | AWS request signing, for managed Prometheus.
  region: string | AWS region.
  profile: string | AWS profile.
  roleArn: string | Role to assume.
`,
  Header: `
key!: string | Name of the header.
value!: string | Value of the header.
`,
  KayentaScope: `
scope!: string | Scope, such as a server group.
region!: string | Region.
step!: int64 | Seconds between data points.
start: string | Start of the period, RFC 3339.
end: string | End of the period, RFC 3339.
`,
  RunSummary: `
count: int32 | How many there are.
successful: int32 | How many succeeded.
failed: int32 | How many failed.
inconclusive: int32 | How many could not decide.
error: int32 | How many could not be measured.
`,
  Metric: `
name!: string | Name of the metric, unique in the run.
interval: string | Time between measurements, such as 30s. Needed when count is above 1.
initialDelay: string | Wait before the first measurement.
count: int-or-string | How many measurements to take. 1 without interval, without end with one.
successCondition: string | Expression over result. True counts as success.
failureCondition: string | Expression over result. True counts as failure.
failureLimit: int-or-string | Failed measurements that are tolerated. -1 never fails.
inconclusiveLimit: int-or-string | Inconclusive measurements that are tolerated.
consecutiveErrorLimit: int-or-string | Errors in a row that are tolerated. 4 when absent.
consecutiveSuccessLimit: int-or-string | Successes in a row after which the metric has passed. 0 is off.
provider!: object | Where the measurement comes from; exactly one.
  prometheus: object | A PromQL query.
    address: string | URL of the Prometheus server.
    query: string | PromQL text.
    authentication: Authentication | How to log in.
    timeout: int64 | Seconds to wait. 30 when absent.
    insecure: bool | Skips verification of the server's certificate.
    headers: []Header | Extra request headers.
    rangeQuery: object | Queries a period instead of an instant.
      start: string | Expression for the start, such as now() - duration("1h").
      end: string | Expression for the end.
      step: string | Resolution, such as 1m.
  web: object | An HTTP call that answers with JSON.
    url!: string | Address to call.
    method: string | GET, POST or PUT. GET when absent.
    headers: []Header | Request headers.
    body: string | Body of a POST or PUT.
    jsonBody: raw | Body of a POST or PUT as JSON.
    timeoutSeconds: int64 | Seconds to wait. 10 when absent.
    jsonPath: string | Which part of the answer is the result, such as {$.rate}.
    insecure: bool | Skips verification of the server's certificate.
    authentication: Authentication | How to log in.
  job: object | A Kubernetes Job: complete is success.
    metadata: Metadata | Labels and annotations for the Job.
    spec!: JobSpec | The Job to run.
  datadog: object | A Datadog query.
    apiVersion: enum(v1,v2) = v1 | API of Datadog to use.
    interval: string = 5m | Length of the period to query.
    query: string | Query text.
    queries: map | Named queries for formula.
    formula: string | Formula over the named queries.
    aggregator: enum(avg,min,max,sum,last,percentile,mean,l2norm,area) | How points become one value.
    requestTimeout: string = 10s | How long to wait for an answer.
    secretRef: object | Secret with the credentials.
      name: string | Name of the Secret.
      namespaced: bool | Looks in the namespace of the run instead of the controller's.
  newRelic: object | A New Relic NRQL query.
    profile: string | Secret with the credentials.
    query!: string | NRQL text.
    timeout: int64 | Seconds to wait.
  wavefront: object | A Wavefront query.
    address: string | Host of Wavefront.
    query: string | Query text.
  graphite: object | A Graphite query.
    address: string | URL of Graphite.
    query: string | Render query.
  influxdb: object | An InfluxDB query.
    profile: string | Secret with the credentials.
    query: string | Flux text.
  skywalking: object | A SkyWalking query.
    address: string | URL of SkyWalking.
    query: string | GraphQL text.
    interval: string | Length of the period to query.
  cloudWatch: object | Amazon CloudWatch metrics.
    interval: string | Length of the period to query.
    metricDataQueries!: []object | Queries as CloudWatch takes them.
      id: string | Name of the query in expressions.
      expression: string | Expression over other queries.
      label: string | Label of the result.
      metricStat: object | A metric to read.
        metric: object | Which metric.
          namespace: string | Namespace of the metric.
          metricName: string | Name of the metric.
          dimensions: []object | Dimensions of the metric.
            name: string | Name of the dimension.
            value: string | Value of the dimension.
        period: int-or-string | Seconds a data point covers.
        stat: string | Statistic, such as Average.
        unit: string | Unit.
      period: int-or-string | Seconds a data point covers.
      returnData: bool | Whether the query's data is part of the result.
  kayenta: object | A Kayenta canary analysis.
    address!: string | URL of Kayenta.
    application!: string | Application in Spinnaker.
    canaryConfigName!: string | Name of the canary config.
    metricsAccountName!: string | Account for metrics.
    configurationAccountName!: string | Account for configuration.
    storageAccountName!: string | Account for storage.
    threshold!: object | Scores that decide.
      pass!: int64 | From this score on it is a success.
      marginal!: int64 | From this score on it is inconclusive.
    scopes!: []object | What is compared.
      name!: string | Name of the scope.
      controlScope!: KayentaScope | The version compared with.
      experimentScope!: KayentaScope | The version under test.
    lookback: bool | Looks back over the whole period.
  plugin: raw | Configuration for a metric plugin, under the plugin's name.
`,
};

const templateSpec = `
metrics: []Metric | What is measured.
args: []Argument | Arguments that metrics use as {{args.NAME}}.
dryRun: []DryRun | Metrics that are measured but do not decide.
measurementRetention: []Retention | How many measurements to keep.
templates: []TemplateReference | Further templates whose metrics are added.
`;

export type KindOutline = {
  readonly kind: string;
  readonly plural: string;
  readonly shortName: string;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly description: string;
  readonly spec: string;
  readonly status?: string;
  readonly columns: readonly { readonly name: string; readonly type: string; readonly jsonPath: string; readonly description: string }[];
  readonly subresources: Readonly<Record<string, unknown>>;
};

const age = { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp', description: 'Time since it was created' };

export const kinds: readonly KindOutline[] = [
  {
    kind: 'Rollout',
    plural: 'rollouts',
    shortName: 'ro',
    scope: 'Namespaced',
    description: 'A workload that replaces one version by the next in steps, measuring as it goes and going back when it must.',
    columns: [
      { name: 'Desired', type: 'integer', jsonPath: '.spec.replicas', description: 'Pods wanted' },
      { name: 'Current', type: 'integer', jsonPath: '.status.replicas', description: 'Pods there are' },
      { name: 'Up-to-date', type: 'integer', jsonPath: '.status.updatedReplicas', description: 'Pods of the newest version' },
      { name: 'Available', type: 'integer', jsonPath: '.status.availableReplicas', description: 'Pods ready for at least minReadySeconds' },
      age,
    ],
    subresources: {
      scale: {
        labelSelectorPath: '.status.selector',
        specReplicasPath: '.spec.replicas',
        statusReplicasPath: '.status.HPAReplicas',
      },
      status: {},
    },
    spec: `
replicas: int32 | How many pods to run. 1 when absent.
selector: ImmutableSelector | Which pods belong to the rollout. Must match the template's labels and cannot be changed.
template: PodTemplate | The pods to run. A change of it starts an update.
workloadRef: object | Takes the pod template from another workload instead of template.
  apiVersion: string | API version of the workload.
  kind: string | Deployment, ReplicaSet or PodTemplate.
  name: string | Name of the workload.
  scaleDown: string | When a Deployment is scaled to 0: never, onsuccess or progressively.
minReadySeconds: int32 | How long a pod must be ready before it counts as available.
strategy: object | How an update proceeds: canary or blueGreen.
  canary: object | Shifts pods or traffic to the new version step by step.
    steps: []object | What happens in turn. Each step has one key.
      setWeight: int32 | Share of pods or traffic for the new version, in percent.
      pause: object | Waits: for the duration, or for somebody to promote when there is none.
        duration: int-or-string | Seconds, or a duration such as 1h30m.
      analysis: RolloutAnalysis | Runs an analysis and goes on when it succeeds.
      experiment: object | Runs an Experiment and goes on when it succeeds.
        templates!: []object | Pods to start for the experiment.
          name!: string | Name of the template in the experiment.
          specRef!: string | canary or stable: whose pod template to use.
          replicas: int32 | How many pods. 1 when absent.
          metadata: Metadata | Labels and annotations for the pods.
          selector: LabelSelector | Replaces the selector of the pods.
          weight: int32 | Share of the traffic, in percent. Needs traffic routing.
          service: object | Creates a Service for the template.
            name: string | Name of that Service.
        duration: string | How long it runs, such as 10m. Until its analyses are done when absent.
        analyses: []object | Analyses that run beside it.
          name!: string | Name of the analysis in the experiment.
          templateName!: string | Template to run.
          clusterScope: bool | Whether it is a ClusterAnalysisTemplate.
          args: []RolloutArgument | Arguments for the template.
          requiredForCompletion: bool | The experiment ends when all such analyses have succeeded.
        dryRun: []DryRun | Metrics that are measured but do not decide.
        analysisRunMetadata: Metadata | Labels and annotations for the AnalysisRuns.
        scaleDownDelaySeconds: int32 | How long its pods stay after it ended.
      setCanaryScale: object | Sets the size of the new version apart from its traffic. Needs traffic routing.
        weight: int32 | Size in percent of replicas.
        replicas: int32 | Size in pods.
        matchTrafficWeight: bool | Lets the size follow the traffic again.
      setHeaderRoute: object | Sends requests with certain headers to the new version.
        name: string | One of managedRoutes.
        match: []object | Headers that a request must have. None removes the route.
          headerName!: string | Name of the header.
          headerValue!: StringMatch | Value of the header.
      setMirrorRoute: object | Copies requests to the new version without using its answers.
        name!: string | One of managedRoutes.
        match: []object | Requests to copy. None removes the route.
          method: StringMatch | Method of the request.
          path: StringMatch | Path of the request.
          headers: map[StringMatch] | Headers of the request.
        percentage: int32 | Share of matching requests to copy. 100 when absent.
      plugin: object | Runs a step plugin.
        name!: string | Name of the plugin.
        config: raw | Configuration for the plugin.
    maxSurge: int-or-string | Pods above replicas during an update, as a number or a percentage. 25% when absent.
    maxUnavailable: int-or-string | Pods that may be missing during an update, as a number or a percentage. 25% when absent.
    canaryService: string | Service that points at the new version.
    stableService: string | Service that points at the stable version.
    trafficRouting: object | The router that splits traffic. Without one the weight is a share of pods.
      istio: object | Istio.
        virtualService: VirtualService | The VirtualService to manage.
        virtualServices: []VirtualService | Several VirtualServices to manage.
        destinationRule: object | Splits by subsets of this DestinationRule instead of by Services.
          name!: string | Name of the DestinationRule.
          canarySubsetName!: string | Subset of the new version.
          stableSubsetName!: string | Subset of the stable version.
          additionalSubsetNames: []string | Subsets that the rollout also writes.
      nginx: object | ingress-nginx.
        stableIngress: string | Ingress of the stable Service.
        stableIngresses: []string | Several such Ingresses.
        annotationPrefix: string | Prefix of the annotations. nginx.ingress.kubernetes.io when absent.
        additionalIngressAnnotations: map | Annotations for the canary Ingress, with the prefix added.
        canaryIngressAnnotations: map | Annotations for the canary Ingress, as they are.
      alb: object | AWS load balancer controller.
        ingress: string | Ingress of the load balancer.
        ingresses: []string | Several such Ingresses.
        servicePort!: int32 | Port of the Services.
        rootService: string | Service that the Ingress names. stableService when absent.
        annotationPrefix: string | Prefix of the annotations. alb.ingress.kubernetes.io when absent.
        stickinessConfig: object | Keeps a client on one version.
          enabled!: bool | Whether it does.
          durationSeconds!: int64 | For how long.
      smi: object | Service Mesh Interface.
        rootService: string | Service that clients use. stableService when absent.
        trafficSplitName: string | Name of the TrafficSplit. The rollout's name when absent.
      ambassador: object | Ambassador.
        mappings!: []string | Mappings of the stable Service.
      appMesh: object | AWS App Mesh.
        virtualService: object | The virtual service.
          name!: string | Name of the VirtualService.
          routes: []string | Routes to manage.
        virtualNodeGroup: object | The virtual nodes of both versions.
          canaryVirtualNodeRef!: NamedReference | Virtual node of the new version.
          stableVirtualNodeRef!: NamedReference | Virtual node of the stable version.
      traefik: object | Traefik.
        weightedTraefikServiceName!: string | Name of the weighted TraefikService.
      apisix: object | Apache APISIX.
        route: object | The route to manage.
          name!: string | Name of the ApisixRoute.
          rules: []string | HTTP rules to manage.
      managedRoutes: []NamedReference | Routes that header and mirror steps may create, in order of precedence.
      plugins: raw | Configuration of traffic plugins, by plugin name.
      maxTrafficWeight: int32 | The weight that means all traffic. 100 when absent.
    analysis: BackgroundAnalysis | An analysis that runs beside the steps and aborts the update when it fails.
    antiAffinity: AntiAffinity | Keeps pods of the two versions apart.
    canaryMetadata: Metadata | Labels and annotations for pods while they are the new version.
    stableMetadata: Metadata | Labels and annotations for pods while they are the stable version.
    scaleDownDelaySeconds: int32 | How long old pods stay after traffic has left them. 30 with traffic routing.
    scaleDownDelayRevisionLimit: int32 | How many old revisions may wait for that delay.
    abortScaleDownDelaySeconds: int32 | How long the new version stays after an abort. 0 keeps it. 30 with traffic routing.
    dynamicStableScale: bool | Shrinks the stable version as traffic leaves it. Needs traffic routing.
    pingPong: object | Two Services that take turns in being stable.
      pingService!: string | One of them.
      pongService!: string | The other.
    minPodsPerReplicaSet: int32 | Least number of pods of a version that is not at 0. Needs traffic routing.
    replicaProgressThreshold: object | How much of the new version must be available before a step counts as done.
      type!: string | Percent or Pods.
      value!: int32 | How much.
  blueGreen: object | Starts the new version beside the old one and switches a Service over.
    activeService!: string | Service that receives production traffic.
    previewService: string | Service that points at the new version before the switch.
    previewReplicaCount: int32 | Size of the new version before the switch. replicas when absent.
    autoPromotionEnabled: bool | Whether the switch happens by itself. True when absent.
    autoPromotionSeconds: int32 | How long to wait before it does.
    maxUnavailable: int-or-string | Pods that may be missing while pods are restarted.
    scaleDownDelaySeconds: int32 | How long the old version stays after the switch. 30 when absent.
    scaleDownDelayRevisionLimit: int32 | How many old revisions may wait for that delay.
    abortScaleDownDelaySeconds: int32 | How long the new version stays after an abort. 0 keeps it. 30 when absent.
    prePromotionAnalysis: RolloutAnalysis | Must succeed before the switch.
    postPromotionAnalysis: RolloutAnalysis | Switches back when it fails after the switch.
    antiAffinity: AntiAffinity | Keeps pods of the two versions apart.
    previewMetadata: Metadata | Labels and annotations for pods before the switch.
    activeMetadata: Metadata | Labels and annotations for pods after the switch.
revisionHistoryLimit: int32 | How many old ReplicaSets to keep. 10 when absent.
paused: bool | Halts the rollout by hand.
progressDeadlineSeconds: int32 | How long an update may go without progress before it is degraded. 600 when absent.
progressDeadlineAbort: bool | Aborts the update then, instead of only saying so.
restartAt: time | Pods created before this time are replaced.
rollbackWindow: object | Going back to a recent revision skips the steps.
  revisions: int32 | How many revisions back count as recent.
analysis: object | How many finished runs to keep.
  successfulRunHistoryLimit: int32 | Successful ones. 5 when absent.
  unsuccessfulRunHistoryLimit: int32 | Failed, inconclusive and erroneous ones. 5 when absent.
`,
    status: `
abort: bool | Set to true to abort the update; stays true until it is retried.
abortedAt: time | When it was aborted.
pauseConditions: []object | Why the controller has paused. Remove them to resume.
  reason!: string | CanaryPauseStep, BlueGreenPause, InconclusiveAnalysisRun or InconclusiveExperiment.
  startTime!: time | Since when.
controllerPause: bool | The controller has paused. With no pauseConditions left, somebody has resumed.
currentPodHash: string | Hash of the newest pod template.
currentStepHash: string | Hash of the steps.
currentStepIndex: int32 | Index of the current step; the number of steps when all are done.
replicas: int32 | Pods there are.
updatedReplicas: int32 | Pods of the newest version.
readyReplicas: int32 | Pods that are ready.
availableReplicas: int32 | Pods ready for at least minReadySeconds.
HPAReplicas: int32 | Pods that autoscaling counts.
selector: string | Selector of the pods that autoscaling counts.
collisionCount: int32 | How often the hash collided.
observedGeneration: string | Generation that this status is about.
conditions: []Condition | What holds at the moment.
stableRS: string | Hash of the stable version.
canary: object | Only for canary.
  currentStepAnalysisRunStatus: RunStatus | The run of the current step.
  currentBackgroundAnalysisRunStatus: RunStatus | The run beside the steps.
  currentExperiment: string | The experiment of the current step.
  weights: object | Weights that were last given to the router.
    canary!: WeightDestination | Of the new version.
    stable!: WeightDestination | Of the stable version.
    additional: []WeightDestination | Of experiments.
    verified: bool | Whether the router has confirmed them.
  stablePingPong: string | ping or pong: which Service is stable.
  stepPluginStatuses: []object | What step plugins have done.
    index!: int32 | Index of the step.
    name!: string | Name of the plugin.
    operation!: string | Run, Terminate or Abort.
    phase: string | Running, Successful, Failed or Error.
    message: string | What the plugin said.
    startedAt: time | When it started.
    updatedAt: time | When it last ran.
    finishedAt: time | When it ended.
    backoff: string | How long to wait before it runs again.
    executions: int32 | How often it ran.
    disabled: bool | Whether the plugin is switched off.
    status: raw | What the plugin remembers.
blueGreen: object | Only for blueGreen.
  activeSelector: string | Hash that the active Service selects.
  previewSelector: string | Hash that the preview Service selects.
  scaleUpPreviewCheckPoint: bool | The new version has been allowed its full size.
  prePromotionAnalysisRunStatus: RunStatus | The run before the switch.
  postPromotionAnalysisRunStatus: RunStatus | The run after the switch.
restartedAt: time | The restartAt that has been carried out.
promoteFull: bool | Set to true to skip all steps, pauses and analyses.
phase: string | Healthy, Progressing, Paused or Degraded.
message: string | Why.
workloadObservedGeneration: string | Generation of the referenced workload that this status is about.
alb: AlbStatus | The load balancer, when there is one Ingress.
albs: []AlbStatus | The load balancers.
duration: object | How long the update has taken.
  rolloutStartedAt: time | When it began.
  manualPauseStartedAt: time | Since when it waits for a person.
  totalManualPauseDurationSeconds: int64 | How long it has waited for people in all.
  finishedAt: time | When it ended.
  completionStatus: string | How it ended: Promoted, FastPromoted, Aborted, Superseded, RolledBack or FastRolledBack.
`,
  },
  {
    kind: 'AnalysisRun',
    plural: 'analysisruns',
    shortName: 'ar',
    scope: 'Namespaced',
    description: 'One run of an analysis: metrics that are measured until they decide.',
    columns: [{ name: 'Status', type: 'string', jsonPath: '.status.phase', description: 'Phase of the run' }, age],
    subresources: {},
    spec: `
metrics!: []Metric | What is measured.
args: []Argument | Arguments that metrics use as {{args.NAME}}.
terminate: bool | Set to true to end the run early.
dryRun: []DryRun | Metrics that are measured but do not decide.
measurementRetention: []Retention | How many measurements to keep.
ttlStrategy: object | When a finished run is deleted. Never when absent.
  secondsAfterCompletion: int32 | Seconds after it ended, however it ended.
  secondsAfterFailure: int32 | Seconds after it failed.
  secondsAfterSuccess: int32 | Seconds after it succeeded.
`,
    status: `
phase!: string | Pending, Running, Successful, Failed, Error or Inconclusive.
message: string | Why.
startedAt: time | When it began.
completedAt: time | When it ended.
metricResults: []object | What was measured.
  name!: string | Name of the metric.
  phase!: string | What the metric has come to.
  message: string | Why.
  count: int32 | Measurements that counted.
  successful: int32 | How many succeeded.
  failed: int32 | How many failed.
  inconclusive: int32 | How many could not decide.
  error: int32 | How many could not be taken.
  consecutiveError: int32 | Errors in a row.
  consecutiveSuccess: int32 | Successes in a row.
  dryRun: bool | The metric does not decide.
  metadata: map | What the provider reports about the metric.
  measurements: []object | The newest measurements.
    phase!: string | What it came to.
    value: string | What was measured.
    message: string | Why.
    startedAt: time | When it began.
    finishedAt: time | When it ended.
    resumeAt: time | When it is looked at again.
    metadata: map | What the provider reports about it.
runSummary: RunSummary | The metrics in numbers.
dryRunSummary: RunSummary | The metrics that do not decide, in numbers.
`,
  },
  {
    kind: 'AnalysisTemplate',
    plural: 'analysistemplates',
    shortName: 'at',
    scope: 'Namespaced',
    description: 'Metrics and arguments from which AnalysisRuns are made.',
    columns: [age],
    subresources: {},
    spec: templateSpec,
  },
  {
    kind: 'ClusterAnalysisTemplate',
    plural: 'clusteranalysistemplates',
    shortName: 'cat',
    scope: 'Cluster',
    description: 'Metrics and arguments from which AnalysisRuns in any namespace are made.',
    columns: [age],
    subresources: {},
    spec: templateSpec,
  },
  {
    kind: 'Experiment',
    plural: 'experiments',
    shortName: 'exp',
    scope: 'Namespaced',
    description: 'Pods of one or more templates that run side by side for a while, and analyses over them.',
    columns: [{ name: 'Status', type: 'string', jsonPath: '.status.phase', description: 'Phase of the experiment' }, age],
    subresources: {},
    spec: `
templates!: []object | What to run.
  name!: string | Name of the template.
  replicas: int32 | How many pods. 1 when absent.
  minReadySeconds: int32 | How long a pod must be ready before it counts as available.
  selector!: LabelSelector | Which pods belong to the template. Must match its labels.
  template!: PodTemplate | The pods to run.
  service: object | Creates a Service for the template.
    name: string | Name of that Service.
duration: string | How long it runs once everything is available, such as 10m.
progressDeadlineSeconds: int32 | How long pods may take to become available. 600 when absent.
terminate: bool | Set to true to end it early.
analyses: []object | Analyses that run beside it.
  name!: string | Name of the analysis in the experiment.
  templateName!: string | Template to run.
  clusterScope: bool | Whether it is a ClusterAnalysisTemplate.
  args: []Argument | Arguments for the template.
  requiredForCompletion: bool | The experiment ends when all such analyses have succeeded.
scaleDownDelaySeconds: int32 | How long its pods stay after it ended. 30 when absent.
dryRun: []DryRun | Metrics that are measured but do not decide.
measurementRetention: []Retention | How many measurements to keep.
analysisRunMetadata: Metadata | Labels and annotations for the AnalysisRuns.
`,
    status: `
phase: string | Pending, Running, Successful, Failed, Error or Inconclusive.
message: string | Why.
templateStatuses: []object | What has become of the templates.
  name!: string | Name of the template.
  replicas!: int32 | Pods there are.
  updatedReplicas!: int32 | Pods of this template.
  readyReplicas!: int32 | Pods that are ready.
  availableReplicas!: int32 | Pods ready for at least minReadySeconds.
  collisionCount: int32 | How often the name collided.
  status: string | Progressing, Running, Successful, Failed or Error.
  message: string | Why.
  lastTransitionTime: time | When its counts or its status last changed.
  serviceName: string | Service that was created.
  podTemplateHash: string | Hash of the template.
availableAt: time | When everything was available.
conditions: []Condition | What holds at the moment.
analysisRuns: []object | What has become of the analyses.
  name!: string | Name of the analysis.
  analysisRun!: string | Name of the AnalysisRun.
  phase!: string | Its phase.
  message: string | Its message.
`,
  },
];
