"""What bench/kernel measures: our kernels, the rivals, and the limits; and why one of them cannot be had on this machine.

Each is a command that takes a file, sizes separated by commas, a count of repetitions and where to put the renditions, and
prints a JSON object with the milliseconds of each repetition.
"""

import dataclasses
import importlib.util
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
SHARP = HERE / "sharp"
PYTHON = "/usr/bin/python3"  # Debian's, which has Pillow and OpenCV
JPEG = (".jpg",)
ALL = (".jpg", ".png", ".webp")


@dataclasses.dataclass(frozen=True)
class Kernel:
    name: str
    command: list[str]
    formats: tuple[str, ...] = ALL  # by the ends of the files' names
    is_limit: bool = False
    missing: str = ""  # why it cannot be measured here; empty: it can


def _python_package(module: str, package: str) -> str:
    return "" if importlib.util.find_spec(module) else f"the Debian package {package} is not installed"


def _sharp() -> str:
    """Installs it where it is not. Why that fails, or nothing."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    installed = (SHARP / "node_modules/sharp").exists() or subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=SHARP, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, check=False).returncode == 0
    return "" if installed else "the npm package sharp cannot be installed"


def find(program: pathlib.Path) -> list[Kernel]:
    """All of them, ours first, limits last. `program` is kernel_times."""
    def ours(name: str, formats: tuple[str, ...] = ALL, is_limit: bool = False) -> Kernel:
        return Kernel(name, [str(program), name], formats, is_limit)

    def python(name: str, module: str, package: str) -> Kernel:
        return Kernel(name, [PYTHON, str(HERE / "python_times.py"), name], missing=_python_package(module, package))

    return [ours("ours"), python("pillow", "PIL", "python3-pil"), ours("libvips"),
            Kernel("sharp", ["node", str(SHARP / "times.mjs")], missing=_sharp()), ours("libjpeg-turbo", JPEG),
            python("opencv", "cv2", "python3-opencv"), ours("memcpy", is_limit=True),
            ours("coded-picture", is_limit=True), ours("every-code", JPEG, is_limit=True)]
