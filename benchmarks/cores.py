#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How much a step would gain from more cores than there are: a simulation, no measurement.

A step is a row of loops, each of some iterations that cores share (see kd/core/parallel.hpp); what
a loop cannot be cut into finer than that, no further core can help with. This deals the iterations
of each loop to 1 to 64 cores as the thread pool does and adds what opening and closing it takes.
Memory is taken to be as fast as the cores ask, which holds while weights lie in caches.
"""

import argparse
import heapq

# The loops of a step of kd::fit at batch 32 with Adam, as parallel_for was called: iterations, and
# nanoseconds of one by the estimate it was given, which decides whether anybody is woken.
STUDENT = [
    (2, 1882), (10, 1004), (1, 205), (2, 128), (1, 205), (2, 64), (2, 32), (2, 64), (1, 128), (1, 205),
    (4, 64), (1, 256), (1, 205), (20, 502), (1, 819), (8, 819), (8, 819), (8, 819)
]  # fmt: skip
TEACHER = [
    (2, 1882), (25, 12042), (25, 12042), (19, 4096), (19, 205), (25, 18432), (25, 18432), (19, 4096),
    (19, 205), (6, 1280), (2, 32), (14, 549), (7, 1097), (19, 205), (19, 205), (25, 36864), (7, 131657),
    (19, 205), (19, 205), (25, 24084), (1, 819), (1170, 819), (1170, 819)
]  # fmt: skip
STEPS = {"step/student": STUDENT, "step/teacher": TEACHER}
WORTH_WAKING = 3000  # nanoseconds of a loop, as in parallel_for
CORES = (1, 2, 4, 8, 16, 32, 64)


def loop(iterations, cost, cores, opening, joining):
    """Nanoseconds of a loop: whoever is free takes a part of what is left, ever fewer at a time."""
    if cores == 1 or iterations == 1 or iterations * cost <= WORTH_WAKING:
        return iterations * cost
    free = [(0.0, core) for core in range(cores)]
    left, end = iterations, 0.0
    while left > 0:
        at, core = heapq.heappop(free)
        part = max(1, left // (2 * cores))
        left -= part
        at += joining + part * cost  # the next part is taken by a write that all cores see
        end = max(end, at)
        heapq.heappush(free, (at, core))
    return opening + end


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--opening", type=float, default=500, help="nanoseconds to open and close a loop")
    parser.add_argument("--joining", type=float, default=100, help="nanoseconds to take a part of it")
    options = parser.parse_args()
    heads = [f"{cores} core{'s' if cores > 1 else ''}" for cores in CORES]
    print("| step | " + " | ".join(heads) + " | a core for each iteration |")
    print("|---|" + "---|" * (len(CORES) + 1))
    for name, loops in STEPS.items():
        times = [
            sum(loop(*each, cores, options.opening, options.joining) for each in loops) for cores in CORES
        ]
        longest = sum(cost if count * cost > WORTH_WAKING else count * cost for count, cost in loops)
        gains = [f"{times[0] / time:.1f}x" for time in times] + [f"{times[0] / longest:.1f}x"]
        print(f"| `{name}` | " + " | ".join(gains) + " |")


if __name__ == "__main__":
    main()
