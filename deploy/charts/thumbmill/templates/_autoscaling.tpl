{{/* An autoscaler up to its metrics. Arguments: root, role. */}}
{{- define "thumbmill.hpaHead" -}}
{{- $range := index .root.Values.autoscaling .role -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "thumbmill.metadata" (dict "root" .root "name" (printf "thumbmill-%s" .role) "component" .role) | nindent 2 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: thumbmill-{{ .role }}}
  minReplicas: {{ $range.minReplicas | int }}
  maxReplicas: {{ $range.maxReplicas | int }}
{{- end }}

{{/* An autoscaler on a role's CPU. Arguments: root, role. */}}
{{- define "thumbmill.cpuHpa" -}}
{{- $cpu := .root.Values.autoscaling.cpu -}}
{{ include "thumbmill.hpaHead" . }}
  metrics:
    - type: ContainerResource
      containerResource:
        name: cpu
        container: {{ .role }}
        target: {type: Utilization, averageUtilization: {{ $cpu.percent | int }}}
  behavior:
    {{- include "thumbmill.behavior" $cpu | nindent 4 }}
{{- end }}

{{/* Up at once, down with care. Argument: {scaleDownSeconds}. */}}
{{- define "thumbmill.behavior" -}}
scaleUp:
  stabilizationWindowSeconds: 0
  selectPolicy: Max
  policies:
    - {type: Percent, value: 200, periodSeconds: 15}
    - {type: Pods, value: 6, periodSeconds: 15}
scaleDown:
  stabilizationWindowSeconds: {{ .scaleDownSeconds | int }}
  policies:
    - {type: Percent, value: 50, periodSeconds: 30}
{{- end }}
