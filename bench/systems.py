"""The systems that are compared: how each is started, and when it is ready."""

import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
START_S = 60
STOP_S = 60
NAMES = ("thumbmill", "baseline")


def start_command(name: str, thumbmill: pathlib.Path, directory: pathlib.Path) -> list[str]:
    """Both as durable as they can be, on free ports, with all their files in the directory."""
    if name == "thumbmill":
        return [str(thumbmill), "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0",
                "--store", str(directory)]
    return [str(HERE / "baseline" / "run"), "--dir", str(directory)]


class System:
    """One running system; a context manager. `roots` are the processes whose trees are measured."""

    def __init__(self, name: str, thumbmill: pathlib.Path, parent: pathlib.Path):
        self.name = name
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"compare-{name}-", dir=parent))
        self._command = start_command(name, thumbmill, self.directory)
        self._log = open(self.directory.with_suffix(".log"), "wb")
        self.url = ""
        self.roots: list[int] = []

    def __enter__(self) -> "System":
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=self._log,
                                         start_new_session=True)
        try:
            self._read_address()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _read_address(self) -> None:
        # Both print their address once they answer. A start that hangs is ended, which ends reading.
        timer = threading.Timer(START_S, self._process.kill)
        timer.start()
        try:
            for line in iter(self._process.stdout.readline, b""):
                text = line.decode()
                if self.name == "baseline":
                    started = json.loads(text)
                    # Its supervisor is ours, not part of what is deployed.
                    self.url, self.roots = started["url"], list(started["pids"].values())
                    return
                if found := re.search(r"http://[^\s/]+", text):
                    self.url, self.roots = found.group(), [self._process.pid]
                    threading.Thread(target=self._process.stdout.read, daemon=True).start()
                    return
        finally:
            timer.cancel()
        log = self.directory.with_suffix(".log").read_text(errors="replace")
        raise SystemExit(f"compare: {self.name} did not start:\n{log[-2000:]}")

    def __exit__(self, *_) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        self.directory.with_suffix(".log").unlink(missing_ok=True)
        shutil.rmtree(self.directory, ignore_errors=True)
