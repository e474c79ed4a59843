"""What docs/migrating-from-celery.md promises, a case each; its table of Celery's features names them."""

import datetime
import importlib.util
import subprocess
import tempfile
import time
import uuid

import billiard.exceptions
import celery
import celery.backends.base
import celery.exceptions
from PIL import Image
from stage import NO_IMAGE, QUICK, WAIT_SECONDS, Redis, expect, stage, until


def refused_at_start(program):
    """Other roles, a URL without its task, and result backends that are not Redis, by the setting's name."""
    url = "celery+redis://127.0.0.1/0"
    for role, queue, word in (("serve", f"{url}?task=a", "thumbmill worker"), ("api", f"{url}?task=a", "thumbmill worker"),
                              ("worker", url, "task"), ("worker", f"{url}?task=a&result=rpc://", "result"),
                              ("worker", f"{url}?task=a&result=db%2Bsqlite:///results.db", "result"),
                              ("worker", f"{url}?task=a&result=cache%2Bmemcached://127.0.0.1/", "result"),
                              ("worker", "celery+amqp://127.0.0.1//?task=a", "redis://")):
        with tempfile.TemporaryDirectory() as store:
            ran = subprocess.run([program, role, "--queue", queue, "--store", store], capture_output=True, text=True,
                                 check=False, timeout=WAIT_SECONDS)
        assert ran.returncode != 0 and "setting queue" in ran.stderr and word in ran.stderr, ran


def tasks_are_done(program):
    """As an application calls them, results wanted or not."""
    with stage(program) as there:
        names = [there.image(f"{number}.jpg") for number in range(6)]
        results = [there.task.delay(names[0]), there.task.apply_async((names[1],), priority=9),
                   there.task.apply_async((names[2],), countdown=1), there.task.apply_async((names[3],), time_limit=60),
                   there.task.apply_async((names[4],), expires=3600)]
        there.task.apply_async((names[5],), ignore_result=True)
        worker = there.worker()
        answers = [result.get(timeout=WAIT_SECONDS) for result in results]
        for name, answer in zip(names, answers):
            made = answer["thumbnails"][0]
            assert made["key"] == f"thumbnails/{name}.jpg" and made["width"] == 200, made
            with Image.open(there.thumbnail(name)) as thumbnail:
                assert thumbnail.size == (200, 150), thumbnail.size
        until("the task without a result", there.thumbnail(names[5]).exists)
        there.await_nothing_unacked()
        worker.terminate()
        assert worker.wait(WAIT_SECONDS) == 0


def bad_images_fail(program):
    with stage(program) as there:
        there.worker()
        (there.directory / "originals/bad.jpg").write_bytes(NO_IMAGE)
        expect(ValueError, "corrupt_input", there.task.delay("bad.jpg"))
        expect(ValueError, "invalid_argument", there.task.delay("../outside"))
        expect(FileNotFoundError, "missing.jpg", there.task.delay("missing.jpg"))
        there.await_nothing_unacked()
        assert there.ask("LLEN", "celery.dead") == 3


def groups_are_done(program):
    with stage(program) as there:
        there.worker()
        group = celery.group(there.task.s(there.image(f"{number}.jpg")) for number in range(3))
        answers = group.delay().get(timeout=WAIT_SECONDS)
        assert len(answers) == 3 and all(answer["thumbnails"] for answer in answers), answers


def arguments_of_every_kind_are_found(program):
    """By keyword, and what is a text only once kombu has wrapped it."""
    with stage(program) as there:
        there.worker()
        name = there.image("a.jpg")
        there.task.delay(key=name).get(timeout=WAIT_SECONDS)
        number = uuid.uuid4()
        there.image(str(number))
        there.task.delay(number).get(timeout=WAIT_SECONDS)
        there.task.delay(key=number).get(timeout=WAIT_SECONDS)
        assert there.thumbnail(str(number)).exists()


def parameters_are_named(program):
    with stage(program) as there:
        there.worker(parameters="folder,key", source="{folder}/{1}", target="thumbnails/{key}.{ext}")
        name = there.image("a.jpg")
        for arguments, keywords in ((("originals", name), {}), (("originals",), {"key": name}),
                                    ((), {"key": name, "folder": "originals"})):
            there.app.send_task("tasks.make_thumbnail", arguments, keywords).get(timeout=WAIT_SECONDS)
            there.thumbnail(name).unlink()


