#!/usr/bin/env bash
# A load test: many uploads at once, each waited for until its thumbnail is there. Reports throughput, percentiles and
# losses, and over time the backlog and, where kubectl reaches the cluster, the workers. Exits 1 when an upload was lost.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
exit_usage=64

usage() {
  cat <<'USAGE'
usage: ./test.bash [options] [-- options of thumbmill load]
  -n, --count N          uploads in all [1000]
  -c, --concurrency N    uploads under way at once [50]
  -f, --file FILE        the image to upload; may be repeated [a made one]
  -u, --url URL          of the API; deploy/bin/urls tells it [http://localhost:8080]
  --watch SECONDS        go on looking at backlog and workers after the last thumbnail [0]
  --every SECONDS        how often to look at them [2]
  --context NAME         of kubectl [the current one]
  --namespace NAME       of the workers [thumbmill]
  --csv FILE             keep what was seen: seconds,backlog,workers wanted,workers ready
  --help
A burst whose rate does not depend on the answers: ./test.bash -n 6000 -c 2000 -- --rate 60 --poisson
THUMBMILL names the program [build/release/src/thumbmill, which is built when it is missing].
USAGE
}

fail_usage() { printf 'test.bash: %s\n' "$*" >&2; exit "$exit_usage"; }

count=1000 concurrency=50 url=http://localhost:8080 watch=0 every=2 namespace=thumbmill csv=
files=() context=() more=()

whole() { [[ $2 =~ ^[0-9]{1,9}$ && $2 -ge $3 ]] || fail_usage "$1 \"$2\": has to be a whole number from $3 on"; }

parse() {
  while [ $# -gt 0 ]; do
    case "$1" in
      --help | -h) usage; exit 0 ;;
      --) shift; more=("$@"); return ;;
      -n | --count | -c | --concurrency | -f | --file | -u | --url | --watch | --every | --context | --namespace | --csv)
        [ -n "${2:-}" ] || fail_usage "$1 takes a value" ;;
      *) usage >&2; fail_usage "unknown option \"$1\"" ;;
    esac
    case "$1" in
      -n | --count) whole "$1" "$2" 1; count=$2 ;;
      -c | --concurrency) whole "$1" "$2" 1; concurrency=$2 ;;
      -f | --file) [ -r "$2" ] || fail_usage "$1 \"$2\": cannot be read"; files+=("$2") ;;
      -u | --url) [[ $2 =~ ^https?:// ]] || fail_usage "$1 \"$2\": has to begin with http:// or https://"; url=${2%/} ;;
      --watch) whole "$1" "$2" 0; watch=$2 ;;
      --every) whole "$1" "$2" 1; every=$2 ;;
      --context) context=(--context "$2") ;;
      --namespace) namespace=$2 ;;
      --csv) csv=$2 ;;
    esac
    shift 2
  done
}

find_program() {
  program=${THUMBMILL:-$here/build/release/src/thumbmill}
  if [ -x "$program" ]; then return; fi
  [ -z "${THUMBMILL:-}" ] || fail_usage "THUMBMILL \"$program\": is no program"
  "$here/scripts/packages" build
  "$here/scripts/build" release thumbmill
}

# Prints the workers that are wanted and ready, as "WANTED,READY"; "," when the cluster does not say.
workers() {
  local found
  found=$(kubectl "${context[@]}" --namespace "$namespace" --request-timeout 5s get deployment/thumbmill-worker \
    --output 'jsonpath={.spec.replicas},{.status.readyReplicas}' 2>/dev/null) || found=,
  # What is zero is left out of a status.
  [[ $found != [0-9]*, ]] || found+=0
  printf '%s' "$found"
}

# By a file, as other users see a command's arguments.
key_header() { printf '%s' "${THUMBMILL_API_KEY:+Authorization: Bearer $THUMBMILL_API_KEY}"; }

backlog() {
  curl --silent --max-time 5 --header @<(key_header) "$url/v1/queue" 2>/dev/null | sed -nE 's/.*"backlog": ?([0-9]+).*/\1/p' || true
}

look() { printf '%d,%s,%s\n' "$((SECONDS - begun))" "$(backlog)" "$(if [ "$with_kubectl" = yes ]; then workers; else printf ,; fi)"; }

# Goes on until it is killed; one line a look.
observe() {
  while true; do
    look >>"$seen"
    sleep "$every"
  done
}

begin_observing() {
  with_kubectl=yes why=
  if ! command -v kubectl >/dev/null; then
    with_kubectl=no why="kubectl is not installed"
  elif [ "$(workers)" = , ]; then
    with_kubectl=no why="kubectl finds no deployment/thumbmill-worker in the namespace $namespace"
  fi
  observe &
  observer=$!
}

# Only lines in which something has changed since the one before.
show_seen() {
  printf '\nseconds  backlog  workers wanted  ready\n'
  awk -F, '{ now = $2 "," $3 "," $4 } now != before { printf "%7s  %7s  %14s  %5s\n", $1, $2, $3, $4 } { before = now }' "$seen"
  [ -z "$why" ] || printf 'No workers are shown: %s.\n' "$why"
}

parse "$@"
find_program
seen=$(mktemp)
observer=
trap '[ -z "$observer" ] || kill "$observer" 2>/dev/null || true; rm -f "$seen"' EXIT
begun=$SECONDS
begin_observing
code=0
"$program" load --url "$url" --count "$count" --concurrency "$concurrency" "${more[@]}" "${files[@]}" || code=$?
# Anything but 1, which tells losses, is said: there was no run.
[ "$code" -le 1 ] || exit "$code"
sleep "$watch"
kill "$observer"
wait "$observer" 2>/dev/null || true
observer=
look >>"$seen"
show_seen
if [ -n "$csv" ]; then
  { echo "seconds,backlog,workers wanted,workers ready"; cat "$seen"; } >"$csv"
fi
exit "$code"
