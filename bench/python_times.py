"""Measures Pillow or OpenCV on one photo as kernel_times.cc measures the others: bytes in, encoded renditions out.

Usage: python_times.py pillow|opencv FILE SIZES COUNT OUTPUT, sizes separated by commas. Each size is made from the file anew, as
an application does it.
"""

import importlib
import io
import json
import pathlib
import sys
import time

REDUCTIONS = (8, 4, 2)


class Pillow:
    """thumbnail(); the profile stays in the file."""

    def __init__(self, data: bytes):
        self.pil = importlib.import_module("PIL.Image")
        self.ops = importlib.import_module("PIL.ImageOps")
        self.data = data
        self.version = importlib.import_module("PIL").__version__

    def make(self, side: int) -> bytes:
        image = self.pil.open(io.BytesIO(self.data))
        # thumbnail() lets libjpeg decode at a reduced scale, but not once the picture was turned.
        image.thumbnail((side, side))
        image = self.ops.exif_transpose(image)
        output = io.BytesIO()
        if image.mode in ("RGBA", "LA", "P"):
            image.save(output, "PNG")
        else:
            image.save(output, "JPEG", quality=80, icc_profile=image.info.get("icc_profile"))
        return output.getvalue()


class OpenCv:
    """JPEG by a reduced decode to at least twice the rendition, INTER_AREA; no profile. It is told the picture's size, which it
    has no way to ask for."""

    def __init__(self, data: bytes):
        self.cv2 = importlib.import_module("cv2")
        self.cv2.setNumThreads(1)
        self.data = importlib.import_module("numpy").frombuffer(data, "uint8")
        self.is_jpeg = data.startswith(b"\xff\xd8")
        self.longer = max(self.cv2.imdecode(self.data, self.cv2.IMREAD_COLOR).shape[:2])
        self.version = self.cv2.__version__

    def make(self, side: int) -> bytes:
        flag = self.cv2.IMREAD_COLOR if self.is_jpeg else self.cv2.IMREAD_UNCHANGED
        reduction = next((factor for factor in REDUCTIONS if self.longer / factor >= 2 * side), 1)
        if self.is_jpeg and reduction > 1:
            flag = getattr(self.cv2, f"IMREAD_REDUCED_COLOR_{reduction}")
        image = self.cv2.imdecode(self.data, flag)
        height, width = image.shape[:2]
        scale = min(1, side / max(height, width))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = self.cv2.resize(image, size, interpolation=self.cv2.INTER_AREA)
        if small.ndim == 3 and small.shape[2] == 4:
            return self.cv2.imencode(".png", small)[1].tobytes()
        return self.cv2.imencode(".jpg", small, [self.cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()


def main() -> None:
    name, path, sizes, count, output = sys.argv[1:]
    kernel = {"pillow": Pillow, "opencv": OpenCv}[name](pathlib.Path(path).read_bytes())
    sides = [int(side) for side in sizes.split(",")]
    for side in sides:
        pathlib.Path(f"{output}-{side}").write_bytes(kernel.make(side))
    wall, cpu = [], []
    for _ in range(int(count)):
        wall_begin, cpu_begin = time.perf_counter(), time.process_time()
        for side in sides:
            kernel.make(side)
        wall.append(round((time.perf_counter() - wall_begin) * 1e3, 3))
        cpu.append(round((time.process_time() - cpu_begin) * 1e3, 3))
    print(json.dumps({"wall_ms": wall, "cpu_ms": cpu, "version": kernel.version}))


main()
