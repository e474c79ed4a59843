# shellcheck shell=bash
# What the scripts of deploy/bin share: their common options, the check of tools, steps that can be rehearsed, and
# the way to a cluster. Sourced after `set -euo pipefail`; keeps no state but the variables below.
#
# No script ever follows the user's current kubectl context: each writes the credentials of the cluster that it was
# told about into a file of its own, so that it cannot act on another one.

# Before 4.4, an empty array counts as unset.
if ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] < 404)); then
  printf '%s: bash is %s, at least 4.4 is needed\n' "$0" "$BASH_VERSION" >&2
  exit 69
fi

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=deploy/bin/$(basename "$0")
exit_usage=64
exit_tools=69

environment=dev
cluster_name=thumbmill
region=
dry_run=no
patience=600
scratch=
cluster_known=no
export AWS_PAGER="" TF_IN_AUTOMATION=1

say() { printf '%s\n' "$*"; }
step() { printf '\n== %s\n' "$*"; }
die() { printf '%s: %s\n' "$program" "$*" >&2; exit 1; }
usage_error() { printf '%s: %s\n' "$program" "$*" >&2; exit "$exit_usage"; }

common_options='  --env dev|prod        the environment of deploy/terraform/envs [dev]
  --cluster-name NAME   the name of the cluster, and the tag on all that belongs to it [thumbmill]
  --region REGION       an AWS region [that of the aws command: AWS_REGION, AWS_DEFAULT_REGION or the profile]
  --patience SECONDS    how long to wait for what takes time, each time [600]'

# one_of FLAG VALUE ALLOWED...: fails, naming the flag and what it may be.
one_of() {
  local flag=$1 value=$2 allowed
  shift 2
  for allowed in "$@"; do [ "$value" != "$allowed" ] || return 0; done
  usage_error "$flag \"$value\": allowed are $*"
}

# matches FLAG VALUE REGEX MEANING
matches() { [[ $2 =~ ^($3)$ ]] || usage_error "$1 \"$2\": has to be $4"; }

# takes_value FLAG VALUES...: a value has to follow the flag.
takes_value() { [ -n "${2:-}" ] || usage_error "$1 takes a value"; }

# common_option FLAG VALUES...: takes one of common_options; false for any other flag.
common_option() {
  case "$1" in --env | --cluster-name | --region | --patience) takes_value "$@" ;; *) return 1 ;; esac
  case "$1" in
    --env) one_of "$1" "$2" dev prod; environment=$2 ;;
    # What can be part of the names of buckets and roles, as they are made of it.
    --cluster-name)
      matches "$1" "$2" '[a-z][a-z0-9-]{1,30}[a-z0-9]' "3 to 32 lower-case letters, digits and hyphens, a letter first"
      cluster_name=$2 ;;
    --region) matches "$1" "$2" '[a-z]{2}(-[a-z]+)+-[0-9]' "an AWS region such as eu-central-1"; region=$2 ;;
    --patience) matches "$1" "$2" '[1-9][0-9]{0,4}' "seconds, 1 to 99999"; patience=$2 ;;
  esac
}

# The region when no flag named one.
settle_region() {
  [ -n "$region" ] || region=${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}
  [ -n "$region" ] || usage_error "--region: name an AWS region, or set one by 'aws configure'"
  export AWS_REGION=$region AWS_DEFAULT_REGION=$region
}

# ---- tools -------------------------------------------------------------------------------------------------------

# tool_facts NAME: least version | command that says the version | how to get it
tool_facts() {
  case "$1" in
    aws) echo "2.9|aws --version|apt-get install awscli, or https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html" ;;
    terraform) echo "1.9|terraform version|https://developer.hashicorp.com/terraform/install" ;;
    docker) echo "20.10|docker --version|https://docs.docker.com/engine/install/" ;;
    buildx) echo "0.10|docker buildx version|https://docs.docker.com/build/install-buildx/ (package docker-buildx-plugin)" ;;
    kubectl) echo "1.28|kubectl version --client|https://kubernetes.io/docs/tasks/tools/" ;;
    helm) echo "3.12|helm version --short|https://helm.sh/docs/intro/install/" ;;
    jq) echo "1.6|jq --version|apt-get install jq" ;;
    git) echo "2.20|git --version|apt-get install git" ;;
    python3) echo "3.9|python3 --version|apt-get install python3" ;;
  esac
}

# at_least LEAST VERSION
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

