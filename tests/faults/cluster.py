"""Thumbmill as processes of their own on shared servers: a Redis, an S3 server or a shared folder, API, workers
and janitor. Everything is on loopback and ends with the cluster."""

import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time

from service import Service

TESTS = pathlib.Path(__file__).resolve().parents[1]
DRAIN_SECONDS = 240
LOAD_END_SECONDS = 10
FIRST_UPLOAD_SECONDS = 60


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return taken.getsockname()[1]


def tell(process, words):
    """Gives a command to a process that answers each with "ok" or what went wrong."""
    process.stdin.write(words + "\n")
    process.stdin.flush()
    answer = process.stdout.readline().strip()
    if answer != "ok":
        raise AssertionError(f"{words}: {answer}")


class Redis:
    """A redis-server, or another program that is one, on a port of its own, with an append-only file unless told otherwise."""

    def __init__(self, directory, aof=True, program="redis-server"):
        self.directory, self.aof, self.program = directory, aof, program
        self.port = free_port()
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [self.program, "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.directory), "--save", "",
             "--appendonly", "yes" if self.aof else "no", "--maxmemory-policy", "noeviction"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while True:  # until it answers: the process that would not ends the loop
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.program} ended with {self.process.returncode}")
            try:
                if self.command("PING") == b"+PONG\r\n":
                    return
            except OSError:
                time.sleep(0.05)

    @property
    def url(self):
        return f"redis://127.0.0.1:{self.port}"

    def command(self, *words):
        return self.ask(self.port, *words)

    @staticmethod
    def ask(port, *words):
        """The first bytes of the answer of whatever speaks Redis' protocol on that port."""
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall((" ".join(words) + "\r\n").encode())
            return connection.recv(4096)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def forget_all(self):
        """As after a restart on another machine."""
        shutil.rmtree(pathlib.Path(self.directory) / "appendonlydir", ignore_errors=True)


class Kafka:
    """The mock cluster of tests/mock_kafka.cc, which has the topics already."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"kafka://{self.process.stdout.readline().strip()}"

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class RealKafka:
    """Apache Kafka as tests/kafka/broker starts it; `settings` are NAME=VALUE of its server.properties."""

    def __init__(self, brokers=1, settings=()):
        words = [TESTS / "kafka" / "broker", "--brokers", str(brokers)]
        for setting in settings:
            words += ["--set", setting]
        self.process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        words = line.split()
        self.missing = "" if line.startswith("ca ") else line.strip() or "tests/kafka/broker ended"
        self.url = "" if self.missing else "kafka://" + dict(zip(words[::2], words[1::2]))["plaintext"]

    def command(self, words):
        """What tests/kafka/broker does, such as "kill 1"."""
        tell(self.process, words)

    def kill(self):
        """The only broker."""
        self.command("kill 1")

    def start(self):
        """On the same data and ports."""
        self.command("start 1")

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class S3Server:
    """The S3 server of the conformance tests, with an empty bucket."""

    def __init__(self, kind):
        self.kind = kind
        self.process = subprocess.Popen([TESTS / "s3server" / "run", kind], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        self.missing = "" if line.startswith("port ") else line.strip()
        self.port = 0 if self.missing else int(line.split()[1])

    @property
    def keeps_data(self):
        """Whether what it has survives kill()."""
        return self.kind == "versitygw"

    def kill(self):
        tell(self.process, "kill")

    def start(self):
        """On the same data and port."""
        tell(self.process, "start")

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


class Cluster:
    """`store` is a folder or an s3:// URL; `options` and `environment` go to every process."""

    def __init__(self, program, store, queue, directory, *options, environment=None):
        self.program, self.store, self.queue, self.options = program, store, queue, options
        self.environment = environment or {}
        self.directory = pathlib.Path(directory)
        self.log = open(self.directory / "log", "w", encoding="utf-8")
        self.services = []
        self.ids_file = self.directory / "ids"
        self.load_process = None

    def start(self, role, *options, faults=None):
        """`faults` (preload.Faults) are what this process alone is to meet."""
        environment = {**self.environment, **(faults.environment if faults else {})}
        service = Service(self.program, self.store, "--queue", self.queue, *self.options, *options, role=role,
                          log=self.log, environment=environment)
        self.services.append(service)
        return service.start()

    def load(self, url, rate, *arguments):
        """Begins uploads in the background, and returns when one has been accepted; the ids of those that were go to a
        file."""
        before = len(self.accepted())
        self.load_process = subprocess.Popen(
            [self.program, "load", "--url", url, "--no-wait", "--tolerate-errors", "--ids", self.ids_file, "--duration",
             "10h", "--rate", str(rate), "-c", "16", *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + FIRST_UPLOAD_SECONDS
        while len(self.accepted()) == before:
            if time.monotonic() > deadline:
                raise AssertionError(f"no upload was accepted within {FIRST_UPLOAD_SECONDS} s")
            time.sleep(0.02)

    def end_load(self):
        """Uploads under way are waited for, or the server would have some that nobody knows to be accepted."""
        if self.load_process:
            self.load_process.terminate()
            try:
                self.load_process.wait(timeout=LOAD_END_SECONDS)
            except subprocess.TimeoutExpired:
                self.load_process.kill()
                self.load_process.wait()
            self.load_process = None

    def accepted(self):
        if not self.ids_file.exists():
            return []
        return [line.strip() for line in self.ids_file.read_text(encoding="ascii").splitlines(True)
                if line.endswith("\n")]

    def await_drained(self, api, seconds=DRAIN_SECONDS):
        """Until every accepted upload has ended; returns how long that took and what was wrong."""
        begun = time.monotonic()
        waiting = dict.fromkeys(self.accepted())
        ends = {"done": 0, "failed": 0}
        while waiting and time.monotonic() < begun + seconds:
            for image_id in list(waiting):
                status, image = api.get(f"/v1/images/{image_id}?wait=5")
                if status != 200:
                    break  # known as lost only when it stays so
                if image["status"] not in ends:
                    break
                ends[image["status"]] += 1
                del waiting[image_id]
            else:
                continue
            time.sleep(0.2)
        return time.monotonic() - begun, ends, list(waiting)

    def load_count(self, url, rate, count, *arguments):
        """So many uploads; returns how many were accepted, without waiting for what becomes of them."""
        before = len(self.accepted())
        subprocess.run([self.program, "load", "--url", url, "--no-wait", "--tolerate-errors", "--ids", self.ids_file,
                        "--count", str(count), "--rate", str(rate), "-c", "16", *arguments],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return len(self.accepted()) - before

    def kill(self, service):
        service.process.send_signal(signal.SIGKILL)
        service.process.wait()

    def restart_killed(self, service):
        self.kill(service)
        service.process.stdout.close()
        service.start()

    def stop(self):
        self.end_load()
        for service in self.services:
            if service.process.poll() is None:
                os.kill(service.process.pid, signal.SIGCONT)
                service.process.kill()
            service.process.wait()
            service.process.stdout.close()
        self.log.close()
