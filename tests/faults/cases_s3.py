"""An S3 that errs, is slow, hangs, refuses, or is gone."""

import json
import os
import subprocess
import time

import checks
from proxy import field, is_put_below
from service import until

SOME_JPEG = b"\xff\xd8\xff\xe0 whatever"  # good enough to be stored
ANSWER_SECONDS = 5  # in which an upload is answered while the store hangs: dependency-patience and a half, and load


def start(case, prefix, *options, refuses=None):
    """A cluster on S3: the proxy before it, the cluster, and its API. `refuses` is the proxy's from the start."""
    proxy, environment = case.s3()
    proxy.refuses = refuses or proxy.refuses
    cluster = case.start(f"s3://thumbmill-test/{prefix}", case.redis().url, *options, environment=environment)
    api = cluster.start("api")
    cluster.start("janitor")
    cluster.start("worker")
    return proxy, cluster, api


def expect_refusal(api):
    begun = time.monotonic()
    status, answer = api.upload(SOME_JPEG)
    took = time.monotonic() - begun
    if status != 503 or took > ANSWER_SECONDS:
        raise AssertionError(f"an upload without a store was answered {status} {answer} after {took:.1f} s")
    return took


def require_first_attempts(case):
    attempts, _ = checks.done_log(case.cluster)
    if burnt := [image_id for image_id, attempt in attempts.items() if attempt > 1]:
        case.wrong.append(f"{len(burnt)} jobs burnt tries")


def requests_a_job(proxy, cluster, api, count):
    """Uploads so many; the requests on objects until all that were accepted are done, by their number."""
    before = proxy.object_requests
    accepted = cluster.load_count(api.url, 5, count)
    until("the jobs are done", lambda: is_idle(api), seconds=240)
    return (proxy.object_requests - before) / max(1, accepted)


def log_of(cluster):
    return (cluster.directory / "log").read_text(encoding="utf-8", errors="replace")


def is_idle(api):
    _, queue = api.get("/v1/queue")
    return queue["ready"] + queue["running"] + queue["delayed"] == 0


def s3_errors(case):
    """S3 answers a fifth with 503 and fails copies in an answer of 200; then it resets some connections as well.

    Amplification, of the first part: requests on objects for each accepted upload until it is done, in trouble, by the
    same without. It holds the retries of requests, and what uploads and jobs that were given up had done already. Were
    each request just repeated until it succeeds, it would be 1 / (1 - share of harmed requests).
    """
    proxy, cluster, api = start(case, "faults", "--keep-originals")
    count = max(20, int(100 * case.scale))
    usual = requests_a_job(proxy, cluster, api, count)
    proxy.slow_down_share, proxy.late_error_share = 0.2, 0.02
    before = proxy.requests
    troubled = requests_a_job(proxy, cluster, api, count)
    passed, harmed = proxy.requests - before, proxy.harmed
    case.notes.append(f"{harmed} of {passed} requests harmed, {proxy.late_errors} of them in a 200; amplification "
                      f"{troubled / usual:.2f} ({passed / (passed - harmed):.2f} by bare repetition)")
    proxy.reset_share = 0.05
    cluster.load(api.url, 5)
    case.lasting(10)
    proxy.slow_down_share = proxy.reset_share = proxy.late_error_share = 0
    result = case.finish(api)
    require_first_attempts(case)
    return result


def s3_away(case):
    """S3 is gone for a while: uploads are refused with 503, nothing is lost, no try is burnt."""
    proxy, cluster, api = start(case, "away")
    cluster.load(api.url, 5)
    case.lasting(3)
    proxy.cut_off()
    expect_refusal(api)
    case.lasting(15)
    proxy.restore()
    case.lasting(1)
    result = case.finish(api)
    require_first_attempts(case)
    return result


def s3_slow(case):
    """Each answer comes 200 ms late, and some originals drip so slowly that they must be given up and fetched anew."""
    proxy, cluster, api = start(case, "slow")
    cluster.start("worker")
    cluster.load(api.url, 3)
    case.lasting(2)
    proxy.latency_s, proxy.drip_share = 0.2, 0.3
    case.lasting(25)
    until("a body dripped", lambda: proxy.dripped > 0)
    proxy.latency_s = proxy.drip_share = 0
    result = case.finish(api)
    case.notes.append(f"{proxy.cut_short} of {proxy.dripped} dripping bodies were cut short")
    if proxy.cut_short < proxy.dripped:
        case.wrong.append("one was waited for")
    require_first_attempts(case)
    return result


def s3_silent(case):
    """S3 takes connections and requests and answers none: uploads are refused in bounded time."""
    proxy, cluster, api = start(case, "silent")
    cluster.load(api.url, 5)
    case.lasting(3)
    proxy.silent = True
    took = expect_refusal(api)
    case.lasting(15)
    proxy.silent = False
    case.lasting(1)
    case.notes.append(f"refused after {took:.1f} s, {proxy.held} requests held")
    result = case.finish(api)
    require_first_attempts(case)
    return result


def refuses_conditions(head):
    return (501, b"NotImplemented") if field(head, b"if-none-match") else None


def refuses_removal(head):
    return (403, b"AccessDenied") if head.startswith(b"DELETE ") else None


def refuses_below(prefix, *answer):
    return lambda head: answer if is_put_below(head, prefix) else None


def doctor_of_store(cluster):
    """What `doctor` says of the store, and what of it is bad."""
    ran = subprocess.run([cluster.program, "doctor", "--json", "--store", cluster.store, "--queue", cluster.queue],
                         check=False, capture_output=True, text=True, env={**os.environ, **cluster.environment})
    row = next(row for row in json.loads(ran.stdout) if row["what"] == "store")
    return row["verdict"], row["detail"]


def s3_refuses(case):
    """S3 has no conditional puts at first: `doctor` and /readyz say so, and nothing is leased. Then it refuses thumbnails in
    two ways, and an upload. No refusal is taken for an image's fault: what was accepted waits, and is done in the end."""
    proxy, cluster, api = start(case, "refuses", refuses=refuses_conditions)
    status, readiness = api.get("/readyz", admin=True)
    if status != 503 or "If-None-Match" not in readiness["checks"]["store"]:
        case.wrong.append(f"/readyz says {status} {readiness}")
    for refuses, named in (refuses_removal, "s3:DeleteObject"), (refuses_conditions, "501 NotImplemented"):
        proxy.refuses = refuses
        verdict, detail = doctor_of_store(cluster)
        if verdict != "bad" or named not in detail:
            case.wrong.append(f"doctor says {verdict} {detail} instead of {named}")
    waiting = cluster.load_count(api.url, 5, max(5, int(20 * case.scale)))
    case.lasting(10)
    if leased := log_of(cluster).count("the job is put off"):
        case.wrong.append(f"{leased} tries without conditional puts")
    for answer in (501, b"NotImplemented"), (400, b"EntityTooLarge"):
        proxy.refuses = refuses_below(b"thumbs/", *answer)
        before = proxy.harmed
        waiting += cluster.load_count(api.url, 5, max(5, int(20 * case.scale)))
        until("a thumbnail is refused", lambda least=before: proxy.harmed > least)
        case.lasting(5)
    proxy.refuses = refuses_below(b"uploads/", 400, b"EntityTooLarge")
    expect_refusal(api)
    if not any("upload refused" in line and "EntityTooLarge" in line for line in log_of(cluster).splitlines()):
        case.wrong.append("the log does not say why the upload was refused")
    proxy.refuses = lambda head: None
    case.notes.append(f"{waiting} waited")
    result = case.finish(api)
    require_first_attempts(case)
    return result
