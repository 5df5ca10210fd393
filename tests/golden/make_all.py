# SPDX-License-Identifier: MIT
"""Remakes every golden value: python make_all.py [--out FOLDER]"""

import argparse
import importlib
import pathlib
import sys

sys.dont_write_bytecode = True

SCRIPTS = ["make_core", "make_layers", "make_optim", "make_training", "make_methods",
           "make_features", "make_maps", "make_io", "make_images",
           "make_quantization"]


def main():
    parser = argparse.ArgumentParser(description="Remakes every golden value of kd's tests.")
    parser.add_argument("--out", type=pathlib.Path,
                        help="folder to write to (default: where this script lies)")
    arguments = parser.parse_args()
    golden = importlib.import_module("golden")
    if arguments.out:
        golden.root = arguments.out.resolve()
    for name in SCRIPTS:
        importlib.import_module(name).main()
    files = sorted(golden.root.glob("*/*.npy"))
    print(f"{len(files)} files, {sum(f.stat().st_size for f in files)} bytes in {golden.root}")


if __name__ == "__main__":
    main()
