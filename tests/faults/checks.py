"""What must hold once the faults are over, whatever they were."""

import collections
import hashlib
import json
import os
import pathlib
import subprocess
import time

SAMPLE = 500  # done images whose renditions are looked at
NOTHING_LEFT_SECONDS = 60
LONG_AGO_SECONDS = 2 * 86400  # older than the age at which temporary files are removed
NEVER = "1d"  # an age that no upload of a test has


def accepted_of(cluster):
    return list(dict.fromkeys(cluster.accepted()))


def differing_renditions(api, ids, chooser):
    """Looks at the renditions of all these done images, or of a sample: the same source must have become the same
    bytes, however often it was worked on. Returns how many were looked at, and what is wrong."""
    digests = collections.defaultdict(set)
    wrong = []
    sample = ids if len(ids) <= SAMPLE else chooser.sample(ids, SAMPLE)
    for image_id in sample:
        _, image = api.get(f"/v1/images/{image_id}")
        for rendition in image.get("renditions", []):
            status, data = api.ask_bytes("GET", rendition["url"])
            if status != 200:
                wrong.append(f"{rendition['url']} answered {status}")
            source = image["name"], image["source"]["bytes"], rendition["name"]
            digests[source].add(hashlib.sha256(data).hexdigest())
    wrong += [f"{len(found)} different {rendition} of one {name}" for (name, _, rendition), found in digests.items()
              if len(found) > 1]
    return len(sample), wrong


def sweep(cluster, *options):
    """One pass by hand; returns its report."""
    ran = subprocess.run([cluster.program, "sweep", "--json", "--store", cluster.store, "--queue", cluster.queue,
                          "--log-level", "error", *options],
                         check=True, capture_output=True, text=True, env={**os.environ, **cluster.environment})
    return json.loads(ran.stdout)


def files_below(directory):
    return [path for path in pathlib.Path(directory).rglob("*") if path.is_file()]


def left_over(cluster):
    """Originals of jobs that have ended, and temporary files that outlive their age."""
    deadline = time.monotonic() + NOTHING_LEFT_SECONDS
    while unfinished := sweep(cluster, "--sweep-age", NEVER)["unfinished"]:  # which only counts them
        if time.monotonic() > deadline:
            return [f"{unfinished} originals left in uploads/"]
        time.sleep(0.5)
    if str(cluster.store).startswith("s3://"):
        return []
    temporary = pathlib.Path(cluster.store) / "tmp"
    for path in files_below(temporary):
        os.utime(path, (time.time() - LONG_AGO_SECONDS,) * 2)
    sweep(cluster, "--sweep-age", NEVER)
    left = len(files_below(temporary))
    return [f"{left} files left in tmp/"] if left else []


def done_log(cluster):
    """Which attempt ended each job, and how often one was taken off the queue as done, by what workers logged. Of
    workers that were killed, the last line may be missing."""
    attempts, times = {}, collections.Counter()
    with open(cluster.directory / "log", encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if '"message":"job done"' not in line:
                continue
            entry = json.loads(line)
            attempts[entry["job_id"]] = max(entry["attempt"], attempts.get(entry["job_id"], 0))
            times[entry["job_id"]] += 1
    return attempts, times


def decoded(workers):
    """How many images these workers, none of which was started again, have decoded."""
    return sum(int(worker.metric("thumbmill_job_duration_seconds_count", stage="decode")) for worker in workers)


def ran_once(cluster, workers):
    """What is wrong where each job was to run exactly once; no worker was killed."""
    attempts, times = done_log(cluster)
    ids = accepted_of(cluster)
    wrong = []
    if again := [i for i in ids if attempts.get(i, 1) > 1]:
        wrong.append(f"{len(again)} jobs took more than one attempt")
    if counted := [i for i in ids if times[i] != 1]:
        wrong.append(f"{len(counted)} jobs were not taken off the queue exactly once")
    decodes = decoded(workers)
    if decodes != len(ids):
        wrong.append(f"{decodes} decodes of {len(ids)} images")
    return wrong
