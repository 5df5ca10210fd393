# SPDX-License-Identifier: MIT
"""Makes the MNIST sample in this folder from the full data set.

python make_sample.py FOLDER [--out FOLDER]

FOLDER holds MNIST's four IDX files, plain or gzip'ed. Taken are one of every 6 of the 60,000
training images, with even and odd numbers in turn (0, 7, 12, 19, ...), and every 5th of the 10,000
test images (0, 5, 10, ...).

The turns matter: the training images with even numbers and those with odd ones come from two groups
of writers. Their mean brightness is 0.123 and 0.139, that of the first and the second half of the
test images 0.122 and 0.143.
"""

import argparse
import gzip
import hashlib
import io
import pathlib
import struct

FILES = {  # name: (magic number, images in the full set, every how many are taken)
    "train-images-idx3-ubyte": (2051, 60000, 6),
    "train-labels-idx1-ubyte": (2049, 60000, 6),
    "t10k-images-idx3-ubyte": (2051, 10000, 5),
    "t10k-labels-idx1-ubyte": (2049, 10000, 5),
}


def read(folder, name):
    plain = folder / name
    if plain.exists():
        return plain.read_bytes()
    return gzip.decompress((folder / f"{name}.gz").read_bytes())


def take(content, magic, count, every):
    """The IDX file `content` with one of every `every` entries, even and odd numbers in turn."""
    dimensions = 3 if magic == 2051 else 1
    header = struct.unpack_from(f">{1 + dimensions}I", content)
    if header[:2] != (magic, count):
        raise ValueError(f"expected magic {magic} and {count} entries, found {header[:2]}")
    size = 784 if dimensions == 3 else 1
    body = memoryview(content)[4 * len(header):]
    if len(body) != count * size:
        raise ValueError(f"expected {count * size} bytes after the header, found {len(body)}")
    # An odd step alternates between even and odd by itself, an even one does when it is nudged.
    nudge = 1 if every % 2 == 0 else 0
    numbers = [i * every + i % 2 * nudge for i in range(count // every)]
    kept = [body[i * size:(i + 1) * size] for i in numbers]
    return struct.pack(f">{1 + dimensions}I", magic, len(kept), *header[2:]) + b"".join(kept)


def main():
    parser = argparse.ArgumentParser(description="Makes the MNIST sample that kd ships.")
    parser.add_argument("folder", type=pathlib.Path, help="where the full data set lies")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    arguments = parser.parse_args()
    for name, how in FILES.items():
        packed = io.BytesIO()
        # No name and no time in the header, so that the same images give the same bytes.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=packed, mtime=0) as out:
            out.write(take(read(arguments.folder, name), *how))
        (arguments.out / f"{name}.gz").write_bytes(packed.getvalue())
        print(f"{hashlib.sha256(packed.getvalue()).hexdigest()}  {name}.gz")


if __name__ == "__main__":
    main()
