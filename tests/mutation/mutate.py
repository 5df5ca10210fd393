#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Changes the CPU's headers, one place at a time, and asks whether the tests notice.

    python3 tests/mutation/mutate.py --compiler g++ --work build/mutants [--only cpu/ops/sum] [--every 10]

A mutant is a copy of one header in which one operator, constant or statement is another one. The
tests that `covered_by.txt` names for the header are compiled against it and run: a mutant that
compiles and passes has survived. AddressSanitizer watches: an index that is off by one is noticed. A survivor that changes nothing that anybody can see, or that
changes only the speed, is answered in `answered.txt`; any other fails this run.

It takes hours on two cores, so it is a target of its own (kd_mutants) and no test.
"""

import argparse
import concurrent.futures
import dataclasses
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SECONDS = 120  # a mutant that takes longer hangs, which somebody would notice

# What is found, and what stands in its place. Operators have spaces around them in this code, so
# that template arguments, pointers and references are none.
SWAPS = [
    (r" \+ ", " - "),
    (r" - ", " + "),
    (r" \* ", " / "),
    (r" / ", " * "),
    (r" < ", " <= "),
    (r" <= ", " < "),
    (r" > ", " >= "),
    (r" >= ", " > "),
    (r" == ", " != "),
    (r" != ", " == "),
    (r" \+= ", " -= "),
    (r" -= ", " += "),
    (r" \*= ", " /= "),
    (r" && ", " || "),
    (r" \|\| ", " && "),
    (r"\bS\(0\)", "S(1)"),
    (r"\bS\(1\)", "S(2)"),
    (r"\bS\(2\)", "S(1)"),
    (r"\bS\(0\.5\)", "S(1)"),
    (r"\bWrite::overwrite\b", "Write::add"),
    (r"\bWrite::add\b", "Write::overwrite"),
    (r"\bstd::min\b", "std::max"),
    (r"\bstd::max\b", "std::min"),
    (r"\.min\(", ".max("),
    (r"\.max\(", ".min("),
    (r"\btrue\b", "false"),
    (r"\bfalse\b", "true"),
]
# Statements that are taken out whole.
STATEMENT = re.compile(
    r"^\s*(op_zero\(.*;|(if \(.*\) )?(return|continue|break);|[\w.>\-]+\(\);|\S.* [-+*]?= [^;{]*;)$"
)


@dataclasses.dataclass(frozen=True)
class Mutant:
    header: str  # below include/kd, without .hpp
    line: int  # counted from 1
    before: str
    after: str

    def key(self):
        """What `answered.txt` knows it by: not the line's number, which moves."""
        return f"{self.header}: {self.before.strip()} => {self.after.strip() or '(nothing)'}"


def code_of(line):
    """The line without its comment."""
    return re.sub(r"//.*", "", line)


def mutants_of(header):
    lines = (ROOT / "include/kd" / f"{header}.hpp").read_text().splitlines()
    for number, line in enumerate(lines, 1):
        code = code_of(line)
        if not code.strip() or re.match(r"\s*(#|template|static_assert|using |namespace)", code):
            continue
        if "static_assert" in code or code.lstrip().startswith('"'):
            continue
        if "prefetch(" in code or "parallel_for(" in code:  # speed: what is asked for early, and shares
            continue
        for pattern, replacement in SWAPS:
            for found in re.finditer(pattern, code):
                if code[: found.start()].count('"') % 2:  # within a text
                    continue
                yield Mutant(header, number, line, line[: found.start()] + replacement + line[found.end() :])
        declares = re.match(r"\s*(const|constexpr|auto|static|inline|S|Index|double|int|bool)\b", code)
        if STATEMENT.match(code.rstrip()) and not declares:
            yield Mutant(header, number, line, "")


def read_coverage():
    """Patterns of headers, each with the tests that cover them."""
    rows = []
    for line in (HERE / "covered_by.txt").read_text().splitlines():
        if line and not line.startswith("#"):
            pattern, *tests = line.split()
            rows.append((pattern, tests))
    return rows


def tests_of(header, coverage):
    for pattern, tests in coverage:
        if fnmatch.fnmatch(header, pattern):
            return [test.replace("*", header.rsplit("/", 1)[-1]) for test in tests]
    return []


