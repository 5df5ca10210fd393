#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long kd takes to compile, beside Eigen alone: processor time, memory, preprocessed lines.

Every program is compiled in turn for several rounds; what is printed are medians.
"""

import argparse
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def readme_program():
    """The first whole program of README.md."""
    blocks = re.findall(r"^```cpp\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S)
    programs = [block for block in blocks if "int main" in block]
    if not programs:
        sys.exit("README.md holds no program")
    return programs[0]


def deep_program(layers=64):
    """As many linear layers of different sizes with rectifiers between them, trained."""
    widths = [784] + [200 - i for i in range(layers - 1)] + [10]
    body = ", kd::ReLU,\n    ".join(f"kd::Linear<{a}, {b}>" for a, b in zip(widths, widths[1:]))
    return f"""#include <kd/distill.hpp>
using Deep = kd::Sequential<
    {body}>;
void train(kd::Network<Deep>& network, const kd::Dataset& data) {{
  kd::fit(network, data, kd::CrossEntropy{{}}, kd::Adam{{}});
}}
"""


def programs():
    return {
        "`#include <Eigen/Core>`": "#include <Eigen/Core>\n",
        "`#include <kd/distill.hpp>`": "#include <kd/distill.hpp>\n",
        "the README's program": readme_program(),
        "the README's program with `kd::compiled`": "#define KD_COMPILED\n" + readme_program(),
        "a network of 64 linear layers, `kd::fit`": deep_program(),
    }


def compile_once(command):
    """Seconds of the processor's time, which other programs hardly change, and bytes at the peak."""
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"failed: {shlex.join(command)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024


def preprocessed_lines(command):
    text = subprocess.run([*command, "-E", "-P"], check=True, stdout=subprocess.PIPE).stdout
    return text.count(b"\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--compilers", default="g++,clang++", help="comma-separated")
    parser.add_argument("--flags", default="-O2", help="such as '-O3 -march=native'")
    parser.add_argument("--eigen", default="/usr/include/eigen3", help="folder of Eigen's headers")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    compilers = [name for name in options.compilers.split(",") if shutil.which(name)]
    if not compilers:
        sys.exit(f"none of {options.compilers} is installed")
    common = ["-std=c++20", *shlex.split(options.flags), f"-I{ROOT}/include", "-isystem"]
    common.append(options.eigen)
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        sources = {}
        for i, (name, text) in enumerate(programs().items()):
            sources[name] = Path(folder) / f"{i}.cpp"
            sources[name].write_text(text)
        for _ in range(options.rounds):
            for name, source in sources.items():
                for compiler in compilers:
                    command = [compiler, *common, "-c", str(source), "-o", os.devnull]
                    measured.setdefault((name, compiler), []).append(compile_once(command))
        lines = {
            name: preprocessed_lines([compilers[0], *common, str(source)])
            for name, source in sources.items()
        }
    print("| | lines | " + " | ".join(f"{c}, s | {c}, MB" for c in compilers) + " |")
    print("|---|---|" + "---|---|" * len(compilers))
    for name in lines:
        cells = [name, f"{lines[name]:,}"]
        for compiler in compilers:
            seconds, memory = zip(*measured[name, compiler])
            cells += [f"{statistics.median(seconds):.2f}", f"{max(memory) / 1e6:.0f}"]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
