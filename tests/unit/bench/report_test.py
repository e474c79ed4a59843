"""Tests of bench/report: what it makes of a run of bench/kernel, and that the pages in the repository are made of their results."""

import pathlib
import re
import unittest
import xml.etree.ElementTree

from bench_test import BENCH, load_script

import bar_chart  # from bench/, which bench_test has added to the path
import kernel_run

ROOT = pathlib.Path(__file__).resolve().parents[3]
SVG = "{http://www.w3.org/2000/svg}"


def result(kernel, cpu_ms, photo="j12.jpg", sizes="200", **more):
    return {"photo": photo, "sizes": sizes, "kernel": kernel, "cpu_ms": cpu_ms, "wall_ms": [2 * ms for ms in cpu_ms],
            "version": "", "foreign_cores": 0.1, **more}


def run_of(*results, missing=None):
    about = {"started": "20261127T080000Z", "rounds": 2, "count": 2, "limits": ["memcpy"], "missing": missing or {},
             "machine": {"cpu": "AMD EPYC", "cores": 2, "kernel": "6.18"}, "commit": "0123456789abcdef", "dirty": False}
    return kernel_run.Run(about, list(results))


class Tables(unittest.TestCase):
    def test_a_figure_is_the_median_of_all_repetitions_of_all_rounds_with_quartiles(self):
        run = run_of(result("ours", [1, 2, 9]), result("ours", [3, 4]), result("pillow", [6, 6], version="13.0"),
                     result("memcpy", [0.5, 0.7]))
        text = kernel_run.times_table(run, kernel_run.main_rows(run))
        self.assertEqual(text.splitlines(), [
            "| CPU ms an image | Thumbmill | Pillow 13.0 | memcpy (limit) |",
            "| --- | ---: | ---: | ---: |",
            "| j12 (12 MP, Display P3) to 200 px | 3 (2-4) | 6 (6-6) **2.00x** | 0.6 |",
            *(f"| j12 (12 MP, Display P3) to {sizes} | - | - | - |" for sizes in ("400 px", "800 px", "all three"))])

    def test_the_main_table_has_the_rivals_that_make_thumbnails_and_no_limits(self):
        run = run_of(*(result(kernel, [1]) for kernel in ("ours", "opencv", "sharp", "pillow", "memcpy")))
        self.assertEqual(kernel_run.main_table(run).splitlines()[0], "| CPU ms an image | Thumbmill | Pillow | sharp |")

    def test_a_main_row_of_each_format_is_shown_where_it_was_measured(self):
        run = run_of(result("ours", [1]), result("ours", [1], "heic12.heic"), result("ours", [1], "avif12.avif", "800"))
        rows = [line.split(" | ")[0] for line in kernel_run.main_table(run).splitlines()[-4:]]
        self.assertEqual(rows, [f"| {kernel_run.row_name(photo, sizes)}" for photo in ("heic12.heic", "avif12.avif")
                                for sizes in ("200", "800")])

    def test_a_heic_row_tells_the_quality_beside_the_time_for_a_thumbnail_inside_costs_some(self):
        run = run_of(result("ours", [4], "heic12.heic", psnr_db=34.04, bytes=9),
                     result("libvips-debian", [1], "heic12.heic", psnr_db=27.1, bytes=9),
                     result("ours", [4], "avif12.avif", psnr_db=34.04, bytes=9))
        rows = kernel_run.rows(run)
        text = kernel_run.times_table(run, rows)
        self.assertIn("to 200 px | 4 (4-4), 34.0 dB | 1 (1-1) **0.25x**, 27.1 dB |", text)
        self.assertEqual(text.count("dB"), 2)
        self.assertNotIn("dB", kernel_run.times_table(run, rows, "wall_ms"))

    def test_a_kernel_that_does_not_read_a_format_has_no_column_there(self):
        run = run_of(result("ours", [1]), result("libjpeg-turbo", [2]), result("ours", [1], "webp08.webp"))
        self.assertIn("libjpeg-turbo", kernel_run.times_table(run, kernel_run.rows(run, ".jpg")))
        self.assertNotIn("libjpeg-turbo", kernel_run.times_table(run, kernel_run.rows(run, ".webp")))

    def test_means_are_geometric_and_of_one_format(self):
        run = run_of(*(result(kernel, [ms], photo) for photo, ours, theirs in (("j12.jpg", 1, 2), ("j2.jpg", 1, 8),
                                                                               ("webp08.webp", 2, 1))
                       for kernel, ms in (("ours", ours), ("sharp", theirs))))
        text = kernel_run.means_table(run)
        self.assertIn("| JPEG, 2 to 200 px | 4.00x |", text)
        self.assertIn("| WebP, 1 to 200 px | 0.50x |", text)
        self.assertIn("| WebP, 1 to 400 px | - |", text)

    def test_one_call_is_compared_with_three_calls(self):
        run = run_of(*(result("ours", [ms], sizes=sizes) for sizes, ms in zip(kernel_run.SETS, (1, 2, 3, 4))))
        self.assertIn("| j12.jpg | 6 | 4 | 1.50x |", kernel_run.together_table(run))

    def test_quality_that_cannot_be_told_is_left_open(self):
        run = run_of(result("ours", [1], psnr_db=33.333, bytes=10_800), result("ours", [1]),
                     result("libjpeg-turbo", [2], psnr_db=None, bytes=9_000))
        self.assertIn("| j12 (12 MP, Display P3) to 200 px | 33.33 (10.8) | - (9) |", kernel_run.quality_table(run))


