{{/* The Deployment of one role. Arguments: root, role. */}}
{{- define "thumbmill.deployment" -}}
{{- $own := index .root.Values .role -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "thumbmill.metadata" (dict "root" .root "name" (printf "thumbmill-%s" .role) "component" .role) | nindent 2 }}
spec:
  {{- if not (include "thumbmill.isScaled" .) }}
  replicas: {{ $own.replicas | int }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "thumbmill.labels" .role | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "thumbmill.labels" .role | nindent 8 }}
      annotations:
        # New settings are new pods.
        checksum/settings: {{ include (print .root.Template.BasePath "/settings.yaml") .root | sha256sum }}
        {{- with $own.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      {{- include "thumbmill.podSpec" . | nindent 6 }}
{{- end }}

{{- define "thumbmill.podSpec" -}}
{{- $values := .root.Values -}}
{{- $own := index $values .role -}}
{{- $preStopSeconds := 5 -}}
serviceAccountName: thumbmill-{{ .role }}
automountServiceAccountToken: false
# The variables that a Service thumbmill-* injects would begin with THUMBMILL_, as our settings do.
enableServiceLinks: false
# preStop and THUMBMILL_DRAIN fit in, with time to hand unfinished jobs back.
terminationGracePeriodSeconds: {{ add $preStopSeconds (int $values.drainSeconds) 15 }}
{{- with $own.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with $values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- include "thumbmill.podSecurity" 10001 | nindent 2 }}
topologySpreadConstraints:
  {{- range $topology := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $topology }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "thumbmill.labels" $.role | nindent 8 }}
  {{- end }}
{{- include "thumbmill.placement" $own }}
containers:
  - name: {{ .role }}
    image: {{ include "thumbmill.image" .root }}
    imagePullPolicy: {{ $values.image.pullPolicy }}
    args: [{{ .role }}]
    envFrom:
      - configMapRef: {name: thumbmill}
      {{- with $values.settingsSecret }}
      - secretRef: {name: {{ . }}}
      {{- end }}
    {{- if include "thumbmill.hasKeys" . }}
    env:
      - {name: THUMBMILL_API_KEYS_FILE, value: /etc/thumbmill/keys}
    {{- end }}
    ports:
      {{- if eq .role "api" }}
      - {name: http, containerPort: 8080}
      {{- end }}
      - {name: admin, containerPort: 8081}
    startupProbe:
      httpGet: {path: /healthz, port: admin}
      periodSeconds: 1
      failureThreshold: 60
    readinessProbe:
      httpGet: {path: /readyz, port: admin}
      periodSeconds: 5
      timeoutSeconds: 3
    livenessProbe:
      httpGet: {path: /healthz, port: admin}
      periodSeconds: 10
      timeoutSeconds: 5
    lifecycle:
      preStop:
        sleep: {seconds: {{ $preStopSeconds }}}
    resources:
      {{- include "thumbmill.resources" $own.resources | nindent 6 }}
    securityContext:
      {{- include "thumbmill.containerSecurity" . | nindent 6 }}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
      {{- if include "thumbmill.hasKeys" . }}
      # The directory, as a single file would not follow its Secret.
      - {name: keys, mountPath: /etc/thumbmill, readOnly: true}
      {{- end }}
      {{- if include "thumbmill.storeIsLocal" .root }}
      - {name: store, mountPath: /data}
      {{- end }}
volumes:
  - name: tmp
    emptyDir: {sizeLimit: 4Gi}
  {{- if include "thumbmill.hasKeys" . }}
  - name: keys
    secret: {secretName: {{ $values.apiKeysSecret }}, defaultMode: 0440, items: [{key: keys, path: keys}]}
  {{- end }}
  {{- if include "thumbmill.storeIsLocal" .root }}
  - name: store
    persistentVolumeClaim: {claimName: thumbmill-store}
  {{- end }}
{{- end }}
