"""The photos that benchmarks take: the corpus's, or, for those that upload, made ones where there is no corpus."""

import os
import pathlib
import random

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What each of the corpus is, by the name of its file.
CORPUS = {
    "j12": "12 MP, Display P3", "j12rot": "12 MP, turned", "j12s7": "12 MP, 4:2:2", "j12prog": "12 MP, progressive",
    "j2": "2 MP", "j1": "1.3 MP", "png28rgb": "3 MP", "png2rgb": "2 MP", "png3rgba": "3 MP, transparent",
    "shot1080": "2 MP, screenshot", "webp08": "0.8 MP", "webp12": "12 MP", "vp8l": "1 MP, lossless",
}
# Width, height, progressive, quality of the stand-in: about as many bytes as the photo has.
STAND_INS = {
    "j12": (4032, 3024, False, 88),
    "j12prog": (4032, 3024, True, 88),
    "j2": (1600, 1200, False, 85),
}


def corpus_directory() -> pathlib.Path:
    return pathlib.Path(os.environ.get("THUMBMILL_CORPUS", ROOT.parent / "shared" / "corpus"))


def find(name: str, directory: pathlib.Path) -> tuple[pathlib.Path, bool]:
    """The photo's file, and whether it is the corpus's own. A stand-in is made in `directory`."""
    path = corpus_directory() / "photos" / f"{name}.jpg"
    if path.exists():
        return path, True
    made = directory / f"made-{name}.jpg"
    if not made.exists():
        _make(made, *STAND_INS[name])
    return made, False


def _make(path: pathlib.Path, width: int, height: int, progressive: bool, quality: int) -> None:
    # Smooth shapes with grain on top, as a camera's picture has: what a decoder works on is mostly grain.
    from PIL import Image, ImageChops  # only here: the corpus needs no Pillow

    source = random.Random(1)
    small = Image.frombytes("RGB", (40, 30), source.randbytes(40 * 30 * 3))
    shapes = small.resize((width, height), Image.Resampling.BICUBIC)
    grain = Image.frombytes("L", (width, height), source.randbytes(width * height))
    grain = grain.point(lambda value: 112 + value // 8)
    picture = ImageChops.add(shapes, Image.merge("RGB", [grain] * 3), offset=-128)
    picture.save(path, "JPEG", quality=quality, progressive=progressive, subsampling="4:2:0")
