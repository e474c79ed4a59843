# shellcheck shell=bash
# The Helm releases that `up` installs, in their order, each with its pinned version and its values. Sourced by up after
# lib.bash, whose variables and those of up's options it uses.

# Raise these together with a look at each chart's notes; the CRDs of a chart are not upgraded by Helm.
metrics_server_version=3.13.0
cluster_autoscaler_version=9.50.0
kube_prometheus_stack_version=75.15.1
keda_version=2.17.2
prometheus_adapter_version=4.11.0

prometheus_charts=https://prometheus-community.github.io/helm-charts
grafana_secret=thumbmill-grafana

# An interrupted Helm leaves its release locked ("another operation is in progress"): undo what it had begun.
unlock_release() {
  local namespace=$1 name=$2 status
  status=$(release_status "$namespace" "$name")
  case "$status" in
    pending-install | uninstalling) run helm uninstall "$name" --namespace "$namespace" --wait ;;
    pending-upgrade | pending-rollback) run helm rollback "$name" --namespace "$namespace" --wait ;;
  esac
}

# install_release NAMESPACE NAME VALUES HELM_ARGUMENT...: installs or upgrades a release with these values (YAML).
install_release() {
  local namespace=$1 name=$2 values=$3
  shift 3
  unlock_release "$namespace" "$name"
  # Files among the arguments win, as they come later.
  run_on "$values" helm upgrade --install "$name" --namespace "$namespace" --create-namespace \
    --wait --timeout "${patience}s" --values - "$@"
}

metrics_server() {
  step "Metrics of pods, which autoscalers read"
  # It may have come with the cluster, as an add-on.
  if [ "$cluster_known" = yes ] && kubectl get apiservice v1beta1.metrics.k8s.io >/dev/null 2>&1 &&
    [ "$(release_status kube-system metrics-server)" = none ]; then
    say "There is a metrics server."
    return
  fi
  install_release kube-system metrics-server "replicas: 2" metrics-server \
    --repo https://kubernetes-sigs.github.io/metrics-server --version "$metrics_server_version"
}

# Encrypted, and with our tags, so that the sweep knows the volumes as ours. A class cannot be changed: apply is a no-op
# on one that is as it should be.
storage_class() {
  step "Class of volumes"
  run_on "apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: thumbmill}
provisioner: ebs.csi.aws.com
volumeBindingMode: WaitForFirstConsumer
allowVolumeExpansion: true
parameters:
  type: gp3
  encrypted: \"true\"
  tagSpecification_1: Project=thumbmill
  tagSpecification_2: thumbmill:cluster=$cluster_name" kubectl apply --filename -
}

# Pods of ours have an emptyDir, which would keep their nodes for ever by default.
cluster_autoscaler() {
  step "As many nodes as pods need"
  install_release kube-system cluster-autoscaler "autoDiscovery: {clusterName: $cluster_name}
awsRegion: $region
rbac: {serviceAccount: {name: cluster-autoscaler}}
extraArgs: {expander: least-waste, skip-nodes-with-local-storage: false}
nodeSelector: {thumbmill/pool: system}" cluster-autoscaler \
    --repo https://kubernetes.github.io/autoscaler --version "$cluster_autoscaler_version"
}

# balancer_annotations PORT: a network load balancer by EKS' own controller, HTTPS when there is a certificate. It hands
# bytes on, so that large uploads and event streams meet no proxy's limits.
balancer_annotations() {
  local prefix=service.beta.kubernetes.io/aws-load-balancer
  printf '{%s-type: nlb, ' "$prefix"
  [ -z "$certificate" ] || printf '%s-ssl-cert: "%s", %s-ssl-ports: "%s", ' "$prefix" "$certificate" "$prefix" "$1"
  printf '%s-additional-resource-tags: "Project=thumbmill,thumbmill:cluster=%s"}' "$prefix" "$cluster_name"
}

# web_port: what browsers expect.
web_port() { if [ -n "$certificate" ]; then echo 443; else echo 80; fi; }

need_namespace() {
  if [ "$cluster_known" = yes ] && kubectl get namespace "$1" >/dev/null 2>&1; then return; fi
  run kubectl create namespace "$1"
}

# Made once, kept in the cluster only; never printed and never an argument.
grafana_password() {
  need_namespace monitoring
  if [ "$dry_run" = yes ]; then
    say "+ kubectl create --filename -   # Secret monitoring/$grafana_secret with a random password, if there is none"
    return
  fi
  [ -z "$(kubectl --namespace monitoring get secret "$grafana_secret" --ignore-not-found --output name)" ] || return 0
  local password
  password=$(head -c 24 /dev/urandom | base64 | tr '+/' '-_')
  kubectl --namespace monitoring create --filename - <<SECRET
apiVersion: v1
kind: Secret
metadata: {name: $grafana_secret}
stringData: {admin-user: admin, admin-password: "$password"}
SECRET
}

