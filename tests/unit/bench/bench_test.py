"""Tests of what bench/compare computes from /proc and from results."""

import pathlib
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "bench"))

import machine  # noqa: E402: found by the line above
import table  # noqa: E402

# Works for a fixed share of CPU time, not of time, so that a busy machine changes nothing.
BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"


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


if __name__ == "__main__":
    unittest.main()
