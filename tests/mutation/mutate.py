#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Changes the CPU's headers, one place at a time, and asks whether the tests notice.

    python3 tests/mutation/mutate.py --compiler clang++ --work build/mutants [--only cpu/ops/sum] [--every 10]

In a mutant of a header one operator, constant or statement is another one. The tests that
`covered_by.txt` names for the header are compiled against it and run: a mutant that compiles and
passes has survived. AddressSanitizer watches: an index that is off by one is noticed. A survivor
that changes nothing that anybody can see, or that changes only the speed, is answered in
`answered.txt`; any other fails this run.

Compiling takes longer than running, so the mutants of a header stand side by side in one copy of
it, and the environment chooses one (mutant.hpp). Those that must be known while compiling, and
others with which that does not compile, get a copy each.

It takes hours on two cores, so it is a target of its own (kd_mutants) and no test. With --log it goes
on where it was stopped.
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
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NO_OPERATOR = 77  # see mutant.hpp
PATIENCE = 5  # times as long as the sound header: a mutant that takes longer hangs, which is noticed

# What is found, what stands in its place, and what stands there where `{n}` chooses between the two.
# Operators have spaces around them in this code, so that template arguments, pointers and references
# are none.
OPERATORS = {"+": "-", "-": "+", "*": "/", "/": "*", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=",
             "!=": "==", "+=": "-=", "-=": "+=", "*=": "/="}  # fmt: skip
NUMBERS = {"0": "1", "1": "2", "2": "1", "0.5": "1"}
SWAPS = [
    *((rf" {re.escape(a)} ", f" {b} ", f" {a} mutant::Here<{{n}}>{{{{}}}} {a} ") for a, b in OPERATORS.items()),
    *((rf"\bS\({re.escape(a)}\)", f"S({b})", f"S(mutant::is({{n}}) ? {b} : {a})") for a, b in NUMBERS.items()),
    (r" && ", " || ", None),
    (r" \|\| ", " && ", None),
    (r"\bWrite::overwrite\b", "Write::add", "(mutant::is({n}) ? Write::add : Write::overwrite)"),
    (r"\bWrite::add\b", "Write::overwrite", "(mutant::is({n}) ? Write::overwrite : Write::add)"),
    (r"\bstd::min\b", "std::max", "mutant::Min<{n}>::of"),
    (r"\bstd::max\b", "std::min", "mutant::Max<{n}>::of"),
    (r"\.min\(", ".max(", None),
    (r"\.max\(", ".min(", None),
    (r"\btrue\b", "false", "(!mutant::is({n}))"),
    (r"\bfalse\b", "true", "(mutant::is({n}))"),
]
# Statements that are taken out whole.
STATEMENT = re.compile(
    r"^\s*(op_zero\(.*;|(if \(.*\) )?(return|continue|break);|[\w.>\-]+\(\);|\S.* [-+*]?= [^;{]*;)$"
)
DECLARATION = re.compile(r"\s*(?!else )((const|constexpr|auto|static|inline) |[\w:]+(<.*>)?[&*]*( const)? \w+(\[.*\])? [={])")


@dataclasses.dataclass(frozen=True)
class Mutant:
    header: str  # below include/kd, without .hpp
    line: int  # counted from 1
    before: str
    after: str
    begin: int  # of what is changed in the line
    end: int  # 0 for all of it
    choice: str | None  # what is written there to have both: `{n}` is the mutant's number


    def key(self):
        """What `answered.txt` knows it by: not the line's number, which moves."""
        return f"{self.header}: {self.before.strip()} => {self.after.strip() or '(nothing)'}"

    def place(self):
        return f"{self.line} {self.key()}"


def code_of(line):
    """The line without its comment."""
    return re.sub(r"//.*", "", line)


def mutants_of(header):
    lines = (ROOT / "include/kd" / f"{header}.hpp").read_text().splitlines()
    elsewhere = False  # what stands for other compilers and machines, which this one does not see
    for number, line in enumerate(lines, 1):
        code = code_of(line)
        elsewhere = code.startswith("#else") or (elsewhere and not code.startswith("#endif"))
        if elsewhere:
            continue
        if not code.strip() or re.match(r"\s*(#|template|static_assert|using |namespace)", code):
            continue
        if "static_assert" in code or code.lstrip().startswith('"'):
            continue
        if "prefetch" in code or "parallel_for(" in code:  # speed: what is asked for early, and shares
            continue
        for pattern, replacement, choice in SWAPS:
            for found in re.finditer(pattern, code):
                if code[: found.start()].count('"') % 2:  # within a text
                    continue
                begin, end = found.span()
                both = None if needed_early(code, begin) else choice
                yield Mutant(header, number, line, line[:begin] + replacement + line[end:], begin, end, both)
        if STATEMENT.match(code.rstrip()) and not DECLARATION.match(code):
            yield Mutant(header, number, line, "", 0, 0, "{{ if (!mutant::is({n})) {{ {was} }} }}")


