# SPDX-License-Identifier: MIT
"""What a long measurement says of itself: how far it is, and whether the machine is its own."""

import os
import signal
import statistics
import sys
import time
from pathlib import Path


def say(text):
    print(text, file=sys.stderr, flush=True)


class Stopped(Exception):
    """Somebody asked the measurement to end: what was measured is to be kept."""

    def __init__(self, number):
        super().__init__(f"stopped by {signal.Signals(number).name}")
        self.exit_status = 128 + number


class Failed(Exception):
    """A program that was to be measured did not do its work."""

    exit_status = 1


def stop_on_signals():
    """Ctrl-C and SIGTERM end the measurement by `Stopped`, once: what follows is left to finish."""

    def stop(number, _):
        for other in (signal.SIGINT, signal.SIGTERM):
            signal.signal(other, signal.SIG_IGN)
        raise Stopped(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


class Progress:
    """Runs pieces of work and says before each how much is done and how long the rest may take.

    A piece is expected to take as long as others of its kind took, and one of a new kind as long as
    any. With `minutes`, a piece that would not end in time is not begun.
    """

    def __init__(self, kinds, minutes=None, clock=time.monotonic):
        self.left, self.total = list(kinds), len(kinds)
        self.clock, self.start = clock, clock()
        self.end = None if minutes is None else self.start + 60 * minutes
        self.taken = {}
        self.skipped = []

    def expected(self, kind):
        everything = [seconds for times in self.taken.values() for seconds in times]
        times = self.taken.get(kind) or everything
        return statistics.mean(times) if times else 0.0

    def seconds_left(self):
        return sum(self.expected(kind) for kind in self.left)

    def run(self, kind, text, work):
        """What `work()` gives, or None where there is no time for it."""
        if self.end is not None and self.clock() + self.expected(kind) > self.end:
            self.left.remove(kind)
            self.skipped.append(text)
            return None
        share = 1 - len(self.left) / self.total
        known = f", {span(self.seconds_left())} left" if self.taken else ""
        say(f"[{share:4.0%}{known}] {text}")
        begun = self.clock()
        result = work()
        self.left.remove(kind)
        self.taken.setdefault(kind, []).append(self.clock() - begun)
        return result


def span(seconds):
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"


def processor_seconds():
    """Seconds that all cores have worked since the system began, for whomever; None: unknown."""
    stat = Path("/proc/stat")
    if not stat.exists():
        return None
    user, nice, system, _, _, irq, softirq, steal = map(int, stat.read_text().split()[1:9])
    return (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")


class Others:
    """How much of the machine other programs take from now on."""

    def __init__(self):
        self.start = self.look()

    @staticmethod
    def look():
        own = os.times()
        mine = own.user + own.system + own.children_user + own.children_system
        return time.monotonic(), processor_seconds(), mine

    def share(self):
        """Of all cores' time since the beginning, 0 to 1; None: unknown."""
        (begun, worked, mine), (now, working, mine_now) = self.start, self.look()
        if worked is None or now == begun:
            return None
        theirs = (working - worked) - (mine_now - mine)
        return min(1.0, max(0.0, theirs / ((now - begun) * os.cpu_count())))


BUSY = 0.05  # other programs with more of the machine than this spoil what is measured


def busy_now(seconds=1.0):
    """Why what is measured now means little, or ''."""
    load = os.getloadavg()[0]
    others = Others()
    time.sleep(seconds)
    share = others.share()
    if share is not None and share > BUSY:
        return f"other programs take {share:.0%} of this machine (load {load:.1f})"
    return f"load {load:.1f} in the last minute" if load > 0.5 else ""
