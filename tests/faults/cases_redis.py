"""A queue that forgets, goes away, hangs, or fails over."""

import subprocess
import time

import checks
from cluster import Redis, free_port
from relay import Wire
from service import until

ANSWER_SECONDS = 5  # in which an upload must be answered while the queue hangs: dependency-patience and a half, and load
LOST_WRITES = 20  # jobs that the master acknowledges and takes with it


def queue_wiped(case):
    """FLUSHALL under load, again and again: the sweep rebuilds the queue."""
    redis = case.redis()
    cluster = case.on_folder(redis)
    api = cluster.start("api")
    cluster.start("janitor")
    cluster.start("worker")
    cluster.load(api.url, 40)
    wipes = int(5 * case.scale)
    for _ in range(wipes):
        case.lasting(1.5)
        redis.command("FLUSHALL")
    case.notes.append(f"{wipes} wipes")
    return case.finish(api)


def foreign_records(case):
    """Others write into the queue, onto the channel of events, and into the store, under load."""
    redis = case.redis()
    cluster = case.on_folder(redis)
    processes = [cluster.start(role) for role in ("api", "janitor", "worker")]
    api, janitor, worker = processes
    cluster.load(api.url, 20)
    case.lasting(1.5)
    (case.directory / "store/uploads/0").mkdir(parents=True, exist_ok=True)
    (case.directory / "store/uploads/0/hello").write_text("hello", encoding="utf-8")
    ready, jobs = "{thumbmill}:ready", "{thumbmill}:jobs"
    for name in ("hello", "HELLO", "../../etc/passwd", "x" * 10_000):
        redis.command("ZADD", ready, "0", name)
        redis.command("HSET", jobs, name, "garbage")
        for members in ("leases", "delayed"):
            redis.command("ZADD", "{thumbmill}:" + members, "1", f"{members}-{name}")
        redis.command("PUBLISH", "{thumbmill}:events", name)
    case.lasting(3)
    until("the worker ignores them", lambda: foreign(worker, "queue") >= 12)
    until("the sweep ignores the file", lambda: foreign(janitor, "store") >= 1)
    for process in processes:
        until("the events are ignored", lambda process=process: foreign(process, "events") >= 4)
    if not (case.directory / "store/uploads/0/hello").exists():
        raise AssertionError("a file of somebody else's is gone")
    return case.finish(api)


def foreign(process, source):
    return int(process.metric("thumbmill_foreign_records_total", source=source))


def redis_away(case):
    """Redis is gone for a while and comes back empty; uploads are taken meanwhile."""
    redis = case.redis()
    cluster = case.on_folder(redis)
    api = cluster.start("api")
    cluster.start("janitor")
    cluster.start("worker")
    cluster.load(api.url, 20)
    case.lasting(2)
    redis.kill()
    before = len(cluster.accepted())
    case.lasting(10)
    meanwhile = len(cluster.accepted()) - before
    redis.forget_all()
    redis.start()
    case.notes.append(f"{meanwhile} accepted while it was away")
    if meanwhile == 0:
        raise AssertionError("no upload was accepted while Redis was away")
    return case.finish(api)


def redis_full(case):
    """Redis is at its maxmemory: uploads are taken; figures and checks say that they wait, and why."""
    redis = case.redis()
    cluster = case.on_folder(redis)
    api, janitor, worker = (cluster.start(role) for role in ("api", "janitor", "worker"))
    redis.command("CONFIG", "SET", "maxmemory", "1")
    taken = cluster.load_count(api.url, 20, 20)
    for process in (api, janitor, worker):
        until("/readyz says it", lambda process=process: "maxmemory" in readiness(process)["checks"]["queue"])
        status, state = process.get("/readyz", admin=True)
        if status != 200 or state["status"] != "degraded":
            case.wrong.append(f"/readyz of the {process.role} is {status} {state}")
    queue = api.get("/v1/queue")[1]
    if not queue["unqueued"] == queue["backlog"] == taken or queue["workers_desired"] <= 0:
        case.wrong.append(f"/v1/queue is {queue}")
    # The janitor knows them by its sweep, which leaves young ones alone.
    until("the janitor's gauge counts them", lambda: janitor.metric("thumbmill_queue_backlog") == taken)
    if janitor.metric("thumbmill_workers_desired") <= 0:
        case.wrong.append("the janitor wants no workers")
    doctor = subprocess.run([cluster.program, "doctor", "--store", cluster.store, "--queue", redis.url],
                            capture_output=True, text=True, check=False)
    if "Redis is full" not in doctor.stdout:
        case.wrong.append(f"doctor says {doctor.stdout}")
    redis.command("CONFIG", "SET", "maxmemory", "0")
    until("the queue has taken them", lambda: api.get("/v1/queue")[1]["unqueued"] == 0)
    return case.finish(api)


