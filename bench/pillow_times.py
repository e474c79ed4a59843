"""Measures Pillow on one photo as kernel_times.cc measures the others: bytes in, encoded renditions out.

Usage: pillow_times.py PHOTO SIZES COUNT, sizes separated by commas. Each size is opened anew, as an application does it, and
the profile stays in the file.
"""

import io
import json
import sys
import time

import PIL
from PIL import Image, ImageOps


def make(data: bytes, sizes: list[int]) -> int:
    total = 0
    for side in sizes:
        image = Image.open(io.BytesIO(data))
        # thumbnail() lets libjpeg decode at a reduced scale, but not once the picture was turned.
        image.thumbnail((side, side))
        image = ImageOps.exif_transpose(image)
        output = io.BytesIO()
        image.save(output, "JPEG", quality=80, icc_profile=image.info.get("icc_profile"))
        total += output.tell()
    return total


def main() -> None:
    data = open(sys.argv[1], "rb").read()
    sizes = [int(size) for size in sys.argv[2].split(",")]
    size = make(data, sizes)
    wall, cpu = [], []
    for _ in range(int(sys.argv[3])):
        wall_begin, cpu_begin = time.perf_counter(), time.process_time()
        make(data, sizes)
        wall.append(round((time.perf_counter() - wall_begin) * 1e3, 3))
        cpu.append(round((time.process_time() - cpu_begin) * 1e3, 3))
    print(json.dumps({"wall_ms": wall, "cpu_ms": cpu, "bytes": size, "version": PIL.__version__}))


main()
