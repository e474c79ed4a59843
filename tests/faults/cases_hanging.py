"""A server that is stopped by a signal: it accepts connections and answers nothing. Who does not need it must not notice."""

import os
import signal
import threading
import time

from images import noise_png
from service import descendants, until

PROBE_PAUSE_S = 0.05
HEALTH_P99_S = 1  # a liveness probe has five; on a machine of its own it is about 0.01
READ_SECONDS = 3  # of what needs the store, at worst
ANSWER_SECONDS = 5  # of an upload, on a machine with other work


class Probes:
    """Asks the same things again and again, each from a thread of its own, and keeps how long each answer took."""

    def __init__(self, asks):
        self.took = {name: [] for name in asks}
        self.ends = threading.Event()
        self.threads = [threading.Thread(target=self._ask, args=entry) for entry in asks.items()]
        for thread in self.threads:
            thread.start()

    def _ask(self, name, ask):
        while not self.ends.is_set():
            begun = time.monotonic()
            ask()
            self.took[name].append(time.monotonic() - begun)
            self.ends.wait(PROBE_PAUSE_S)

    def stop(self):
        self.ends.set()
        for thread in self.threads:
            thread.join()

    def share(self, name, share):
        times = sorted(self.took[name])
        return times[min(len(times) - 1, int(len(times) * share))]


def hang(case, pids, api, others, expected_upload):
    """Stops `pids` for a while, and judges what every process answers meanwhile."""
    status, image = api.upload(noise_png(64))
    if status != 202:
        raise AssertionError(f"before, an upload was answered {status}")
    api.ended(image["id"])
    case.cluster.load(api.url, 3)
    answers = set()

    def upload():
        answers.add(api.upload(noise_png(64))[0])

    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    asks = {f"healthz of {service.role}": lambda service=service: service.get("/healthz", admin=True) for service in (api, *others)}
    asks["queue"] = lambda: api.get("/v1/queue")
    asks["read"] = lambda: api.ask_bytes("GET", f"/v1/images/{image['id']}/thumb")
    asks["upload"] = upload
    probes = Probes(asks)
    try:
        case.lasting(20)
    finally:
        probes.stop()
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    for name in asks:
        worst = probes.share(name, 1)
        limit = ANSWER_SECONDS if name == "upload" else READ_SECONDS
        if name.startswith("healthz") and probes.share(name, 0.99) > HEALTH_P99_S:
            case.wrong.append(f"{name} took {probes.share(name, 0.99):.2f} s (p99)")
        if worst > limit:
            case.wrong.append(f"{name} took {worst:.1f} s")
    if answers != {expected_upload}:
        case.wrong.append(f"uploads were answered {sorted(answers)}")
    case.notes.append(", ".join(f"{name} {probes.share(name, 0.99) * 1000:.0f} ms" for name in asks) + " (p99)")
    until("the processes are ready again", lambda: all(service.get("/readyz", admin=True)[0] == 200 for service in (api, *others)))


def redis_stopped(case):
    """SIGSTOP to Redis: uploads are taken, and images read as ever."""
    redis = case.redis()
    cluster = case.on_folder(redis)
    api, janitor, worker = (cluster.start(role) for role in ("api", "janitor", "worker"))
    hang(case, [redis.process.pid], api, (janitor, worker), 202)
    return case.finish(api)


def s3_stopped(case):
    """SIGSTOP to the S3 server: uploads and reads are refused soon, and everything else is answered as ever."""
    server, environment = case.s3_server()
    cluster = case.start("s3://thumbmill-test/stopped", case.redis().url, environment=environment)
    api, janitor, worker = (cluster.start(role) for role in ("api", "janitor", "worker"))
    hang(case, [server.process.pid, *descendants(server.process.pid)], api, (janitor, worker), 503)
    return case.finish(api)
