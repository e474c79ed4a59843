#!/usr/bin/env python3
"""versitygw on a free port, keeping its objects in a directory that goes with it: see run.

Usage: serve_versitygw.py [--build]     with --build it only builds it, which takes four minutes of a core

Once it answers it takes commands, one a line, and answers each with "ok" or what went wrong: "kill" is SIGKILL, "start" its
start on the same data and port.

It is built from the Go module that the folder versitygw pins, and kept in the directory of the environment's
THUMBMILL_TEST_CACHE, or in build/cache. The bucket's owner has the pair of keys that s3rver knows, too. Besides there are
users, who may do what the bucket's policy grants. Exit code 77, with the reason on standard output: it cannot be had here.
"""

import ctypes
import fcntl
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
MODULE = HERE / "versitygw"
PROGRAM = "github.com/versity/versitygw"
BUCKET = "thumbmill-test"
OWNER = "S3RVER"
NAMES = ("user", "api", "worker", "janitor")  # each with the secret NAME-secret
USERS = {"accessAccounts": {name: {"access": name, "secret": f"{name}-secret", "role": "user"} for name in NAMES}}
START_SECONDS = 30


class Missing(Exception):
    """What is needed and cannot be had here."""


def pinned():
    """The versions of versitygw, and of Go, that go.mod asks for."""
    text = (MODULE / "go.mod").read_text(encoding="ascii")
    return re.search(rf"{PROGRAM} (v\S+)", text).group(1), re.search(r"^go (\d+)\.(\d+)", text, re.M).groups()


def check_go(needed):
    if not shutil.which("go"):
        raise Missing("go is not installed, nor has versitygw been built before")
    said = subprocess.run(["go", "version"], cwd="/", capture_output=True, text=True, check=True).stdout
    found = re.search(r"go(\d+)\.(\d+)", said).groups()
    if tuple(map(int, found)) < tuple(map(int, needed)):
        raise Missing(f"versitygw needs Go {'.'.join(needed)} or newer, not {'.'.join(found)}")


def build():
    """The program."""
    version, go = pinned()
    home = pathlib.Path(os.environ.get("THUMBMILL_TEST_CACHE") or HERE.parents[1] / "build/cache") / f"versitygw-{version}"
    home.mkdir(parents=True, exist_ok=True)
    program = home / "versitygw"
    with open(home / "lock", "w", encoding="ascii") as lock:  # several tests may start at once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program.exists():
            return program
        check_go(go)
        made = home / "incomplete"
        # Other tests run beside it.
        done = subprocess.run(["nice", "-n", "10", "go", "build", "-mod=readonly", "-trimpath", "-ldflags=-s -w", "-o", made,
                               f"{PROGRAM}/cmd/versitygw"], cwd=MODULE, env={**os.environ, "GOWORK": "off"},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode != 0:
            raise Missing(f"versitygw {version} cannot be built: {' / '.join(done.stdout.strip().splitlines()[-3:])}")
        made.rename(program)
        return program


def check_attributes(directory):
    """It keeps what belongs to an object in the attributes of its file."""
    try:
        os.setxattr(directory, "user.thumbmill", b"1")
    except OSError as reason:
        raise Missing(f"{directory} has no extended attributes, which versitygw needs: {reason}") from reason


def die_with_parent():
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


class Server:
    """versitygw with its users and objects below that directory, on a port that it keeps."""

    def __init__(self, program, directory):
        self.program = program
        self.users, self.objects = directory / "users", directory / "objects"
        self.users.mkdir()
        (self.users / "users.json").write_text(json.dumps(USERS), encoding="ascii")
        self.objects.mkdir()
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self.process = None

    def start(self):
        """Returns once it answers."""
        self.process = subprocess.Popen([self.program, "--quiet", "--port", f"127.0.0.1:{self.port}", "--access", OWNER,
                                         "--secret", OWNER, "--iam-dir", self.users, "posix", self.objects],
                                        stdin=subprocess.DEVNULL, stdout=sys.stderr, preexec_fn=die_with_parent)
        give_up = time.monotonic() + START_SECONDS
        while True:
            if self.process.poll() is not None:
                raise RuntimeError(f"versitygw ended with {self.process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if time.monotonic() > give_up:
                    self.kill()
                    raise RuntimeError(f"versitygw does not listen after {START_SECONDS} s") from None
                time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait()


def make_bucket(program, port):
    subprocess.run([program, "admin", "--access", OWNER, "--secret", OWNER, "--endpoint-url", f"http://127.0.0.1:{port}",
                    "create-bucket", "--owner", OWNER, "--bucket", BUCKET], check=True, stdout=sys.stderr)


def obey_commands(server):
    commands = {"kill": server.kill, "start": server.start}
    for line in sys.stdin:
        try:
            commands[line.strip()]()
            print("ok", flush=True)
        except (RuntimeError, KeyError) as reason:
            print(f"failed: {reason!r}", flush=True)


def main():
    try:
        program = build()
        if "--build" in sys.argv:
            return 0
        with tempfile.TemporaryDirectory(prefix="thumbmill-versitygw-") as directory:
            check_attributes(directory)
            server = Server(program, pathlib.Path(directory))
            server.start()
            try:
                make_bucket(program, server.port)
                print(f"port {server.port}", flush=True)
                obey_commands(server)
            finally:
                server.kill()
    except Missing as reason:
        print(f"SKIPPED: {reason}", flush=True)
        return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