def readiness(process):
    return process.get("/readyz", admin=True)[1]


def redis_silent(case):
    """Redis takes connections and commands and answers none: uploads are taken all the same, in bounded time."""
    wire = Wire(case.redis().port)
    case.stops.append(wire.stop)
    cluster = case.start(case.directory / "store", f"redis://127.0.0.1:{wire.port}")
    api = cluster.start("api")
    cluster.start("janitor")
    cluster.start("worker")
    cluster.load(api.url, 5)
    case.lasting(2)
    wire.silent = True
    ends = time.monotonic() + 15 * case.scale
    slowest, taken = 0.0, 0
    while taken == 0 or time.monotonic() < ends:
        begun = time.monotonic()
        if cluster.load_count(api.url, 10, 1) == 0:
            raise AssertionError("an upload was not accepted while Redis was silent")
        slowest = max(slowest, time.monotonic() - begun)
        taken += 1
    wire.speak()
    case.notes.append(f"in silence an upload took {slowest:.1f} s at most")
    if slowest > ANSWER_SECONDS:
        case.wrong.append(f"that is more than {ANSWER_SECONDS} s")
    return case.finish(api)


def answers_lost(case):
    """Connections to Redis break between a command and its answer, again and again: no job's end goes untold."""
    wire = Wire(case.redis().port)
    case.stops.append(wire.stop)
    cluster = case.start(case.directory / "store", f"redis://127.0.0.1:{wire.port}")
    api = cluster.start("api")
    cluster.start("janitor")
    cluster.start("worker")
    cluster.load(api.url, 40)
    cuts = int(40 * case.scale)
    for _ in range(cuts):
        until("an answer is lost", lambda: not wire.cut_next)
        time.sleep(0.2)  # so that the command that is sent again is answered
        wire.cut_next = True
    outcome = case.finish(api)
    _, times = checks.done_log(cluster)
    if untold := [i for i in checks.accepted_of(cluster) if times[i] == 0]:
        case.wrong.append(f"{len(untold)} jobs are done that no worker has told of")
    case.notes.append(f"{cuts} answers lost")
    return outcome


class Sentinel:
    """One sentinel, which alone decides to fail over after a second."""

    MASTER = "thumbs"

    def __init__(self, directory, master):
        self.port = free_port()
        settings = directory / "sentinel.conf"
        settings.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {directory}\n"
            f"sentinel monitor {self.MASTER} 127.0.0.1 {master.port} 1\n"
            f"sentinel down-after-milliseconds {self.MASTER} 1000\n"
            f"sentinel failover-timeout {self.MASTER} 5000\n", encoding="ascii")
        self.process = subprocess.Popen([master.program, settings, "--sentinel"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

    def ask(self, *words):
        try:
            return Redis.ask(self.port, "SENTINEL", *words, self.MASTER)
        except OSError:
            return b""

    def knows_replica(self):
        return b"slave" in self.ask("REPLICAS")

    def master_port(self):
        lines = self.ask("GET-MASTER-ADDR-BY-NAME").split(b"\r\n")
        return int(lines[4]) if len(lines) > 4 else 0

    def stop(self):
        self.process.kill()
        self.process.wait()


def redis_failover(case):
    """The master dies with writes that it acknowledged and its replica never got; a sentinel promotes the replica."""
    master, replica = case.redis("master"), case.redis("replica")
    replica.command("REPLICAOF", "127.0.0.1", str(master.port))
    until("the replica follows", lambda: b"master_link_status:up" in replica.command("INFO", "replication"))
    sentinel = Sentinel(case.directory, master)
    case.stops.append(sentinel.stop)
    until("the sentinel knows both", sentinel.knows_replica)
    cluster = case.start(case.directory / "store", f"redis+sentinel://127.0.0.1:{sentinel.port}/{Sentinel.MASTER}")
    api = cluster.start("api")
    janitor = cluster.start("janitor")
    cluster.load(api.url, 10)
    case.lasting(3)
    # To a port where nobody listens: it keeps what it has. The sentinel would mend that after some seconds.
    replica.command("REPLICAOF", "127.0.0.1", str(free_port()))
    kept = queued(replica)
    until("the master alone knows of more jobs", lambda: queued(master) >= kept + LOST_WRITES)
    master.kill()
    until("the replica is the master", lambda: sentinel.master_port() == replica.port)
    until("the sweep restores what was lost", lambda: swept(janitor) >= LOST_WRITES)
    cluster.start("worker")
    case.lasting(3)
    result = case.finish(api)
    case.notes.append(f"the replica had {kept} jobs, {swept(janitor)} were restored")
    return result


def swept(janitor):
    return int(janitor.metric("thumbmill_sweep_requeued_total"))


def queued(redis):
    return int(redis.command("HLEN", "{thumbmill}:jobs").strip(b":\r\n"))