def compressed_and_msgpack_are_read(program):
    with stage(program) as there:
        there.worker()
        name = there.image("a.jpg")
        for options in ({"compression": "gzip"}, {"compression": "zlib"}, {"serializer": "msgpack"},
                        {"serializer": "msgpack", "compression": "zlib"}):
            if "serializer" in options and importlib.util.find_spec("msgpack") is None:
                print("  SKIPPED: msgpack, which this Python has not")
                continue
            there.task.apply_async((name,), **options).get(timeout=WAIT_SECONDS)


def priorities_as_celery_documents_them(program):
    options = {"priority_steps": list(range(10)), "sep": ":", "queue_order_strategy": "priority"}
    with stage(program, broker_transport_options=options) as there:
        names = [there.image(f"{priority}.jpg") for priority in (0, 3, 5, 9)]
        results = [there.task.apply_async((name,), priority=int(name[0])) for name in names]
        unaware = there.worker()
        results[0].get(timeout=WAIT_SECONDS)
        until("a warning of the lists that nobody reads",
              lambda: all(f'"list":"celery:{priority}"' in unaware.log.read_text(encoding="utf-8") for priority in (3, 5, 9)))
        there.worker(priority_steps="0,1,2,3,4,5,6,7,8,9", sep=":")
        for result in results:
            result.get(timeout=WAIT_SECONDS)


def results_in_another_database(program):
    with stage(program, result_backend="{server}/1") as there:
        there.worker(result="/1")
        there.task.delay(there.image("a.jpg")).get(timeout=WAIT_SECONDS)
        assert there.ask("DBSIZE", database=1) == 1
        assert not there.ask("KEYS", "celery-task-meta-*")
        expect(FileNotFoundError, "missing.jpg", there.task.delay("missing.jpg"))


def results_on_another_server(program):
    with stage(program) as there, tempfile.TemporaryDirectory() as directory:
        other = Redis(directory)
        try:
            url = f"redis://127.0.0.1:{other.port}/2"
            there.app.conf.result_backend = url
            there.worker(result=url)
            there.task.delay(there.image("a.jpg")).get(timeout=WAIT_SECONDS)
            assert not there.ask("KEYS", "celery-task-meta-*")
        finally:
            other.kill()


def results_with_a_prefix(program):
    if not hasattr(celery.backends.base.KeyValueStoreBackend, "_add_global_keyprefix"):
        print("  SKIPPED: this Celery has no prefix for results")
        return
    with stage(program, result_backend_transport_options={"global_keyprefix": "app"}) as there:
        there.worker(result_key_prefix="app_")
        there.task.delay(there.image("a.jpg")).get(timeout=WAIT_SECONDS)


def keys_with_a_prefix(program):
    with stage(program, broker_transport_options={"global_keyprefix": "app:"}) as there:
        there.worker(key_prefix="app:")
        there.task.delay(there.image("a.jpg")).get(timeout=WAIT_SECONDS)
        until("nothing is left unacked", lambda: there.ask("HLEN", "app:unacked") == 0)


def refused_tasks_answer(program):
    """What we do not do is refused, kept aside, and raised by get()."""
    with stage(program) as there:
        there.worker()
        name = there.image("a.jpg")
        made = there.task.si(name)
        refused = {
            "json or msgpack": there.task.apply_async((name,), serializer="pickle"),
            "task_compression": there.task.apply_async((name,), compression="bzip2"),
            "chain": celery.chain(made, made, made).delay(),
            "chord": celery.chord([made, made])(there.other.si()),
            "callbacks": there.task.apply_async((name,), link=there.other.si()),
            "errbacks": there.task.apply_async((name,), link_error=there.other.si()),
            "1 MiB": there.task.delay("x" * 1_500_000),
        }
        for word, result in refused.items():
            expect(NotImplementedError, word, result)
        expect(celery.exceptions.NotRegistered, "tasks.other", there.other.delay())
        there.task.delay(name).get(timeout=WAIT_SECONDS)
        there.await_nothing_unacked()
        assert there.ask("LLEN", "celery.refused") == 9, there.ask("LLEN", "celery.refused")


def the_last_of_a_chain_is_done(program):
    """Where a Celery worker does the first, on a queue of its own."""
    routes = {"tasks.other": {"queue": "others"}}
    with stage(program, task_routes=routes) as there:
        there.celery_worker("-Q", "others")
        there.worker()
        result = celery.chain(there.other.si("x"), there.task.si(there.image("a.jpg"))).delay()
        assert result.get(timeout=WAIT_SECONDS)["thumbnails"]


