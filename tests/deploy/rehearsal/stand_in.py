"""Stands in for aws, terraform, docker, kubectl and helm, each by its own name on PATH: a small model of an AWS account
with one cluster, kept in a file, which follows the rules that the order of steps in deploy/bin depends on. What the
scripts ask of it and the model does not know is an error, so that a new call is noticed.

The environment says where the world is (STAND_IN_WORLD) and, for a rehearsal of accidents, in which call to kill the
whole process group (STAND_IN_KILL, "N" after the call's work or "N:half" in the middle of it).
"""

import json
import os
import signal
import sys

from account import aws, docker, terraform
from cluster import helm, kubectl
from world import Refused, World

VERSIONS = {"aws": "aws-cli/2.15.0 Python/3.11", "terraform": "Terraform v1.11.4", "docker": "Docker version 28.2.2, build 1",
            "buildx": "github.com/docker/buildx v0.21.0 1", "kubectl": "Client Version: v1.32.4", "helm": "v3.16.2+g1"}


def finish_call(world, name, words, before, number):
    """Writes the call down, with whether it has changed anything, and the world."""
    world.settle()
    changed = world.now != before
    world.save()
    with open(world.path + ".calls", "a", encoding="utf8") as log:
        log.write(json.dumps({"number": number, "tool": name, "words": words, "changed": changed}) + "\n")


def main():
    name, words = os.path.basename(sys.argv[0]), sys.argv[1:]
    # Before the lock: the other end of a pipe may be a stand-in too.
    typed = sys.stdin.read() if {"-", "--password-stdin"} & set(words) else ""
    world = World(os.environ["STAND_IN_WORLD"], typed)
    if words and (words[0] in ("version", "--version") or words[:2] == ["buildx", "version"]):
        tool = "buildx" if words[0] == "buildx" else name
        print(world.now["versions"].get(tool, VERSIONS[tool]))
        return
    try:
        with open(world.path + ".calls", encoding="utf8") as log:
            number = sum(1 for _ in log) + 1
    except FileNotFoundError:
        number = 1
    kill_at, _, where = (os.environ.get("STAND_IN_KILL") or "0").partition(":")
    before = json.loads(json.dumps(world.now))
    answer, refused = None, None
    try:
        answer = TOOLS[name](world, words)
        if hasattr(answer, "__next__"):
            answer = halves(answer, lambda: number == int(kill_at) and where == "half",
                            lambda: finish_call(world, name, words, before, number))
    except Refused as error:
        refused = error
    finish_call(world, name, words, before, number)
    if number == int(kill_at):
        os.killpg(0, signal.SIGKILL)
    if refused:
        sys.exit(f"{refused}: {name} {' '.join(words)}")
    if isinstance(answer, int) and not isinstance(answer, bool):
        sys.exit(answer)
    if answer is not None:
        print(json.dumps(answer) if isinstance(answer, dict) else answer)


def halves(work, dies_here, save):
    """Runs a command that can be interrupted in its middle; its answer."""
    try:
        while True:
            next(work)
            if dies_here():
                save()
                os.killpg(0, signal.SIGKILL)
    except StopIteration as end:
        return end.value


TOOLS = {"aws": aws, "terraform": terraform, "docker": docker, "kubectl": kubectl, "helm": helm}

if __name__ == "__main__":
    main()
