"""Measures Pillow, libvips or OpenCV on one photo as kernel_times.cc measures the others: bytes in, encoded renditions out.

Usage: python_times.py KERNEL FILE SIZES COUNT OUTPUT, sizes separated by commas. Each size is made from the file anew, as an
application does it. Kernels: pillow, libvips (of pyvips-binary), libvips-debian (the system's), libvips-debian-whole (never by
the thumbnail inside a file), opencv.

Everything runs on one thread where the library has a setting for it. CPU time is that of all threads.
"""

import ctypes
import importlib
import importlib.metadata
import io
import json
import os
import pathlib
import re
import sys
import time

REDUCTIONS = (8, 4, 2)


class Pillow:
    """thumbnail(); the profile stays in the file. HEIC by pillow-heif's opener, which turns the picture upright itself."""

    def __init__(self, data: bytes, path: pathlib.Path):
        self.pil = importlib.import_module("PIL.Image")
        self.ops = importlib.import_module("PIL.ImageOps")
        self.data = data
        self.version = importlib.import_module("PIL").__version__
        self.libraries = {}
        if path.suffix == ".heic":
            heif = importlib.import_module("pillow_heif")
            heif.register_heif_opener()
            heif.options.DECODE_THREADS = 1
            info = heif.libheif_info()
            self.libraries = {"pillow-heif": heif.__version__, "libheif": info["libheif"]}
            if found := re.search(r"version ([\d.]+)", info["decoders"].get("libde265", "")):
                self.libraries["libde265"] = found.group(1)
        elif path.suffix == ".avif":
            plugin = importlib.import_module("PIL.AvifImagePlugin")
            plugin.DEFAULT_MAX_THREADS = 1
            self.libraries = {"libavif": importlib.import_module("PIL.features").version("avif")}
            if dav1d := plugin.get_codec_version("dav1d"):
                self.libraries["dav1d"] = dav1d.split("-")[0]

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


class LibVips:
    """vips_thumbnail_buffer(), upright, without libvips' cache; the profile stays in the file: converting it would cost a photo
    without one, too, more than half of the whole. `whole`: not by the thumbnail inside the file, which libvips takes by itself
    where it is as large as what is wanted."""

    def __init__(self, data: bytes, debian: bool, whole: bool = False):
        os.environ["VIPS_CONCURRENCY"] = "1"
        if debian:
            sys.modules["_libvips"] = None  # the module of pyvips-binary; without it pyvips loads the system's library
        self.vips = importlib.import_module("pyvips")
        self.vips.cache_set_max(0)
        self.data = data
        self.whole = whole
        self.version = ".".join(str(self.vips.version(part)) for part in range(3))
        self.libraries = {}
        if debian:
            heif = ctypes.CDLL("libheif.so.1")  # libvips has loaded it
            heif.heif_get_version.restype = ctypes.c_char_p
            self.libraries = {"libheif": heif.heif_get_version().decode()}
        elif self.version != (pinned := importlib.metadata.version("pyvips-binary")):
            raise SystemExit(f"this is libvips {self.version}, not that of pyvips-binary {pinned}")

    def make(self, side: int) -> bytes:
        if self.whole:
            image = self.vips.Image.new_from_buffer(self.data, "", access="sequential")
            image = image.thumbnail_image(side, height=side, size="down")
        else:
            image = self.vips.Image.thumbnail_buffer(self.data, side, height=side, size="down")
        return image.pngsave_buffer() if image.hasalpha() else image.jpegsave_buffer(Q=80)


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
        self.libraries = {}

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


KERNELS = {
    "pillow": Pillow,
    "libvips": lambda data, path: LibVips(data, debian=False),
    "libvips-debian": lambda data, path: LibVips(data, debian=True),
    "libvips-debian-whole": lambda data, path: LibVips(data, debian=True, whole=True),
    "opencv": lambda data, path: OpenCv(data),
}


def main() -> None:
    name, path, sizes, count, output = sys.argv[1:]
    kernel = KERNELS[name](pathlib.Path(path).read_bytes(), pathlib.Path(path))
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
    print(json.dumps({"wall_ms": wall, "cpu_ms": cpu, "version": kernel.version, "libraries": kernel.libraries}))


main()
