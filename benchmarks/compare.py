#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the same work in kd and in what one would use instead, and prints how far apart they are.

Every phase runs in every program in turn, each in a process of its own, for several rounds. A ratio
is taken within a round, so that a machine which slows down slows down both; what is printed is the
median over the rounds with the least and the most. The best mode and thread count of each program
count. See README.md for how to install the peers.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
STEPS = ["step/teacher", "step/student", "step/kd_live", "step/kd_cached"]
PREDICTIONS = [f"predict/{who}/{n}" for who in ("student", "teacher") for n in (1, 32, 10000)]
IMAGE_STEPS = ["step/resnet8", "step/ds_cnn"]
IMAGE_PREDICTIONS = [f"predict/{who}/{n}" for who in ("resnet8", "ds_cnn") for n in (1, 32)]
LOSSES = [f"loss/kd/{classes}" for classes in (10, 1000, 50257)]
ARTICLE = "article"
# Least ratios that kd aims at, by phase and peer; "any" is the best of all peers.
TARGETS = {
    "step/teacher": {"any": 2.5},
    "step/student": {"JAX": 4, "PyTorch": 15, "PyTorch C++": 15},
    "step/kd_live": {"JAX": 2.5, "PyTorch": 4},
    "step/kd_cached": {"JAX": 5, "PyTorch": 20, "PyTorch C++": 20, "plain Eigen": 2.2},
    "predict/student/1": {"PyTorch C++": 10, "ONNX Runtime": 5},
    "loss/kd/50257": {"any": 6},
    "step/resnet8": {"PyTorch": 1.5},
    "step/ds_cnn": {"PyTorch": 1.5},
    ARTICLE: {"PyTorch": 5},
}
LIMIT_TARGETS = {"step/teacher": 0.6}


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
    add("--phases", default="", help="comma-separated; none: all")
    add("--threads", default="1,2", help="thread counts to try, comma-separated")
    add("--rounds", type=int, default=5)
    add("--seconds", type=float, default=1.0, help="of measuring, for each mode in each process")
    add("--json", type=Path, help="write all that was measured there")
    add("--markdown", type=Path, help="put the table between the marks of this file")
    options = parser.parse_args()
    options.threads = [int(n) for n in options.threads.split(",")]
    return options


class Program:
    """Somebody who does phases. `measure` gives a list of (name, mode, seconds, counters)."""

    def __init__(self, name, command, phases, single_thread=False):
        self.name, self.command, self.phases = name, command, phases
        self.single_thread = single_thread

    def measure(self, phase, threads, options):
        command = [*self.command, phase, "--threads", threads, "--seconds", options.seconds]
        command += ["--data", options.data] if options.data else []
        output = run(command)
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
        runs = json.loads(run(command))["benchmarks"]
        median = next(r for r in runs if r.get("aggregate_name") == "median")
        unit = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1}[median["time_unit"]]
        return [("kd", "", median["real_time"] * unit, median)]


def run(command):
    done = subprocess.run(
        [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    if done.returncode != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}\n{done.stderr}")
    return done.stdout


def programs(options):
    everything = STEPS + PREDICTIONS + LOSSES
    with_images = everything + IMAGE_STEPS + IMAGE_PREDICTIONS
    found = [Kd("kd", [options.kd], with_images)]
    peers = Path(options.peers)
    if options.torch:
        found.append(Program("PyTorch", [options.torch, HERE / "peers/torch_peer.py"], with_images))
    if (peers / "libtorch_peer").exists():
        found.append(Program("PyTorch C++", [peers / "libtorch_peer"], everything))
    if options.jax:
        found.append(Program("JAX", [options.jax, HERE / "peers/jax_peer.py"], everything))
    if options.onnx:
        found.append(Program("ONNX Runtime", [options.onnx, HERE / "peers/onnx_peer.py"], PREDICTIONS))
    if (peers / "eigen_peer").exists():
        by_hand = ["step/student", "step/kd_cached"]
        found.append(Program("plain Eigen", [peers / "eigen_peer"], by_hand, single_thread=True))
    return found


def measure_phases(options, phases):
    """results[phase][program][(mode, threads)] = seconds of every round; and kd's counters."""
    results, counters, versions = {}, {}, {}
    for phase in phases:
        for round_ in range(options.rounds):
            for program in programs(options):
                if phase not in program.phases:
                    continue
                for threads in [1] if program.single_thread else options.threads:
                    say(f"{phase}, round {round_ + 1}: {program.name}, {threads} threads")
                    for name, mode, seconds, counts in program.measure(phase, threads, options):
                        versions[program.name] = name
                        runs = results.setdefault(phase, {}).setdefault(program.name, {})
                        runs.setdefault((mode, threads), []).append(seconds)
                        if counts:
                            counters[phase] = counts
    return results, counters, versions


def measure_limits(options, limits):
    """FLOP/s and bytes/s of this machine by thread count: the most of all looks."""
    counters = {"limit/fma": "GFLOP/s", "limit/copy": "GB/s", "limit/gemm": "GFLOP/s"}
    kd = Kd("kd", [options.kd], [])
    for threads in options.threads:
        most = limits.setdefault(threads, {})
        for name, counter in counters.items():
            say(f"{name}, {threads} threads")
            for _ in range(3):
                *_, look = kd.measure(name, threads, options)[0]
                most[name] = max(most.get(name, 0), 1e9 * look[counter])


def whole_program(command):
    """Seconds on the clock and bytes at the peak of a program."""
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"failed: {' '.join(map(str, command))}")
    return time.perf_counter() - start, usage.ru_maxrss * 1024


