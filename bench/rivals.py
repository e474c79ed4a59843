"""The Python packages of bench/kernel's rivals, in a virtual environment below build/. Debian's are years older than those that
applications install.

The rivals' own code is in python_times.py, which runs in that environment.
"""

import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
REQUIREMENTS = HERE / "rivals.txt"
FOLDER = HERE.parent / "build/bench/rivals"
BASE = "/usr/bin/python3"  # Debian's, which has OpenCV


def python(folder: pathlib.Path = FOLDER) -> pathlib.Path:
    """The environment's interpreter. It is there after install()."""
    return folder / "bin/python"


def _failure(command: list[str | pathlib.Path]) -> str:
    """The last line that the command prints when it fails, or nothing."""
    # pyvips is built from source, and with libvips' headers at hand it would link to the system's libvips instead of the one of
    # pyvips-binary. So pkg-config must find nothing.
    environment = {**os.environ, "PKG_CONFIG": "false", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    except OSError as error:
        return str(error)
    if ran.returncode == 0:
        return ""
    lines = (ran.stderr.strip() or ran.stdout.strip()).splitlines()
    return lines[-1] if lines else f"exit code {ran.returncode}"


def install(folder: pathlib.Path = FOLDER, requirements: pathlib.Path = REQUIREMENTS, base: str = BASE) -> str:
    """Makes the environment unless it has these very packages already. Why that fails, or nothing."""
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_bytes() == requirements.read_bytes():
        return ""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if why := _failure([base, "-m", "venv", "--clear", folder]):
        return f"no virtual environment (the Debian package python3-venv makes them): {why}"
    # A wheel of pyvips in pip's cache may be one that links to the system's libvips.
    if why := _failure([python(folder), "-m", "pip", "install", "--quiet", "--no-cache-dir", "--requirement", requirements]):
        return f"pip cannot install {requirements.name}: {why}"
    shutil.copyfile(requirements, stamp)
    return ""
