"""Tests of what the benchmarks compute from /proc and from results."""

import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
BENCH = pathlib.Path(__file__).resolve().parents[3] / "bench"
sys.path.insert(0, str(BENCH))

import machine  # noqa: E402: found by the line above
import table  # noqa: E402

# Works for a fixed share of CPU time, not of time, so that a busy machine changes nothing.
BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"


def load_script(name):
    """A program without an extension as a module."""
    loader = importlib.machinery.SourceFileLoader(f"bench_{name}", str(BENCH / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    sys.modules[loader.name] = module  # its dataclasses look themselves up
    loader.exec_module(module)
    return module


class StatLine(unittest.TestCase):
    def test_a_name_with_spaces_and_parentheses_moves_no_field(self):
        # Field 4 is the parent; 14 to 17 are own and reaped children's user and system ticks.
        text = "12 (a) b (c) S 7 12 12 0 -1 4194304 1 2 3 4 100 20 3000 400 20 0 1 0 5 6 7"
        parent, seconds = machine.parse_stat(text)
        self.assertEqual(parent, 7)
        self.assertAlmostEqual(seconds, 3520 / machine.TICKS_A_SECOND)


class ProcessTree(unittest.TestCase):
    def test_descendants_and_reaped_children_count(self):
        # The child burns, reaps a grandchild that burned as well, starts a third, and stays.
        child = (BURN.format(seconds=0.1) + "import subprocess, sys\n"
                 f"subprocess.run([sys.executable, '-c', {BURN.format(seconds=0.2)!r}])\n"
                 "living = subprocess.Popen(['cat'], stdin=subprocess.PIPE)\n"
                 "print(living.pid, flush=True)\nsys.stdin.read()\nliving.communicate()\n")
        process = subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE)
        try:
            living = int(process.stdout.readline())
            self.assertEqual(set(machine.tree([process.pid])), {process.pid, living})
            # Three clock ticks for rounding: each counter is cut to whole ticks.
            self.assertGreaterEqual(machine.cpu_seconds([process.pid]),
                                    0.3 - 3 / machine.TICKS_A_SECOND)
            pss, rss = machine.memory_bytes([process.pid])
            self.assertGreater(pss, machine.memory_bytes([living])[0])
            self.assertGreaterEqual(rss, pss)
        finally:
            process.communicate()
        self.assertEqual(machine.tree([process.pid]), {})

    def test_work_of_reaped_children_is_the_load_generators(self):
        meter = machine.CpuMeter([])
        meter.start()
        subprocess.run([sys.executable, "-c", BURN.format(seconds=0.2)], check=True)
        used = meter.stop()
        self.assertEqual(used["cpu_seconds"], 0)
        self.assertGreaterEqual(used["load_cpu_seconds"], 0.2 - 2 / machine.TICKS_A_SECOND)

    def test_work_of_others_is_foreign(self):
        meter = machine.CpuMeter([])
        meter.start()
        begin = time.monotonic()
        other = subprocess.Popen([sys.executable, "-c", BURN.format(seconds=0.3) + "print(flush=True)\n"
                                  "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            other.stdout.readline()  # it has worked, and has not ended: nobody has reaped it
            used = meter.stop()
            elapsed = time.monotonic() - begin
        finally:
            other.communicate(b"\n")
        self.assertGreaterEqual(used["foreign_cores"] * elapsed, 0.3 - 8 / machine.TICKS_A_SECOND)


def result(system, thumbs_per_second, cpu_ms):
    latency = {"p50": 0.1, "p99": 0.2}
    return {"photo": "j12", "system": system, "load": "closed", "cpu_ms_a_job": cpu_ms,
            "memory_pss_bytes": 50_000_000,
            "report": {"thumbs_per_second": thumbs_per_second, "end_to_end_seconds": latency,
                       "upload_seconds": latency}}


class Table(unittest.TestCase):
    def test_ratio_says_how_many_times_better_the_first_is(self):
        self.assertEqual(table.ratio([50, 60, 70], [30], True), 2)
        self.assertEqual(table.ratio([20], [60], False), 3)
        self.assertEqual(table.ratio([20], [60], True), 20 / 60)
        self.assertIsNone(table.ratio([], [1], True))
        self.assertIsNone(table.ratio([1], [0], True))

    def test_spread_is_median_with_least_and_greatest(self):
        self.assertEqual(table.spread([3.0, 1.0, 2.0]), "2 (1-3)")
        self.assertEqual(table.spread([1234.5]), "1234")
        self.assertEqual(table.spread([]), "-")

    def test_a_photo_is_named_once_and_loads_that_were_not_run_are_left_out(self):
        results = [result("thumbmill", 60, 20), result("thumbmill", 40, 25),
                   result("baseline", 25, 75)]
        text = table.render(results, ["thumbmill", "baseline"])
        self.assertEqual(text.count("j12"), 1)
        self.assertRegex(text, r"j12 +thumbnails/s +50 \(40-60\) +25 +2\.00x")
        self.assertRegex(text, r"CPU ms a job +22\.5 \(20-25\) +75 +3\.33x")
        self.assertNotIn("2/s", text)

    def test_one_system_has_no_ratio(self):
        self.assertNotIn("x\n", table.render([result("baseline", 25, 75)], ["baseline"]) + "\n")


class ScalingTable(unittest.TestCase):
    scaling = load_script("scaling")

    def results(self, what, *rates):
        return [{"what": what, "jobs": 9, "per_second": rate, "cpu_ms_a_job": 500 / rate, "wall_ms_a_job": 1000 / rate,
                 "server_cpu_ms_a_job": 0.5} for rate in rates]

    def test_two_workers_are_told_by_the_medians_and_round_by_round(self):
        text = self.scaling.render(self.results("1 bound", 10, 20, 25) + self.results("2 bound", 18, 40, 30))
        self.assertRegex(text, r"thumbnails/s +20 \(10-25\) +30 \(18-40\) +1\.50x")
        self.assertIn("1.20x to 2.00x, 3 rounds", text)
        self.assertNotIn("CPU ms", text)

    def test_the_cost_of_a_job_stands_beside_that_on_other_stores(self):
        text = self.scaling.render(self.results("embedded", 50) + self.results("redis+folder", 40)
                                   + self.results("redis+s3", 10))
        self.assertRegex(text, r"CPU ms +10 +12\.5 +50\n")
        self.assertRegex(text, r"wall ms +20 +25 +100\n")
        self.assertNotIn("thumbnails/s", text)


class QueueTable(unittest.TestCase):
    queue = load_script("queue")

    def test_both_systems_and_the_backlog_have_their_lines(self):
        rivals = [{"part": "rivals", "system": system, "threads": threads, "per_second": rate}
                  for system, threads, rate in (("celery", 2, 100), ("thumbmill", 2, 600), ("thumbmill", 32, 1500),
                                                ("celery", 2, 200), ("thumbmill", 2, 600), ("thumbmill", 32, 2100))]
        memory = [{"part": "memory", "backlog": backlog, "redis_used_bytes": used, "redis_rss_bytes": 5e6}
                  for backlog, used in ((0, 2e6), (1_000_000, 202e6))]
        behind = [{"part": "backlog", "backlog": backlog, "threads": threads, "per_second": rate, "own_rss_bytes": 4e6}
                  for backlog, threads, rate in ((0, 1, 500), (0, 2, 700), (1_000_000, 1, 250), (1_000_000, 2, 300))]
        text = self.queue.render(rivals + memory + behind, 2)
        self.assertRegex(text, r"taken out, 2 at once +600 \(600-600\) +150 \(100-200\) +4\.00x")
        self.assertIn("3.00x to 6.00x, 2 rounds", text)
        self.assertRegex(text, r"taken out, 32 at once +1800 \(1500-2100\) +150 \(100-200\) +12\.00x")
        self.assertRegex(text, r"ours, by backlog +0 +1,000,000\n")
        self.assertRegex(text, r"us for a lease and ack, 1 thread +2000 +4000\n")
        self.assertRegex(text, r"jobs/s, 2 threads +700 +300\n")
        self.assertRegex(text, r"memory in use, MB +2 +202\n")


if __name__ == "__main__":
    unittest.main()