class Bench:
    """Compiles and runs tests against an include folder, most of them from a compiled prelude."""

    def __init__(self, compiler, work, includes):
        self.work = pathlib.Path(work).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.flags = [
            compiler, "-std=c++20", "-O0", "-w", "-fsanitize=address", f"-I{ROOT / 'tests'}",
            f'-DKD_GOLDEN_DIR="{ROOT / "tests/golden"}"', f'-DKD_SAMPLE_DIR="{ROOT / "examples/data"}"',
        ] + [f"-isystem{folder}" for folder in includes]  # fmt: skip
        prelude = self.work / "prelude.hpp"
        prelude.write_text(
            "#include <Eigen/Core>\n#include <functional>\n#include <string>\n#include <vector>\n"
            '#include "support/catch.hpp"\n'
        )
        self.check(self.flags + ["-I" + str(ROOT / "include"), "-x", "c++-header", str(prelude), "-o", f"{prelude}.gch"])
        self.prelude = ["-include", str(prelude)]
        self.main = self.work / "main.o"
        self.check(self.flags + ["-c", str(ROOT / "tests/support/catch_main.cpp"), "-o", str(self.main)])

    def check(self, command):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr)

    def run(self, folder, tests):
        """"passed", "failed", or "broken" where it does not compile."""
        include = [f"-I{folder}", f"-I{ROOT / 'include'}"]
        program = pathlib.Path(folder) / "tests"
        for test in tests:  # one by one: most mutants fail in the first
            source = str(ROOT / "tests" / f"{test}.test.cpp")
            built = subprocess.run(
                self.flags + include + self.prelude + [source, str(self.main), "-pthread", "-lz", "-o", str(program)],
                capture_output=True,
            )
            if built.returncode != 0:
                return "broken"
            try:
                ran = subprocess.run([program, "--abort"], capture_output=True, timeout=SECONDS)
            except subprocess.TimeoutExpired:
                return "failed"
            if ran.returncode != 0:
                return "failed"
        return "passed"

    def try_mutant(self, mutant, tests):
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            # The spoiled header shadows the sound one: it is found first.
            target = pathlib.Path(folder) / "kd" / f"{mutant.header}.hpp"
            target.parent.mkdir(parents=True)
            lines = (ROOT / "include/kd" / f"{mutant.header}.hpp").read_text().splitlines()
            lines[mutant.line - 1] = mutant.after
            target.write_text("\n".join(lines) + "\n")
            return self.run(folder, tests)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--work", default="build/mutants")
    parser.add_argument("--include", action="append", default=[], help="where Eigen and Catch2 are")
    parser.add_argument("--only", default="*", help="headers, such as cpu/ops/sum or 'optim/*'")
    parser.add_argument("--every", type=int, default=1, help="only every n-th mutant")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true", help="count the mutants and stop")
    options = parser.parse_args()

    coverage = read_coverage()
    headers = sorted(
        str(path.relative_to(ROOT / "include/kd"))[: -len(".hpp")] for path in (ROOT / "include/kd").rglob("*.hpp")
    )
    mutants = []
    for header in fnmatch.filter(headers, options.only):
        tests = tests_of(header, coverage)
        if tests:
            mutants += [(mutant, tests) for mutant in mutants_of(header)]
    mutants = mutants[:: options.every]
    if not mutants:
        sys.exit(f"There is nothing to change in headers like {options.only}.")
    print(f"{len(mutants)} mutants of {len({mutant.header for mutant, _ in mutants})} headers", flush=True)
    if options.list:
        return

    bench = Bench(options.compiler, options.work, options.include)
    for tests in {tuple(tests) for _, tests in mutants}:
        with tempfile.TemporaryDirectory(dir=bench.work) as folder:
            if bench.run(folder, tests) != "passed":
                sys.exit(f"The headers as they are do not pass {' '.join(tests)}.")
    answered = set((HERE / "answered.txt").read_text().splitlines())
    counts = {"passed": 0, "failed": 0, "broken": 0}
    survivors = []
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        verdicts = pool.map(lambda pair: (pair[0], bench.try_mutant(*pair)), mutants)
        for done, (mutant, verdict) in enumerate(verdicts, 1):
            counts[verdict] += 1
            if verdict == "passed" and mutant.key() not in answered:
                survivors.append(mutant)
                print(f"survived: {mutant.header}.hpp:{mutant.line}\n  {mutant.key()}", flush=True)
            if done % 50 == 0:
                print(f"{done} of {len(mutants)}", flush=True)
    print(
        f"{counts['failed']} noticed, {counts['broken']} do not compile, {counts['passed']} survived, "
        f"of which {counts['passed'] - len(survivors)} are answered"
    )
    shutil.rmtree(bench.work, ignore_errors=True)
    if survivors:
        sys.exit(f"{len(survivors)} mutants survived without an answer.")


if __name__ == "__main__":
    main()
