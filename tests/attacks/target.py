"""What is attacked: a Thumbmill with all its parts in one process, on files of its own or on a Redis and an S3 server."""

import http.client
import json
import pathlib
import shutil
import struct
import threading
import zlib

from cluster import Redis, S3Server
from service import Service, descendants

GRACE_SECONDS = 30


class Skip(Exception):
    """An attack that cannot be tried here, and why."""


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width=1, height=1, data=None):
    """Grey, black; `data` in place of its compressed rows."""
    rows = zlib.compress(bytes((1 + width) * height)) if data is None else data
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
            + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


class Peak(threading.Thread):
    def __init__(self, target):
        super().__init__(daemon=True)
        self.target, self.kb, self.ended = target, 0, threading.Event()

    def run(self):
        while not self.ended.wait(0.02):
            self.kb = max(self.kb, self.target.resident_kb())

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *error):
        self.ended.set()
        self.join()


class Target:
    """`place` is "embedded" or "redis-s3"."""

    def __init__(self, program, directory, place):
        self.program, self.directory, self.place = program, directory, place
        self.service = self.redis = self.s3 = None
        self.log = open(directory / "log", "w+", encoding="utf-8")

    def start(self, *options):
        """The service, which takes uploads when this returns."""
        environment, places = {}, []
        store = self.directory / "store"
        if self.place == "redis-s3":
            environment, store = self._start_servers()
            places = ["--queue", self.redis.url]
        self.service = Service(self.program, store, *places, *options, log=self.log, environment=environment).start()
        return self.service

    def _start_servers(self):
        if not shutil.which("redis-server"):
            raise Skip("redis-server is not installed")
        self.s3 = S3Server("moto")
        if self.s3.missing:
            raise Skip(self.s3.missing)
        (self.directory / "redis").mkdir()
        self.redis = Redis(self.directory / "redis")
        return ({"THUMBMILL_S3_ENDPOINT": f"http://127.0.0.1:{self.s3.port}", "THUMBMILL_S3_PATH_STYLE": "true",
                 "THUMBMILL_S3_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "S3RVER", "AWS_SECRET_ACCESS_KEY": "S3RVER"},
                "s3://thumbmill-test")

    def ask(self, method, path, body=None, source="127.0.0.1", **fields):
        """Status, fields and body; "_" in a field's name stands for "-". Host is as a client writes it unless given."""
        connection = http.client.HTTPConnection("127.0.0.1", self.service.port, timeout=GRACE_SECONDS,
                                                source_address=(source, 0))
        try:
            connection.putrequest(method, path, skip_host="Host" in fields)
            for name, value in fields.items():
                connection.putheader(name.replace("_", "-"), value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def outcome(self, body, query="", source="127.0.0.1"):
        """What becomes of an upload: "done", or the code of the problem."""
        status, _, answer = self.ask("POST", f"/v1/images{query}", body, source, Content_Type="application/octet-stream")
        image = json.loads(answer)
        if status >= 400:
            return image["code"]
        ended = self.service.ended(image["id"], GRACE_SECONDS)
        return "done" if ended["status"] == "done" else ended["error"]["code"]

    def resident_kb(self):
        """Of the service and all its decoders."""
        total = 0
        for pid in [self.service.process.pid, *descendants(self.service.process.pid)]:
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
            except OSError:
                continue  # it has ended since
            total += sum(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS:"))
        return total

    def peak_kb(self):
        """Within a `with`: the most of resident_kb() that a look every 20 ms saw comes to stand in its `kb`."""
        return Peak(self)

    def expect_well(self):
        """It is the same process, and does a job."""
        if self.service is None:
            return
        assert self.service.process.poll() is None, f"the service ended with {self.service.process.returncode}"
        assert self.outcome(png()) == "done", "it does no job any more"

    def last_words(self):
        self.log.flush()
        self.log.seek(0)
        return "".join(f"         | {line}" for line in self.log.readlines()[-5:])

    def stop(self):
        if self.service and self.service.process and self.service.process.poll() is None:
            self.service.kill()
        for server, end in ((self.redis, "kill"), (self.s3, "stop")):
            if server:
                getattr(server, end)()
        self.log.close()
