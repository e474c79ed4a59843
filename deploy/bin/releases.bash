# shellcheck shell=bash
# The Helm releases that `up` installs, in their order, each with its pinned version and its values. Sourced by up after
# lib.bash, whose variables and those of up's options it uses.

# Raise these together with a look at each chart's notes; the CRDs of a chart are not upgraded by Helm.
metrics_server_version=3.13.0
load_balancer_controller_version=1.13.4
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
  run_on "$values" helm upgrade --install "$name" "$@" --namespace "$namespace" --create-namespace \
    --wait --timeout "${patience}s" --values -
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

load_balancer_controller() {
  step "Load balancers"
  # What it makes bears our tags, so that the sweep knows it as ours.
  install_release kube-system aws-load-balancer-controller "clusterName: $cluster_name
region: $region
vpcId: $(output vpc_id)
serviceAccount: {name: aws-load-balancer-controller}
defaultTags:
  Project: thumbmill
  \"thumbmill:cluster\": $cluster_name" aws-load-balancer-controller \
    --repo https://aws.github.io/eks-charts --version "$load_balancer_controller_version"
}

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

# monitoring_ingress PORT HEALTH_PATH: both share one load balancer, and its addresses are those that may reach it.
monitoring_ingress() {
  local scheme=HTTP
  [ -z "$certificate" ] || scheme=HTTPS
  cat <<VALUES
  ingress:
    enabled: true
    ingressClassName: alb
    pathType: Prefix
    annotations:
      alb.ingress.kubernetes.io/scheme: internet-facing
      alb.ingress.kubernetes.io/target-type: ip
      alb.ingress.kubernetes.io/group.name: $cluster_name-monitoring
      alb.ingress.kubernetes.io/listen-ports: '[{"$scheme":$1}]'
      alb.ingress.kubernetes.io/inbound-cidrs: $monitoring_cidrs
      alb.ingress.kubernetes.io/healthcheck-path: $2
VALUES
  [ -z "$certificate" ] || printf '      alb.ingress.kubernetes.io/certificate-arn: %s\n' "$certificate"
}

monitoring() {
  step "Prometheus and Grafana"
  local grafana_port=80 values
  [ -z "$certificate" ] || grafana_port=443
  grafana_password
  values="grafana:
  admin: {existingSecret: $grafana_secret, userKey: admin-user, passwordKey: admin-password}"
  if [ -n "$monitoring_cidrs" ]; then
    values+="
$(monitoring_ingress "$grafana_port" /api/health)
prometheus:
$(monitoring_ingress 9090 /-/healthy)"
  fi
  install_release monitoring kube-prometheus-stack "$values" kube-prometheus-stack --repo "$prometheus_charts" \
    --version "$kube_prometheus_stack_version" --values "$repository/deploy/observability/values/kube-prometheus-stack.yaml"
}

# Two servers of external metrics exclude each other, and KEDA's objects can only be removed while it runs: the
# application lets go of the other one first.
remove_scaler() {
  local name=$1 namespace=$2
  [ "$(release_status "$namespace" "$name")" != none ] || return 0
  if [ "$(release_status thumbmill thumbmill)" != none ]; then
    unlock_release thumbmill thumbmill
    run helm upgrade thumbmill "$repository/deploy/charts/thumbmill" --namespace thumbmill --reuse-values \
      --set autoscaling.mode=none --wait --timeout "${patience}s"
  fi
  run helm uninstall "$name" --namespace "$namespace" --wait --timeout "${patience}s"
}

scaler() {
  step "What workers are scaled by: $scaling"
  [ "$scaling" = queue ] || remove_scaler keda keda
  [ "$scaling" = adapter ] || remove_scaler prometheus-adapter monitoring
  case "$scaling" in
    cpu) say "Nothing more is needed." ;;
    queue) install_release keda keda "{}" keda --repo https://kedacore.github.io/charts --version "$keda_version" ;;
    adapter)
      install_release monitoring prometheus-adapter "prometheus: {url: http://kube-prometheus-stack-prometheus.monitoring.svc, port: 9090}" \
        prometheus-adapter --repo "$prometheus_charts" --version "$prometheus_adapter_version" \
        --values "$repository/deploy/kustomize/components/adapter/adapter-values.yaml" ;;
  esac
}

application_values() {
  local queue_url=$1 listen='[{"HTTP":80}]'
  [ -z "$certificate" ] || listen='[{"HTTPS":443}]'
  cat <<VALUES
image: {repository: "$repository_url", tag: "$tag", digest: "$digest"}
store: "s3://$(output bucket)"
queue: "${queue_url:-redis://thumbmill-redis}"
redis: {enabled: $([ "$redis_enabled" = yes ] && echo true || echo false)}
autoscaling: {mode: $scaling}
monitoring: {enabled: true, dashboards: true}
hourlyCost: $(hourly_cost)
ingress:
  enabled: true
  className: alb
  annotations:
    alb.ingress.kubernetes.io/scheme: internet-facing
    alb.ingress.kubernetes.io/target-type: ip
    alb.ingress.kubernetes.io/listen-ports: '$listen'
VALUES
  [ -z "$certificate" ] || printf '    alb.ingress.kubernetes.io/certificate-arn: %s\n' "$certificate"
}

hourly_cost() {
  local cost
  cost=$(output hourly_cost_usd)
  printf '%s' "${cost:-0}"
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
}
