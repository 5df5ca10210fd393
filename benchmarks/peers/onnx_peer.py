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


class Graph:
    """A network as it grows: what layers add goes on from `last`."""

    def __init__(self):
        self.rng, self.nodes, self.weights, self.last = np.random.default_rng(0), [], [], "x"

    def weight(self, shape, bound):
        name = f"w{len(self.weights)}"
        values = self.rng.uniform(-bound, bound, shape).astype(np.float32)
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def add(self, kind, *inputs, **attributes):
        out = f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, [self.last, *inputs], [out], **attributes))
        self.last = out

    def linear(self, fan_in, fan_out):
        bound = fan_in**-0.5
        self.add("Gemm", self.weight((fan_out, fan_in), bound), self.weight(fan_out, bound), transB=1)

    def conv(self, inputs, outputs, kernel, stride=1, groups=1):
        """With TensorFlow's SAME."""
        shape = (outputs, inputs // groups, *kernel)
        bound = np.prod(shape[1:]) ** -0.5
        self.add(
            "Conv", self.weight(shape, bound), self.weight(outputs, bound),
            auto_pad="SAME_UPPER", strides=[stride, stride], group=groups
        )  # fmt: skip

    def norm(self, channels):
        """Scale, bias, mean and variance; ONNX Runtime folds them into the convolution before."""
        for name, value in zip(("scale", "bias", "mean", "variance"), (1, 0, 0, 1)):
            values = np.full(channels, value, np.float32)
            self.weights.append(numpy_helper.from_array(values, f"{name}{len(self.nodes)}"))
        self.add("BatchNormalization", *[tensor.name for tensor in self.weights[-4:]])

    def head(self, channels, classes):
        self.add("GlobalAveragePool")
        self.add("Flatten")
        self.linear(channels, classes)

    def model(self, shape_in, shape_out):
        tensor = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "network",
            [tensor("x", TensorProto.FLOAT, shape_in)],
            [tensor(self.last, TensorProto.FLOAT, shape_out)],
            self.weights,
        )
        opset = helper.make_opsetid("", 17)
        return helper.make_model(graph, opset_imports=[opset], ir_version=8)


def dense(widths):
    graph = Graph()
    graph.linear(*widths[:2])
    for fan_in, fan_out in zip(widths[1:], widths[2:]):
        graph.add("Relu")
        graph.linear(fan_in, fan_out)
    return graph


def resnet8():
    graph = Graph()
    graph.conv(3, 16, (3, 3))
    graph.norm(16)
    graph.add("Relu")
    for inputs, outputs, stride in ((16, 16, 1), (16, 32, 2), (32, 64, 2)):
        shortcut = graph.last
        graph.conv(inputs, outputs, (3, 3), stride)
        graph.norm(outputs)
        graph.add("Relu")
        graph.conv(outputs, outputs, (3, 3))
        graph.norm(outputs)
        branch = graph.last
        if stride > 1:
            graph.last = shortcut
            graph.conv(inputs, outputs, (1, 1), stride)
            shortcut = graph.last
        graph.last = branch
        graph.add("Add", shortcut)
        graph.add("Relu")
    graph.head(64, 10)
    return graph


def ds_cnn():
    graph = Graph()
    graph.conv(1, 64, (10, 4), 2)
    graph.norm(64)
    graph.add("Relu")
    for _ in range(4):
        for kernel, groups in (((3, 3), 64), ((1, 1), 1)):
            graph.conv(64, 64, kernel, groups=groups)
            graph.norm(64)
            graph.add("Relu")
    graph.head(64, 12)
    return graph


# By the name in the phase: the network, the shape of a sample, the classes.
NETWORKS = {
    "teacher": (lambda: dense(peer.TEACHER), (784,), 10),
    "student": (lambda: dense(peer.STUDENT), (784,), 10),
    "resnet8": (resnet8, (3, 32, 32), 10),
    "ds_cnn": (ds_cnn, (1, 49, 10), 12),
}


def samples(shape):
    if shape != (784,):
        return np.random.default_rng(1).uniform(-1, 1, (1024, *shape)).astype(np.float32)
    pixels, _ = peer.images(OPTIONS.data)
    return pixels.astype(np.float32) / 255


def main():
    kind, which, size = OPTIONS.phase.split("/")
    if kind != "predict":
        raise SystemExit("ONNX Runtime predicts only")
    batch = int(size)
    make, shape, classes = NETWORKS[which]
    graph = make()
    network, output = graph.model((batch, *shape), (batch, classes)), graph.last
    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = OPTIONS.threads
    settings.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        network.SerializeToString(), settings, providers=["CPUExecutionProvider"]
    )
    x = samples(shape)
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
