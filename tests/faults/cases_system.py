"""Clocks that step and disks that fail: faults of the machine, brought about by preload/faults.c."""

import time

import checks
from service import until

SOME_JPEG = b"\xff\xd8\xff\xe0 whatever"  # good enough to be stored
HOUR = 3600
PAGE = 200


def clock_steps(case):
    """The wall clocks of API, worker and janitor step by an hour, alone and together, there and back: no lease hangs on
    them, and ids and files from another time are found all the same."""
    redis = case.redis()
    cluster = case.on_folder(redis)
    faults = {role: case.faults(role) for role in ("api", "janitor", "worker")}
    api, _, worker = (cluster.start(role, faults=found) for role, found in faults.items())
    other = cluster.start("worker")
    cluster.load(api.url, 10)
    for stepping in (["api"], ["janitor"], ["worker"], list(faults)):
        for offset in (HOUR, -HOUR):
            step(faults, stepping, offset)
            case.lasting(2)
            step(faults, stepping, 0)
            case.lasting(0.5)
    cluster.end_load()
    cluster.await_drained(api)
    case.wrong += checks.ran_once(cluster, [worker, other])
    # Now with a queue that has to be rebuilt: the sweep reads ages off files and ids.
    for offset in (HOUR, -HOUR):
        step(faults, list(faults), offset)
        cluster.load_count(api.url, 40, 20)
    redis.command("FLUSHALL")
    step(faults, list(faults), 0)
    result = case.finish(api)
    check_ids(case, api)
    return result


def step(faults, roles, offset):
    for role in roles:
        faults[role].set(clock_offset_s=offset)


def check_ids(case, api):
    """Some ids tell of another time than their file, and the list of images has each exactly once."""
    ids = case.cluster.accepted()
    now = time.time()
    ahead = sum(made_at(image_id) > now + HOUR / 2 for image_id in ids)
    behind = sum(made_at(image_id) < now - HOUR / 2 for image_id in ids)
    case.notes.append(f"{ahead} ids from the future, {behind} from the past")
    if ahead == 0 or behind == 0:
        case.wrong.append("the clock did not step")
    listed, cursor = [], ""
    while cursor is not None:
        _, page = api.get(f"/v1/images?limit={PAGE}&cursor={cursor}")
        listed += [image["id"] for image in page["images"]]
        cursor = page["next"]
    if sorted(listed) != sorted(ids):
        case.wrong.append(f"the list has {len(listed)} images, {len(set(listed) & set(ids))} of them accepted")


def made_at(uuid7):
    """Seconds since 1970 (RFC 9562, section 5.7)."""
    return int(uuid7.replace("-", "")[:12], 16) / 1000


def fsync_eio(case):
    """The disk cannot sync: uploads are refused with 503, and jobs wait until it can."""
    return disk_fails(case, 503, sync_fails=True)


def no_space(case):
    """The disk is full: uploads are refused with 507, and jobs wait until there is room."""
    return disk_fails(case, 507, disk_is_full=True)


def disk_fails(case, refusal, **fault):
    cluster = case.on_folder(case.redis())
    faults = {role: case.faults(role) for role in ("api", "janitor", "worker")}
    api, _, worker = (cluster.start(role, faults=found) for role, found in faults.items())
    cluster.load_count(api.url, 10, max(10, int(50 * case.scale)))
    faults["api"].set(**fault)
    status, answer = api.upload(SOME_JPEG)
    if status != refusal:
        raise AssertionError(f"an upload was answered {status} {answer}")
    if accepted := cluster.load_count(api.url, 10, max(10, int(50 * case.scale))):
        case.wrong.append(f"{accepted} uploads were accepted meanwhile")
    faults["api"].set()
    faults["janitor"].set(**fault)
    faults["worker"].set(**fault)
    cluster.load(api.url, 10)
    until("a job is put off", lambda: worker.metric("thumbmill_jobs_total", outcome="retried") > 0)
    before = worker.metric("thumbmill_jobs_total", outcome="done")
    case.lasting(8)
    if worker.metric("thumbmill_jobs_total", outcome="done") != before:
        case.wrong.append("jobs were done whose result cannot be on the disk")
    cluster.end_load()
    waiting = api.get("/v1/queue")[1]
    case.notes.append(f"refused with {refusal}, {waiting['ready'] + waiting['delayed']} jobs waited")
    faults["janitor"].set()
    faults["worker"].set()
    result = case.finish(api)
    attempts, _ = checks.done_log(cluster)
    if max(attempts.values()) > 1:
        case.wrong.append("tries were burnt")
    return result
