#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the same work in kd and in what one would use instead, and prints how far apart they are.

Every phase runs in every program in turn, each in a process of its own, for several rounds. A ratio
is taken within a round, so that a machine which slows down slows down both; what is printed is the
median over the rounds with the least and the most. The best mode and thread count of each program
count. Ctrl-C, SIGTERM and a program that fails end it with a report of what there is. See README.md
for how to install the peers.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from watch import BUSY, Failed, Others, Progress, Stopped, busy_now, say, stop_on_signals

HERE = Path(__file__).resolve().parent
STEPS = ["step/teacher", "step/student", "step/kd_live", "step/kd_cached"]
PREDICTIONS = [f"predict/{who}/{n}" for who in ("student", "teacher") for n in (1, 32, 10000)]
IMAGE_STEPS = ["step/resnet8", "step/ds_cnn"]
IMAGE_PREDICTIONS = [f"predict/{who}/{n}" for who in ("resnet8", "ds_cnn") for n in (1, 32)]
LOSSES = [f"loss/kd/{classes}" for classes in (10, 1000, 50257)]
ARTICLE = "article"
# What --quick runs, and how: one thread, and no mode that compiles for longer than it is measured.
QUICK_PHASES = [*STEPS, "predict/student/1", "predict/teacher/1", "loss/kd/50257"]
QUICK = {"phases": ",".join(QUICK_PHASES), "threads": "1", "rounds": 2, "seconds": 0.25, "minutes": 4.5}
USUAL = {"phases": "", "threads": "1,2", "rounds": 5, "seconds": 1.0, "minutes": None}
# Least ratios that kd aims at, by phase and peer; "any" is the best of all peers.
TARGETS = {
    "step/teacher": {"JAX": 2},
    "step/student": {"JAX": 3, "PyTorch": 12, "PyTorch C++": 12},
    "step/kd_live": {"JAX": 2},
    "step/kd_cached": {"JAX": 3, "PyTorch": 12, "PyTorch C++": 12},
    "predict/student/1": {"PyTorch C++": 10, "ONNX Runtime": 5},
    "predict/teacher/1": {"ONNX Runtime": 1},
    "predict/resnet8/1": {"ONNX Runtime": 1.5},
    "predict/ds_cnn/1": {"ONNX Runtime": 1.5},
    "loss/kd/50257": {"any": 6},
    "step/resnet8": {"PyTorch": 1.5},
    "step/ds_cnn": {"PyTorch": 1.5},
    ARTICLE: {"PyTorch": 4},
}
# Shares of the limit that are enough, whatever the ratios are.
LIMIT_TARGETS = {"step/teacher": 0.85, "step/kd_live": 0.85}
LIMIT_COUNTERS = {"limit/fma": "GFLOP/s", "limit/copy": "GB/s", "limit/gemm": "GFLOP/s"}
LOOKS = 3


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--kd", default="build/bench/benchmarks/kd_benchmarks", help="kd_benchmarks")
    add("--peers", default="build/peers", help="folder with the C++ peers")
    add("--torch", default="", help="a Python that has torch")
    add("--jax", default="", help="a Python that has jax")
    add("--onnx", default="", help="a Python that has onnx and onnxruntime")
    add("--mnist-distill", default="", help="kd's example program; adds the phase 'article'")
    add("--data", default=os.environ.get("KD_DATA", ""), help="folder with MNIST; none: made up")
    add("--quick", action="store_true", help="the main phases on one thread, in under five minutes")
    add("--phases", help="comma-separated; none: all")
    add("--threads", help="thread counts to try, comma-separated (1,2)")
    add("--rounds", type=int, help="5")
    add("--seconds", type=float, help="of measuring, for each mode in each process (1)")
    add("--minutes", type=float, help="begin nothing that would take longer than that in all")
    add("--json", type=Path, help="write all that was measured there, after every round")
    add("--markdown", type=Path, help="put the table between the marks of this file")
    options = parser.parse_args()
    for name, value in (QUICK if options.quick else USUAL).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.threads = [int(n) for n in options.threads.split(",")]
    return options


class Program:
    """Somebody who does phases. `measure` gives a list of (name, mode, seconds, counters)."""

    def __init__(self, name, command, phases, single_thread=False, quick_modes=""):
        self.name, self.command, self.phases = name, command, phases
        self.single_thread, self.quick_modes = single_thread, quick_modes

    def thread_counts(self, options):
        return [1] if self.single_thread else options.threads

    def measure(self, phase, threads, options):
        command = [*self.command, phase, "--threads", threads, "--seconds", options.seconds]
        command += ["--data", options.data] if options.data else []
        command += ["--modes", self.quick_modes] if options.quick and self.quick_modes else []
        output = run(command, threads)
        lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
        return [(line["peer"], line["mode"], line["seconds"], {}) for line in lines]


