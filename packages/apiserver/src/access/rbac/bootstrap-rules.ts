/**
 * The rules of the ClusterRoles that every cluster starts with, in a short notation that `bootstrap.ts` reads: a role's name at the
 * margin, then its rules as `groups : resources [names] = verbs` or `url : paths = verbs`; deeper lines go on with the one before.
 * `core` is the group of the empty name; `read`, `write` and `all` stand for the usual sets of verbs.
 * Facts of Kubernetes 1.34 (plugin/pkg/auth/authorizer/rbac/bootstrappolicy), without the roles of controllers that do not run here.
 */
export const bootstrapRules = `
cluster-admin
  * : * = *
  url : * = *
system:aggregate-to-admin
  authorization.k8s.io : localsubjectaccessreviews = create
  rbac.authorization.k8s.io : rolebindings roles = all
system:aggregate-to-edit
  core : pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy = read
  core : serviceaccounts = impersonate
  core : pods pods/attach pods/exec pods/portforward pods/proxy = write
  core : pods/eviction = create
  core : configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts
      services services/proxy = write
  core : serviceaccounts/token = create
  apps : daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale
      = write
  autoscaling : horizontalpodautoscalers = write
  batch : cronjobs jobs = write
  extensions : daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale
      replicationcontrollers/scale = write
  policy : poddisruptionbudgets = write
  networking.k8s.io : ingresses networkpolicies = write
  coordination.k8s.io : leases = all
  resource.k8s.io : resourceclaims resourceclaimtemplates = write
system:aggregate-to-view
  core : configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers
      replicationcontrollers/scale serviceaccounts services services/status = read
  core : bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas
      resourcequotas/status = read
  core : namespaces = read
  discovery.k8s.io : endpointslices = read
  apps : controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets
      replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status = read
  autoscaling : horizontalpodautoscalers horizontalpodautoscalers/status = read
  batch : cronjobs cronjobs/status jobs jobs/status = read
  extensions : daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status
      networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale = read
  policy : poddisruptionbudgets poddisruptionbudgets/status = read
  networking.k8s.io : ingresses ingresses/status networkpolicies = read
  resource.k8s.io : resourceclaims resourceclaims/status resourceclaimtemplates = read
system:auth-delegator
  authentication.k8s.io : tokenreviews = create
  authorization.k8s.io : subjectaccessreviews = create
system:basic-user
  authorization.k8s.io : selfsubjectaccessreviews selfsubjectrulesreviews = create
  authentication.k8s.io : selfsubjectreviews = create
system:controller:clusterrole-aggregation-controller
  rbac.authorization.k8s.io : clusterroles = escalate get list patch update watch
system:controller:cronjob-controller
  batch : cronjobs = get list update watch
  batch : jobs = create delete get list patch update watch
  batch : cronjobs/status = update
  batch : cronjobs/finalizers = update
  core : pods = delete list watch
  core events.k8s.io : events = create patch update
system:controller:daemon-set-controller
  apps extensions : daemonsets = read
  apps extensions : daemonsets/status = update
  apps extensions : daemonsets/finalizers = update
  core : nodes = list watch
  core : pods = create delete list patch watch
  core : pods/binding = create
  apps : controllerrevisions = create delete get list patch update watch
  core events.k8s.io : events = create patch update
system:controller:deployment-controller
  apps extensions : deployments = get list update watch
  apps extensions : deployments/status = update
  apps extensions : deployments/finalizers = update
  apps extensions : replicasets = create delete get list patch update watch
  core : pods = get list update watch
  core events.k8s.io : events = create patch update
system:controller:disruption-controller
  apps extensions : deployments = read
  apps extensions : replicasets = read
  core : replicationcontrollers = read
  policy : poddisruptionbudgets = read
  apps : statefulsets = read
  policy : poddisruptionbudgets/status = update
  core : pods/status = patch update
  * : */scale = get
  core events.k8s.io : events = create patch update
system:controller:endpoint-controller
  core : pods services = read
  core : endpoints = create delete get list update watch
  core : endpoints/restricted = create
  core events.k8s.io : events = create patch update
system:controller:endpointslice-controller
  core : nodes pods services = read
  core : services/finalizers = update
  discovery.k8s.io : endpointslices = create delete get list update watch
  core events.k8s.io : events = create patch update
system:controller:generic-garbage-collector
  * : * = delete get list patch update watch
  core events.k8s.io : events = create patch update
system:controller:horizontal-pod-autoscaler
  autoscaling : horizontalpodautoscalers = read
  autoscaling : horizontalpodautoscalers/status = update
  * : */scale = get update
  core : pods = list watch
  metrics.k8s.io : pods = list watch
  custom.metrics.k8s.io : * = read
  external.metrics.k8s.io : * = read
  core events.k8s.io : events = create patch update
system:controller:job-controller
  batch : jobs = get list patch update watch
  batch : jobs/status = update
  batch : jobs/finalizers = update
  core : pods = create delete list patch watch
  core events.k8s.io : events = create patch update
system:controller:namespace-controller
  core : namespaces = delete get list watch
  core : namespaces/finalize namespaces/status = update
  * : * = delete deletecollection get list watch
system:controller:persistent-volume-binder
  core : persistentvolumes = create delete get list update watch
  core : persistentvolumes/status = update
  core : persistentvolumeclaims = get list update watch
  core : persistentvolumeclaims/status = update
  core : pods = create delete get list watch
  storage.k8s.io : storageclasses = read
  core : nodes = list watch
  core events.k8s.io : events = create patch update
  core : events = watch
  core : services = get
system:controller:pod-garbage-collector
  core : pods = delete list watch
  core : nodes = read
  core : pods/status = patch
system:controller:replicaset-controller
  apps extensions : replicasets = get list update watch
  apps extensions : replicasets/status = update
  apps extensions : replicasets/finalizers = update
  core : pods = create delete list patch watch
  core events.k8s.io : events = create patch update
system:controller:root-ca-cert-publisher
  core : configmaps = create update
  core events.k8s.io : events = create patch update
system:controller:service-account-controller
  core : serviceaccounts = create
  core events.k8s.io : events = create patch update
system:controller:statefulset-controller
  core : pods = list watch
  apps : statefulsets = read
  apps : statefulsets/status = update
  apps : statefulsets/finalizers = update
  core : pods = create delete get patch update
  apps : controllerrevisions = create delete get list patch update watch
  core : persistentvolumeclaims = create get list watch
  core events.k8s.io : events = create patch update
  core : persistentvolumeclaims = delete update
  core : pods/finalizers = update
system:controller:ttl-after-finished-controller
  batch : jobs = delete get list watch
  core events.k8s.io : events = create patch update
system:discovery
  url : /api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/ = get
system:kube-controller-manager
  core events.k8s.io : events = create patch update
  coordination.k8s.io : leases = create
  coordination.k8s.io : leases [kube-controller-manager] = get update
  core : secrets serviceaccounts = create
  core : secrets = delete
  core : configmaps namespaces secrets serviceaccounts = get
  core : secrets serviceaccounts = update
  authentication.k8s.io : tokenreviews = create
  authorization.k8s.io : subjectaccessreviews = create
  * : * = list watch
  core : serviceaccounts/token = create
system:kube-dns
  core : endpoints services = list watch
system:kube-scheduler
  core events.k8s.io : events = create patch update
  coordination.k8s.io : leases = create
  coordination.k8s.io : leases [kube-scheduler] = get list update watch
  coordination.k8s.io : leasecandidates = all
  core : nodes = read
  core : pods = delete get list watch
  core : bindings pods/binding = create
  core : pods/status = patch update
  core : replicationcontrollers services = read
  apps extensions : replicasets = read
  apps : statefulsets = read
  policy : poddisruptionbudgets = read
  core : persistentvolumeclaims persistentvolumes = read
  authentication.k8s.io : tokenreviews = create
  authorization.k8s.io : subjectaccessreviews = create
  storage.k8s.io : csinodes = read
  storage.k8s.io : volumeattachments = read
  core : namespaces = read
  storage.k8s.io : csidrivers = read
  storage.k8s.io : csistoragecapacities = read
  resource.k8s.io : deviceclasses = read
  resource.k8s.io : resourceclaims = get list patch update watch
  resource.k8s.io : resourceclaims/status = get list patch update watch
  core : pods/finalizers = update
  resource.k8s.io : resourceslices = read
system:kubelet-api-admin
  core : nodes = read
  core : nodes = proxy
  core : nodes/log nodes/metrics nodes/proxy nodes/stats = *
  core : nodes/configz nodes/healthz nodes/pods = *
system:monitoring
  url : /healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/* = get
  core : nodes/metrics = get
system:node
  authentication.k8s.io : tokenreviews = create
  authorization.k8s.io : localsubjectaccessreviews subjectaccessreviews = create
  core : services = read
  core : nodes = create get list watch
  core : nodes/status = patch update
  core : nodes = patch update
  core : events = create patch update
  core : pods = read
  core : pods = create delete
  core : pods/status = patch update
  core : pods/eviction = create
  core : configmaps secrets = read
  core : persistentvolumeclaims persistentvolumes = get
  core : endpoints = get
  certificates.k8s.io : certificatesigningrequests = create get list watch
  coordination.k8s.io : leases = create delete get patch update
  storage.k8s.io : volumeattachments = get
  core : serviceaccounts/token = create
  core : persistentvolumeclaims/status = get patch update
  storage.k8s.io : csidrivers = read
  storage.k8s.io : csinodes = create delete get patch update
  node.k8s.io : runtimeclasses = read
  resource.k8s.io : resourceclaims = get
  resource.k8s.io : resourceslices = deletecollection
  core : serviceaccounts = get
system:node-proxier
  core : endpoints services = list watch
  core : nodes = read
  core events.k8s.io : events = create patch update
  networking.k8s.io : servicecidrs = list watch
  discovery.k8s.io : endpointslices = list watch
system:persistent-volume-provisioner
  core : persistentvolumes = create delete get list watch
  core : persistentvolumeclaims = get list update watch
  storage.k8s.io : storageclasses = read
  core : events = watch
  core events.k8s.io : events = create patch update
system:public-info-viewer
  url : /healthz /livez /readyz /version /version/ = get
system:service-account-issuer-discovery
  url : /.well-known/openid-configuration /.well-known/openid-configuration/ /openid/v1/jwks /openid/v1/jwks/ = get
system:volume-scheduler
  core : persistentvolumes = get list patch update watch
  storage.k8s.io : storageclasses = read
  core : persistentvolumeclaims = get list patch update watch
`;
