"""What /proc tells about a system of processes (CPU time, memory) and about the machine.

Linux only. CPU time is user and system time of each process and of the children it has reaped, so that
short-lived processes count. Memory is PSS, where shared pages are shared out; the sum of RSS is kept too.
"""

import hashlib
import os
import pathlib
import platform
import subprocess
import threading
import time

PROC = pathlib.Path("/proc")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
SAMPLE_S = 0.25


def parse_stat(text: str) -> tuple[int, float]:
    """Parent and CPU seconds (own and reaped children's) of one /proc/<pid>/stat."""
    # The name, in parentheses, may hold spaces and parentheses itself.
    fields = text[text.rindex(")") + 2:].split()
    return int(fields[1]), sum(int(fields[i]) for i in (11, 12, 13, 14)) / TICKS_A_SECOND


def _all_processes() -> dict[int, tuple[int, float]]:
    processes = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                processes[int(entry.name)] = parse_stat((entry / "stat").read_text())
            except OSError:
                pass  # it has ended since
    return processes


def tree(roots: list[int]) -> dict[int, float]:
    """CPU seconds of the root processes and all their descendants, by process id."""
    processes = _all_processes()
    children: dict[int, list[int]] = {}
    for pid, (parent, _) in processes.items():
        children.setdefault(parent, []).append(pid)
    found: dict[int, float] = {}
    waiting = [pid for pid in roots if pid in processes]
    while waiting:
        pid = waiting.pop()
        found[pid] = processes[pid][1]
        waiting += children.get(pid, [])
    return found


def cpu_seconds(roots: list[int]) -> float:
    return sum(tree(roots).values())


def busy_seconds() -> float:
    """CPU seconds that all cores have worked since the machine started."""
    fields = [int(field) for field in (PROC / "stat").read_text().split("\n")[0].split()[1:]]
    user, nice, system, _, _, irq, softirq = fields[:7]
    return (user + nice + system + irq + softirq) / TICKS_A_SECOND


def memory_bytes(roots: list[int]) -> tuple[int, int]:
    """PSS and RSS of a system, summed."""
    pss = rss = 0
    for pid in tree(roots):
        try:
            for line in (PROC / str(pid) / "smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    pss += int(line.split()[1]) * 1024
                elif line.startswith("Rss:"):
                    rss += int(line.split()[1]) * 1024
        except OSError:
            pass  # it has ended since
    return pss, rss


class MemoryPeak:
    """Samples a system's memory on a thread while it is entered, and keeps the highest sums."""

    def __init__(self, roots: list[int]):
        self.roots = roots
        self.pss = self.rss = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            self.sample()

    def sample(self) -> None:
        pss, rss = memory_bytes(self.roots)
        self.pss, self.rss = max(self.pss, pss), max(self.rss, rss)

    def __enter__(self) -> "MemoryPeak":
        self.sample()
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stop.set()
        self._thread.join()


class CpuMeter:
    """CPU time between start() and stop(): the system's, the load generator's, and everybody else's."""

    def __init__(self, roots: list[int]):
        self.roots = roots

    def _ours(self) -> tuple[float, float]:
        times = os.times()
        return times.user + times.system, times.children_user + times.children_system

    def start(self) -> None:
        self._begin = time.monotonic(), busy_seconds(), cpu_seconds(self.roots), *self._ours()

    def stop(self) -> dict[str, float]:
        end = time.monotonic(), busy_seconds(), cpu_seconds(self.roots), *self._ours()
        elapsed, busy, system, own, load = (b - a for a, b in zip(self._begin, end))
        foreign = max(0.0, busy - system - own - load)
        return {"cpu_seconds": round(system, 3), "load_cpu_seconds": round(load, 3),
                "foreign_cores": round(foreign / elapsed, 3)}


def _output(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def libraries(version_text: str) -> dict[str, str]:
    """What the decoders work with, of what `thumbmill version` prints: its own line, then a name and a version each."""
    return dict(line.rsplit(maxsplit=1) for line in version_text.splitlines()[1:])


def describe(directory: pathlib.Path, thumbmill: pathlib.Path) -> dict:
    """Machine, commit and versions, to be kept with each result."""
    model = "unknown"
    for line in (PROC / "cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    here = str(pathlib.Path(__file__).parent)
    packages = ("python3-flask", "gunicorn", "python3-celery", "redis-server", "python3-pil")
    versions = {name: _output("dpkg-query", "-W", "-f=${Version}", name) for name in packages}
    versions["python3"] = platform.python_version()
    told = _output(str(thumbmill), "version")
    versions["thumbmill"] = told.split("\n")[0]
    # The program may have been built from another commit than the one this lies in.
    versions["thumbmill_sha256"] = hashlib.sha256(thumbmill.read_bytes()).hexdigest()
    return {
        "machine": {"cpu": model, "cores": len(os.sched_getaffinity(0)), "kernel": platform.release(),
                    "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
                    "filesystem": _output("stat", "-f", "-c", "%T", str(directory))},
        "commit": _output("git", "-C", here, "rev-parse", "HEAD"),
        "dirty": _output("git", "-C", here, "status", "--porcelain", "--", "..") != "",
        "versions": versions,
        "libraries": libraries(told),
    }
