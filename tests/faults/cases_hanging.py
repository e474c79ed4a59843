"""A server that is stopped by a signal, so that it accepts connections and answers nothing, or whose name is not resolved any
more. Who does not need it must not notice."""

import contextlib
import os
import signal
import threading
import time

from credentials import CredentialEndpoint
from images import noise_png
from relay import Wire
from service import descendants, until

PROBE_PAUSE_S = 0.05
UPLOAD_PAUSE_S = 0.5  # each is a job that has to be done in the end
HEALTH_P99_S = 1  # a liveness probe has five; on a machine of its own it is about 0.01
READ_SECONDS = 3  # of what needs the store, at worst
ANSWER_SECONDS = 5  # of an upload, on a machine with other work
START_SECONDS = 10  # of a process
DRAINED_SECONDS = 60  # after which all is done; on a machine of its own it is half of that


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
            self.ends.wait(UPLOAD_PAUSE_S if name == "upload" else PROBE_PAUSE_S)

    def stop(self):
        self.ends.set()
        for thread in self.threads:
            thread.join()

    def share(self, name, share):
        times = sorted(self.took[name])
        return times[min(len(times) - 1, int(len(times) * share))]


@contextlib.contextmanager
def stopped(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def hang(case, fault, api, others, expected_uploads):
    """Judges what every process answers during the `fault`, a context manager."""
    status, image = api.upload(noise_png(64))
    if status != 202:
        raise AssertionError(f"before, an upload was answered {status}")
    api.ended(image["id"])
    case.cluster.load(api.url, 3)
    answers = set()

    def upload():
        answers.add(api.upload(noise_png(64))[0])

    asks = {f"healthz of {service.role}": lambda service=service: service.get("/healthz", admin=True) for service in (api, *others)}
    asks["queue"] = lambda: api.get("/v1/queue")
    asks["read"] = lambda: api.ask_bytes("GET", f"/v1/images/{image['id']}/thumb")
    asks["upload"] = upload
    with fault:
        probes = Probes(asks)
        try:
            case.lasting(20)
        finally:
            probes.stop()
    for name in asks:
        worst = probes.share(name, 1)
        limit = ANSWER_SECONDS if name == "upload" else READ_SECONDS
        if name.startswith("healthz") and probes.share(name, 0.99) > HEALTH_P99_S:
            case.wrong.append(f"{name} took {probes.share(name, 0.99):.2f} s (p99)")
        if worst > limit:
            case.wrong.append(f"{name} took {worst:.1f} s")
    if not answers <= expected_uploads:
        case.wrong.append(f"uploads were answered {sorted(answers)}")
    case.notes.append(", ".join(f"{name} {probes.share(name, 0.99) * 1000:.0f} ms" for name in asks) + " (p99)")
    until("the processes are ready again", lambda: all(service.get("/readyz", admin=True)[0] == 200 for service in (api, *others)))
    case.cluster.end_load()
    until("what waited is done", lambda: unfinished(api) == 0, DRAINED_SECONDS)


def unfinished(api):
    _, queue = api.get("/v1/queue")
    return sum(queue.get(state, 1) for state in ("ready", "running", "delayed"))


def redis_stopped(case):
    """SIGSTOP to Redis: uploads are taken, and images read as ever."""
    redis = case.redis()
    cluster = case.on_folder(redis)
    api, janitor, worker = (cluster.start(role) for role in ("api", "janitor", "worker"))
    hang(case, stopped([redis.process.pid]), api, (janitor, worker), {202})
    return case.finish(api)


def s3_stopped(case):
    """SIGSTOP to the S3 server: uploads and reads are refused soon, and everything else is answered as ever."""
    server, environment = case.s3_server()
    cluster = case.start("s3://thumbmill-test/stopped", case.redis().url, environment=environment)
    api, janitor, worker = (cluster.start(role) for role in ("api", "janitor", "worker"))
    hang(case, stopped([server.process.pid, *descendants(server.process.pid)]), api, (janitor, worker), {503})
    return case.finish(api)


def credentials_stopped(case):
    """The endpoint of the store's credentials hangs, and the last ones expire: as without a store."""
    endpoint = CredentialEndpoint()
    case.stops.append(endpoint.stop)
    _, environment = case.s3_server()
    cluster = case.start("s3://thumbmill-test/credentials", case.redis().url, environment={**environment, **endpoint.environment})
    api, janitor, worker = (cluster.start(role) for role in ("api", "janitor", "worker"))

    @contextlib.contextmanager
    def silent():
        endpoint.speaks.clear()
        until("the last credentials are too old", lambda: api.upload(noise_png(64))[0] == 503)
        status, readiness = api.get("/readyz", admin=True)
        if status != 503 or "credentials" not in readiness["checks"]["store"]:
            case.wrong.append(f"/readyz says {status} {readiness}")
        try:
            yield
        finally:
            endpoint.speaks.set()

    hang(case, silent(), api, (janitor, worker), {503})
    case.notes.append(f"{endpoint.given} credentials given")
    return case.finish(api)


def kafka_stopped(case):
    """SIGSTOP to a real Kafka's broker: uploads are taken, and images read as ever."""
    kafka = case.real_kafka()
    cluster = case.on_folder(kafka)
    api, janitor, worker = (cluster.start(role) for role in ("api", "janitor", "worker"))

    @contextlib.contextmanager
    def suspended():
        kafka.command("suspend 1")
        try:
            yield
        finally:
            kafka.command("resume 1")

    hang(case, suspended(), api, (janitor, worker), {202})
    return case.finish(api)


def dns_cut(case):
    """The names of the queue, then of the store as well, are no longer resolved, and connections break: uploads are taken as
    long as there is a store, and what needs neither is answered as ever. Processes that start meanwhile, start."""
    names = case.name_server()
    redis = Wire(case.redis().port)
    case.stops.append(redis.stop)
    proxy, environment = case.s3()
    environment["THUMBMILL_S3_ENDPOINT"] = f"http://store:{proxy.port}"
    cluster = case.start("s3://thumbmill-test/named", f"redis://queue:{redis.port}", environment=environment)
    api, janitor, worker = (cluster.start(role) for role in ("api", "janitor", "worker"))

    @contextlib.contextmanager
    def unresolved(*hosts):
        names.silent = set(hosts)
        redis.speak()  # which ends its connections
        if "store" in hosts:
            proxy.cut_off()
            proxy.restore()
        try:
            yield
        finally:
            names.silent = set()

    @contextlib.contextmanager
    def without_names():
        with unresolved("queue", "store"):
            begun = time.monotonic()
            new = [cluster.start(role) for role in ("api", "worker")]
            case.notes.append(f"two processes started in {time.monotonic() - begun:.1f} s")
            if time.monotonic() - begun > len(new) * START_SECONDS:
                case.wrong.append("that is too long")
            if (answer := new[0].upload(noise_png(64))[0]) != 503:
                case.wrong.append(f"a new process answered an upload with {answer}")
            yield

    hang(case, unresolved("queue"), api, (janitor, worker), {202})
    # A process that was there before knows the store's address for another minute.
    hang(case, without_names(), api, (janitor, worker), {202, 503})
    return case.finish(api)