# monitoring_service PORT: on a load balancer of its own, for the named addresses only.
monitoring_service() {
  cat <<VALUES
  service:
    type: LoadBalancer
    port: $1
    loadBalancerSourceRanges: [${monitoring_cidrs//,/, }]
    annotations: $(balancer_annotations "$1")
VALUES
}

monitoring() {
  step "Prometheus and Grafana"
  local values
  grafana_password
  values="grafana:
  admin: {existingSecret: $grafana_secret, userKey: admin-user, passwordKey: admin-password}"
  if [ -n "$monitoring_cidrs" ]; then
    values+="
$(monitoring_service "$(web_port)")
prometheus:
$(monitoring_service 9090)"
  fi
  install_release monitoring kube-prometheus-stack "$values" kube-prometheus-stack --repo "$prometheus_charts" \
    --version "$kube_prometheus_stack_version" --values "$repository/deploy/observability/values/kube-prometheus-stack.yaml"
}

# Two servers of external metrics exclude each other, and KEDA's objects can only be removed while it runs: what scales the
# workers goes first, and they stay as many as they are until the application's new scaler is there.
remove_scaler() {
  local name=$1 namespace=$2 scalers=horizontalpodautoscalers
  [ "$(release_status "$namespace" "$name")" != none ] || return 0
  if [ "$(release_status thumbmill thumbmill)" != none ]; then
    [ "$name" != keda ] || scalers=scaledobjects.keda.sh
    run kubectl delete "$scalers" thumbmill-worker --namespace thumbmill --ignore-not-found --timeout "${patience}s"
  fi
  run helm uninstall "$name" --namespace "$namespace" --wait --timeout "${patience}s"
}

scaler() {
  step "What workers are scaled by: $scaling"
  [ "$scaling" = queue ] || remove_scaler keda keda
  [ "$scaling" = adapter ] || remove_scaler prometheus-adapter monitoring
  case "$scaling" in
    cpu) say "Nothing more is needed." ;;
    # Not on spot nodes, which may go at any time.
    queue) install_release keda keda "nodeSelector: {thumbmill/pool: system}" keda --repo https://kedacore.github.io/charts --version "$keda_version" ;;
    adapter)
      install_release monitoring prometheus-adapter "prometheus: {url: http://kube-prometheus-stack-prometheus.monitoring.svc, port: 9090}" \
        prometheus-adapter --repo "$prometheus_charts" --version "$prometheus_adapter_version" \
        --values "$repository/deploy/kustomize/components/adapter/adapter-values.yaml" ;;
  esac
}

# Workers on spot nodes, which may go at any time; what keeps state or answers users on the others.
application_values() {
  local queue_url=$1 system="{nodeSelector: {thumbmill/pool: system}}"
  cat <<VALUES
image: {repository: "$repository_url", tag: "$tag", digest: "$digest"}
store: "s3://$(output bucket)"
settings: {THUMBMILL_S3_REGION: $region}
queue: "$queue_url"
redis:
  enabled: $([ "$redis_enabled" = yes ] && echo true || echo false)
  persistence: {storageClass: thumbmill}
  nodeSelector: {thumbmill/pool: system}
api: $system
janitor: $system
worker: {nodeSelector: {thumbmill/pool: worker}}
autoscaling: {mode: $scaling}
monitoring: {enabled: true, dashboards: true}
hourlyCost: $(hourly_cost)
loadBalancer:
  enabled: true
  port: $(web_port)
  annotations: $(balancer_annotations "$(web_port)")
VALUES
}

hourly_cost() {
  local cost
  cost=$(output hourly_cost_usd)
  printf '%s' "${cost:-0}"
}

# Goes on with what `down` stopped before it was interrupted, or a person paused. Helm leaves both alone: an annotation that it
# did not set, and numbers that autoscalers set, which never begin from 0.
resume_work() {
  [ "$cluster_known" = yes ] || return 0
  local names
  names=$(kubectl get customresourcedefinitions scaledobjects.keda.sh --ignore-not-found --output name)
  [ -z "$names" ] || names=$(kubectl get scaledobjects.keda.sh --namespace thumbmill --output json |
    jq -r '.items[] | select(.metadata.annotations["autoscaling.keda.sh/paused-replicas"]) | "scaledobject/" + .metadata.name')
  # shellcheck disable=SC2086  # one word a name, here and below
  [ -z "$names" ] || run kubectl annotate $names --namespace thumbmill autoscaling.keda.sh/paused-replicas-
  names=$(kubectl get deployments --namespace thumbmill --output json |
    jq -r '.items[] | select(.spec.replicas == 0) | "deployment/" + .metadata.name')
  # shellcheck disable=SC2086
  [ -z "$names" ] || run kubectl scale $names --namespace thumbmill --replicas=1
}

# Sets redis_enabled for those who wait for it.
application() {
  step "Thumbmill"
  local queue_url more=()
  queue_url=$(dry_run=no output queue_url)
  redis_enabled=yes
  [ -z "$queue_url" ] || redis_enabled=no
  [ -z "$values_file" ] || more=(--values "$values_file")
  need_namespace thumbmill
  run kubectl label namespace thumbmill --overwrite pod-security.kubernetes.io/enforce=restricted \
    pod-security.kubernetes.io/audit=restricted pod-security.kubernetes.io/warn=restricted
  install_release thumbmill thumbmill "$(application_values "$queue_url")" "$repository/deploy/charts/thumbmill" "${more[@]}"
  resume_work
}
