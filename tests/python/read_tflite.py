# SPDX-License-Identifier: MIT
"""Compares kd's integers with TensorFlow Lite Micro's: read_tflite.py PROGRAM [FOLDER], the program being
write_exported. What they make of one of the networks is kept in tests/golden/tflite_micro, which FOLDER
writes anew.

Each quantised network becomes a .tflite file of the same numbers, which the reference kernels of the
package tflite-micro run: every output has to be the same integer. Functions that kd does by tables
are compared one by one, over all 256 integers, and may differ by one step, since theirs are
approximations. Needs the packages tflite and tflite-micro; without them it is skipped.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import flatbuffers
    import numpy as np
    import tflite
    from tflite_micro import runtime
except ImportError as missing:
    print(f"SKIPPED: {missing}")
    sys.exit(0)

RELU = {0: tflite.ActivationFunctionType.NONE, 1: tflite.ActivationFunctionType.RELU,
        6: tflite.ActivationFunctionType.RELU6}  # fmt: skip
TYPES = {"int8": tflite.TensorType.INT8, "int32": tflite.TensorType.INT32}


class Model:
    """A .tflite file while it is made; activations are (1, height, width, channels)."""

    def __init__(self):
        self.b = flatbuffers.Builder(1 << 16)
        self.buffers, self.tensors, self.operators, self.codes = [b""], [], [], []

    def tensor(self, shape, kind, scales=None, zero_point=0, axis=0, data=None):
        if data is not None:
            self.buffers.append(np.ascontiguousarray(data).tobytes())
        buffer = len(self.buffers) - 1 if data is not None else 0
        self.tensors.append((list(shape), kind, scales, zero_point, axis, buffer))
        return len(self.tensors) - 1

    def constant(self, data, **quantization):
        return self.tensor(data.shape, str(data.dtype), data=data, **quantization)

    def operator(self, code, inputs, output, options=None):
        code = getattr(tflite.BuiltinOperator, code)
        if code not in self.codes:
            self.codes.append(code)
        self.operators.append((self.codes.index(code), inputs, output, options))

    def options(self, name, **fields):
        """Says how to write the options of an operator."""

        def write():
            getattr(tflite, name + "Start")(self.b)
            for field, value in fields.items():
                getattr(tflite, f"{name}Add{field}")(self.b, value)
            return getattr(tflite, name + "End")(self.b)

        return getattr(tflite.BuiltinOptions, name), write

    def ints(self, values, kind=np.int32):
        return self.b.CreateNumpyVector(np.array(values, kind))

    def offsets(self, start, offsets):
        start(self.b, len(offsets))
        for offset in reversed(offsets):
            self.b.PrependUOffsetTRelative(offset)
        return self.b.EndVector()

    def write_tensor(self, tensor):
        shape, kind, scales, zero_point, axis, buffer = tensor
        b, quantization = self.b, None
        if scales is not None:
            scale = b.CreateNumpyVector(np.array(scales, np.float32))
            points = self.ints([zero_point] * len(scales), np.int64)
            tflite.QuantizationParametersStart(b)
            tflite.QuantizationParametersAddScale(b, scale)
            tflite.QuantizationParametersAddZeroPoint(b, points)
            tflite.QuantizationParametersAddQuantizedDimension(b, axis)
            quantization = tflite.QuantizationParametersEnd(b)
        where = self.ints(shape)
        tflite.TensorStart(b)
        tflite.TensorAddShape(b, where)
        tflite.TensorAddType(b, TYPES[kind])
        tflite.TensorAddBuffer(b, buffer)
        if quantization is not None:
            tflite.TensorAddQuantization(b, quantization)
        return tflite.TensorEnd(b)

    def write_operator(self, operator):
        code, inputs, output, options = operator
        b = self.b
        kind, offset = (options[0], options[1]()) if options else (None, None)
        inputs, outputs = self.ints(inputs), self.ints([output])
        tflite.OperatorStart(b)
        tflite.OperatorAddOpcodeIndex(b, code)
        tflite.OperatorAddInputs(b, inputs)
        tflite.OperatorAddOutputs(b, outputs)
        if options:
            tflite.OperatorAddBuiltinOptionsType(b, kind)
            tflite.OperatorAddBuiltinOptions(b, offset)
        return tflite.OperatorEnd(b)

    def finish(self, first, last):
        b = self.b
        tensors = self.offsets(tflite.SubGraphStartTensorsVector,
                               [self.write_tensor(t) for t in self.tensors])  # fmt: skip
        operators = self.offsets(tflite.SubGraphStartOperatorsVector,
                                 [self.write_operator(o) for o in self.operators])  # fmt: skip
        inputs, outputs = self.ints([first]), self.ints([last])
        tflite.SubGraphStart(b)
        tflite.SubGraphAddTensors(b, tensors)
        tflite.SubGraphAddInputs(b, inputs)
        tflite.SubGraphAddOutputs(b, outputs)
        tflite.SubGraphAddOperators(b, operators)
        graphs = self.offsets(tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(b)])
        codes = []
        for code in self.codes:
            tflite.OperatorCodeStart(b)
            tflite.OperatorCodeAddDeprecatedBuiltinCode(b, min(code, 127))
            tflite.OperatorCodeAddBuiltinCode(b, code)
            tflite.OperatorCodeAddVersion(b, 1)
            codes.append(tflite.OperatorCodeEnd(b))
        codes = self.offsets(tflite.ModelStartOperatorCodesVector, codes)
        buffers = []
        for content in self.buffers:
            data = b.CreateByteVector(content) if content else None
            tflite.BufferStart(b)
            if data is not None:
                tflite.BufferAddData(b, data)
            buffers.append(tflite.BufferEnd(b))
        buffers = self.offsets(tflite.ModelStartBuffersVector, buffers)
        tflite.ModelStart(b)
        tflite.ModelAddVersion(b, 3)
        tflite.ModelAddOperatorCodes(b, codes)
        tflite.ModelAddSubgraphs(b, graphs)
        tflite.ModelAddBuffers(b, buffers)
        b.Finish(tflite.ModelEnd(b), b"TFL3")
        return bytes(b.Output())


def is_like(q):
    return {"scales": [q["scale"]], "zero_point": q["zero_point"]}


def padding_of(window):
    """TensorFlow's word for a border, or the zeros around the map where it has none."""
    (_, height, width), (_, out_height, out_width) = window["in"], window["out"]
    stride = window["stride"]
    sides = []
    for size, out, kernel, begin in zip((height, width), (out_height, out_width),
                                        window["kernel"], window["begin"]):  # fmt: skip
        end = (out - 1) * stride + kernel - size - begin
        sides.append((begin, end))
    if all(begin == 0 and end <= 0 for begin, end in sides):
        return tflite.Padding.VALID, None
    same = all(
        out == -(-size // stride)
        and begin == max((out - 1) * stride + kernel - size, 0) // 2
        for size, out, kernel, begin in zip((height, width), (out_height, out_width),
                                            window["kernel"], window["begin"])  # fmt: skip
    )
    return (tflite.Padding.SAME, None) if same else (tflite.Padding.VALID, sides)


def padded(model, x, is_of, window, sides, border):
    """A tensor with a border of zero points, or of the integer `border`."""
    channels, height, width = window["in"]
    before = [[0, 0]] + [[begin, max(end, 0)] for begin, end in sides] + [[0, 0]]
    shape = [1] + [size + sum(pads) for size, pads in zip((height, width), before[1:3])] + [channels]
    y = model.tensor(shape, "int8", **is_like(is_of))
    inputs = [x, model.constant(np.array(before, np.int32))]
    if border is None:
        model.operator("PAD", inputs, y, model.options("PadOptions"))
    else:
        inputs.append(model.constant(np.array([border], np.int8), **is_like(is_of)))
        model.operator("PADV2", inputs, y, model.options("PadV2Options"))
    return y


def add_node(model, network, node, tensors):
    first, second = node["sources"]
    is_of = network["is"] if first == 0 else network["nodes"][first - 1]["is"]
    channels, height, width = node["shape"]
    x, op = tensors[first], node["op"]
    y = model.tensor([1, channels] if op == "linear" else [1, height, width, channels], "int8",
                     **is_like(node["is"]))  # fmt: skip
    relu = RELU[node["relu"]]
    if op == "linear":
        c, h, w = network["shape"] if first == 0 else network["nodes"][first - 1]["shape"]
        weight = np.array(node["weight"], np.int8).reshape(channels, c, h, w)
        weight = weight.transpose(0, 2, 3, 1).reshape(channels, -1)  # as the map lies there
        bias_scales = np.float32(is_of["scale"]) * np.array(node["scales"], np.float32)
        inputs = [x, model.constant(weight, scales=node["scales"]),
                  model.constant(np.array(node["bias"], np.int32), scales=bias_scales)]  # fmt: skip
        model.operator("FULLY_CONNECTED", inputs, y,
                       model.options("FullyConnectedOptions", FusedActivationFunction=relu))  # fmt: skip
    elif op == "add":
        model.operator("ADD", [x, tensors[second]], y,
                       model.options("AddOptions", FusedActivationFunction=relu))  # fmt: skip
    elif op == "relu":  # of a pool, which has no clamp
        model.operator("RELU", [x], y)
    elif op in ("conv", "max_pool", "average_pool"):
        window = node["window"]
        padding, sides = padding_of(window)
        if op == "average_pool" and padding == tflite.Padding.SAME and node["counts_border"]:
            begin = window["begin"]
            sides = [(b, (o - 1) * window["stride"] + k - s - b) for s, o, k, b in
                     zip(window["in"][1:], window["out"][1:], window["kernel"], begin)]  # fmt: skip
            padding = tflite.Padding.VALID
        if sides:
            x = padded(model, x, is_of, window, sides, -128 if op == "max_pool" else None)
        moves = {"Padding": padding, "StrideH": window["stride"], "StrideW": window["stride"],
                 "FusedActivationFunction": relu}  # fmt: skip
        if op != "conv":
            moves |= {"FilterHeight": window["kernel"][0], "FilterWidth": window["kernel"][1]}
            model.operator(op.upper() + "_2D", [x], y, model.options("Pool2DOptions", **moves))
        else:
            add_convolution(model, node, window, is_of, x, y, moves)
    else:
        return None
    return y


def add_convolution(model, node, window, is_of, x, y, moves):
    ins = window["in"][0] // window["groups"]
    weight = np.array(node["weight"], np.int8).reshape(-1, ins, *window["kernel"])
    depthwise = ins == 1 and window["groups"] > 1
    weight = weight.transpose(1, 2, 3, 0) if depthwise else weight.transpose(0, 2, 3, 1)
    bias_scales = np.float32(is_of["scale"]) * np.array(node["scales"], np.float32)
    inputs = [x, model.constant(weight, scales=node["scales"], axis=3 if depthwise else 0),
              model.constant(np.array(node["bias"], np.int32), scales=bias_scales)]  # fmt: skip
    moves = {"DilationHFactor": 1, "DilationWFactor": 1} | moves
    if depthwise:
        moves["DepthMultiplier"] = len(node["scales"]) // window["in"][0]
        options = model.options("DepthwiseConv2DOptions", **moves)
        model.operator("DEPTHWISE_CONV_2D", inputs, y, options)
    else:
        model.operator("CONV_2D", inputs, y, model.options("Conv2DOptions", **moves))


def tflite_file(network):
    model = Model()
    channels, height, width = network["shape"]
    tensors = [model.tensor([1, height, width, channels], "int8", **is_like(network["is"]))]
    for node in network["nodes"]:
        tensor = add_node(model, network, node, tensors)
        if tensor is None:
            return None
        tensors.append(tensor)
    return model.finish(tensors[0], tensors[-1])


def run(content, inputs):
    interpreter = runtime.Interpreter.from_bytes(content)
    outputs = []
    for x in inputs:
        interpreter.set_input(np.ascontiguousarray(x), 0)
        interpreter.invoke()
        outputs.append(np.array(interpreter.get_output(0)).ravel())
    return np.array(outputs)


def compare_networks(folder):
    total = 0
    for path in sorted([*folder.glob("*.network"), *folder.glob("*.integers")]):
        network = json.loads(path.read_text())
        if network.get("bits", 8) < 8:  # its files have no clamp for fewer
            continue
        content = tflite_file(network)
        if content is None:
            continue
        name = path.stem
        x, y = np.load(folder / f"{name}_qx.npy"), np.load(folder / f"{name}_qy.npy")
        shaped = x.reshape(-1, *network["shape"]).transpose(0, 2, 3, 1)[:, None]
        got = run(content, shaped)
        wrong = np.count_nonzero(got != y)
        if path.suffix == ".integers" and len(sys.argv) > 2:
            np.save(pathlib.Path(sys.argv[2]) / "integers.npy", got.astype(np.int8))
        total += y.size
        print(f"{name}: {y.size} outputs, {wrong} differ, {len(np.unique(y))} values")
        assert got.shape == y.shape and wrong == 0, name
        assert len(np.unique(y)) > 20, f"{name}: too few values to tell"
    assert total > 10000
    return total


def compare_tables(folder):
    """Each function over all integers, by itself."""
    operators = {"sigmoid": ("LOGISTIC", None, {}), "tanh": ("TANH", None, {}),
                 "leaky_relu": ("LEAKY_RELU", "LeakyReluOptions", {"Alpha": "negative_slope"}),
                 "hard_swish": ("HARD_SWISH", "HardSwishOptions", {})}  # fmt: skip
    network = json.loads((folder / "features.network").read_text())
    seen = set()
    every = np.arange(-128, 128).astype(np.int8)
    for node in network["nodes"]:
        if node["op"] not in operators:
            continue
        code, options, fields = operators[node["op"]]
        model = Model()
        x = model.tensor([1, 256], "int8", **is_like(network["nodes"][node["sources"][0] - 1]["is"]))
        y = model.tensor([1, 256], "int8", **is_like(node["is"]))
        written = model.options(options, **{k: node[v] for k, v in fields.items()}) if options else None
        model.operator(code, [x], y, written)
        got = run(model.finish(x, y), [every[None]])[0].astype(int)
        apart = np.abs(got - np.array(node["table"]))
        print(f"{node['op']}: {np.count_nonzero(apart)} of 256 differ, by at most {apart.max()}")
        assert apart.max() <= 1, node["op"]
        seen.add(node["op"])
    assert seen == set(operators), seen


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([sys.argv[1], name], check=True)
        total = compare_networks(folder)
        compare_tables(folder)
    print(f"tflite-micro gives the same {total} integers")


main()