class Charts(unittest.TestCase):
    def heights(self, svg):
        bars = xml.etree.ElementTree.fromstring(svg).iter(SVG + "rect")
        return [float(bar.get("height")) for bar in list(bars)[3:]]  # behind the ground and the legend's two

    def chart(self, *bars, **how):
        group = bar_chart.Group("a<b", {name: (value, value, value) for name, value in zip(("ours", "pillow"), bars)})
        return bar_chart.chart([bar_chart.Panel("panel", [group])], ["ours", "pillow"], ["memcpy"], str, **how)

    def test_bars_are_as_high_as_their_values(self):
        low, high = self.heights(self.chart(1, 4))
        self.assertEqual((low, high), (bar_chart.PLOT_HEIGHT / 4, bar_chart.PLOT_HEIGHT))

    def test_on_a_logarithmic_axis_one_factor_is_one_height(self):
        half, double = self.heights(self.chart(0.5, 4, make_axis=bar_chart.log_axis))
        self.assertAlmostEqual(double / half, 4)  # four doublings above the floor of 1/4, and one
        least, _ = self.heights(self.chart(0.01, 4, make_axis=bar_chart.log_axis))
        self.assertEqual(least, 0)

    def test_the_legend_has_what_is_shown(self):
        labels = {text.text for text in xml.etree.ElementTree.fromstring(self.chart(1)).iter(SVG + "text")}
        self.assertIn("ours", labels)
        self.assertFalse({"pillow", "memcpy"} & labels)

    def test_names_are_text(self):
        labels = [text.text for text in xml.etree.ElementTree.fromstring(self.chart(1, 2)).iter(SVG + "text")]
        self.assertIn("a<b", labels)


class Report(unittest.TestCase):
    report = load_script("report")

    def test_what_was_missing_is_named_with_the_reason(self):
        run = run_of(result("ours", [1]), missing={"opencv": "it is not installed"})
        self.assertIn("Without OpenCV: it is not installed.", self.report.markdown(run, "kernel-x"))

    def test_the_libraries_of_each_kernel_are_named(self):
        run = run_of(result("ours", [1], libraries={"libwebp": "1.2"}), result("pillow", [2], version="13.0"),
                     result("pillow", [2], "heic12.heic", libraries={"libheif": "1.23", "libde265": "1.1"}))
        text = self.report.conditions(run)
        self.assertIn(" Thumbmill with libwebp 1.2. Pillow with libheif 1.23, libde265 1.1.", text)

    def test_a_format_that_a_rival_does_not_read_is_named_with_the_reason(self):
        run = run_of(result("ours", [1]), missing={"libvips with HEIC": "it has no decoder"})
        self.assertIn("Without libvips with HEIC: it has no decoder.", self.report.conditions(run))
        self.assertEqual(kernel_run.name_of("pillow with HEIC"), "Pillow with HEIC")

    def test_each_format_has_its_section_and_plot(self):
        run = run_of(*(result("ours", [1], photo, sizes) for photo in ("j12.jpg", "heic12.heic", "avif12.avif")
                       for sizes in kernel_run.SETS))
        text = self.report.markdown(run, "kernel-x")
        for title in ("JPEG", "HEIC", "AVIF"):
            self.assertIn(f"## {title}\n", text)
            self.assertIn(f"kernel-x-{title.lower()}.svg", text)
        self.assertNotIn("## PNG", text)
        self.assertEqual(set(self.report.plots(run)), {"jpeg.svg", "heic.svg", "avif.svg", "ratios.svg"})

    def test_a_page_without_a_place_for_the_table_is_refused(self):
        with self.assertRaises(SystemExit):
            self.report.with_main_table("no place", run_of(result("ours", [1])), "kernel-x")

    def test_the_pages_here_are_made_of_their_results(self):
        readme = (ROOT / "README.md").read_text(encoding="utf-8")
        name = re.search(r"<!-- bench/report bench/results/(\S+)\.jsonl", readme).group(1)
        results = BENCH / "results"
        run = kernel_run.load(results / f"{name}.jsonl")
        self.assertEqual(self.report.with_main_table(readme, run, name), readme)
        self.assertEqual((results / f"{name}.md").read_text(encoding="utf-8"), self.report.markdown(run, name))
        for ending, svg in self.report.plots(run).items():
            self.assertEqual((results / f"{name}-{ending}").read_text(encoding="utf-8"), svg)


if __name__ == "__main__":
    unittest.main()
