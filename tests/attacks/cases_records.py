"""Records that another program left in the queue, on the channel of events, and in the store."""

import sqlite3

from service import until
from target import png

NAMES = ("hello", "../../etc/passwd", "x" * 10_000)
COLUMNS = "id, state, due_ms, queued_ms, attempts, token, last_failure, caller, round"


def foreign_records(target):
    """Jobs with strange ids and records of other forms: ignored and counted, and good images are done beside them."""
    service = target.start("--workers", "1", "--sweep-interval", "200ms")
    assert target.outcome(png()) == "done", "a good image failed"
    wanted = into_sqlite(target) if target.place == "embedded" else into_redis(target)

    def counted():
        return {source: service.metric("thumbmill_foreign_records_total", source=source) for source in wanted}

    until(f"{wanted} to be counted", lambda: all(counted()[source] >= least for source, least in wanted.items()))
    for _ in range(3):
        assert target.outcome(png()) == "done", "a good image failed beside foreign records"
    return ", ".join(f"{count:.0f} of {source}" for source, count in counted().items()) + "; 3 of 3 good images done"


def into_sqlite(target):
    """How many records of each source have to be counted."""
    folder = target.directory / "store/uploads/0"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hello").write_text("hello", encoding="ascii")
    refused = 0
    with sqlite3.connect(target.directory / "store/queue/queue.db", timeout=10) as database:
        for name in NAMES:
            database.execute(f"INSERT INTO jobs ({COLUMNS}) VALUES (?, 0, 0, 0, 0, 0, 'ok', '', 0)", (name,))
            try:
                database.execute(f"INSERT INTO jobs ({COLUMNS}) VALUES (?, ?, x'00', '', -1, ?, '', '', ?)", ("a" + name,) + (name,) * 3)
            except sqlite3.IntegrityError:
                refused += 1
    assert refused == len(NAMES), f"{len(NAMES) - refused} rows of other forms were let in"
    return {"queue": len(NAMES), "store": 1}


def into_redis(target):
    """The same."""
    for name in NAMES:
        target.redis.command("ZADD", "{thumbmill}:ready", "0", name)
        target.redis.command("HSET", "{thumbmill}:jobs", name, "garbage")
        for members in ("leases", "delayed"):
            target.redis.command("ZADD", "{thumbmill}:" + members, "1", f"{members}-{name}")
        target.redis.command("PUBLISH", "{thumbmill}:events", name)
    return {"queue": 3 * len(NAMES), "events": len(NAMES)}


CASES = [foreign_records]
