# SPDX-License-Identifier: MIT
"""Checks and runs what kd writes as ONNX: read_onnx.py PROGRAM, the program being write_exported.

onnx.checker looks at every file, with the shapes that it infers; ONNX Runtime and, as a second reader,
the reference evaluator of the package onnx compute the logits of kd, for a batch and for one sample.
Needs the packages onnx and onnxruntime; without them it is skipped.
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

try:
    import numpy as np
    import onnx
    import onnxruntime
    from onnx.reference import ReferenceEvaluator
    from onnx.reference.op_run import OpRun
except ImportError as missing:
    print(f"SKIPPED: {missing}")
    sys.exit(0)


class BatchNormalization(OpRun):
    """In inference; the evaluator's own of this opset normalises by the batch."""

    op_domain = ""

    def _run(self, x, scale, bias, mean, variance, epsilon=None, **others):
        shape = (-1,) + (1,) * (x.ndim - 2)
        by = scale / np.sqrt(variance + np.float32(epsilon))
        return (((x - mean.reshape(shape)) * by.reshape(shape) + bias.reshape(shape)),)


def refer(model, x):
    return ReferenceEvaluator(model, new_ops=[BatchNormalization]).run(None, {"input": x})[0]


def run(path, x):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # Without VNNI it would add products of integers in 16 bits, which do not hold them.
    options.add_session_config_entry("session.x64quantprecision", "1")
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(None, {"input": x})[0]


def check_model(model, x, classes):
    onnx.checker.check_model(model, full_check=True)
    assert model.ir_version == 7 and model.opset_import[0].version == 13
    sizes = lambda value: [d.dim_param or d.dim_value for d in value.type.tensor_type.shape.dim]
    assert sizes(model.graph.input[0]) == ["batch", *x.shape[1:]], sizes(model.graph.input[0])
    assert sizes(model.graph.output[0]) == ["batch", classes], sizes(model.graph.output[0])


def names_of(path):
    """The tensors of a safetensors file, by their shapes."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    return {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}


def check_float(folder, name, x):
    path, y = folder / f"{name}.onnx", np.load(folder / f"{name}_y.npy")
    model = onnx.load(path)
    check_model(model, x, y.shape[1])
    weights = {t.name: list(t.dims) for t in model.graph.initializer}
    for key, shape in names_of(folder / f"{name}.safetensors").items():
        assert weights.get(key) == shape, f"{name}: {key} is {weights.get(key)}, not {shape}"
    scale = max(1, np.abs(y).max())
    apart = {"ONNX Runtime": np.abs(run(path, x) - y).max() / scale,
             "ONNX Runtime, one sample": np.abs(run(path, x[:1]) - y[:1]).max() / scale,
             "reference": np.abs(refer(model, x[:8]) - y[:8]).max() / scale}  # fmt: skip
    for who, far in apart.items():
        print(f"{name}: {who} is within {far:.1e}")
        assert far < 1e-5, name


def check_layers(folder, name, model, network):
    """Each layer by itself, given what kd's layers before it gave: the same integers, or a step away
    where a number lies between two."""
    is_of = [network["is"]] + [node["is"] for node in network["nodes"]]
    shapes = [network["shape"]] + [node["shape"] for node in network["nodes"]]
    inferred = onnx.shape_inference.infer_shapes(model)
    extractor = onnx.utils.Extractor(inferred)
    ranks = {v.name: len(v.type.tensor_type.shape.dim) for v in inferred.graph.value_info}
    names = ["input_rounded"] + [f"layer{i}" for i in range(1, len(network["nodes"]))] + ["logits"]
    apart = total = 0
    for i, node in enumerate(network["nodes"], 1):
        sources = node["sources"] if node["op"] == "add" else node["sources"][:1]
        inputs = {}
        for source in sources:
            q = np.load(folder / f"{name}_layer{source}.npy").astype(np.float32)
            real = np.float32(is_of[source]["scale"]) * (q - is_of[source]["zero_point"])
            maps = ranks[names[source]] == 4
            inputs[names[source]] = real.reshape(-1, *shapes[source]) if maps else real
        part = extractor.extract_model(list(inputs), [names[i]])
        got = onnxruntime.InferenceSession(part.SerializeToString(),
                                           providers=["CPUExecutionProvider"]).run(None, inputs)[0]  # fmt: skip
        q = np.rint(got.reshape(len(got), -1) / np.float32(node["is"]["scale"]))
        steps = np.abs(q + node["is"]["zero_point"] - np.load(folder / f"{name}_layer{i}.npy"))
        assert steps.max() <= 1, f"{name}: layer {i}, {node['op']}: {steps.max()} steps"
        apart += np.count_nonzero(steps)
        total += steps.size
    print(f"{name}, int8: {apart} of the {total} numbers of all layers are a step away")


def check_int8(folder, name, x):
    path, y = folder / f"{name}_int8.onnx", np.load(folder / f"{name}_dy.npy")
    model = onnx.load(path)
    check_model(model, x, y.shape[1])
    network = json.loads((folder / f"{name}.network").read_text())
    check_layers(folder, name, model, network)
    if network["bits"] < 8:  # steps are so coarse that one in the middle moves a logit by many
        return
    scale = network["nodes"][-1]["is"]["scale"]
    steps = np.rint(np.abs(run(path, x) - y) / scale).astype(int)
    counts = {int(k): int(n) for k, n in zip(*np.unique(steps, return_counts=True))}
    print(f"{name}, int8: {counts} logits by steps away, behind {len(network['nodes'])} layers")
    assert steps.max() <= (1 if name == "article" else 8), name  # layers add up


def main():
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        subprocess.run([sys.argv[1], temporary], check=True)
        names = [path.stem for path in sorted(folder.glob("*.network"))]
        assert len(names) >= 4
        for name in names:
            shape = json.loads((folder / f"{name}.network").read_text())["shape"]
            x = np.load(folder / f"{name}_x.npy")
            x = x.reshape(-1, *shape) if shape[1] * shape[2] > 1 else x
            check_float(folder, name, x)
            check_int8(folder, name, x)
    print(f"ONNX Runtime {onnxruntime.__version__} runs {len(names)} networks")


main()
