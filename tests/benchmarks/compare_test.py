#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compare.py with programs in the place of kd and its peers that say what they are told to."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import watch  # noqa: E402

# Says what Google Benchmark says; a step takes 10 us on one thread and 20 on two.
KD = """
    import json, os, pathlib, sys, time
    options = dict(a.lstrip("-").split("=", 1) for a in sys.argv[1:])
    phase = options["benchmark_filter"].strip("^$")
    with open(pathlib.Path(__file__).parent / "calls", "a") as calls:
        calls.write(phase + "\\n")
    time.sleep(float(os.environ.get("FAKE_SECONDS", 0)))
    median = {"aggregate_name": "median", "time_unit": "us",
              "real_time": 10.0 * int(options["threads"]), "flop": 1e3, "bytes": 1e3,
              "GFLOP/s": 1.0, "GB/s": 2.0}
    print(json.dumps({"benchmarks": [{}, median]}))
"""
# Says what a peer says: three times as long, in two modes.
PEER = """
    import json, os, sys
    if sys.argv[1] == os.environ.get("FAKE_FAULT"):
        sys.exit("no memory left")
    for mode, seconds in (("slow", 50e-6), ("quick", 30e-6)):
        print(json.dumps({"peer": "Fake 1.0", "mode": mode, "seconds": seconds}))
"""


class Compare(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.json = self.folder / "report.json"
        for name, text in (("kd_benchmarks", KD), ("eigen_peer", PEER), ("libtorch_peer", PEER)):
            program = self.folder / name
            program.write_text(f"#!{sys.executable}\n{textwrap.dedent(text)}")
            program.chmod(0o755)

    if not hasattr(unittest.TestCase, "enterContext"):  # before Python 3.11

        def enterContext(self, context):
            self.addCleanup(context.__exit__, None, None, None)
            return context.__enter__()

    def start(self, *arguments, **environment):
        command = [sys.executable, "-B", BENCHMARKS / "compare.py", "--kd", self.folder / "kd_benchmarks"]
        command += ["--peers", self.folder, "--json", self.json, "--seconds", "0.01", *arguments]
        return subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )

    def run_to_end(self, *arguments, status=0, **environment):
        process = self.start(*arguments, **environment)
        table, said = process.communicate(timeout=120)
        self.assertEqual(process.returncode, status, said)
        return table, said, json.loads(self.json.read_text())

    def calls(self):
        file = self.folder / "calls"
        return file.read_text().split() if file.exists() else []

    def test_ratios_and_progress(self):
        marked = self.folder / "README.md"
        marked.write_text("before\n<!-- table: begin -->\nold\n<!-- table: end -->\nafter\n")
        table, said, report = self.run_to_end(
            "--phases", "step/student,step/teacher", "--rounds", "2", "--markdown", marked
        )
        self.assertEqual([row["phase"] for row in report["rows"]], ["step/teacher", "step/student"])
        student = report["rows"][1]
        self.assertAlmostEqual(student["seconds"], 10e-6)
        self.assertEqual(student["threads"], 1)  # the quicker of both
        self.assertEqual(student["peers"]["plain Eigen"]["mode"], "quick")
        self.assertAlmostEqual(student["peers"]["plain Eigen"]["ratio"]["median"], 3)
        self.assertNotIn("plain Eigen", report["rows"][0]["peers"])  # which has no teacher
        self.assertAlmostEqual(report["rows"][0]["peers"]["PyTorch C++"]["ratio"]["median"], 3)
        self.assertAlmostEqual(student["limit"]["seconds"], 1e3 / 1e9 + 1e3 / 2e9)
        self.assertEqual(report["ended"], "")
        self.assertEqual(report["rounds_done"], 2)
        self.assertEqual(len(report["all"]["step/student"]["kd"]["kd, 2"]), 2)
        self.assertIn("**3.0x**", table)
        self.assertIn("medians of 2 rounds", table)
        self.assertRegex(said, r"\[ +0%\] limit/fma, 1 thread\n")
        self.assertRegex(said, r"\[ *\d+%, \d+ s left\] step/student, round 2 of 2: plain Eigen, 1 thread\n")
        text = marked.read_text()
        self.assertTrue(text.startswith("before\n") and text.endswith("after\n"))
        self.assertIn(table.strip(), text)

    def stop_by(self, number):
        process = self.start("--phases", "step/student", "--rounds", "100", FAKE_SECONDS="0.05")
        deadline = time.monotonic() + 60
        while self.calls().count("step/student") < 8:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        process.send_signal(number)
        table, said = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 128 + number, said)
        report = json.loads(self.json.read_text())
        self.assertEqual(report["ended"], f"stopped by {signal.Signals(number).name}")
        self.assertGreaterEqual(report["rounds_done"], 2)
        self.assertLess(report["rounds_done"], 100)
        self.assertAlmostEqual(report["rows"][0]["peers"]["PyTorch C++"]["ratio"]["median"], 3)
        self.assertIn(f"of 100 rounds, stopped by {signal.Signals(number).name}", table)

    def test_keeps_what_it_has_on_ctrl_c(self):
        self.stop_by(signal.SIGINT)

    def test_keeps_what_it_has_on_sigterm(self):
        self.stop_by(signal.SIGTERM)

    def test_killed_between_rounds_it_leaves_those_before(self):
        process = self.start("--phases", "step/student", "--rounds", "100", FAKE_SECONDS="0.05")
        deadline = time.monotonic() + 60
        while not self.json.exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        process.kill()
        process.communicate()
        report = json.loads(self.json.read_text())
        self.assertEqual(report["ended"], "not yet done")
        self.assertEqual(report["rows"][0]["phase"], "step/student")

    def test_keeps_what_it_has_when_a_peer_fails(self):
        table, said, report = self.run_to_end(
            "--phases", "step/teacher,step/student", status=1, FAKE_FAULT="step/student"
        )
        self.assertIn("no memory left", said)
        self.assertRegex(report["ended"], "^failed: .*step/student")
        self.assertAlmostEqual(report["rows"][0]["peers"]["PyTorch C++"]["ratio"]["median"], 3)
        self.assertIn("`step/teacher`", table)

    def test_quick_is_the_main_phases_on_one_thread(self):
        _, _, report = self.run_to_end("--quick")
        self.assertEqual(
            {row["phase"] for row in report["rows"]},
            {"step/teacher", "step/student", "step/kd_live", "step/kd_cached"}
            | {"predict/student/1", "predict/teacher/1", "loss/kd/50257"},
        )
        self.assertEqual({row["threads"] for row in report["rows"]}, {1})

    def test_what_has_no_time_left_is_not_begun(self):
        _, _, report = self.run_to_end("--quick", "--minutes", "0.05", FAKE_SECONDS="0.4")
        self.assertRegex(report["ended"], r"^no time for \d+ of \d+ measurements$")
        self.assertLess(len(self.calls()), 20)

    def test_unknown_phase(self):
        process = self.start("--phases", "step/nobody")
        self.assertIn("no such phase: step/nobody", process.communicate()[1])
        self.assertEqual(process.returncode, 1)


