"""The Celery application and its one task."""

import os

import celery
from PIL import Image, ImageOps, UnidentifiedImageError

import storage

SIDE_PX = 200
JPEG_QUALITY = 80

# The same limit as Thumbmill's max-pixels; Pillow refuses from twice its own limit on.
Image.MAX_IMAGE_PIXELS = 50_000_000

queue = celery.Celery("baseline", broker=os.environ["BASELINE_REDIS"],
                      backend=os.environ["BASELINE_REDIS"])
queue.conf.update(
    # A job is taken off the queue when it is done, and comes back when its worker dies.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    # Fetching ahead stays at Celery's 4 a process: with 1, this Celery on Redis idles for seconds.
    broker_transport_options={"visibility_timeout": 3600},
    # Success is the thumbnail's file; only failures are written to Redis.
    task_ignore_result=True,
    task_store_errors_even_if_ignored=True,
    task_time_limit=60,
    worker_send_task_events=False,
)


@queue.task(name="baseline.make_thumbnail", throws=(UnidentifiedImageError, OSError))
def make_thumbnail(image_id: str) -> None:
    original = storage.original_path(image_id)
    if storage.find_thumbnail(image_id) is None:
        with Image.open(original) as image:
            # thumbnail() first lets libjpeg decode at 1/2, 1/4 or 1/8 (draft mode).
            image.thumbnail((SIDE_PX, SIDE_PX))
            thumbnail = ImageOps.exif_transpose(image)
            profile = image.info.get("icc_profile")
        transparent = "A" in thumbnail.getbands() or "transparency" in thumbnail.info
        if transparent:
            _save(image_id, "png", thumbnail, format="PNG")
        else:
            if thumbnail.mode not in ("RGB", "L"):
                thumbnail, profile = thumbnail.convert("RGB"), None
            _save(image_id, "jpg", thumbnail, format="JPEG", quality=JPEG_QUALITY,
                  icc_profile=profile)
    original.unlink(missing_ok=True)


def _save(image_id: str, extension: str, image: Image.Image, **options) -> None:
    path = storage.THUMBNAILS / f"{image_id}.{extension}"
    storage.write_durably(path, lambda file: image.save(file, **options))
