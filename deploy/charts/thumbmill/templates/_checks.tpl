{{/* What a schema cannot say, or says in a pattern where people need a sentence. */}}
{{- define "thumbmill.checks" -}}
{{- $values := .Values -}}
{{- $store := required "store: set it to s3://BUCKET[/PREFIX]" $values.store -}}
{{- if not (regexMatch "^(s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/].*)?|/data(/[^/]+)+)$" $store) -}}
{{- fail (printf "store: %q is neither s3://BUCKET[/PREFIX] nor a directory below /data" $store) -}}
{{- end -}}
{{- if and $values.queue (not (regexMatch "^(rediss?|redis\\+sentinel|kafka)://[^/].*$" $values.queue)) -}}
{{- fail (printf "queue: %q is none of redis://, rediss://, redis+sentinel:// and kafka://" $values.queue) -}}
{{- end -}}
{{- if and $values.queue $values.redis.enabled -}}
{{- fail "queue: with a queue of your own, set redis.enabled to false" -}}
{{- end -}}
{{- if not (or $values.queue $values.redis.enabled $values.settingsSecret) -}}
{{- fail "queue: set it, or redis.enabled, or put THUMBMILL_QUEUE into settingsSecret" -}}
{{- end -}}
{{- range $role := list "api" "worker" -}}
{{- $range := index $values.autoscaling $role -}}
{{- if gt (int $range.minReplicas) (int $range.maxReplicas) -}}
{{- fail (printf "autoscaling.%s: minReplicas is above maxReplicas" $role) -}}
{{- end -}}
{{- end -}}
{{- if and (eq (int $values.autoscaling.worker.minReplicas) 0) (has $values.autoscaling.mode (list "cpu" "adapter")) -}}
{{- fail (printf "autoscaling.worker.minReplicas: only mode queue can wake the first worker, not %s" $values.autoscaling.mode) -}}
{{- end -}}
{{- end }}
