# SPDX-License-Identifier: MIT
"""Reads what kd wrote: read_files.py PROGRAM, the program being write_files.

NumPy reads the arrays; networks are read by a few lines here, and by the safetensors package and by
PyTorch where these are installed. Says at the end who read.
"""

import argparse
import importlib
import json
import pathlib
import struct
import subprocess
import sys
import tempfile
import zipfile

import numpy as np

TYPES = {"F32": np.float32, "F64": np.float64}
SHAPES = {"0.weight": (3, 4), "0.bias": (3,), "3.weight": (5, 3), "3.bias": (5,),
          "5.weight": (1, 5), "5.bias": (1,)}  # fmt: skip


def optional(name):
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


safetensors = optional("safetensors")
torch = optional("torch")


def check_array(where, got, expected):
    """Type, shape and every bit, -0 too."""
    expected = np.asarray(expected)
    assert got.dtype == expected.dtype, f"{where}: expected {expected.dtype}, got {got.dtype}"
    assert got.shape == expected.shape, f"{where}: expected {expected.shape}, got {got.shape}"
    assert got.tobytes() == expected.tobytes(), f"{where}: expected {expected}, got {got}"


def numbers(kind):
    return np.arange(12, dtype=kind).reshape(3, 4)


def named_arrays():
    limits = np.finfo(np.float32)
    special = np.array([[-0.0], [np.inf], [limits.smallest_subnormal], [limits.max]], np.float32)
    return {"odd": numbers(np.int64) % 2 == 1, "labels": np.array([2, 0, 1], np.int32),
            "special": special, "none": np.zeros((0, 4))}  # fmt: skip


def read_arrays(folder):
    for kind in ("u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f4", "f8"):
        name = f"numbers_{kind[1]}{kind[0]}.npy"
        check_array(name, np.load(folder / name), numbers(kind))
    for name, expected in named_arrays().items():
        check_array(name, np.load(folder / f"{name}.npy"), expected)
    mapped = np.load(folder / "numbers_4f.npy", mmap_mode="r")
    check_array("mapped", np.asarray(mapped), numbers(np.float32))


def read_archives(folder):
    expected = {"x": numbers(np.float64), **named_arrays(), "größe": numbers(np.int32)}
    for name in ("arrays.npz", "wide.npz"):
        with zipfile.ZipFile(folder / name) as archive:
            assert archive.testzip() is None, f"{name}: {archive.testzip()} is damaged"
        with np.load(folder / name) as arrays:
            assert sorted(arrays.files) == sorted(expected), f"{name}: {arrays.files}"
            for key in expected:
                check_array(f"{name}, {key}", arrays[key], expected[key])
    with np.load(folder / "nothing.npz") as arrays:
        assert arrays.files == []
    with np.load(folder / "top_k.npz") as kept:
        check_array("indices", kept["indices"], np.array([[1, 2], [0, 2]], np.int32))
        check_array("logits", kept["logits"], np.array([[4, 3], [9, 5]], np.float32))
        check_array("tail", kept["tail"], np.array([1, 2], np.float32))
        check_array("num_classes", kept["num_classes"], np.array([3], np.int64))
        check_array("temperature", kept["temperature"], np.array([3.0]))


def parse(path):
    """The tensors and the metadata of a safetensors file, as its format is described."""
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    metadata = header.pop("__metadata__")
    data = content[8 + length :]
    tensors, end = {}, 0
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        first, last = entry["data_offsets"]
        assert first == end, f"{path.name}: {name} begins at {first}, not {end}"
        values = np.frombuffer(data[first:last], TYPES[entry["dtype"]])
        tensors[name] = values.reshape(entry["shape"])
        end = last
    assert end == len(data), f"{path.name}: {len(data) - end} bytes belong to nobody"
    return tensors, metadata


def close(where, got, expected, kind):
    tolerance = 50 * np.finfo(kind).eps
    assert got.dtype == kind and got.shape == expected.shape, f"{where}: {got.dtype} {got.shape}"
    is_close = np.allclose(got, expected, rtol=tolerance, atol=tolerance)
    assert is_close, f"{where}: expected {expected}, got {got}"


def read_network(folder, name):
    kind = TYPES[name]
    path = folder / f"network_{name}.safetensors"
    tensors, metadata = parse(path)
    assert {key: value.shape for key, value in tensors.items()} == SHAPES
    assert all(value.dtype == kind for value in tensors.values())
    assert metadata["format"] == "pt"
    assert metadata["kd.architecture"].startswith("Linear(4, 3), ReLU")
    named, _ = parse(folder / f"named_{name}.safetensors")
    for key, value in tensors.items():
        layer, part = key.split(".")
        check_array(key, named[f"fc{['0', '3', '5'].index(layer) + 1}.{part}"], value)
    assert len(named) == len(tensors)

    x = np.load(folder / f"x_{name}.npy")
    logits = np.load(folder / f"logits_{name}.npy")
    y = x
    for layer in ("0", "3", "5"):
        y = y if layer == "0" else np.maximum(y, 0)
        y = y @ tensors[f"{layer}.weight"].T + tensors[f"{layer}.bias"]
    assert len(np.unique(logits)) == 3  # it says something else of each
    close(f"logits {name} by NumPy", y, logits, kind)

    if safetensors:
        numpy_reader = importlib.import_module("safetensors.numpy")
        theirs = numpy_reader.load_file(path)
        assert theirs.keys() == tensors.keys()
        for key, value in tensors.items():
            check_array(f"{key} by safetensors", theirs[key], value)
        with safetensors.safe_open(path, "np") as opened:
            assert opened.metadata() == metadata
    if torch:
        if safetensors:
            state = importlib.import_module("safetensors.torch").load_file(path)
        else:
            state = {key: torch.from_numpy(value.copy()) for key, value in tensors.items()}
        model = torch.nn.Sequential(
            torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Dropout(),
            torch.nn.Linear(3, 5), torch.nn.ReLU(), torch.nn.Linear(5, 1)
        )  # fmt: skip
        model = model.to(torch.from_numpy(x).dtype).eval()
        model.load_state_dict(state, strict=True)
        y = model(torch.from_numpy(x)).detach().numpy()
        close(f"logits {name} by PyTorch", y, logits, kind)


def main():
    parser = argparse.ArgumentParser(description="Reads what kd wrote.")
    parser.add_argument("program", help="write_files, which writes it")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kd_python_") as name:
        folder = pathlib.Path(name)
        subprocess.run([arguments.program, name], check=True)
        read_arrays(folder)
        read_archives(folder)
        for kind in TYPES:
            read_network(folder, kind)
    for name, module in (("NumPy", np), ("safetensors", safetensors), ("PyTorch", torch)):
        if module:
            print(f"{name} {module.__version__} has read it")
        else:
            print(f"{name} was not found and has read nothing")


if __name__ == "__main__":
    sys.exit(main())
