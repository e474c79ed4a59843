{{/* What every object has. Arguments: root, name, and component for the objects of one role. */}}
{{- define "thumbmill.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version | replace "+" "_" }}
  app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
  app.kubernetes.io/managed-by: {{ .root.Release.Service }}
  {{- include "thumbmill.labels" .component | nindent 2 }}
{{- end }}

{{/* The labels that selectors use. Argument: the component, or nothing. */}}
{{- define "thumbmill.labels" -}}
app.kubernetes.io/name: thumbmill
{{- with . }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "thumbmill.image" -}}
{{- $image := .Values.image -}}
{{- $repository := required "image.repository: set the image, as in registry.example/thumbmill" $image.repository -}}
{{- if $image.digest -}}
{{ $repository }}@{{ $image.digest }}
{{- else -}}
{{ $repository }}:{{ $image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* The queue's URL; empty when a Secret has it. */}}
{{- define "thumbmill.queue" -}}
{{- if .Values.redis.enabled }}redis://thumbmill-redis{{ else }}{{ .Values.queue }}{{ end }}
{{- end }}

{{/* The names by which clients may reach the API where it has no keys. An AWS load balancer's own is not known before it is
there, and nobody else can make it point elsewhere. */}}
{{- define "thumbmill.allowedHosts" -}}
{{- $service := printf "thumbmill-api.%s" .Release.Namespace -}}
{{- $names := list "thumbmill-api" $service (printf "%s.svc" $service) (printf "%s.svc.cluster.local" $service) -}}
{{- if .Values.loadBalancer.enabled }}{{ $names = append $names "*.amazonaws.com" }}{{ end -}}
{{- if .Values.ingress.enabled }}{{ $names = concat $names (default (list "*") .Values.ingress.hosts) }}{{ end -}}
{{- join "," (concat $names .Values.allowedHosts) -}}
{{- end }}

{{/* "yes" when the store is a directory of a volume. */}}
{{- define "thumbmill.storeIsLocal" -}}
{{- if hasPrefix "/" .Values.store }}yes{{ end }}
{{- end }}

{{/* "yes" when a role asks for API keys. Arguments: root, role. */}}
{{- define "thumbmill.hasKeys" -}}
{{- if and .root.Values.apiKeysSecret (eq .role "api") }}yes{{ end }}
{{- end }}

{{/* "yes" when an autoscaler sets the replicas. Arguments: root, role. */}}
{{- define "thumbmill.isScaled" -}}
{{- if and (ne .root.Values.autoscaling.mode "none") (ne .role "janitor") }}yes{{ end }}
{{- end }}

{{- define "thumbmill.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "thumbmill.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{/* Argument: {cpu, memory}. */}}
{{- define "thumbmill.resources" -}}
requests: {cpu: {{ .cpu | quote }}, memory: {{ .memory }}}
limits: {memory: {{ .memory }}}
{{- end }}

{{/* Where a pod may run. Argument: the role's values. */}}
{{- define "thumbmill.placement" -}}
{{- range $key := list "nodeSelector" "tolerations" "affinity" }}
{{- with index $ $key }}
{{ $key }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* A rule of a NetworkPolicy that lets names be looked up. */}}
{{- define "thumbmill.dnsEgress" -}}
- to:
    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
  ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]
{{- end }}

{{/* The request for a volume. Argument: {size, storageClass}. */}}
{{- define "thumbmill.claim" -}}
accessModes: [ReadWriteOnce]
{{- with .storageClass }}
storageClassName: {{ . }}
{{- end }}
resources: {requests: {storage: {{ .size }}}}
{{- end }}
