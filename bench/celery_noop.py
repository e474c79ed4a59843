"""A Celery application whose one task does nothing, for bench/queue; set up as bench/baseline's is.

Usage: celery_noop.py COUNT puts so many tasks into the queue that NOOP_BROKER names.
"""

import os
import sys

import celery

queue = celery.Celery("celery_noop", broker=os.environ["NOOP_BROKER"])
queue.conf.update(
    # A job is taken off the queue when it is done, and comes back when its worker dies.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # Fetching ahead stays at Celery's 4 a process: with 1, this Celery on Redis idles for seconds.
    broker_transport_options={"visibility_timeout": 3600},
    task_ignore_result=True,
    worker_send_task_events=False,
)


@queue.task(name="celery_noop.do_nothing")
def do_nothing(job_id: str) -> None:
    del job_id


if __name__ == "__main__":
    for number in range(int(sys.argv[1])):
        do_nothing.apply_async((f"{number:032x}",))
