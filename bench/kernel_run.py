"""One run of bench/kernel: what it measured, and its tables, as Markdown.

A figure is the median of all repetitions of all rounds, with the quartiles in parentheses; of processor time, where nothing else
is said.
"""

import functools
import json
import pathlib
import statistics

import photos
import table

SETS = ("200", "400", "800", "200,400,800")
NAMES = {"ours": "Thumbmill", "pillow": "Pillow", "opencv": "OpenCV", "libvips-debian": "Debian's libvips",
         "libvips-debian-whole": "Debian's libvips, whole", "coded-picture": "coded picture", "every-code": "every code"}
FORMATS = {"JPEG": ".jpg", "PNG": ".png", "WebP": ".webp", "HEIC": ".heic", "AVIF": ".avif", "TIFF": ".tif"}
# What the README shows, of our kernels and of these rivals.
MAIN = (("j12.jpg", "200"), ("j12prog.jpg", "200"), ("j2.jpg", "200"), ("j12.jpg", "400"), ("j12.jpg", "800"),
        ("j12.jpg", SETS[3]), ("png28rgb.png", "200"), ("webp12.webp", "200"), ("heic12.heic", "200"), ("heic12.heic", "800"),
        ("avif12.avif", "200"), ("avif12.avif", "800"))
MAIN_RIVALS = ("pillow", "libvips", "sharp", "libvips-debian")
# Where a kernel may take a thumbnail that is inside the file: quicker, and not as good.
WITH_QUALITY = ".heic"


class Run:
    """`about` is the file's first line, `results` are the others."""

    def __init__(self, about: dict, results: list[dict]):
        self.about = about
        self.results = results
        self.photos = list(dict.fromkeys(result["photo"] for result in results))
        measured = list(dict.fromkeys(result["kernel"] for result in results))
        self.limits = [name for name in measured if name in about["limits"]]
        self.rivals = [name for name in measured if name not in about["limits"] and name != "ours"]

    @functools.cached_property
    def _times(self) -> dict[tuple, list[float]]:
        times: dict[tuple, list[float]] = {}
        for result in self.results:
            for measure in ("cpu_ms", "wall_ms"):
                key = result["photo"], result["sizes"], result["kernel"], measure
                times.setdefault(key, []).extend(result[measure])
        return times

    def quartiles(self, photo: str, sizes: str, kernel: str, measure: str = "cpu_ms") -> tuple[float, float, float] | None:
        """The lower one, the median, the upper one; nothing where that was not measured."""
        values = self._times.get((photo, sizes, kernel, measure))
        return table.quartiles(values) if values else None

    def median(self, photo: str, sizes: str, kernel: str, measure: str = "cpu_ms") -> float | None:
        found = self.quartiles(photo, sizes, kernel, measure)
        return found[1] if found else None

    def ratio(self, photo: str, sizes: str, rival: str, measure: str = "cpu_ms") -> float | None:
        """How many times more than ours."""
        ours, theirs = self.median(photo, sizes, "ours", measure), self.median(photo, sizes, rival, measure)
        return theirs / ours if ours and theirs else None

    def rendition(self, photo: str, sizes: str, kernel: str) -> tuple[float | None, int] | None:
        """Its luma PSNR in dB, where that can be told, and its bytes."""
        return next(((result["psnr_db"], result["bytes"]) for result in self.results if "bytes" in result and
                     (result["photo"], result["sizes"], result["kernel"]) == (photo, sizes, kernel)), None)

    def version(self, kernel: str) -> str:
        return next((result["version"] for result in self.results if result["kernel"] == kernel), "")

    def libraries(self, kernel: str) -> dict[str, str]:
        """Versions of the libraries that it works with, as far as it tells."""
        return {name: version for result in self.results if result["kernel"] == kernel
                for name, version in result.get("libraries", {}).items()}


def load(path: pathlib.Path) -> Run:
    about, *results = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return Run(about, results)


def name_of(kernel: str) -> str:
    """Of "sharp with HEIC" it is that of sharp, with the rest behind it."""
    name, space, rest = kernel.partition(" ")
    return NAMES.get(name, name) + space + rest


def size_name(sizes: str) -> str:
    return "all three" if sizes == SETS[3] else f"{sizes} px"