class Watch(unittest.TestCase):
    def test_progress_learns_how_long_a_kind_takes(self):
        now = [0.0]

        def work(seconds):
            now[0] += seconds
            return seconds

        progress = watch.Progress(["a", "a", "b", "b"], minutes=1, clock=lambda: now[0])
        self.assertEqual(progress.run("a", "a1", lambda: work(10)), 10)
        self.assertEqual(progress.seconds_left(), 30)  # all that are left, as long as the one
        self.assertEqual(progress.run("b", "b1", lambda: work(40)), 40)
        self.assertEqual(progress.seconds_left(), 50)
        self.assertIsNone(progress.run("b", "b2", lambda: work(40)))  # 50 + 40 > 60
        self.assertEqual(progress.run("a", "a2", lambda: work(10)), 10)
        self.assertEqual(progress.skipped, ["b2"])
        self.assertEqual(progress.seconds_left(), 0)

    @unittest.skipUnless(Path("/proc/stat").exists(), "no /proc/stat")
    def test_sees_what_others_take_and_not_what_is_its_own(self):
        spin = "import time\nend = time.monotonic() + 3\nwhile time.monotonic() < end: pass"
        others = watch.Others()
        apart = ["setsid", "--fork", sys.executable, "-c", spin]  # no child of this process
        subprocess.run(apart, check=True, stdout=subprocess.DEVNULL)
        time.sleep(2)
        self.assertGreater(others.share(), 0.2 / os.cpu_count())
        self.assertLessEqual(others.share(), 1)
        alone = watch.Others()
        begun = alone.look()
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            pass
        _, _, mine = alone.look()
        self.assertGreater(mine, begun[2])

    def test_spans(self):
        self.assertEqual(watch.span(59.4), "59 s")
        self.assertEqual(watch.span(125), "2 min 05 s")


if __name__ == "__main__":
    unittest.main()