# need_tools NAME...: names everything that is missing or too old at once. A dry run goes on.
need_tools() {
  local name least asks how found wrong=()
  for name in "$@"; do
    IFS='|' read -r least asks how < <(tool_facts "$name")
    if [ "$name" != buildx ] && ! command -v "$name" >/dev/null; then
      wrong+=("$name (at least $least) is not installed: $how")
      continue
    fi
    # shellcheck disable=SC2086  # the command's words
    found=$({ $asks 2>/dev/null || true; } | grep -oE '[0-9]+\.[0-9]+(\.[0-9]+)?' | head -n 1 || true)
    if [ -z "$found" ]; then
      wrong+=("$name (at least $least) does not run ('$asks'): $how")
    elif ! at_least "$least" "$found"; then
      wrong+=("$name is $found, at least $least is needed: $how")
    fi
  done
  [ ${#wrong[@]} -gt 0 ] || return 0
  printf '%s: missing tools:\n' "$program" >&2
  printf '  %s\n' "${wrong[@]}" >&2
  [ "$dry_run" = yes ] || exit "$exit_tools"
}

# ---- steps that can be rehearsed -----------------------------------------------------------------------------------

# shown COMMAND...: the command as one would type it.
shown() { printf '+'; printf ' %q' "$@"; printf '\n'; }

# run COMMAND...: shows what it runs; in a dry run that is all.
run() {
  shown "$@"
  [ "$dry_run" = yes ] || "$@"
}

# run_on TEXT COMMAND...: the same with a text on standard input, shown too.
run_on() {
  local text=$1
  shift
  shown "$@"
  printf '%s\n' "$text" | sed 's/^/  | /'
  [ "$dry_run" = yes ] || printf '%s\n' "$text" | "$@"
}

# A directory of this run's own, gone when it ends.
make_scratch() {
  [ -n "$scratch" ] && return
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
}

# within SECONDS COMMAND...: tries until it succeeds, false when the time is over. Tests shorten the pause.
within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep "${THUMBMILL_POLL_SECONDS:-5}"
  done
}

# ---- images --------------------------------------------------------------------------------------------------------

# digest_of IMAGE: what its registry has behind the tag now, sha256:...
digest_of() {
  local answer
  answer=$(docker buildx imagetools inspect "$1" --format '{{json .Manifest}}' 2>&1) || die "asking for the image $1: $answer"
  answer=$(jq -r '.digest // empty' <<<"$answer" 2>/dev/null) || true
  [[ $answer =~ ^sha256:[0-9a-f]{64}$ ]] || die "asking for the image $1: its registry named no digest"
  printf '%s' "$answer"
}

# ---- the world -----------------------------------------------------------------------------------------------------

# Sets account, or says what is wrong with the credentials. Without any, a dry run shows what is done in an empty
# account.
account=
settle_account() {
  account=$(aws sts get-caller-identity --query Account --output text) && return
  local advice="set AWS_PROFILE, or run 'aws configure' or 'aws sso login'"
  [ "$dry_run" = yes ] || die "no valid AWS credentials: $advice"
  say "No AWS credentials ($advice): this shows what is done in an empty account."
}

# Sets from the options how terraform is called, and with which variables.
terraform=()
terraform_vars=()
settle_terraform() {
  terraform=(terraform "-chdir=$repository/deploy/terraform/envs/$environment")
  terraform_vars=(-var "cluster_name=$cluster_name" -var "region=$region")
}

# output NAME: a Terraform output, empty when there is none (yet); <NAME> in its place in a dry run.
output() {
  local value=
  value=$("${terraform[@]}" output -json 2>/dev/null | jq -r --arg name "$1" '.[$name].value // empty' 2>/dev/null || true)
  if [ -z "$value" ] && [ "$dry_run" = yes ]; then value="<$1>"; fi
  printf '%s' "$value"
}

# Refuses to go on when the environment's Terraform state holds another cluster: one would replace the other.
check_state_is_ours() {
  local held
  held=$(dry_run=no output cluster_name)
  [ -z "$held" ] || [ "$held" = "$cluster_name" ] ||
    die "--cluster-name \"$cluster_name\": the Terraform state of $environment holds the cluster \"$held\""
  held=$(dry_run=no output region)
  [ -z "$held" ] || [ "$held" = "$region" ] || die "--region \"$region\": the Terraform state of $environment is in \"$held\""
  held=$(dry_run=no output account_id)
  [ -z "$held" ] || [ -z "$account" ] || [ "$held" = "$account" ] ||
    die "the credentials are those of account $account: the Terraform state of $environment is of account $held"
}

# Refuses to take apart a cluster that is there and not in the state: its data would go, and the cluster would stay.
check_state_holds_cluster() {
  [ "$(cluster_status)" != NONE ] || return 0
  "${terraform[@]}" state list 2>/dev/null | grep -q '[.]aws_eks_cluster[.]' ||
    die "the cluster $cluster_name exists, but the Terraform state of $environment does not hold it: is it another --env, another" \
      "clone of the repository, or a backend that is not set up here?"
}

# Prints ACTIVE, CREATING, DELETING and so on, or NONE. Fails when AWS cannot say: not knowing is not being gone.
cluster_status() {
  local answer
  make_scratch
  if [ -z "$account" ]; then
    printf NONE
  elif answer=$(aws eks describe-cluster --name "$cluster_name" --query cluster.status --output text 2>"$scratch/refusal"); then
    printf '%s' "$answer"
  elif grep -q ResourceNotFoundException "$scratch/refusal"; then
    printf NONE
  else
    die "asking for the cluster $cluster_name: $(cat "$scratch/refusal")"
  fi
}

# Points kubectl and helm of this script at the cluster, whatever the user's own configuration says.
use_cluster() {
  make_scratch
  export KUBECONFIG=$scratch/kubeconfig
  aws eks update-kubeconfig --name "$cluster_name" --alias "$cluster_name" --kubeconfig "$KUBECONFIG" >/dev/null
  cluster_known=yes
}

# release_status NAMESPACE NAME: deployed, failed, pending-install and so on, or none.
release_status() {
  local answer
  if [ "$cluster_known" = no ]; then
    printf none
  elif answer=$(helm status "$2" --namespace "$1" --output json 2>"$scratch/refusal"); then
    jq -r .info.status <<<"$answer"
  elif grep -q "not found" "$scratch/refusal"; then
    printf none
  else
    die "asking for the release $2: $(cat "$scratch/refusal")"
  fi
}
