"""The Flask application: takes uploads, queues jobs, answers questions about them."""

import time

from celery.states import FAILURE
from flask import Flask, jsonify, request, send_file

import storage
import tasks

# By their first bytes: JPEG, PNG, GIF, WebP (RIFF), TIFF.
SIGNATURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF8", b"RIFF", b"II*\0", b"MM\0*")
LONGEST_WAIT_S = 60.0
FAILURE_CHECK_S = 0.25

app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 50 * 1024 * 1024


@app.post("/upload")
def upload():
    file = request.files.get("file")
    if file is None:
        return jsonify(error="no file in the field 'file'"), 400
    if not file.stream.read(8).startswith(SIGNATURES):
        return jsonify(error="not an image"), 415
    file.stream.seek(0)
    image_id = storage.new_id()
    storage.write_durably(storage.original_path(image_id), file.save)
    tasks.make_thumbnail.apply_async((image_id,), task_id=image_id)
    location = f"/v1/images/{image_id}"
    body = {"id": image_id, "status": "queued",
            "links": {"self": location, "renditions": {"thumb": f"{location}/thumb"}}}
    return body, 202, {"Location": location}


@app.get("/v1/images/<image_id>")
def image_state(image_id):
    """The state of a job; with ?wait=SECONDS it is answered when the job ends, or then."""
    if not storage.is_id(image_id):
        return jsonify(error="no such image"), 404
    begin = time.monotonic()
    wait = min(request.args.get("wait", 0.0, type=float), LONGEST_WAIT_S)
    next_failure_check = begin
    while True:
        now = time.monotonic()
        if storage.find_thumbnail(image_id):
            return {"id": image_id, "status": "done",
                    "renditions": [{"name": "thumb", "url": f"/v1/images/{image_id}/thumb"}]}
        if now >= next_failure_check:
            if tasks.make_thumbnail.AsyncResult(image_id).state == FAILURE:
                return {"id": image_id, "status": "failed"}
            next_failure_check = now + FAILURE_CHECK_S
        if now - begin >= wait:
            break
        # Looking for a file is cheap; a tenth of the time waited adds at most that to the latency.
        time.sleep(min(max(0.1 * (now - begin), 0.002), 0.05))
    if not storage.original_path(image_id).exists() and not storage.find_thumbnail(image_id):
        return jsonify(error="no such image"), 404
    return {"id": image_id, "status": "queued"}


@app.get("/v1/images/<image_id>/thumb")
def thumbnail(image_id):
    path = storage.find_thumbnail(image_id) if storage.is_id(image_id) else None
    if path is None:
        return jsonify(error="no such thumbnail"), 404
    return send_file(path, mimetype=storage.TYPES[path.suffix[1:]])


@app.get("/healthz")
def health():
    return "ok\n"
