"""What the service tells, or leaves lying about."""

import os
import pathlib
import stat
import subprocess

from target import Skip, png

SECRET = "hunter2"
# URLs that are refused, with a password in them; each as a setting takes it.
REFUSED = [("queue", f"redis://user:{SECRET}@host:port"), ("queue", f"redis://user:{SECRET}@/"),
           ("queue", f"redis://:{SECRET}/x@host:1"), ("queue", f"amqp://user:{SECRET}@host"),
           ("queue", f"kafka://user:{SECRET}@"),
           ("store", f"s3://user:{SECRET}@"), ("store", f"ftp://user:{SECRET}@host"),
           ("s3-endpoint", f"http://user:{SECRET}@host"), ("s3-endpoint", f"user:{SECRET}@host")]


def what_it_says(command):
    """Until it ends or, where the setting is taken, for some seconds."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as process:
        try:
            return process.communicate(timeout=3)[0]
        except subprocess.TimeoutExpired:
            process.kill()
            return process.communicate()[0]


def passwords_in_messages(target):
    """A setting that is refused is named without its password."""
    if target.place != "embedded":
        raise Skip("no server is reached")
    for setting, url in REFUSED:
        for command in ("serve", "doctor", "config"):
            options = {"store": str(target.directory / "store"), setting: url}
            if setting == "s3-endpoint":
                options["store"] = "s3://bucket"
            words = [word for name, value in options.items() for word in (f"--{name}", value)]
            said = what_it_says([target.program, command, *words])
            assert SECRET not in said, f"{command} --{setting} {url} says: {said.strip()[:200]}"
    return f"{len(REFUSED)} URLs by serve, doctor and config: none told"


def files_for_all(target):
    """Another user of the machine cannot read what was uploaded."""
    if target.place != "embedded":
        raise Skip("it has no directory")
    target.start()
    assert target.outcome(png()) == "done", "a good image failed"
    store, readable = target.directory / "store", []
    for folder, _, files in os.walk(store):
        parents = pathlib.Path(folder)
        if all(p.stat().st_mode & stat.S_IXOTH for p in (parents, *parents.parents) if p.is_relative_to(store)):
            readable += [name for name in files if (parents / name).stat().st_mode & stat.S_IROTH]
    assert not readable, f"{len(readable)} files, such as {readable[0]}"
    return "no file can be read by others"


CASES = [passwords_in_messages, files_for_all]
