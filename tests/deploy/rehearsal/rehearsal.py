"""A world for the scripts of deploy/bin to run in: stand-ins for the tools that reach out, and nothing else on PATH but
the few ordinary programs that the scripts may use."""

import json
import os
import pathlib
import pty
import shutil
import subprocess
import sys
import tempfile

import stand_in
from world import EMPTY

ROOT = pathlib.Path(__file__).resolve().parents[3]
BIN = ROOT / "deploy/bin"
# What the scripts may use besides the tools that they ask for.
ORDINARY = ("bash base64 basename cat cut dirname env git grep head jq mktemp paste realpath rm sed sleep sort tr").split()
LONGEST_SECONDS = 120  # a script that hangs, not one that is slow
REGION = "eu-central-1"


class Rehearsal:
    """One world, in a directory of its own until `close`. `world` is what it begins with, beyond an empty account."""

    def __init__(self, **world):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="thumbmill-"))
        self.tools = self.directory / "bin"
        self.tools.mkdir()
        for name in ORDINARY:
            (self.tools / name).symlink_to(shutil.which(name))
        (self.tools / "python3").symlink_to(sys.executable)
        for name in stand_in.TOOLS:
            self.add_stand_in(name)
        self.users_kubeconfig = self.directory / "users-kubeconfig"
        self.file = self.directory / "world"
        self.file.write_text(json.dumps({**EMPTY, "users_kubeconfig": str(self.users_kubeconfig), **world}))

    def close(self):
        shutil.rmtree(self.directory)

    def add_stand_in(self, name):
        launcher = self.tools / name
        launcher.write_text(f"#!{sys.executable} -IS\nimport sys\nsys.path.insert(0, {str(ROOT / 'tests/deploy/rehearsal')!r})\n"
                            "import stand_in\nstand_in.main()\n")
        launcher.chmod(0o755)

    def environment(self, kill=""):
        return {"PATH": str(self.tools), "HOME": str(self.directory), "KUBECONFIG": str(self.users_kubeconfig),
                "TMPDIR": str(self.directory), "THUMBMILL_POLL_SECONDS": "0", "STAND_IN_WORLD": str(self.file),
                "STAND_IN_KILL": kill, "LC_ALL": "C.UTF-8"}

    def run(self, script, *options, kill="", answer=None):
        """Runs a script of deploy/bin as a session of its own; `answer` is typed at a terminal, without it there is
        none. Returns the finished process, with all that it said as stdout."""
        terminal = None
        stdin = subprocess.DEVNULL
        if answer is not None:
            terminal, stdin = pty.openpty()
            os.write(terminal, answer.encode() + b"\n")
        try:
            return subprocess.run([BIN / script, "--region", REGION, *options], stdin=stdin, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, env=self.environment(kill), start_new_session=True,
                                  timeout=LONGEST_SECONDS, check=False)
        finally:
            if terminal is not None:
                os.close(terminal)
                os.close(stdin)

    @property
    def world(self):
        return json.loads(self.file.read_text())

    def change(self, **world):
        self.file.write_text(json.dumps({**self.world, **world}))

    @property
    def log(self):
        return self.directory / "world.calls"

    def calls(self, tool=None, changed=False):
        """The calls of the stand-ins so far, as their words; those of one tool, or those that changed the world."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return [[line["tool"], *line["words"]] for line in lines
                if tool in (None, line["tool"]) and (line["changed"] or not changed)]

    def changing_numbers(self):
        """The numbers of the calls that changed the world."""
        return [line["number"] for line in map(json.loads, self.log.read_text().splitlines()) if line["changed"]]

    def forget_calls(self):
        self.log.unlink(missing_ok=True)
