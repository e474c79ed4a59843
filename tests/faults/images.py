"""The images of the corpus, good and bad, which are no part of the project, and what may become of each. And one that is made."""

import csv
import os
import pathlib
import struct
import zlib

FOLDER = pathlib.Path(os.environ.get("THUMBMILL_CORPUS", pathlib.Path(__file__).resolve().parents[2] / "../shared/corpus"))
# What a client is told of an image that can never become a thumbnail.
PERMANENT = {"invalid_argument", "unsupported", "too_large", "corrupt_input", "deadline_exceeded", "decoder_crashed"}
REFUSED = {400: "invalid_argument", 413: "too_large", 415: "unsupported"}
MISSING = f"SKIPPED: no images at {FOLDER}; set THUMBMILL_CORPUS"


def noise_png(side):
    """A PNG that does not compress."""
    rows = b"".join(b"\0" + os.urandom(side * 3) for _ in range(side))

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


def read_manifest(wanted="all"):
    """The rows of this class: file, class, expect and more, as text. Its own words are in the corpus' README."""
    with open(FOLDER / "manifest.tsv", encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
                if wanted in ("all", row["class"])]


def outcome(service, row):
    """"done", or the code with which the image was refused or has failed."""
    data = (FOLDER / row["file"]).read_bytes()
    status, answer = service.upload(data, "?size=256x256")
    if status in REFUSED:
        return REFUSED[status]
    if status != 202:
        return f"{status} {answer.get('code')}"
    image = service.ended(answer["id"], 120)
    if image["status"] == "failed":
        return image["error"]["code"]
    if service.ask_bytes("GET", image["renditions"][0]["url"])[0] != 200:
        return "done, and no rendition"
    return "done"


def allowed(row, seen):
    if row["expect"] == "thumb":
        return seen == "done"
    if row["expect"] == "thumb-or-unsupported":
        return seen in ("done", "unsupported")
    if row["expect"] == "reject":
        return seen in PERMANENT
    return seen == "done" or seen in PERMANENT
