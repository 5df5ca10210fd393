# SPDX-License-Identifier: MIT
"""Makes digits.csv in this folder: small images of the MNIST sample beside it, as a table.

python make_table.py [--out FOLDER]

A line is a digit and its 49 pixels: the means, rounded, of the 4 x 4 blocks of an image, line by
line, from 0 (paper) to 255 (ink). Taken are one of every ten training images of the sample, with even
and odd numbers in turn (0, 11, 20, ...: see make_sample.py for why), for digits.csv, and every fourth
test image for digits_test.csv.
"""

import argparse
import gzip
import pathlib

HERE = pathlib.Path(__file__).parent
SIDE, BLOCK = 28, 4
FILES = {  # name: (the part of the sample, every how many are taken, whether in turns)
    "digits.csv": ("train", 10, True),
    "digits_test.csv": ("t10k", 4, False),
}


def body(name, header):
    return gzip.decompress((HERE / f"{name}.gz").read_bytes())[header:]


def pixels(image):
    """The means of the blocks of an image."""
    for top in range(0, SIDE, BLOCK):
        for left in range(0, SIDE, BLOCK):
            rows = range(top, top + BLOCK)
            total = sum(sum(image[SIDE * y + left:SIDE * y + left + BLOCK]) for y in rows)
            yield (total + BLOCK * BLOCK // 2) // (BLOCK * BLOCK)


def table(part, every, in_turns):
    images = body(f"{part}-images-idx3-ubyte", 16)
    labels = body(f"{part}-labels-idx1-ubyte", 8)
    side = range(SIDE // BLOCK)
    yield ",".join(["digit", *(f"row{y}_col{x}" for y in side for x in side)])
    for k in range(len(labels) // every):
        i = k * every + (k % 2 if in_turns else 0)
        image = images[SIDE * SIDE * i:SIDE * SIDE * (i + 1)]
        yield ",".join(map(str, [labels[i], *pixels(image)]))


def main():
    parser = argparse.ArgumentParser(description="Makes the tables of digits that kd ships.")
    parser.add_argument("--out", type=pathlib.Path, default=HERE)
    folder = parser.parse_args().out
    for name, how in FILES.items():
        (folder / name).write_text("".join(line + "\n" for line in table(*how)))


if __name__ == "__main__":
    main()