def measure_article(options, rounds):
    if not options.data:
        sys.exit("the phase 'article' needs --data")
    threads = max(options.threads)
    common = ["--data", options.data, "--threads", threads]
    article = [options.torch, HERE / "peers/torch_article.py", *common]
    commands = {("kd", ""): [options.mnist_distill, "--recipe", "article", *common]}
    if options.torch:
        commands["PyTorch", "tensor"] = [*article, "--loader", "tensor"]
        commands["PyTorch", "dataloader"] = [*article, "--loader", "dataloader"]
    results, memory = {}, {}
    for round_ in range(rounds):
        for (name, mode), command in commands.items():
            say(f"article, round {round_ + 1}: {name} {mode}")
            seconds, peak = whole_program(command)
            results.setdefault(name, {}).setdefault((mode, threads), []).append(seconds)
            memory.setdefault(name, []).append(peak)
    return results, {name: min(peaks) for name, peaks in memory.items()}


def say(text):
    print(text, file=sys.stderr, flush=True)


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
    if limits and flop + bytes_ > 0:
        limit = limits[threads]
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
    for threads, limit in (report["limits"] or {}).items():
        lines.append(
            f"Limits, {threads} thread{'s' if int(threads) > 1 else ''}: "
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


def main():
    options = parse_arguments()
    wanted = [part for part in options.phases.split(",") if part]
    everything = STEPS + IMAGE_STEPS + PREDICTIONS + IMAGE_PREDICTIONS + LOSSES
    unknown = [part for part in wanted if part not in [*everything, ARTICLE]]
    if unknown:
        sys.exit(f"no such phase: {', '.join(unknown)}; there are {', '.join([*everything, ARTICLE])}")
    phases = [phase for phase in everything if not wanted or phase in wanted]
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"this machine is busy (load {load:.1f}): nothing that is measured now means much")
    limits = {}
    if phases:
        measure_limits(options, limits)
    results, counters, versions = measure_phases(options, phases)
    if phases:
        measure_limits(options, limits)  # the machine may have been slower before
    rows = [evaluate(phase, results[phase], counters[phase], limits) for phase in phases]
    memory = {}
    if options.mnist_distill and (not wanted or ARTICLE in wanted):
        article, memory = measure_article(options, min(options.rounds, 3))
        rows.append(evaluate(ARTICLE, article, None, None))
        versions = {name: name for name in article} | versions
    parameters = 784 * 1200 + 1200 + 1200 * 1200 + 1200 + 1200 * 10 + 10
    parameters += 2 * (784 * 20 + 20 + 20 * 20 + 20 + 20 * 10 + 10)
    report = {
        "command": " ".join(["benchmarks/compare.py", *sys.argv[1:]]),
        "machine": machine(),
        "date": time.strftime("%Y-%m-%d"),
        "load_before": load,
        "rounds": options.rounds,
        "versions": versions,
        "limits": limits,
        "rows": rows,
        "memory": memory,
        "article_memory": 70_000 * 785 + 16 * parameters,
        "all": {
            phase: {
                name: {f"{mode or 'kd'}, {threads}": seconds for (mode, threads), seconds in runs.items()}
                for name, runs in by_program.items()
            }
            for phase, by_program in results.items()
        },
    }
    table = markdown(report)
    print(table)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    if options.markdown:
        note = f"{report['date']}, {report['machine']}, medians of {report['rounds']} rounds\n\n"
        put_between_marks(options.markdown, note + table)


if __name__ == "__main__":
    main()
