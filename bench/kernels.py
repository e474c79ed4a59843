"""What bench/kernel measures: our kernels, the rivals, and the limits; and why one of them cannot be had on this machine.

Each is a command that takes a file, sizes separated by commas, a count of repetitions and where to put the renditions, and
prints a JSON object with the milliseconds of each repetition.
"""

import ctypes.util
import dataclasses
import importlib.util
import pathlib
import shutil
import subprocess

import rivals

HERE = pathlib.Path(__file__).resolve().parent
SHARP = HERE / "sharp"
DEBIANS_PYTHON = "/usr/bin/python3"  # has OpenCV
JPEG = (".jpg",)
# What OpenCV and the limits read.
COMMON = (".jpg", ".png", ".webp")
ALL = (*COMMON, ".heic", ".avif", ".tif")
NO_HEVC = {".heic": "its prebuilt binaries have no HEVC decoder"}


@dataclasses.dataclass(frozen=True)
class Kernel:
    name: str
    command: list[str]
    formats: tuple[str, ...] = ALL  # by the ends of the files' names
    is_limit: bool = False
    missing: str = ""  # why it cannot be measured here; empty: it can
    unread: dict[str, str] = dataclasses.field(default_factory=dict)  # of `formats`, those it cannot read, and why

    def reads(self, ending: str) -> bool:
        return not self.missing and ending in self.formats and ending not in self.unread


def _python_package(module: str, package: str) -> str:
    return "" if importlib.util.find_spec(module) else f"the Debian package {package} is not installed"


def _sharp() -> str:
    """Installs it where it is not, or is of another version. Why that fails, or nothing."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    lock, installed = SHARP / "package-lock.json", SHARP / "node_modules/installed.json"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return ""
    ran = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=SHARP,
                         stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if ran.returncode != 0:
        return "the npm package sharp cannot be installed"
    shutil.copyfile(lock, installed)
    return ""


def _debians_libvips() -> str:
    return "" if ctypes.util.find_library("vips") else "the Debian package libvips42 is not installed"


def find(program: pathlib.Path) -> list[Kernel]:
    """All of them, ours first, limits last. `program` is kernel_times."""
    def ours(name: str, formats: tuple[str, ...] = ALL, is_limit: bool = False) -> Kernel:
        return Kernel(name, [str(program), name], formats, is_limit)

    no_packages = rivals.install()

    def python(name: str, formats: tuple[str, ...] = ALL, missing: str = "", unread: dict[str, str] | None = None) -> Kernel:
        return Kernel(name, [str(rivals.python()), str(HERE / "python_times.py"), name], formats,
                      missing=no_packages or missing, unread=unread or {})

    # Debian's libvips stands in where the prebuilt one cannot: it is the libvips that reads HEIC.
    return [ours("ours"), python("pillow"), python("libvips", unread=NO_HEVC),
            Kernel("sharp", ["node", str(SHARP / "times.mjs")], missing=_sharp(), unread=NO_HEVC), ours("libjpeg-turbo", JPEG),
            Kernel("opencv", [DEBIANS_PYTHON, str(HERE / "python_times.py"), "opencv"], COMMON,
                   missing=_python_package("cv2", "python3-opencv")),
            python("libvips-debian", (".heic",), _debians_libvips()),
            python("libvips-debian-whole", (".heic",), _debians_libvips()),
            ours("memcpy", is_limit=True), ours("coded-picture", COMMON, is_limit=True),
            ours("every-code", JPEG, is_limit=True)]


def reasons(found: list[Kernel], endings: set[str]) -> dict[str, str]:
    """What is left out, and why: whole kernels, and kernels with a format of these ends of names ("sharp with HEIC")."""
    missing = {kernel.name: kernel.missing for kernel in found if kernel.missing}
    for kernel in found:
        if not kernel.missing:
            missing |= {f"{kernel.name} with {ending[1:].upper()}": why for ending, why in kernel.unread.items()
                        if ending in endings}
    return missing
