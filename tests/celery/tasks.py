"""A Celery application as people have it: a producer, and a worker that makes thumbnails by Pillow."""

import os
import pathlib

import celery

STORE = pathlib.Path(os.environ.get("APP_STORE", "."))

app = celery.Celery("tasks", broker=os.environ["APP_REDIS"], backend=os.environ["APP_REDIS"])
app.conf.update(
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    broker_transport_options={"visibility_timeout": int(os.environ.get("APP_VISIBILITY_TIMEOUT", "3600"))},
)


@app.task(name="tasks.make_thumbnail")
def make_thumbnail(key):
    from PIL import Image  # only a worker needs it

    target = STORE / "thumbnails" / f"{key}.jpg"
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(STORE / "originals" / key) as image:
        image.thumbnail((200, 200))
        image.convert("RGB").save(target, "JPEG", quality=80)
    return "by Celery"
