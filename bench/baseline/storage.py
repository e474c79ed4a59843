"""Where originals and thumbnails lie: files, named by the image's id, written so that they last.

With BASELINE_SYNC=1 (the default) a file and its directory are synced before its name counts, as
Thumbmill does it; with 0 the kernel writes when it likes.
"""

import os
import pathlib
import uuid

ROOT = pathlib.Path(os.environ["BASELINE_DIR"])
SYNC = os.environ.get("BASELINE_SYNC", "1") == "1"
ORIGINALS = ROOT / "originals"
THUMBNAILS = ROOT / "thumbnails"
TYPES = {"jpg": "image/jpeg", "png": "image/png"}


def new_id() -> str:
    return str(uuid.uuid4())


def is_id(text: str) -> bool:
    """Whether a part of a URL may become part of a path."""
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def original_path(image_id: str) -> pathlib.Path:
    return ORIGINALS / image_id


def find_thumbnail(image_id: str) -> pathlib.Path | None:
    for extension in TYPES:
        path = THUMBNAILS / f"{image_id}.{extension}"
        if path.exists():
            return path
    return None


def write_durably(path: pathlib.Path, write) -> None:
    """Calls write(file) on a new file that gets its name, in one step, once it is complete."""
    unfinished = path.with_name(path.name + ".part")
    with open(unfinished, "wb") as file:
        write(file)
        if SYNC:
            file.flush()
            os.fsync(file.fileno())
    os.rename(unfinished, path)
    if SYNC:
        directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
