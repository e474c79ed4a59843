"""Whoever may ask tries to foretell the ids of other people's images."""

import itertools
import json
import re

import twister
from target import png

FOLLOWING = 100_000  # numbers that are worked out


def ids_from_request_ids(target):
    """312 numbers out of X-Request-Id give the state of a Mersenne Twister, and that all that it makes later."""
    service = target.start()
    numbers = []
    while len(numbers) < twister.SIZE:
        request_id = target.ask("HEAD", "/healthz")[1]["X-Request-Id"]
        assert re.fullmatch("[0-9a-f]{32}", request_id), f"request id {request_id} is not two numbers"
        numbers += [int(request_id[:16], 16), int(request_id[16:], 16)]
    foretold = set(itertools.islice(twister.following(numbers[-twister.SIZE:]), FOLLOWING))
    later = target.ask("HEAD", "/healthz")[1]["X-Request-Id"]
    works = int(later[16:], 16) in foretold
    ends = {f"{number:016x}"[4:] for number in foretold}
    ids = [json.loads(target.ask("POST", "/v1/images", png())[2])["id"] for _ in range(20)]
    found = [image_id for image_id in ids if image_id[24:] in ends]
    assert not found, f"{len(found)} of {len(ids)} ids were foretold, such as {found[0]}"
    for image_id in ids:
        service.ended(image_id)
    return f"later request ids foretold: {'yes' if works else 'no'}; ids of images: 0 of {len(ids)}"


CASES = [ids_from_request_ids]
