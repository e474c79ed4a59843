"""A Celery application as people have it: a producer, and a worker that makes thumbnails by Pillow.

APP_STORE is its directory, APP_SETTINGS its Celery settings as JSON. With APP_TOPIC=yes its queue is bound to a topic exchange.
"""

import json
import os
import pathlib
import signal

import celery
import kombu

STORE = pathlib.Path(os.environ.get("APP_STORE", "."))

app = celery.Celery("tasks")
app.conf.update(task_acks_late=True, worker_prefetch_multiplier=1)
app.conf.update(json.loads(os.environ["APP_SETTINGS"]))
if os.environ.get("APP_TOPIC") == "yes":
    exchange = kombu.Exchange("media", type="topic")
    app.conf.task_queues = [kombu.Queue("thumbnails", exchange, routing_key="media.#")]
    app.conf.task_routes = {"tasks.make_thumbnail": {"queue": "thumbnails", "routing_key": "media.thumb"}}


@app.task(name="tasks.make_thumbnail")
def make_thumbnail(key):
    from PIL import Image  # only a worker needs it

    if (STORE / "hold").exists():
        (STORE / "held").touch()
        signal.pause()  # until it is killed
    target = STORE / "thumbnails" / f"{key}.jpg"
    target.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(STORE / "originals" / str(key)) as image:
        image.thumbnail((200, 200))
        image.convert("RGB").save(target, "JPEG", quality=80)
    return "by Celery"


@app.task(name="tasks.other")
def other(*arguments):
    return len(arguments)
