{{/*
Everything a service needs: configuration, one Service for all of its pods, and a Rollout.
Call it with the root context of the service's chart: `.Chart` is then the service's, so its appVersion is the image's tag.
*/}}
{{- define "service-library.all" -}}
{{- $values := index .Values "service-library" -}}
{{- $labels := include "service-library.labels" . -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}
  labels: {{- $labels | nindent 4 }}
data:
{{- range $key, $value := $values.config }}
  {{ $key }}: {{ $value | quote }}
{{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .Release.Name }}
  labels: {{- $labels | nindent 4 }}
spec:
  selector: {{- include "service-library.selector" . | nindent 4 }}
  ports:
    - name: http
      port: 80
      targetPort: http
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata:
  name: {{ .Release.Name }}
  labels: {{- $labels | nindent 4 }}
spec:
  replicas: {{ $values.replicas }}
  selector:
    matchLabels: {{- include "service-library.selector" . | nindent 6 }}
  progressDeadlineSeconds: {{ $values.rollout.progressDeadlineSeconds }}
  progressDeadlineAbort: {{ $values.rollout.progressDeadlineAbort }}
  strategy:
    canary:
      maxSurge: {{ $values.rollout.maxSurge }}
      maxUnavailable: {{ $values.rollout.maxUnavailable }}
      steps: {{- toYaml $values.rollout.steps | nindent 8 }}
  template:
    metadata:
      labels: {{- include "service-library.selector" . | nindent 8 }}
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: {{ printf "%s:%s" $values.image.repository .Chart.AppVersion | quote }}
          envFrom:
            - configMapRef:
                name: {{ .Release.Name }}
          ports:
            - name: http
              containerPort: {{ $values.port }}
          readinessProbe:
            httpGet:
              path: /ready
              port: http
{{- end -}}

{{- define "service-library.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "service-library.labels" -}}
{{ include "service-library.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}
