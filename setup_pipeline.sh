#!/usr/bin/env bash
# From an AWS account to thumbnails: cluster, image, monitoring, autoscaling and Thumbmill itself. Safe to repeat, and
# to go on with after an interruption; --help tells more, --dry-run shows all of it. deploy/bin/down takes it away again.
exec "$(dirname "$0")/deploy/bin/up" "$@"