def protocol_1_answers(program):
    with stage(program, task_protocol=1) as there:
        there.worker()
        expect(NotImplementedError, "task_protocol", there.task.delay(there.image("a.jpg")))


def expired_tasks_are_revoked(program):
    with stage(program) as there:
        expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(milliseconds=1)
        result = there.task.apply_async((there.image("a.jpg"),), expires=expires)
        until("the task has expired", lambda: datetime.datetime.now(datetime.timezone.utc) > expires)
        there.worker()
        expect(celery.exceptions.TaskRevokedError, "expired", result)
        assert result.state == "REVOKED"


def revoked_tasks_are_not_done(program):
    with stage(program) as there:
        there.worker()
        # Of a channel that nobody listens on a message is lost, with Celery's workers too.
        until("the worker hears control messages", lambda: there.ask("PUBSUB", "NUMSUB", "/0.celery.pidbox")[1] == 1)
        result = there.task.apply_async((there.image("a.jpg"),), countdown=3)
        result.revoke()
        expect(celery.exceptions.TaskRevokedError, "revoked", result)
        assert there.task.delay("a.jpg").get(timeout=WAIT_SECONDS)["thumbnails"]


def late_tasks_are_given_up(program):
    with stage(program) as there:
        there.worker()
        for limit in ("time_limit", "soft_time_limit"):
            result = there.task.apply_async((there.image("a.jpg", (4000, 3000)),), **{limit: 0.001})
            expect(billiard.exceptions.TimeLimitExceeded, "deadline_exceeded", result)


def a_killed_workers_task_is_done_by_ours(program):
    """kill -9 in the middle of a task: another worker of ours has it once the lease has run out."""
    with stage(program) as there:
        result = there.kill_worker_in_a_task()
        there.worker(*QUICK)
        result.get(timeout=WAIT_SECONDS)


def restored_by_celery(there):
    result = there.kill_worker_in_a_task()
    # A Celery worker looks once as it starts, and then not for a long time.
    until("the lease has run out", lambda: there.leases_end() < time.time())
    there.celery_worker()
    assert result.get(timeout=2 * WAIT_SECONDS) == "by Celery"


def a_killed_workers_task_is_done_by_celery(program):
    """The same with a Celery worker for the other: kombu restores what our lease has left."""
    with stage(program, visibility_timeout=3) as there:
        restored_by_celery(there)


def a_killed_workers_task_of_a_topic_exchange_is_done_by_celery(program):
    with stage(program, visibility_timeout=3, topic=True) as there:
        restored_by_celery(there)


def a_killed_celery_workers_task_is_done_by_ours(program):
    """Also where its queue is bound to a topic exchange, so that the routing key is no queue's name."""
    with stage(program, visibility_timeout=3, topic=True) as there:
        result = there.kill_celery_worker_in_a_task()
        assert there.ask("HLEN", "unacked") == 1
        there.worker()
        assert result.get(timeout=WAIT_SECONDS) != "by Celery"


def both_kinds_share_a_queue(program):
    """Celery's workers and ours, side by side: every task is done once."""
    with stage(program) as there:
        there.celery_worker()
        there.worker()
        results = [there.task.delay(there.image(f"{number}.jpg")) for number in range(40)]
        answers = [result.get(timeout=2 * WAIT_SECONDS) for result in results]
        ours = sum(answer != "by Celery" for answer in answers)
        print(f"  {ours} of {len(answers)} by ours")
        assert all(there.thumbnail(f"{number}.jpg").exists() for number in range(40))
        there.await_nothing_unacked()


ALL = [refused_at_start, tasks_are_done, bad_images_fail, groups_are_done, arguments_of_every_kind_are_found,
       parameters_are_named, compressed_and_msgpack_are_read, priorities_as_celery_documents_them, results_in_another_database,
       results_on_another_server, results_with_a_prefix, keys_with_a_prefix, refused_tasks_answer, the_last_of_a_chain_is_done,
       protocol_1_answers,
       expired_tasks_are_revoked, revoked_tasks_are_not_done, late_tasks_are_given_up, a_killed_workers_task_is_done_by_ours,
       a_killed_workers_task_is_done_by_celery, a_killed_workers_task_of_a_topic_exchange_is_done_by_celery,
       a_killed_celery_workers_task_is_done_by_ours, both_kinds_share_a_queue]
