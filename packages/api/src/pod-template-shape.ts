/**
 * The Go structs of a pod template in declaration order (k8s.io/api core/v1 of Kubernetes 0.34): what is written when a template
 * is marshalled. Syntax in `go-json.ts`.
 */
import { type GoShape, goEncoder } from './go-json.ts';

const container = `name! image command:[]text args:[]text workingDir ports:[]ContainerPort envFrom:[]EnvFromSource env:[]EnvVar
  resources!:ResourceRequirements resizePolicy:[]ContainerResizePolicy restartPolicy* restartPolicyRules:[]ContainerRestartRule
  volumeMounts:[]VolumeMount volumeDevices:[]VolumeDevice livenessProbe:Probe readinessProbe:Probe startupProbe:Probe lifecycle:Lifecycle
  terminationMessagePath terminationMessagePolicy imagePullPolicy securityContext:SecurityContext stdin:bool stdinOnce:bool tty:bool`;

const handler = 'exec:ExecAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction';

const podTemplateShape: GoShape = {
  PodTemplateSpec: 'metadata!:ObjectMeta spec!:PodSpec',
  ObjectMeta: 'name generateName namespace selfLink uid resourceVersion labels:map annotations:map finalizers:[]text',
  PodSpec: `volumes:[]Volume initContainers:[]Container containers!:[]Container ephemeralContainers:[]EphemeralContainer restartPolicy
    terminationGracePeriodSeconds*:int activeDeadlineSeconds*:int dnsPolicy nodeSelector:map serviceAccountName serviceAccount
    automountServiceAccountToken*:bool nodeName hostNetwork:bool hostPID:bool hostIPC:bool shareProcessNamespace*:bool
    securityContext:PodSecurityContext imagePullSecrets:[]LocalObjectReference hostname subdomain affinity:Affinity schedulerName
    tolerations:[]Toleration hostAliases:[]HostAlias priorityClassName priority*:int dnsConfig:PodDNSConfig
    readinessGates:[]PodReadinessGate runtimeClassName* enableServiceLinks*:bool preemptionPolicy* overhead:quantities
    topologySpreadConstraints:[]TopologySpreadConstraint setHostnameAsFQDN*:bool os:PodOS hostUsers*:bool
    schedulingGates:[]PodSchedulingGate resourceClaims:[]PodResourceClaim resources:ResourceRequirements hostnameOverride*`,
  Container: container,
  EphemeralContainer: `${container} targetContainerName`,
  ContainerPort: 'name hostPort:int containerPort!:int protocol hostIP',
  EnvFromSource: 'prefix configMapRef:OptionalReference secretRef:OptionalReference',
  OptionalReference: 'name optional*:bool',
  EnvVar: 'name! value valueFrom:EnvVarSource',
  EnvVarSource: `fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector configMapKeyRef:KeySelector secretKeyRef:KeySelector
    fileKeyRef:FileKeySelector`,
  ObjectFieldSelector: 'apiVersion fieldPath!',
  ResourceFieldSelector: 'containerName resource! divisor!:quantity',
  KeySelector: 'name key! optional*:bool',
  FileKeySelector: 'volumeName! path! key! optional*:bool',
  ResourceRequirements: 'limits:quantities requests:quantities claims:[]ResourceClaim',
  ResourceClaim: 'name! request',
  ContainerResizePolicy: 'resourceName! restartPolicy!',
  ContainerRestartRule: 'action exitCodes:ContainerRestartRuleOnExitCodes',
  ContainerRestartRuleOnExitCodes: 'operator values:[]int',
  VolumeMount: 'name! readOnly:bool recursiveReadOnly* mountPath! subPath mountPropagation* subPathExpr',
  VolumeDevice: 'name! devicePath!',
  Probe: `${handler} grpc:GRPCAction initialDelaySeconds:int timeoutSeconds:int periodSeconds:int successThreshold:int failureThreshold:int
    terminationGracePeriodSeconds*:int`,
  ExecAction: 'command:[]text',
  HTTPGetAction: 'path port!:port host scheme httpHeaders:[]HTTPHeader',
  HTTPHeader: 'name! value!',
  TCPSocketAction: 'port!:port host',
  GRPCAction: 'port!:int service!*',
  Lifecycle: 'postStart:LifecycleHandler preStop:LifecycleHandler stopSignal*',
  LifecycleHandler: `${handler} sleep:SleepAction`,
  SleepAction: 'seconds!:int',
  SecurityContext: `capabilities:Capabilities privileged*:bool seLinuxOptions:SELinuxOptions windowsOptions:WindowsOptions runAsUser*:int
    runAsGroup*:int runAsNonRoot*:bool readOnlyRootFilesystem*:bool allowPrivilegeEscalation*:bool procMount*
    seccompProfile:LocalhostProfile appArmorProfile:LocalhostProfile`,
  Capabilities: 'add:[]text drop:[]text',
  SELinuxOptions: 'user role type level',
  WindowsOptions: 'gmsaCredentialSpecName* gmsaCredentialSpec* runAsUserName* hostProcess*:bool',
  LocalhostProfile: 'type! localhostProfile*',
  PodSecurityContext: `seLinuxOptions:SELinuxOptions windowsOptions:WindowsOptions runAsUser*:int runAsGroup*:int runAsNonRoot*:bool
    supplementalGroups:[]int supplementalGroupsPolicy* fsGroup*:int sysctls:[]HTTPHeader fsGroupChangePolicy*
    seccompProfile:LocalhostProfile appArmorProfile:LocalhostProfile seLinuxChangePolicy*`,
  LocalObjectReference: 'name',
  Affinity: 'nodeAffinity:NodeAffinity podAffinity:PodAffinity podAntiAffinity:PodAffinity',
  NodeAffinity: `requiredDuringSchedulingIgnoredDuringExecution:NodeSelector
    preferredDuringSchedulingIgnoredDuringExecution:[]PreferredSchedulingTerm`,
  NodeSelector: 'nodeSelectorTerms!:[]NodeSelectorTerm',
  NodeSelectorTerm: 'matchExpressions:[]SelectorRequirement matchFields:[]SelectorRequirement',
  SelectorRequirement: 'key! operator! values:[]text',
  PreferredSchedulingTerm: 'weight!:int preference!:NodeSelectorTerm',
  PodAffinity: `requiredDuringSchedulingIgnoredDuringExecution:[]PodAffinityTerm
    preferredDuringSchedulingIgnoredDuringExecution:[]WeightedPodAffinityTerm`,
  PodAffinityTerm: `labelSelector:LabelSelector namespaces:[]text topologyKey! namespaceSelector:LabelSelector matchLabelKeys:[]text
    mismatchLabelKeys:[]text`,
  WeightedPodAffinityTerm: 'weight!:int podAffinityTerm!:PodAffinityTerm',
  LabelSelector: 'matchLabels:map matchExpressions:[]SelectorRequirement',
  Toleration: 'key operator value effect tolerationSeconds*:int',
  HostAlias: 'ip! hostnames:[]text',
  PodDNSConfig: 'nameservers:[]text searches:[]text options:[]PodDNSConfigOption',
  PodDNSConfigOption: 'name value*',
  PodReadinessGate: 'conditionType!',
  TopologySpreadConstraint: `maxSkew!:int topologyKey! whenUnsatisfiable! labelSelector:LabelSelector minDomains*:int nodeAffinityPolicy*
    nodeTaintsPolicy* matchLabelKeys:[]text`,
  PodOS: 'name!',
  PodSchedulingGate: 'name!',
  PodResourceClaim: 'name! resourceClaimName* resourceClaimTemplateName*',

  Volume: `name! hostPath:HostPath emptyDir:EmptyDir gcePersistentDisk:GcePersistentDisk awsElasticBlockStore:AwsElasticBlockStore
    gitRepo:GitRepo secret:SecretVolume nfs:Nfs iscsi:Iscsi glusterfs:Glusterfs persistentVolumeClaim:PersistentVolumeClaim rbd:Rbd
    flexVolume:FlexVolume cinder:Cinder cephfs:Cephfs flocker:Flocker downwardAPI:DownwardVolume fc:Fc azureFile:AzureFile
    configMap:ConfigMapVolume vsphereVolume:VsphereVolume quobyte:Quobyte azureDisk:AzureDisk photonPersistentDisk:PhotonPersistentDisk
    projected:Projected portworxVolume:PortworxVolume scaleIO:ScaleIO storageos:Storageos csi:Csi ephemeral:EphemeralVolume
    image:ImageVolume`,
  HostPath: 'path! type*',
  EmptyDir: 'medium sizeLimit*:quantity',
  GcePersistentDisk: 'pdName! fsType partition:int readOnly:bool',
  AwsElasticBlockStore: 'volumeID! fsType partition:int readOnly:bool',
  GitRepo: 'repository! revision directory',
  SecretVolume: 'secretName items:[]KeyToPath defaultMode*:int optional*:bool',
  KeyToPath: 'key! path! mode*:int',
  Nfs: 'server! path! readOnly:bool',
  Iscsi: `targetPortal! iqn! lun!:int iscsiInterface fsType readOnly:bool portals:[]text chapAuthDiscovery:bool chapAuthSession:bool
    secretRef:LocalObjectReference initiatorName*`,
  Glusterfs: 'endpoints! path! readOnly:bool',
  PersistentVolumeClaim: 'claimName! readOnly:bool',
  Rbd: 'monitors!:[]text image! fsType pool user keyring secretRef:LocalObjectReference readOnly:bool',
  FlexVolume: 'driver! fsType secretRef:LocalObjectReference readOnly:bool options:map',
  Cinder: 'volumeID! fsType readOnly:bool secretRef:LocalObjectReference',
  Cephfs: 'monitors!:[]text path user secretFile secretRef:LocalObjectReference readOnly:bool',
  Flocker: 'datasetName datasetUUID',
  DownwardVolume: 'items:[]DownwardFile defaultMode*:int',
  DownwardFile: 'path! fieldRef:ObjectFieldSelector resourceFieldRef:ResourceFieldSelector mode*:int',
  Fc: 'targetWWNs:[]text lun*:int fsType readOnly:bool wwids:[]text',
  AzureFile: 'secretName! shareName! readOnly:bool',
  ConfigMapVolume: 'name items:[]KeyToPath defaultMode*:int optional*:bool',
  VsphereVolume: 'volumePath! fsType storagePolicyName storagePolicyID',
  Quobyte: 'registry! volume! readOnly:bool user group tenant',
  AzureDisk: 'diskName! diskURI! cachingMode* fsType* readOnly*:bool kind*',
  PhotonPersistentDisk: 'pdID! fsType',
  Projected: 'sources!:[]VolumeProjection defaultMode*:int',
  VolumeProjection: `secret:ProjectedReference downwardAPI:ProjectedDownward configMap:ProjectedReference
    serviceAccountToken:ServiceAccountToken clusterTrustBundle:ClusterTrustBundle podCertificate:PodCertificate`,
  ProjectedReference: 'name items:[]KeyToPath optional*:bool',
  ProjectedDownward: 'items:[]DownwardFile',
  ServiceAccountToken: 'audience expirationSeconds*:int path!',
  ClusterTrustBundle: 'name* signerName* labelSelector:LabelSelector optional*:bool path!',
  PodCertificate: 'signerName keyType maxExpirationSeconds*:int credentialBundlePath keyPath certificateChainPath',
  PortworxVolume: 'volumeID! fsType readOnly:bool',
  ScaleIO: `gateway! system! secretRef!*:LocalObjectReference sslEnabled:bool protectionDomain storagePool storageMode volumeName fsType
    readOnly:bool`,
  Storageos: 'volumeName volumeNamespace fsType readOnly:bool secretRef:LocalObjectReference',
  Csi: 'driver! readOnly*:bool fsType* volumeAttributes:map nodePublishSecretRef:LocalObjectReference',
  EphemeralVolume: 'volumeClaimTemplate:ClaimTemplate',
  ClaimTemplate: 'metadata!:ObjectMeta spec!:ClaimSpec',
  ClaimSpec: `accessModes:[]text selector:LabelSelector resources!:ClaimResources volumeName storageClassName* volumeMode*
    dataSource:DataSource dataSourceRef:DataSourceReference volumeAttributesClassName*`,
  ClaimResources: 'limits:quantities requests:quantities',
  DataSource: 'apiGroup!* kind! name!',
  DataSourceReference: 'apiGroup!* kind! name! namespace*',
  ImageVolume: 'reference pullPolicy',
};

/** A pod template as Go marshals it. Unknown fields are left out, quantities canonical. */
export const podTemplateJson: (template: unknown) => string = (() => {
  const encode = goEncoder(podTemplateShape);
  return (template: unknown): string => encode('PodTemplateSpec', template);
})();