def needed_early(code, begin):
    """Whether what stands there must be known while compiling: there is nothing to choose later."""
    before = code[:begin]
    template_argument = re.search(r"\w<[^<>]*$", before)
    size = re.match(r"\s*[\w:]+(<.*>)? \w+\[[^\]]*$", before) or "vector_size(" in before
    return bool("constexpr" in code or template_argument or size)


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


def lines_of(header):
    return (ROOT / "include/kd" / f"{header}.hpp").read_text().splitlines()


def write(header, lines, folder):
    """A spoiled header shadows the sound one: it is found first."""
    target = pathlib.Path(folder) / "kd" / f"{header}.hpp"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text("\n".join(lines) + "\n")


def all_in_one(header, mutants):
    """The header's lines with all of {number: mutant} to choose from."""
    lines = lines_of(header)
    # From right to left: what is changed later in a line stays where it is.
    for number, mutant in sorted(mutants.items(), key=lambda pair: (pair[1].end == 0, -pair[1].begin)):
        line = lines[mutant.line - 1]
        end = mutant.end or len(code_of(line))
        choice = mutant.choice.format(n=number, was=line[mutant.begin : end])
        lines[mutant.line - 1] = line[: mutant.begin] + choice + line[end:]
    return lines


class Bench:
    """Compiles and runs tests against an include folder, most of them from a compiled prelude."""

    def __init__(self, compiler, work, includes, flags):
        self.work = pathlib.Path(work).resolve()
        self.work.mkdir(parents=True, exist_ok=True)
        self.command = [
            compiler, *flags, "-std=c++20", "-w", "-pthread", "-fsanitize=address",
            f"-I{ROOT / 'tests'}", f"-I{ROOT / 'examples'}",
            f'-DKD_GOLDEN_DIR="{ROOT / "tests/golden"}"', f'-DKD_SAMPLE_DIR="{ROOT / "examples/data"}"',
        ] + [f"-isystem{folder}" for folder in includes]  # fmt: skip
        for level in "-O0", "-O1":
            prelude = self.prelude(level)
            prelude.write_text(
                "#include <Eigen/Core>\n#include <functional>\n#include <string>\n#include <vector>\n"
                '#include "mutation/mutant.hpp"\n#include "support/catch.hpp"\n'
            )
            self.check([level, "-x", "c++-header", prelude, "-o", f"{prelude}.gch"])
        self.main = self.work / "main.o"
        self.check(["-c", ROOT / "tests/support/catch_main.cpp", "-o", self.main])

    def prelude(self, level):
        return self.work / f"prelude{level}.hpp"

    def check(self, arguments):
        done = subprocess.run(self.command + arguments, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(done.stderr)

    def compile(self, folder, test, *arguments, level="-O0"):
        """What the compiler has to say against it, or None."""
        source = ROOT / "tests" / f"{test}.test.cpp"
        include = [level, f"-I{folder}", f"-I{ROOT / 'include'}", "-include", self.prelude(level)]
        done = subprocess.run(self.command + include + [source, *arguments], capture_output=True, text=True)
        return None if done.returncode == 0 else done.stderr

    def build(self, folder, test, level="-O0"):
        """The program, or None."""
        program = pathlib.Path(folder) / test.replace("/", "-")
        errors = self.compile(folder, test, self.main, "-lz", "-o", program, level=level)
        return None if errors else program

    def verdict(self, program, number=0, seconds=None):
        environment = {**os.environ, "KD_MUTANT": str(number)}
        try:
            ran = subprocess.run([program, "--abort"], capture_output=True, timeout=seconds, env=environment)
        except subprocess.TimeoutExpired:
            return "noticed"
        return {0: "survived", NO_OPERATOR: "broken"}.get(ran.returncode, "noticed")

    def folder(self):
        return tempfile.TemporaryDirectory(dir=self.work)

    def compiles_together(self, header, mutants, tests, folder):
        """Those of {number: mutant} that can stand side by side: none in a line that is complained of."""
        while mutants:
            write(header, all_in_one(header, mutants), folder)
            errors = "".join(self.compile(folder, test, "-fsyntax-only") or "" for test in tests)
            if not errors:
                break
            lines = {int(line) for line in re.findall(rf"kd/{header}\.hpp:(\d+):", errors)}
            left = {number: mutant for number, mutant in mutants.items() if mutant.line not in lines}
            mutants = left if len(left) < len(mutants) else {}
        return mutants


def verdicts_of(bench, header, mutants, tests, pool, only_together):
    """Pairs of a mutant and "survived", "noticed", or "broken" where it does not compile."""
    with bench.folder() as folder:
        numbered = {number: mutant for number, mutant in enumerate(mutants, 1) if mutant.choice}
        # Where a choice within an expression of Eigen's leaves it a temporary, each stands alone.
        for together in bench.compiles_together(header, numbered, tests, folder), {}:
            write(header, all_in_one(header, together), folder)
            programs = list(pool.map(lambda test: bench.build(folder, test, "-O1"), tests))
            seconds = []
            failed = None
            for program, test in zip(programs, tests):
                start = time.monotonic()
                if not program or bench.verdict(program) != "survived":
                    failed = test
                    break
                seconds.append(PATIENCE * (1 + time.monotonic() - start))
            if not failed:
                break
        else:
            sys.exit(f"{header}.hpp does not pass {failed} as it is.")

        def first_of(verdicts):  # one test by one: most mutants fail in the first
            return next((verdict for verdict in verdicts if verdict != "survived"), "survived")

        def choose(number):
            return first_of(bench.verdict(program, number, limit) for program, limit in zip(programs, seconds))

        def alone(mutant):
            lines = lines_of(header)
            lines[mutant.line - 1] = mutant.after or ";"
            with bench.folder() as own:
                write(header, lines, own)
                built = (bench.build(own, test) for test in tests)
                return first_of(
                    bench.verdict(program, 0, PATIENCE * limit) if program else "broken"
                    for program, limit in zip(built, seconds)
                )

        tried = {together[number]: pool.submit(choose, number) for number in together}
        if not only_together:
            tried |= {mutant: pool.submit(alone, mutant) for mutant in mutants if mutant not in tried}
        for mutant, verdict in tried.items():
            yield mutant, verdict.result()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default="c++")
    parser.add_argument("--work", default="build/mutants")
    parser.add_argument("--include", action="append", default=[], help="where Eigen and Catch2 are")
    parser.add_argument("--flag", action="append", default=[], help="of the compiler, such as --flag=-mavx2")
    parser.add_argument("--only", default="*", help="headers, such as cpu/ops/sum or 'optim/*'")
    parser.add_argument("--every", type=int, default=1, help="only every n-th mutant")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--log", type=pathlib.Path, help="keeps the verdicts; what stands in it is not tried again")
    parser.add_argument("--together", action="store_true", help="only those that stand side by side: the most, and quick")
    parser.add_argument("--list", action="store_true", help="count the mutants and stop")
    options = parser.parse_args()

    coverage = read_coverage()
    headers = sorted(
        str(path.relative_to(ROOT / "include/kd"))[: -len(".hpp")] for path in (ROOT / "include/kd").rglob("*.hpp")
    )
    headers = [header for header in headers if tests_of(header, coverage)]
    of_header = {header: found for header in headers if (found := list(mutants_of(header)))}
    tests = {test for header in of_header for test in tests_of(header, coverage)}
    missing = [test for test in sorted(tests) if not (ROOT / "tests" / f"{test}.test.cpp").exists()]
    if missing:
        sys.exit(f"covered_by.txt names tests that are not there: {', '.join(missing)}")
    headers = fnmatch.filter(of_header, options.only)
    mutants = [mutant for header in headers for mutant in of_header[header]][:: options.every]
    if not mutants:
        sys.exit(f"There is nothing to change in headers like {options.only}.")
    print(f"{len(mutants)} mutants of {len({mutant.header for mutant in mutants})} headers", flush=True)
    if options.list:
        return

    logged = options.log.read_text().splitlines() if options.log and options.log.exists() else []
    known = {place: verdict for verdict, place in (line.split(" ", 1) for line in logged)}
    verdicts = {mutant: known[mutant.place()] for mutant in mutants if mutant.place() in known}
    bench = Bench(options.compiler, options.work, options.include, options.flag)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for header in headers:
            left = [mutant for mutant in mutants if mutant.header == header and mutant not in verdicts]
            if not left:
                continue
            tests = tests_of(header, coverage)
            for mutant, verdict in verdicts_of(bench, header, left, tests, pool, options.together):
                verdicts[mutant] = verdict
                if options.log:
                    with options.log.open("a") as log:
                        print(verdict, mutant.place(), file=log)
            print(f"{header}: {len(verdicts)} of {len(mutants)}", flush=True)

    answered = set((HERE / "answered.txt").read_text().splitlines())
    survivors = [mutant for mutant, verdict in verdicts.items() if verdict == "survived"]
    unanswered = [mutant for mutant in survivors if mutant.key() not in answered]
    for mutant in unanswered:
        print(f"survived: {mutant.header}.hpp:{mutant.line}\n  {mutant.key()}")
    count = list(verdicts.values()).count
    print(
        f"{count('noticed')} noticed, {count('broken')} do not compile, {len(survivors)} survived, "
        f"of which {len(survivors) - len(unanswered)} are answered"
    )
    shutil.rmtree(bench.work, ignore_errors=True)
    if unanswered:
        sys.exit(f"{len(unanswered)} mutants survived without an answer.")


if __name__ == "__main__":
    main()