def row_name(photo: str, sizes: str) -> str:
    stem = photo.rsplit(".", 1)[0]
    return f"{stem} ({photos.CORPUS[stem]}) to {size_name(sizes)}"


def rows(run: Run, ending: str = "") -> list[tuple[str, str]]:
    """Photos and sizes that were measured, of the files that end so."""
    return [(photo, sizes) for photo in run.photos if photo.endswith(ending) for sizes in SETS]


def main_rows(run: Run) -> list[tuple[str, str]]:
    """What the README shows; all there is, where that was not measured."""
    return [row for row in MAIN if row[0] in run.photos] if MAIN[0][0] in run.photos else rows(run)


def markdown(heads: list[str], lines: list[list[str]]) -> str:
    """A table of text; numbers to the right."""
    rule = ["---"] + ["---:"] * (len(heads) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (heads, rule, *lines))


def main_table(run: Run) -> str:
    """What the README shows."""
    return times_table(run, main_rows(run), kernels=["ours", *(name for name in MAIN_RIVALS if name in run.rivals)])


def times_table(run: Run, which: list[tuple[str, str]], measure: str = "cpu_ms", kernels: list[str] | None = None) -> str:
    """Ours, the rivals with how many times more they take, the limits, or those of them that are named; a row for each photo and
    sizes."""
    kernels = [name for name in kernels or ("ours", *run.rivals, *run.limits)
               if any(run.median(photo, sizes, name) for photo, sizes in which)]

    def quality(photo: str, sizes: str, kernel: str) -> str:
        shown = photo.endswith(WITH_QUALITY) and measure == "cpu_ms"
        found = run.rendition(photo, sizes, kernel) if shown else None
        return f", {found[0]:.1f} dB" if found and found[0] is not None else ""

    def cell(photo: str, sizes: str, kernel: str) -> str:
        if (found := run.quartiles(photo, sizes, kernel, measure)) is None:
            return "-"
        low, middle, high = map(table.number, found)
        if kernel in run.limits:
            return middle
        ratio = f" **{run.ratio(photo, sizes, kernel, measure):.2f}x**" if kernel in run.rivals else ""
        return f"{middle} ({low}-{high}){ratio}{quality(photo, sizes, kernel)}"

    heads = [f"{'CPU' if measure == 'cpu_ms' else 'clock'} ms an image"]
    heads += [f"{name_of(name)} {run.version(name)}".strip() + (" (limit)" if name in run.limits else "") for name in kernels]
    return markdown(heads, [[row_name(*row), *(cell(*row, kernel) for kernel in kernels)] for row in which])


def means_table(run: Run) -> str:
    """How many times more than ours the rivals take, by format and size: geometric means."""
    lines = []
    for title, ending in FORMATS.items():
        files = [photo for photo in run.photos if photo.endswith(ending)]
        for sizes in SETS if files else ():
            ratios = {rival: [run.ratio(photo, sizes, rival) for photo in files] for rival in run.rivals}
            lines.append([f"{title}, {len(files)} to {size_name(sizes)}",
                          *(f"{statistics.geometric_mean(ratios[rival]):.2f}x" if all(ratios[rival]) else "-"
                            for rival in run.rivals)])
    return markdown(["geometric mean of", *map(name_of, run.rivals)], lines)


def together_table(run: Run) -> str:
    """What three renditions from one call save, beside three calls of the same kernel."""
    lines = []
    for photo in run.photos:
        apart = [run.median(photo, sizes, "ours") for sizes in SETS[:3]]
        one = run.median(photo, SETS[3], "ours")
        if all(apart) and one:
            lines.append([photo, table.number(sum(apart)), table.number(one), f"{sum(apart) / one:.2f}x"])
    return markdown(["CPU ms", "three calls", "one call", "saves"], lines)


def quality_table(run: Run) -> str:
    """Luma PSNR and kilobytes of each rendition."""
    kernels = ["ours", *run.rivals]

    def cell(photo: str, sizes: str, kernel: str) -> str:
        if (found := run.rendition(photo, sizes, kernel)) is None:
            return "-"
        psnr_db, size = found
        return f"{'-' if psnr_db is None else f'{psnr_db:.2f}'} ({table.number(size / 1e3)})"

    return markdown(["dB (kB)", *map(name_of, kernels)],
                    [[row_name(*row), *(cell(*row, kernel) for kernel in kernels)] for row in rows(run) if row[1] != SETS[3]])