class Kd(Program):
    def measure(self, phase, threads, options):
        repetitions = 5
        command = [
            *self.command,
            f"--threads={threads}",
            f"--data={options.data}",
            f"--benchmark_filter=^{phase}$",
            "--benchmark_format=json",
            f"--benchmark_repetitions={repetitions}",
            f"--benchmark_min_time={options.seconds / repetitions}",
        ]
        runs = json.loads(run(command, threads))["benchmarks"]
        median = next(r for r in runs if r.get("aggregate_name") == "median")
        unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[median["time_unit"]]
        return [("kd", "", median["real_time"] * unit, median)]


def run(command, threads):
    # What has no thread count of its own asks OpenMP or its BLAS.
    pools = {name: str(threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    command = [str(part) for part in command]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | pools)
    if done.returncode != 0:
        raise Failed(f"failed: {' '.join(command)}\n{done.stderr}")
    return done.stdout


def programs(options):
    everything = STEPS + PREDICTIONS + LOSSES
    with_images = everything + IMAGE_STEPS + IMAGE_PREDICTIONS
    found = [Kd("kd", [options.kd], with_images)]
    peers = Path(options.peers)
    if options.torch:
        torch = [options.torch, HERE / "peers/torch_peer.py"]
        found.append(Program("PyTorch", torch, with_images, quick_modes="eager"))
    if (peers / "libtorch_peer").exists():
        found.append(Program("PyTorch C++", [peers / "libtorch_peer"], everything))
    if options.jax:
        found.append(Program("JAX", [options.jax, HERE / "peers/jax_peer.py"], everything))
    if options.onnx:
        onnx = [options.onnx, HERE / "peers/onnx_peer.py"]
        found.append(Program("ONNX Runtime", onnx, PREDICTIONS + IMAGE_PREDICTIONS))
    on_one_thread = {
        "plain Eigen": ("eigen_peer", ["step/student", "step/kd_cached"]),
        "dlib": ("dlib_peer", ["step/teacher", "step/student"]),
        "tiny-dnn": ("tiny_dnn_peer", ["step/teacher", "step/student"]),
    }
    for name, (program, phases) in on_one_thread.items():
        if (peers / program).exists():
            found.append(Program(name, [peers / program], phases, single_thread=True))
    return found


class Measured:
    """What there is so far: results[phase][program][(mode, threads)] = seconds of every round."""

    def __init__(self):
        self.results, self.counters, self.versions = {}, {}, {}
        self.limits, self.memory = {}, {}
        self.rounds = 0

    def note(self, phase, program, threads, runs):
        for name, mode, seconds, counts in runs:
            self.versions[program] = name
            by_mode = self.results.setdefault(phase, {}).setdefault(program, {})
            by_mode.setdefault((mode, threads), []).append(seconds)
            if counts:
                self.counters[phase] = counts


def plan(options, phases):
    """What to measure in a round, in turn: (phase, program, threads)."""
    return [
        (phase, program, threads)
        for phase in phases
        for program in programs(options)
        if phase in program.phases
        for threads in program.thread_counts(options)
    ]


def threads_in_words(threads):
    return f"{threads} thread{'s' if threads > 1 else ''}"


def measure_round(options, measured, progress, pieces):
    for phase, program, threads in pieces:
        runs = progress.run(
            (program.name, phase),
            f"{phase}, round {measured.rounds + 1} of {options.rounds}: {program.name}, "
            f"{threads_in_words(threads)}",
            lambda: program.measure(phase, threads, options),
        )
        measured.note(phase, program.name, threads, runs or [])
    measured.rounds += 1


def measure_limits(options, limits, progress):
    """FLOP/s and bytes/s of this machine by thread count: the most of all looks."""
    kd = Kd("kd", [options.kd], [])
    for threads in options.threads:
        for name, counter in LIMIT_COUNTERS.items():
            for _ in range(LOOKS):
                look = progress.run(
                    (name, ""),
                    f"{name}, {threads_in_words(threads)}",
                    lambda: kd.measure(name, threads, options)[0][-1],
                )
                if look:
                    most = limits.setdefault(threads, {})
                    most[name] = max(most.get(name, 0), 1e9 * look[counter])


def whole_program(command):
    """Seconds on the clock and bytes at the peak of a program."""
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.kill()
        raise
    if status != 0:
        raise Failed(f"failed: {' '.join(map(str, command))}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def article_commands(options):
    """By program and mode."""
    common = ["--data", options.data, "--threads", max(options.threads)]
    article = [options.torch, HERE / "peers/torch_article.py", *common]
    commands = {("kd", ""): [options.mnist_distill, "--recipe", "article", *common]}
    if options.torch:
        commands["PyTorch", "tensor"] = [*article, "--loader", "tensor"]
        commands["PyTorch", "dataloader"] = [*article, "--loader", "dataloader"]
    return commands


def measure_article(options, measured, progress):
    for (name, mode), command in article_commands(options).items():
        done = progress.run(
            (name, ARTICLE), f"article: {name} {mode}", lambda: whole_program(command)
        )
        if done:
            seconds, peak = done
            version = measured.versions.get(name, name)
            measured.note(ARTICLE, name, max(options.threads), [(version, mode, seconds, {})])
            measured.memory[name] = min(peak, measured.memory.get(name, peak))


def best(runs):
    """The mode and threads with the least median, and its rounds."""
    return min(runs.items(), key=lambda item: statistics.median(item[1]))


def ratio(kd_rounds, peer_rounds):
    ratios = sorted(peer / own for own, peer in zip(kd_rounds, peer_rounds))
    return {"median": statistics.median(ratios), "least": ratios[0], "most": ratios[-1]}


def evaluate(phase, by_program, counts, limits):
    """One row of the table."""
    (_, threads), own = best(by_program["kd"])
    row = {"phase": phase, "seconds": statistics.median(own), "threads": threads, "peers": {}}
    for name, runs in by_program.items():
        if name == "kd":
            continue
        (mode, peer_threads), rounds = best(runs)
        row["peers"][name] = {
            "mode": mode,
            "threads": peer_threads,
            "seconds": statistics.median(rounds),
            "ratio": ratio(own, rounds),
            "target": TARGETS.get(phase, {}).get(name),
        }
    if row["peers"]:
        quickest = min(row["peers"].values(), key=lambda peer: peer["ratio"]["median"])
        if "any" in TARGETS.get(phase, {}):
            quickest["target"] = TARGETS[phase]["any"]
    flop, bytes_ = (counts or {}).get("flop", 0), (counts or {}).get("bytes", 0)
    limit = (limits or {}).get(threads, {})
    if len(limit) == len(LIMIT_COUNTERS) and flop + bytes_ > 0:
        least = flop / limit["limit/fma"] + bytes_ / limit["limit/copy"]
        row["limit"] = {"seconds": least, "share": least / row["seconds"]}
        row["limit"]["target"] = LIMIT_TARGETS.get(phase)
    return row


def duration(seconds):
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale * 9.995 or unit == "us":
            digits = 3 if seconds / scale < 1 else 2 if seconds / scale < 9.995 else 1
            return f"{seconds / scale:.{digits if seconds / scale < 99.95 else 0}f} {unit}"


def markdown(report):
    names = [name for name in report["versions"] if name != "kd"]
    lines = [
        "| phase | kd | " + " | ".join(report["versions"][name] for name in names) + " | of the limit |",
        "|---|---|" + "---|" * len(names) + "---|",
    ]
    for row in report["rows"]:
        cells = [f"`{row['phase']}`", f"{duration(row['seconds'])} ({row['threads']})"]
        for name in names:
            peer = row["peers"].get(name)
            if peer is None:
                cells.append("")
                continue
            times = peer["ratio"]
            mode = ", ".join(filter(None, [peer["mode"], str(peer["threads"])]))
            target = f", aim {peer['target']:g}x" if peer["target"] else ""
            cells.append(
                f"**{times['median']:.1f}x** ({times['least']:.1f} to {times['most']:.1f}{target}): "
                f"{duration(peer['seconds'])} ({mode})"
            )
        limit = row.get("limit")
        aim = f" (aim {limit['target']:.0%})" if limit and limit["target"] else ""
        cells.append(f"{limit['share']:.0%}{aim}" if limit else "")
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    for threads, limit in report["limits"].items():
        if len(limit) < len(LIMIT_COUNTERS):
            continue
        lines.append(
            f"Limits, {threads_in_words(threads)}: "
            f"{limit['limit/fma'] / 1e9:.0f} GFLOP/s out of registers, "
            f"{limit['limit/gemm'] / 1e9:.0f} GFLOP/s in a large matrix product, "
            f"{limit['limit/copy'] / 1e9:.1f} GB/s copied.  "
        )
    for name, peak in report["memory"].items():
        least = report["article_memory"]
        lines.append(
            f"Peak memory of `{ARTICLE}`, {name}: {peak / 1e6:.0f} MB, {peak / least:.2f}x the images "
            "as bytes plus parameters, gradients and moments.  "
        )
    return "\n".join(lines).rstrip() + "\n"


def machine():
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = names[0].split(":", 1)[1].strip() if names else model
    return f"{model}, {os.cpu_count()} cores"


def put_between_marks(path, text):
    begin, end = "<!-- table: begin -->\n", "<!-- table: end -->\n"
    old = path.read_text()
    if begin not in old or end not in old:
        sys.exit(f"{path}: expected the lines {begin.strip()} and {end.strip()}")
    head, rest = old.split(begin, 1)
    path.write_text(head + begin + text + end + rest.split(end, 1)[1])


def report_of(options, measured, started, ended):
    """All that is written: `started` and `ended` say how the machine was and what came to an end."""
    rows = [
        evaluate(phase, by_program, measured.counters.get(phase), measured.limits)
        for phase, by_program in measured.results.items()
        if "kd" in by_program
    ]
    parameters = 784 * 1200 + 1200 + 1200 * 1200 + 1200 + 1200 * 10 + 10
    parameters += 2 * (784 * 20 + 20 + 20 * 20 + 20 + 20 * 10 + 10)
    return {
        "command": " ".join(["benchmarks/compare.py", *sys.argv[1:]]),
        "machine": machine(),
        "date": time.strftime("%Y-%m-%d"),
        **started,
        **ended,
        "rounds": options.rounds,
        "rounds_done": measured.rounds,
        "versions": measured.versions,
        "limits": measured.limits,
        "rows": rows,
        "memory": measured.memory,
        "article_memory": 70_000 * 785 + 16 * parameters,
        "all": {
            phase: {
                name: {f"{mode or 'kd'}, {threads}": seconds for (mode, threads), seconds in runs.items()}
                for name, runs in by_program.items()
            }
            for phase, by_program in measured.results.items()
        },
    }


def heading(report):
    """The line above the table, which tells what it cannot be trusted for, too."""
    rounds = f"{report['rounds']} rounds"
    if report["rounds_done"] < report["rounds"]:
        rounds = f"{report['rounds_done']} of {rounds}"
    notes = [report["date"], report["machine"], f"medians of {rounds}"]
    if report["ended"]:
        notes.append(report["ended"])
    if (report["others"] or 0) > BUSY:
        notes.append(f"**a busy machine**: other programs took {report['others']:.0%} of it")
    return ", ".join(notes) + "\n\n"


def save(path, text):
    """As a whole or not at all."""
    beside = path.with_name(path.name + ".part")
    beside.write_text(text)
    beside.replace(path)


def measure(options, phases, with_article, measured, keep):
    pieces = plan(options, phases)
    article = list(article_commands(options)) if with_article else []
    looks = LOOKS * len(options.threads) if phases else 0
    kinds = [(name, "") for name in LIMIT_COUNTERS] * 2 * looks
    kinds += [(program.name, phase) for phase, program, _ in pieces] * options.rounds
    kinds += [(name, ARTICLE) for name, _ in article] * min(options.rounds, 3)
    progress = Progress(kinds, options.minutes)
    if phases:
        measure_limits(options, measured.limits, progress)
    for round_ in range(options.rounds):
        measure_round(options, measured, progress, pieces)
        if article and round_ < 3:
            measure_article(options, measured, progress)
        keep()
    if phases:
        measure_limits(options, measured.limits, progress)  # the machine may have been slower before
    if progress.skipped:
        return f"no time for {len(progress.skipped)} of {progress.total} measurements"
    return ""


def main():
    options = parse_arguments()
    wanted = [part for part in options.phases.split(",") if part]
    everything = STEPS + IMAGE_STEPS + PREDICTIONS + IMAGE_PREDICTIONS + LOSSES
    unknown = [part for part in wanted if part not in [*everything, ARTICLE]]
    if unknown:
        sys.exit(f"no such phase: {', '.join(unknown)}; there are {', '.join([*everything, ARTICLE])}")
    phases = [phase for phase in everything if not wanted or phase in wanted]
    with_article = bool(options.mnist_distill) and (not wanted or ARTICLE in wanted)
    if with_article and not options.data:
        sys.exit("the phase 'article' needs --data")
    if why := busy_now():
        say(f"this machine is busy ({why}): nothing that is measured now means much")
    started = {"load_before": os.getloadavg()[0]}
    others, measured = Others(), Measured()

    def report(ended):
        return report_of(options, measured, started, {"ended": ended, "others": others.share()})

    def keep(ended="not yet done"):
        if options.json:
            save(options.json, json.dumps(report(ended), indent=2) + "\n")

    stop_on_signals()
    status, ended = 0, ""
    try:
        ended = measure(options, phases, with_article, measured, keep)
    except (Stopped, Failed) as end:
        status, ended = end.exit_status, str(end).splitlines()[0]
        say(f"\n{end}\nwhat was measured until then:")
    keep(ended)
    result = report(ended)
    if (result["others"] or 0) > BUSY:
        say(f"other programs took {result['others']:.0%} of this machine meanwhile")
    table = heading(result) + markdown(result)
    print(table)
    if options.markdown:
        put_between_marks(options.markdown, table)
    sys.exit(status)


if __name__ == "__main__":
    main()
