# SPDX-License-Identifier: MIT
"""What the Python peers share: arguments, images, the clock and the report.

A peer is a program that does one phase of kd_benchmarks in one or more modes and prints one line of
JSON for each: {"peer", "mode", "seconds"}, the seconds of one step.
"""

import argparse
import gzip
import json
import statistics
import time
from pathlib import Path

TEACHER = (784, 1200, 1200, 10)
STUDENT = (784, 20, 20, 10)
BATCH = 32
LOSS_SAMPLES = 64
LR = 1e-4
TEMPERATURE = 7.0
HARD_WEIGHT = 0.3
SOFT_WEIGHT = 0.7


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("phase", help="a name of kd_benchmarks, such as step/kd_cached")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=1.0, help="of measuring, for each mode")
    parser.add_argument("--data", default="", help="folder with MNIST; none: made up")
    parser.add_argument("--modes", default="", help="comma-separated; none: all")
    options = parser.parse_args()
    options.modes = [mode for mode in options.modes.split(",") if mode]
    return options


def read_idx(path, skip):
    import numpy as np

    path = Path(path)
    data = path.read_bytes() if path.exists() else gzip.open(f"{path}.gz").read()
    return np.frombuffer(data, np.uint8, offset=skip)


def images(folder, split="train"):
    """(samples, 784) bytes and their labels."""
    import numpy as np

    if not folder:
        rng = np.random.default_rng(1)
        pixels = rng.integers(0, 256, (60_000, 784), dtype=np.uint8)
        pixels *= rng.integers(0, 5, pixels.shape, dtype=np.uint8) == 0
        return pixels, rng.integers(0, 10, 60_000)
    start = Path(folder) / split
    pixels = read_idx(f"{start}-images-idx3-ubyte", 16).reshape(-1, 784)
    return pixels, read_idx(f"{start}-labels-idx1-ubyte", 8).astype(np.int64)


def starts(samples, batch):
    """Places in the set where `batch` images begin, in no order."""
    import numpy as np

    return np.random.default_rng(1).integers(0, samples - batch + 1, 1024).tolist()


def seconds_per_call(call, seconds, repetitions=5):
    """The median over repetitions of the mean time of `call()`."""
    for _ in range(3):
        call()
    calls, taken = 1, 0.0
    while taken < 0.02:
        calls = calls if taken == 0 else calls * 2
        start = time.perf_counter()
        for _ in range(calls):
            call()
        taken = time.perf_counter() - start
    calls = max(1, round(calls * seconds / repetitions / taken))
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        for _ in range(calls):
            call()
        times.append((time.perf_counter() - start) / calls)
    return statistics.median(times)


def report(peer, mode, seconds):
    print(json.dumps({"peer": peer, "mode": mode, "seconds": seconds}), flush=True)
