# SPDX-License-Identifier: MIT
"""predict/... in ONNX Runtime from Python. Its wheel has no C++ headers.

Modes: run (`session.run`), binding (inputs and outputs bound beforehand: the least of Python).
"""

import peer

OPTIONS = peer.arguments()

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

NAME = f"ONNX Runtime {onnxruntime.__version__}"


def model(widths, batch):
    rng = np.random.default_rng(0)
    nodes, weights, last = [], [], "x"
    for i, (fan_in, fan_out) in enumerate(zip(widths, widths[1:])):
        bound = fan_in**-0.5
        w = rng.uniform(-bound, bound, (fan_out, fan_in)).astype(np.float32)
        b = rng.uniform(-bound, bound, fan_out).astype(np.float32)
        weights += [numpy_helper.from_array(w, f"w{i}"), numpy_helper.from_array(b, f"b{i}")]
        nodes.append(helper.make_node("Gemm", [last, f"w{i}", f"b{i}"], [f"z{i}"], transB=1))
        last = f"z{i}"
        if i + 2 < len(widths):
            nodes.append(helper.make_node("Relu", [last], [f"a{i}"]))
            last = f"a{i}"
    tensor = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "network",
        [tensor("x", TensorProto.FLOAT, [batch, widths[0]])],
        [tensor(last, TensorProto.FLOAT, [batch, widths[-1]])],
        weights,
    )
    opset = helper.make_opsetid("", 17)
    return helper.make_model(graph, opset_imports=[opset], ir_version=8), last


def main():
    kind, which, size = OPTIONS.phase.split("/")
    if kind != "predict":
        raise SystemExit("ONNX Runtime predicts only")
    batch = int(size)
    network, output = model(peer.TEACHER if which == "teacher" else peer.STUDENT, batch)
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = OPTIONS.threads
    settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        network.SerializeToString(), settings, providers=["CPUExecutionProvider"]
    )
    pixels, _ = peer.images(OPTIONS.data)
    x = pixels.astype(np.float32) / 255
    parts = [x[at : at + batch] for at in peer.starts(len(x), batch)]
    bindings = []
    for part in parts[:64]:
        binding = session.io_binding()
        binding.bind_cpu_input("x", part)
        binding.bind_output(output)
        bindings.append(binding)
    at = 0

    def run():
        nonlocal at
        session.run([output], {"x": parts[at % len(parts)]})
        at += 1

    def run_bound():
        nonlocal at
        session.run_with_iobinding(bindings[at % len(bindings)])
        at += 1

    for mode in OPTIONS.modes or ["run", "binding"]:
        call = run if mode == "run" else run_bound
        peer.report(NAME, mode, peer.seconds_per_call(call, OPTIONS.seconds))


main()
