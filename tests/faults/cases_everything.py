"""Each process and each server of a cluster is killed, one after the other, under load."""

import contextlib
import time

from cases_hanging import stopped
from relay import Balancer
from service import descendants, until

UPLOADS = 300  # accepted, at scale 1
ROUNDS = 3
RATE = 5  # uploads a second: the rounds take about as long as the uploads
BACK_SECONDS = 120  # after the last fault


@contextlib.contextmanager
def killed(victim):
    victim.kill()
    yield
    victim.start()


def s3_away(server):
    """It is killed if it keeps its data, else stopped."""
    if server.keeps_data:
        return killed(server)
    return stopped([server.process.pid, *descendants(server.process.pid)])


def everything_killed(case):
    """Every process, the queue's server and the S3 server get kill -9 in turn, several times, and start on the same data.
    moto has its objects in memory only and gets SIGSTOP for a while instead."""
    queue = case.durable_queue()
    s3, environment = case.s3_server()
    cluster = case.start("s3://thumbmill-test/everything", queue.url, environment=environment)
    services = [cluster.start(role) for role in ("api", "api", "worker", "worker", "janitor", "janitor")]
    apis = services[:2]
    balancer = Balancer([api.port for api in apis])
    case.stops.append(balancer.stop)
    cluster.load(balancer.url, RATE)
    rounds = max(1, int(ROUNDS * case.scale))
    for _ in range(rounds):
        faults = [(killed, service) for service in services] + [(killed, queue), (s3_away, s3)]
        for fault, victim in case.chooser.sample(faults, len(faults)):
            time.sleep(case.chooser.uniform(0.5, 1.5))  # the random moment itself
            with fault(victim):
                time.sleep(case.chooser.uniform(0.2, 3))  # the fault itself
    meanwhile = len(cluster.accepted())
    until("the processes are ready again",
          lambda: all(service.get("/readyz", admin=True)[0] == 200 for service in services), BACK_SECONDS)
    uploads = int(UPLOADS * case.scale)
    until(f"{uploads} uploads are accepted", lambda: len(cluster.accepted()) >= uploads, BACK_SECONDS)
    result = case.finish(apis[0])
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(balancer.answers.items()))
    case.notes.append(f"{rounds * len(faults)} faults, {meanwhile} accepted during them; answers: {answers}")
    return result
