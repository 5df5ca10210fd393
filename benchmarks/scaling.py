#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How the cost of kd's steps grows with batch, width, classes and threads: a CSV and a plot.

Runs the benchmarks `scaling/...` of kd_benchmarks and writes `scaling.csv` and `scaling.svg`.
"""

import argparse
import csv
import json
import math
import os
import subprocess
from pathlib import Path

PANELS = [  # name of the benchmarks, heading, what runs along the bottom
    ("scaling/batch/student", "step, 784-20-20-10", "batch"),
    ("scaling/batch/teacher", "step, 784-1200-1200-10", "batch"),
    ("scaling/width", "distillation step, batch 32", "width of the student"),
    ("scaling/classes", "distillation loss, 64 samples", "classes"),
]
COLOURS = ["#1b6ca8", "#d1495b", "#66a182", "#8d6a9f"]
WIDTH, HEIGHT, LEFT, TOP, GAP = 300, 220, 62, 40, 84


def measure(options):
    """Rows of (benchmark, size, threads, microseconds, items a second)."""
    rows = []
    for threads in options.threads:
        command = [
            options.kd,
            f"--threads={threads}",
            f"--data={options.data}",
            "--benchmark_filter=^scaling/",
            "--benchmark_format=json",
            f"--benchmark_min_time={options.seconds}",
        ]
        output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
        for run in json.loads(output)["benchmarks"]:
            name, size = run["name"].rsplit("/", 1)
            rate = run["items_per_second"]
            rows.append((name, int(size), threads, run["real_time"], rate))
    return rows


def ticks(low, high):
    """Powers of ten within the range, on a logarithmic scale."""
    return [10.0**e for e in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1)]


def label(value):
    return f"{value:g}" if value < 1e4 else f"{value:,.0f}"


def panel(rows, heading, along, threads, x0, y0):
    """One plot, both axes logarithmic, a line for each number of threads."""
    sizes = [size for _, size, *_ in rows]
    times = [time for *_, time, _ in rows]
    low, high = min(times) / 1.5, max(times) * 1.5

    def x(size):
        return x0 + WIDTH * math.log(size / min(sizes)) / math.log(max(sizes) / min(sizes))

    def y(time):
        return y0 + HEIGHT * (1 - math.log(time / low) / math.log(high / low))

    parts = [
        f'<text x="{x0}" y="{y0 - 12}" class="head">{heading}</text>',
        f'<rect x="{x0}" y="{y0}" width="{WIDTH}" height="{HEIGHT}" class="frame"/>',
        f'<text x="{x0 + WIDTH / 2}" y="{y0 + HEIGHT + 34}" class="mid">{along}</text>',
    ]
    for time in ticks(low, high):
        parts.append(f'<path d="M{x0} {y(time):.1f}h{WIDTH}" class="grid"/>')
        parts.append(f'<text x="{x0 - 6}" y="{y(time) + 4:.1f}" class="end">{label(time)}</text>')
    for size in ticks(min(sizes), max(sizes)):
        parts.append(f'<path d="M{x(size):.1f} {y0}v{HEIGHT}" class="grid"/>')
        parts.append(
            f'<text x="{x(size):.1f}" y="{y0 + HEIGHT + 16}" class="mid">{label(size)}</text>'
        )
    for colour, count in zip(COLOURS, threads):
        points = sorted((size, time) for _, size, n, time, _ in rows if n == count)
        path = " ".join(f"{x(size):.1f},{y(time):.1f}" for size, time in points)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x(size):.1f}" cy="{y(time):.1f}" r="3" fill="{colour}"/>'
            for size, time in points
        ]
    return parts


def svg(rows, threads):
    parts = []
    for i, (name, heading, along) in enumerate(PANELS):
        own = [row for row in rows if row[0] == name]
        x0 = LEFT + (i % 2) * (WIDTH + GAP)
        y0 = TOP + 24 + (i // 2) * (HEIGHT + GAP)
        parts += panel(own, f"{heading}: microseconds", along, threads, x0, y0)
    for i, (colour, count) in enumerate(zip(COLOURS, threads)):
        at = LEFT + 110 * i
        parts.append(f'<path d="M{at} 18h24" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<text x="{at + 30}" y="22">{count} thread{"s" if count > 1 else ""}</text>')
    width, height = LEFT + 2 * WIDTH + GAP + 24, TOP + 2 * (HEIGHT + GAP)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" font-family="sans-serif" font-size="12">',
            "<style>.head{font-weight:bold}.mid{text-anchor:middle}.end{text-anchor:end}"
            ".frame{fill:none;stroke:#888}.grid{stroke:#ddd}</style>",
            f'<rect width="{width}" height="{height}" fill="white"/>',
            *parts,
            "</svg>\n",
        ]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kd", default="build/bench/benchmarks/kd_benchmarks")
    parser.add_argument("--data", default=os.environ.get("KD_DATA", ""))
    parser.add_argument("--threads", default="1,2", help="comma-separated")
    parser.add_argument("--seconds", type=float, default=0.5, help="of measuring, for each point")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder of the two files")
    options = parser.parse_args()
    options.threads = [int(count) for count in options.threads.split(",")]
    rows = measure(options)
    with open(options.out / "scaling.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["benchmark", "size", "threads", "microseconds", "items_per_second"])
        table.writerows((*row[:3], f"{row[3]:.4g}", f"{row[4]:.4g}") for row in rows)
    (options.out / "scaling.svg").write_text(svg(rows, options.threads))


if __name__ == "__main__":
    main()
