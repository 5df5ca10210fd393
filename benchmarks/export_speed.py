# SPDX-License-Identifier: MIT
"""How fast what kd exports runs, one sample at a time on one core, beside other runtimes in one run:

    export_speed.py PROGRAM [--flags="-O3 -march=native"]

PROGRAM is kd_write_exported, which the tests build. The C files are compiled with `gcc`; ONNX Runtime
runs the ONNX files, LiteRT a .tflite file of the same integers. Needs the packages numpy,
onnxruntime, ai-edge-litert, tflite and tflite-micro. Runtimes are called from Python: what the
smallest call costs is printed too. Everything is measured in turn, and the best of the turns counts.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter

MAIN = r"""
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include HEADER
static unsigned char arena[ARENA + 64];
static T in[INPUTS], out[OUTPUTS];
int main(int count, char **arguments) {
  struct timespec a, b;
  long times = atol(arguments[1]);
  (void)count;
  for (long i = 0; i < INPUTS; ++i) in[i] = (T)(i * 37 % 101 - 50);
  clock_gettime(CLOCK_MONOTONIC, &a);
  for (long k = 0; k < times; ++k) {
    in[0] = (T)(k % 100);
    RUN(in, out, arena);
  }
  clock_gettime(CLOCK_MONOTONIC, &b);
  printf("%f %f\n", ((double)(b.tv_sec - a.tv_sec) * 1e9 + (double)(b.tv_nsec - a.tv_nsec)) / (double)times, (double)out[0]);
  return 0;
}
"""


def tflite_of(network):
    """The file that the test makes of it."""
    path = pathlib.Path(__file__).parents[1] / "tests/python/read_tflite.py"
    source = path.read_text().replace("\nmain()\n", "\n")
    module = {}
    exec(compile(source, str(path), "exec"), module)  # noqa: S102
    return module["tflite_file"](network)


def compiled(folder, name, flags):
    (folder / "main.c").write_text(MAIN)
    upper, kind = name.upper(), "float" if name.endswith("float") else "int8_t"
    program = folder / f"{name}.run"
    subprocess.run(["gcc", "-std=gnu99", *flags.split(), f'-DHEADER="{name}.h"', f"-DT={kind}",
                    f"-DRUN={name}_run", f"-DARENA={upper}_ARENA_BYTES", f"-DINPUTS={upper}_INPUTS",
                    f"-DOUTPUTS={upper}_OUTPUTS", "main.c", f"{name}.c", "-o", program, "-lm"],
                   cwd=folder, check=True)  # fmt: skip

    def run(times):
        said = subprocess.run([program, str(times)], capture_output=True, check=True, text=True)
        return float(said.stdout.split()[0])

    return run


def session(path, x):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    runtime = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return lambda times: timed(lambda: runtime.run(None, {"input": x}), times)


def litert(content, x):
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    return lambda times: timed(interpreter.invoke, times)


def timed(call, times):
    begin = time.perf_counter_ns()
    for _ in range(times):
        call()
    return (time.perf_counter_ns() - begin) / times


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--flags", default="-O3 -march=native")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        subprocess.run([arguments.program, temporary], check=True)
        for name, times in (("article", 5000), ("resnet8", 50)):
            network = json.loads((folder / f"{name}.network").read_text())
            shape = network["shape"]
            x = np.load(folder / f"{name}_x.npy")[:1]
            x = x.reshape(1, *shape) if shape[1] * shape[2] > 1 else x
            q = np.load(folder / f"{name}_qx.npy")[:1].reshape(1, *shape).transpose(0, 2, 3, 1)
            runners = {
                "kd, C in float": compiled(folder, f"{name}_float", arguments.flags),
                "ONNX Runtime, float": session(folder / f"{name}.onnx", x),
                "kd, C in int8": compiled(folder, f"{name}_int8", arguments.flags),
                "ONNX Runtime, int8": session(folder / f"{name}_int8.onnx", x),
                "LiteRT, int8": litert(tflite_of(network), np.ascontiguousarray(q)),
            }
            best = {}
            for _ in range(9):
                for who, run in runners.items():
                    best[who] = min(best.get(who, np.inf), run(times))
            for who, nanoseconds in best.items():
                print(f"{name:10} {who:22} {nanoseconds / 1000:10.2f} us")


main()
