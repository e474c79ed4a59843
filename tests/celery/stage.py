"""An application's Redis and its directory of images, and workers on them: of its own, by Celery, and ours."""

import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.parse

TESTS = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "faults")]

import redis  # noqa: E402: Celery's, which is installed where this runs
from cluster import Redis  # noqa: E402: found by the lines above
from PIL import Image  # noqa: E402
from service import descendants, until  # noqa: E402

WAIT_SECONDS = 60
QUICK = ("--lease", "2s", "--lease-renewal", "500ms", "--lease-patience", "1s", "--decoder-wall-time", "1h")
# Begins like a JPEG.
NO_IMAGE = b"\xff\xd8\xff\xe0 this is no image"


class Stage:
    """`settings` are the application's, as Celery calls them; `topic`: its queue is bound to a topic exchange."""

    def __init__(self, program, visibility_timeout=3600, topic=False, **settings):
        self.program, self.visibility_timeout = program, visibility_timeout
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="thumbmill-celery-"))
        (self.directory / "originals").mkdir()
        self.redis = Redis(self.directory)
        self.server = f"redis://127.0.0.1:{self.redis.port}"
        self.queue = "thumbnails" if topic else "celery"
        settings = {"broker_url": f"{self.server}/0", "result_backend": f"{self.server}/0"} | settings
        settings["result_backend"] = settings["result_backend"].format(server=self.server)
        settings.setdefault("broker_transport_options", {})["visibility_timeout"] = visibility_timeout
        os.environ.update(APP_STORE=str(self.directory), APP_SETTINGS=json.dumps(settings), APP_TOPIC="yes" if topic else "no")
        import tasks
        self.app, self.task, self.other = tasks.app, tasks.make_thumbnail, tasks.other
        self.processes = []

    def image(self, name, size=(640, 480)):
        Image.effect_noise(size, 80).convert("RGB").save(self.directory / "originals" / name, "JPEG")
        return name

    def thumbnail(self, name):
        return self.directory / "thumbnails" / f"{name}.jpg"

    def worker(self, *options, **parameters):
        """Ours. `parameters` are of the queue's URL."""
        parameters = {"task": "tasks.make_thumbnail", "source": "originals/{0}", "queue": self.queue,
                      "visibility_timeout": self.visibility_timeout} | parameters
        queue = f"celery+{self.server}/0?{urllib.parse.urlencode(parameters)}"
        number = len(self.processes)
        with open(self.directory / f"worker-{number}.log", "w", encoding="utf-8") as log:
            process = subprocess.Popen([self.program, "worker", "--queue", queue, "--store", self.directory, "--workers", "1",
                                        "--admin-listen", "127.0.0.1:0", *options], stdout=log, stderr=log)
        self.processes.append(process)
        process.log = pathlib.Path(log.name)

        def is_ready():
            assert process.poll() is None, process.log.read_text(encoding="utf-8")
            return '"message":"ready"' in process.log.read_text(encoding="utf-8")

        until("a worker of ours is ready", is_ready)
        return process

    def celery_worker(self, *options):
        process = subprocess.Popen([sys.executable, "-m", "celery", "-A", "tasks", "worker", "-P", "solo", "-l", "error", *options],
                                   cwd=TESTS, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def ask(self, *command, database=0):
        with redis.Redis(port=self.redis.port, db=database) as client:
            return client.execute_command(*command)

    def await_nothing_unacked(self):
        until("nothing is left unacked", lambda: self.ask("HLEN", "unacked") == 0)

    def leases_end(self):
        """When kombu may take back what is unacked, which is one task."""
        return float(self.ask("ZSCORE", "unacked_index", self.ask("ZRANGE", "unacked_index", 0, 0)[0])) + self.visibility_timeout

    def kill_worker_in_a_task(self):
        """Kills a worker of ours whose decoder has been stopped before. Returns the result to wait for."""
        worker = self.worker(*QUICK)
        stopped = descendants(worker.pid)
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        result = self.task.delay(self.image("a.jpg"))
        until("the task is taken", lambda: self.ask("HLEN", "unacked") == 1)
        worker.kill()
        for pid in stopped:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return result

    def kill_celery_worker_in_a_task(self):
        """The same with a Celery worker."""
        (self.directory / "hold").touch()
        worker = self.celery_worker()
        result = self.task.delay(self.image("a.jpg"))
        until("the Celery worker has the task", (self.directory / "held").exists)
        worker.kill()
        worker.wait()
        (self.directory / "hold").unlink()
        return result

    def stop(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        self.redis.kill()
        shutil.rmtree(self.directory)


@contextlib.contextmanager
def stage(program, **options):
    there = Stage(program, **options)
    try:
        yield there
    finally:
        there.stop()


def expect(kind, word, result):
    """That get() of a result raises an exception of that kind, which has the word in it."""
    try:
        answer = result.get(timeout=WAIT_SECONDS)
    except kind as error:
        assert word in str(error), repr(error)
        return
    raise AssertionError(f"{kind.__name__} expected, but there is {answer!r}")
