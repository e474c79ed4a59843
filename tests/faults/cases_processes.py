"""Processes of the cluster that are killed, stopped or restarted, and jobs that take long."""

import contextlib
import os
import signal
import time

import checks
from relay import Balancer
from service import until

REDELIVERY_SECONDS = 45  # promised in docs/delivery.md for leases as they are by default


def send(signal_number, *pids):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):  # a decoder may have been replaced meanwhile
            os.kill(pid, signal_number)


def hold_a_job(case, api, worker):
    """Stops the worker's decoder and gives it a job, which is then held for as long as the decoder is. Returns the
    decoders' ids. The worker's first image has been decoded by then, and so has the canary's."""
    decoders = worker.decoders()
    case.stops.append(lambda: send(signal.SIGKILL, *decoders))  # they would not see that their worker has gone
    send(signal.SIGSTOP, *decoders)
    case.cluster.load_count(api.url, 10, 1)
    until("the worker has the job", lambda: worker.metric("thumbmill_worker_busy") == 1)
    return decoders


def first_image(case, api, worker):
    case.cluster.load_count(api.url, 10, 1)
    until("the first image is done", lambda: checks.decoded([worker]) == 1)


def workers_killed(case):
    """Workers are killed every second to three, and started again."""
    cluster = case.on_folder(case.queue())
    api = cluster.start("api")
    cluster.start("janitor")
    workers = [cluster.start("worker") for _ in range(2)]
    cluster.load(api.url, 20)
    kills = int(10 * case.scale)
    for _ in range(kills):
        time.sleep(case.chooser.uniform(1, 3))  # the random moment itself
        cluster.restart_killed(case.chooser.choice(workers))
    case.notes.append(f"{kills} kills")
    return case.finish(api)


def api_killed(case):
    """The API is killed in the middle of uploads: whatever was answered 202 is there."""
    cluster = case.on_folder(case.queue())
    api = cluster.start("api")
    cluster.start("janitor")
    cluster.start("worker")
    cluster.load(api.url, 20)
    kills = int(10 * case.scale)
    for _ in range(kills):
        time.sleep(case.chooser.uniform(1, 3))  # the random moment itself
        cluster.restart_killed(api)
    case.notes.append(f"{kills} kills")
    return case.finish(api)


def worker_stopped(case):
    """A worker that has a job is stopped until that is another's, and wakes up: what it had is another's by then."""
    cluster = case.on_folder(case.queue())
    api = cluster.start("api")
    cluster.start("janitor")
    stopped = cluster.start("worker")
    first_image(case, api, stopped)
    decoders = hold_a_job(case, api, stopped)
    cluster.start("worker")
    cluster.load(api.url, 20)
    stopped.process.send_signal(signal.SIGSTOP)
    time.sleep(case.lost_after_seconds)  # the fault itself
    stopped.process.send_signal(signal.SIGCONT)
    send(signal.SIGCONT, *decoders)
    until("the worker drops what it had", lambda: lost_leases(stopped) > 0)
    case.lasting(5)
    result = case.finish(api)
    attempts, times = checks.done_log(cluster)
    case.notes.append(f"{lost_leases(stopped)} leases lost, {max(attempts.values())} attempts at most")
    # Kafka hands a job on with its partition, wherever its worker was with it: docs/formats/queue-kafka.md.
    if (twice := [image_id for image_id, count in times.items() if count > 1]) and case.queue_kind != "kafka":
        case.wrong.append(f"{len(twice)} jobs were taken off the queue twice")
    return result


def lost_leases(worker):
    return int(worker.metric("thumbmill_jobs_total", outcome="lease_lost"))


def janitors_killed(case):
    """The janitor that leads is killed; another takes over and rebuilds the wiped queue."""
    redis = case.redis()
    cluster = case.on_folder(redis)
    api = cluster.start("api")
    janitors = [cluster.start("janitor") for _ in range(2)]
    cluster.start("worker")
    cluster.load(api.url, 20)
    for _ in range(2):
        case.lasting(2)
        until("one of the janitors leads", lambda: leading_of(janitors))
        leading = leading_of(janitors)
        if len(leading) != 1:
            raise AssertionError(f"{len(leading)} of 2 janitors export the backlog")
        cluster.kill(leading[0])
        leading[0].process.stdout.close()
        redis.command("FLUSHALL")
        leading[0].start()
    return case.finish(api)


def leading_of(janitors):
    """Those that export the queue's backlog."""
    return [janitor for janitor in janitors
            if b"\nthumbmill_queue_backlog " in janitor.ask_bytes("GET", "/metrics", admin=True)[1]]


def long_job(case):
    """A job takes ten times its lease, with an idle worker beside: it runs once."""
    cluster = case.on_folder(case.queue(), "--decoder-wall-time", "1h")
    api = cluster.start("api")
    cluster.start("janitor")
    slow = cluster.start("worker")
    first_image(case, api, slow)
    decoders = hold_a_job(case, api, slow)
    other = cluster.start("worker")
    cluster.load(api.url, 5)
    time.sleep(10 * case.lease_seconds)  # the length of the job itself
    send(signal.SIGCONT, *decoders)
    result = case.finish(api)
    case.notes.append(f"a job of {10 * case.lease_seconds} s")
    case.wrong += checks.ran_once(cluster, [slow, other])
    return result


def redelivered_after_kill(case):
    """A worker is killed in the middle of a job, with leases as they are by default: how long until another has done
    it?"""
    cluster = case.on_folder(case.queue(), leases="default")
    api = cluster.start("api")
    cluster.start("janitor")
    killed = cluster.start("worker")
    first_image(case, api, killed)
    hold_a_job(case, api, killed)
    held = cluster.accepted()[-1]
    cluster.start("worker")
    begun = time.monotonic()
    cluster.kill(killed)
    until("the job is done", lambda: api.get(f"/v1/images/{held}?wait=5")[1]["status"] == "done",
          3 * REDELIVERY_SECONDS)
    took = time.monotonic() - begun
    case.notes.append(f"done {took:.1f} s after the kill")
    if took > REDELIVERY_SECONDS:
        case.wrong.append(f"that is more than {REDELIVERY_SECONDS} s")
    return case.finish(api)


def rolling_restart(case):
    """Every process is restarted in turn, twice, behind a load balancer: clients see nothing of it."""
    cluster = case.on_folder(case.queue())
    apis = [cluster.start("api") for _ in range(2)]
    others = [cluster.start(role) for role in ("worker", "worker", "janitor", "janitor")]
    balancer = Balancer([api.port for api in apis])
    case.stops.append(balancer.stop)
    cluster.load(balancer.url, 10)
    for _ in range(2):
        for api in apis:
            balancer.take_out(api.port)
            api.stop()
            api.start()
            until("the API is ready", lambda: api.get("/readyz", admin=True)[0] == 200)
            balancer.put_back(api.port)
            case.lasting(1)
        for service in others:
            service.stop()
            service.start()
            case.lasting(1)
    result = case.finish(apis[0])
    answers = dict(balancer.answers)
    case.notes.append("answers: " + ", ".join(f"{count} x {status}" for status, count in sorted(answers.items())))
    if any(not status.startswith("2") for status in answers):
        case.wrong.append("clients saw the restarts")
    return result
