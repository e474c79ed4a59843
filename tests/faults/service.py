"""The program under test as a process of its own: started, asked, killed, started again."""

import http.client
import json
import os
import pathlib
import re
import subprocess
import time

ANSWER_SECONDS = 60
WAIT_SECONDS = 60


def until(what, condition, seconds=WAIT_SECONDS):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never came within {seconds} s: {what}")
        time.sleep(0.02)


def descendants(root):
    """The process ids of all that come from that process and live, parents first."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = pathlib.Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended since
        if fields[0] != "Z":
            parents[int(name)] = int(fields[1])
    found = [root]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found[1:]


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else float("nan")


class Service:
    """`thumbmill serve`, or another role, on free ports of its own; a restart takes the same ports again.

    `options` are passed on as they are; `log` is a file for what it logs, else that is kept for stop();
    `environment` is added to this process's own; `how` is Popen's, as in user=65534.
    """

    def __init__(self, program, store, *options, role="serve", log=subprocess.PIPE, environment=None, **how):
        self.how = how
        self.program, self.store, self.options, self.log = str(program), str(store), options, log
        self.environment = {**os.environ, **(environment or {})}
        self.role = role
        self.port = self.admin_port = 0
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [self.program, self.role, "--store", self.store, "--listen", f"127.0.0.1:{self.port}",
             "--admin-listen", f"127.0.0.1:{self.admin_port}", *self.options],
            stdout=subprocess.PIPE, stderr=self.log, text=True, env=self.environment, **self.how)
        # It prints its addresses, this one last, once it answers.
        for line in self.process.stdout:
            if found := re.search(r"page\s+http://127\.0\.0\.1:(\d+)/", line):
                self.port = int(found.group(1))
            if found := re.search(r"metrics\s+http://127\.0\.0\.1:(\d+)/", line):
                self.admin_port = int(found.group(1))
                return self
        raise RuntimeError(f"the service did not start: exit code {self.process.wait()}")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def stop(self):
        """Stops it as an operator does and returns what it logged, if that was kept."""
        self.process.terminate()
        self.process.stdout.close()
        errors = ""
        if self.process.stderr:
            errors = self.process.stderr.read()
            self.process.stderr.close()
        code = self.process.wait()
        assert code == 0, f"exit code {code}: {errors[-2000:]}"
        return errors

    def ask_bytes(self, method, path, body=None, content_type="application/octet-stream", admin=False):
        port = self.admin_port if admin else self.port
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, path, body, {"Content-Type": content_type})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def ask(self, method, path, body=None, **how):
        """The status and the JSON of the answer, None when it has no body."""
        status, data = self.ask_bytes(method, path, body, **how)
        return status, json.loads(data) if data else None

    def get(self, path, **how):
        return self.ask("GET", path, **how)

    def metric(self, name, **labels):
        """The sum of the series of that name that bear these labels."""
        status, text = self.ask_bytes("GET", "/metrics", admin=True)
        assert status == 200, f"/metrics answered {status}"
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        total = 0.0
        for line in text.decode().splitlines():
            series, _, value = line.rpartition(" ")
            if re.split(r"[{ ]", series)[0] == name and all(label in series for label in wanted):
                total += float(value)
        return total

    def decoders(self):
        """The process ids of its decoders, the two zygotes that fork them first: whoever stops them stops those too."""
        return descendants(self.process.pid)

    def upload(self, body, query=""):
        return self.ask("POST", f"/v1/images{query}", body)

    def ended(self, image_id, seconds=30):
        """The image once it is done or failed."""
        deadline = time.monotonic() + seconds
        while True:
            _, image = self.get(f"/v1/images/{image_id}?wait=5")
            if image["status"] in ("done", "failed"):
                return image
            assert time.monotonic() < deadline, f"{image_id} has not ended within {seconds} s: {image}"
