"""The photos that benchmarks take: the corpus's, some made of those, and, for benchmarks that upload, stand-ins where there is no
corpus."""

import dataclasses
import os
import pathlib
import random
import subprocess

import rivals

ROOT = pathlib.Path(__file__).resolve().parent.parent
# What each of the corpus is, by the name of its file.
CORPUS = {
    "j12": "12 MP, Display P3", "j12rot": "12 MP, turned", "j12s7": "12 MP, 4:2:2", "j12prog": "12 MP, progressive",
    "j2": "2 MP", "j1": "1.3 MP", "png28rgb": "3 MP", "png2rgb": "2 MP", "png3rgba": "3 MP, transparent",
    "shot1080": "2 MP, screenshot", "webp08": "0.8 MP", "webp12": "12 MP", "vp8l": "1 MP, lossless",
    "heic12": "12 MP, iPhone, thumbnail inside", "heic24": "24 MP, iPhone, thumbnail inside",
    "heic12made": "12 MP, one tile, no thumbnail", "heic1": "1.4 MP, thumbnail inside", "avif12": "12 MP", "avif2": "2 MP",
    "avif1": "1 MP", "tiff12": "12 MP, LZW",
}
# Where they are in the corpus, if not in its folder of photos.
ELSEWHERE = {
    "heic12": "reported/heic-turned-twice__pillow_heif_arrow_iphone8plus.heic",
    "heic24": "reported/heic-refused__ios18_iphone15plus.heic",
    "heic1": "good/images__winter_1440x960.heic",
    "avif1": "good/av1-avif__fox.profile0.8bpc.yuv420.odd-width.odd-height.avif",
}
# Made of one of the corpus by Pillow's and pillow-heif's encoders, at their defaults, TIFF by LZW: its source and the end of its
# name.
MADE = {"heic12made": ("j12", ".heic"), "avif12": ("j12", ".avif"), "avif2": ("j2", ".avif"),
        "tiff12": ("j12", ".tif")}
MADE_FOLDER = rivals.FOLDER / "photos"  # made anew with the environment: other encoders make other files
# Width, height, progressive, quality of the stand-in: about as many bytes as the photo has.
STAND_INS = {
    "j12": (4032, 3024, False, 88),
    "j12prog": (4032, 3024, True, 88),
    "j2": (1600, 1200, False, 85),
}
# Sizes, orientation and profile stay. One thread: with more of them the file would depend on the machine.
CONVERT = """
import sys
import PIL.Image
import pillow_heif
pillow_heif.register_heif_opener()
options = {"compression": "tiff_lzw"} if sys.argv[2].endswith(".tif") else {"max_threads": 1}
PIL.Image.open(sys.argv[1]).save(sys.argv[2], **options)
"""


@dataclasses.dataclass(frozen=True)
class Photo:
    name: str  # one of CORPUS
    path: pathlib.Path

    @property
    def ending(self) -> str:
        return self.path.suffix

    @property
    def file_name(self) -> str:
        """What results call it, whatever its file is called."""
        return self.name + self.ending


def corpus_directory() -> pathlib.Path:
    return pathlib.Path(os.environ.get("THUMBMILL_CORPUS", ROOT.parent / "shared" / "corpus"))


def of_corpus(name: str) -> Photo | None:
    """One that need not be made; nothing where the corpus does not have it."""
    folder = corpus_directory()
    path = folder / ELSEWHERE[name] if name in ELSEWHERE else next((folder / "photos").glob(f"{name}.*"), None)
    return Photo(name, path) if path and path.exists() else None


def convert(name: str, python: pathlib.Path) -> Photo | None:
    """One of MADE, made when MADE_FOLDER does not have it, which takes up to half a minute. `python` has Pillow and pillow-heif.
    Nothing where the source or the encoder is missing."""
    source_name, ending = MADE[name]
    photo = Photo(name, MADE_FOLDER / (name + ending))
    if photo.path.exists():
        return photo
    source = of_corpus(source_name)
    if source is None or not python.exists():
        return None
    MADE_FOLDER.mkdir(parents=True, exist_ok=True)
    unfinished = MADE_FOLDER / f"unfinished-{name}{ending}"
    ran = subprocess.run([python, "-c", CONVERT, source.path, unfinished], check=False)
    if ran.returncode != 0:
        return None
    return Photo(name, unfinished.rename(photo.path))


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
