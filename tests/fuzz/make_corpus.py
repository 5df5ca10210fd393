# SPDX-License-Identifier: MIT
"""Makes the files in corpus/, with which the fuzzers of kd's readers begin and which tests replay.

    python tests/fuzz/make_corpus.py

Needs Python alone. Files whose names begin with "good" are read, the others refused.
"""

import io
import json
import pathlib
import shutil
import struct
import zipfile
import zlib

corpus = pathlib.Path(__file__).parent / "corpus"


def write(kind, files):
    folder = corpus / kind
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, content in files.items():
        assert name.startswith(("good_", "bad_"))
        (folder / name).write_bytes(content)


# ---- IDX, plain and gzip'ed


def idx(magic, extents, content):
    return struct.pack(f">I{len(extents)}I", magic, *extents) + content


images = idx(0x803, [2, 2, 3], bytes(range(12)))
labels = idx(0x801, [5], bytes([0, 1, 2, 9, 255]))
qmnist = idx(0xC02, [2, 8], struct.pack(">16I", *[3] + [1000] * 7 + [7] + [1000] * 7))


def make_idx():
    most = 0xFFFFFFFF
    write(
        "idx",
        {
            "good_images": images,
            "good_labels": labels,
            "good_integers": idx(0xC01, [2], struct.pack(">2I", 3, 255)),
            "good_qmnist": qmnist,
            "good_flat_labels": idx(0x802, [3, 1], bytes(3)),
            "bad_empty": b"",
            "bad_magic_alone": images[:4],
            "bad_truncated": images[:-1],
            "bad_longer": images + b"x",
            "bad_label_256": idx(0xC01, [1], struct.pack(">I", 256)),
            "bad_label_negative": idx(0xC01, [1], struct.pack(">i", -1)),
            "bad_one_hot": idx(0x802, [2, 10], bytes(20)),
            "bad_no_samples": idx(0x803, [0, 2, 3], b""),
            "bad_no_pixels": idx(0x803, [2, 0, 3], b""),
            "bad_many": idx(0x803, [most, 28, 28], bytes(64)),
            "bad_overflow": idx(0x803, [most, most, most], bytes(64)),
            "bad_zero_in_64_bits": idx(0x803, [1 << 31, 1 << 31, 4], bytes(64)),
            "bad_16_in_64_bits": idx(0x803, [(1 << 31) + 1, 1 << 31, 4], bytes(16)),
            "bad_255_extents": idx(0x8FF, [1, 2, 3], bytes(6)),
            "bad_floats": idx(0xD03, [1, 2, 3], bytes(24)),
            "bad_reversed": images[3::-1] + images[4:],
            "bad_gzip": b"\x1f\x8b\x08\x00" + images,
        },
    )


def gzip(content, level=9, flags=0, fields=b""):
    """A member: RFC 1952."""
    deflate = zlib.compressobj(level, zlib.DEFLATED, -15)
    packed = deflate.compress(content) + deflate.flush()
    head = struct.pack("<4BI2B", 0x1F, 0x8B, 8, flags, 0, 2, 3) + fields
    return head + packed + struct.pack("<2I", zlib.crc32(content), len(content))


def make_gzip():
    packed = gzip(images)
    write(
        "gzip",
        {
            "good_images": packed,
            "good_labels": gzip(labels),
            "good_plain": images,
            "good_stored": gzip(images, level=0),
            "good_named": gzip(images, flags=8, fields=b"images\0"),
            "good_all_fields": gzip(images, flags=0x1C, fields=b"\4\0extraname\0comment\0"),
            "good_members": gzip(images[:10]) + gzip(b"") + gzip(images[10:]),
            "good_padded": packed + bytes(20) + b"\r\n",
            "good_zeros": gzip(idx(0x803, [100, 10, 10], bytes(10000))),
            "bad_empty": b"",
            "bad_magic_alone": packed[:2],
            "bad_truncated": packed[:-9],
            "bad_no_checksum": packed[:-8],
            "bad_checksum": packed[:-8] + b"\0\0\0\0" + packed[-4:],
            "bad_length": packed[:-4] + b"\xff\xff\xff\xff",
            "bad_behind": packed + b"x",
            "bad_member": packed + b"\x1f\x8b\x09",
            "bad_flags": gzip(images, flags=0xE0),
            "bad_fields_cut": gzip(images, flags=4, fields=b"\xff\xff"),
            "bad_nested": gzip(packed),
            "bad_nested_deep": gzip(gzip(gzip(gzip(images)))),
            "bad_bomb": gzip(idx(0x803, [0x7FFFFFFF, 28, 28], bytes(100000))),
            "bad_claims": gzip(idx(0x803, [9, 40, 40], b"")),
            "bad_nothing": gzip(b""),
            "bad_zlib": zlib.compress(images),
        },
    )


# ---- NumPy


def npy(header, content=b"", version=(1, 0), length=None):
    text = header.encode("latin-1") if isinstance(header, str) else header
    count = len(text) if length is None else length
    return b"\x93NUMPY" + bytes(version) + struct.pack("<H" if version[0] == 1 else "<I", count) + text + content


def head(descr="'<f4'", order="False", shape="(2, 3)"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


floats = struct.pack("<6f", 0, 1, -2, 3.5, 65504, 1e-40)
special = struct.pack("<3f", float("nan"), float("inf"), -0.0)


def make_npy():
    good = npy(head(), floats)
    write(
        "npy",
        {
            "good_f4": good,
            "good_fortran": npy(head(order="True"), floats),
            "good_big_endian": npy(head("'>f4'"), struct.pack(">6f", *range(6))),
            "good_f2": npy(head("'<f2'", shape="(4,)"), struct.pack("<4e", 0, -1, 2**-24, 65504)),
            "good_f8": npy(head("'<f8'", shape="(1, 2)"), struct.pack("<2d", 1e300, -5e-324)),
            "good_u8": npy(head("'>u8'", shape="(2,)"), struct.pack(">2Q", 2**64 - 1, 2**63)),
            "good_i8": npy(head("'<i8'", shape="(2, 1)"), struct.pack("<2q", -(2**63), 2**63 - 1)),
            "good_b1": npy(head("'|b1'", shape="(3,)"), b"\0\1\2"),
            "good_labels": npy(head("'<i4'", shape="(3,)"), struct.pack("<3i", 2, 0, 1)),
            "good_special": npy(head(shape="(3,)"), special),
            "good_scalar": npy(head(shape="()"), floats[:4]),
            "good_none": npy(head(shape="(0, 4)")),
            "good_none_wide": npy(head(shape="(0, 9223372036854775807)")),
            "good_32_extents": npy(head(shape="(" + "1, " * 32 + ")"), floats[:4]),
            "good_version_2": npy(head(), floats, version=(2, 0)),
            "good_version_3": npy(head(), floats, version=(3, 0)),
            "good_order": npy('{"shape":(2,3),"fortran_order":False,"descr":"<f4"}', floats),
            "bad_empty": b"",
            "bad_magic_alone": good[:8],
            "bad_truncated": good[:-1],
            "bad_longer": good + b"\0",
            "bad_version": npy(head(), floats, version=(9, 0)),
            "bad_header_length": npy(head(), floats, length=65535),
            "bad_header_4_gb": npy("", version=(2, 0), length=0xFFFFFFF0),
            "bad_objects": npy(head("'|O'", shape="(1,)"), bytes(8)),
            "bad_structured": npy(head("[('a', '<f4')]"), floats),
            "bad_complex": npy(head("'<c8'", shape="(1,)"), bytes(8)),
            "bad_type_empty": npy(head("''", shape="(1,)"), bytes(8)),
            "bad_type_short": npy(head("'<'", shape="(1,)"), bytes(8)),
            "bad_extent_negative": npy(head(shape="(-1,)"), floats),
            "bad_extent_nan": npy(head(shape="(nan, 2)"), floats),
            "bad_extent_float": npy(head(shape="(2.0, 3)"), floats),
            "bad_extent_huge": npy(head(shape="(1000000000000000000000000000000,)"), floats),
            "bad_shape_overflow": npy(head("'<f8'", shape="(2305843009213693953,)"), bytes(8)),
            "bad_shape_square": npy(head(shape="(4294967296, 4294967296)"), bytes(16)),
            "bad_33_extents": npy(head(shape="(" + "1, " * 33 + ")"), floats[:4]),
            "bad_fortran_cube": npy(head(order="True", shape="(1, 2, 3)"), floats),
            "bad_key_twice": npy("{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}", floats[:4]),
            "bad_key_missing": npy("{'descr': '<f4', 'shape': (1,)}", floats[:4]),
            "bad_key_more": npy(head()[:-3] + "'x': 1}", floats),
            "bad_quote": npy("{'descr: ", floats),
            "bad_no_end": npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1,", floats[:4]),
            "bad_pickle": b"\x80\x04\x95" + bytes(20),
        },
    )


# ---- npz


def archive(entries, comment=b"", wide=True):
    """As numpy.savez writes it: with the zip64 field."""
    to = io.BytesIO()
    with zipfile.ZipFile(to, "w") as file:
        file.comment = comment
        for name, content in entries:
            with file.open(zipfile.ZipInfo(name), "w", force_zip64=wide) as entry:
                entry.write(content)
    return to.getvalue()


def deflated(entries):
    to = io.BytesIO()
    with zipfile.ZipFile(to, "w") as file:
        for name, content in entries:
            file.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return to.getvalue()


class Unseekable(io.RawIOBase):
    """Where a zip file's sizes come behind its bytes."""

    def __init__(self):
        self.content = bytearray()

    def writable(self):
        return True

    def write(self, part):
        self.content += part
        return len(part)


def streamed(entries):
    to = Unseekable()
    with zipfile.ZipFile(to, "w") as file:
        for name, content in entries:
            file.writestr(zipfile.ZipInfo(name), content)
    return bytes(to.content)


def at(content, place, new):
    return content[:place] + new + content[place + len(new) :]


def make_npz():
    x = npy(head(), floats)
    y = npy(head("'<i8'", shape="(2,)"), struct.pack("<2q", 1, 0))
    both = [("x.npy", x), ("y.npy", y)]
    good = archive(both)
    plain = archive(both, wide=False)
    directory = good.index(b"PK\x01\x02")
    second = good.index(b"PK\x01\x02", directory + 4)
    end = good.rindex(b"PK\x05\x06")
    zeros = npy(head("'|u1'", shape="(20000,)"), bytes(20000))
    # An end whose numbers are all in the zip64 directory.
    count, size, begin = struct.unpack("<H2I", good[end + 10 : end + 20])
    wide = struct.pack("<IQ2H2I4Q", 0x06064B50, 44, 45, 45, 0, 0, count, count, size, begin)
    wide += struct.pack("<2IQI", 0x07064B50, 0, end, 1)
    last = struct.pack("<I4H2IH", 0x06054B50, 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    write(
        "npz",
        {
            "good_numpy": good,
            "good_plain": plain,
            "good_deflated": deflated(both),
            "good_mixed": deflated(both + [("zeros.npy", zeros)]),
            "good_streamed": streamed(both),
            "good_commented": archive(both, comment=b"a comment"),
            "good_other_file": archive(both + [("readme.txt", b"no array")]),
            "good_zip64": good[:end] + wide + last,
            "good_nothing": archive([]),
            "bad_empty": b"",
            "bad_short": good[:20],
            "bad_no_end": good[:end],
            "bad_no_begin": good[40:],
            "bad_twice": archive([("x.npy", x), ("x.npy", x)]),
            "bad_overlap": at(at(good, second + 46, b"x"), second + 42, good[directory + 42 : directory + 46]),
            "bad_checksum": at(good, good.index(b"\x93NUMPY") + len(x) - 4, b"\x11"),
            "bad_encrypted": at(good, directory + 8, b"\1"),
            "bad_method": at(good, directory + 10, b"\x0c"),
            "bad_size": at(plain, plain.index(b"PK\x01\x02") + 24, b"\xff\xff\xff\x7f"),
            "bad_count": at(good, end + 8, b"\xfe\xff\xfe\xff"),
            "bad_disk": at(good, end + 4, b"\1"),
            "bad_directory_size": at(good, end + 12, b"\xff\xff\xff\x7f"),
            "bad_directory_place": at(good, end + 16, b"\xfe\xff\xff\xff"),
            "bad_zip64_missing": at(good, end + 10, b"\xff\xff"),
            "bad_zip64_place": good[:end] + at(wide, 64, b"\xff" * 8) + last,
            "bad_zip64_count": good[:end] + at(wide, 32, b"\xff" * 8) + last,
            "bad_traversal": archive([("../x.npy", x)]),
            "bad_absolute": archive([("/x.npy", x)]),
            "bad_unnamed": at(archive([("a.npy", x)]), 26, b"\0"),
            "bad_array": archive([("x.npy", x[:-1])]),
            "bad_no_array": archive([("x.npy", b"")]),
            "bad_deflated": at(deflated(both), 30 + 5 + 4, b"\xff\xff\xff"),
            "bad_bomb": at(deflated([("z.npy", zeros)]), 22, b"\xff\xff\xff\x7f"),
        },
    )


# ---- safetensors


def safetensors(header, content=b"", length=None):
    text = header if isinstance(header, bytes) else header.encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + content


def tensor(kind, shape, begin, end):
    return {"dtype": kind, "shape": shape, "data_offsets": [begin, end]}


def one(rest, content=b""):
    return safetensors('{"a":{' + rest + "}}", content)


def make_safetensors():
    network = {
        "__metadata__": {"format": "pt"},
        "0.bias": tensor("F32", [3], 0, 12),
        "0.weight": tensor("F32", [3, 4], 12, 60),
        "3.bias": tensor("F16", [2], 60, 64),
        "3.weight": tensor("BF16", [2, 3], 64, 76),
    }
    every, at = {}, 0
    sizes = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2}
    for kind, size in {**sizes, "I8": 1, "U8": 1, "BOOL": 1}.items():
        every[kind.lower()] = tensor(kind, [1], at, at + size)
        at += size
    weights = b"".join(struct.pack("<f", i / 8) for i in range(15)) + bytes(16)
    wrapped = {key if key[0] == "_" else "module." + key: value for key, value in network.items()}
    whole = json.dumps(network)
    twice = '"dtype":"U8","shape":[1],"data_offsets":[0,1]'
    two = {"a": tensor("U8", [2], 0, 2), "b": tensor("U8", [2], 0, 2)}
    write(
        "safetensors",
        {
            "good_network": safetensors(whole, weights),
            "good_wrapped": safetensors(json.dumps(wrapped), weights),
            "good_nan": safetensors(whole, special * 6 + bytes(4)),
            "good_transposed": safetensors(whole.replace("[3, 4]", "[4, 3]"), weights),
            "good_every_type": safetensors(json.dumps(every), bytes(range(at))),
            "good_nothing": safetensors("{}"),
            "good_no_numbers": safetensors(json.dumps({"a": tensor("F32", [0, 5], 0, 0)})),
            "good_scalar": safetensors(json.dumps({"a": tensor("F64", [], 0, 8)}), bytes(8)),
            "good_escapes": safetensors('{"\\n\\u00e9":{' + twice + "}}", b"x"),
            "good_as_pickle": safetensors(whole.ljust(0x280), weights),
            "bad_empty": b"",
            "bad_length_alone": struct.pack("<Q", 2),
            "bad_length_0": safetensors("{}", length=0),
            "bad_length_beyond": safetensors(whole, weights, length=10**6),
            "bad_length_100_mb": safetensors("{}", length=100_000_001),
            "bad_length_2_63": safetensors("{}", length=1 << 63),
            "bad_length_most": safetensors("{}", length=(1 << 64) - 1),
            "bad_no_object": safetensors("[]"),
            "bad_space_first": safetensors(" {}"),
            "bad_no_json": safetensors('{"a":'),
            "bad_behind_json": safetensors("{} x"),
            "bad_utf8": safetensors(b'{"a\xff":1}'),
            "bad_surrogate": safetensors('{"\\ud800":1}'),
            "bad_nested": safetensors('{"a":' + "[" * 200 + "]" * 200 + "}"),
            "bad_key_twice": safetensors('{"a":{' + twice + '},"a":{' + twice + "}}", b"x"),
            "bad_key_twice_escaped": safetensors('{"a":{' + twice + '},"\\u0061":{' + twice + "}}", b"x"),
            "bad_field_twice": one('"dtype":"U8",' + twice, b"x"),
            "bad_field_missing": one('"dtype":"U8","shape":[]'),
            "bad_field_more": one(twice + ',"x":1', b"x"),
            "bad_metadata": safetensors('{"__metadata__":{"k":1}}'),
            "bad_type": one(twice.replace("U8", "C64"), b"x"),
            "bad_extent_exponent": one(twice.replace("[1]", "[1e0]"), b"x"),
            "bad_extent_overflow": one(twice.replace("[1]", "[1e999]"), b"x"),
            "bad_extent_negative": one(twice.replace("[1]", "[-1]"), b"x"),
            "bad_extent_minus_0": one(twice.replace("[1]", "[-0]"), b""),
            "bad_extent_float": one(twice.replace("[1]", "[1.0]"), b"x"),
            "bad_extent_2_64": one(twice.replace("[1]", "[18446744073709551616]"), b"x"),
            "bad_shape_overflow": one(twice.replace("[1]", "[4294967296,4294967296]"), b"x"),
            "bad_offsets_turned": one(twice.replace("[0,1]", "[1,0]"), b"x"),
            "bad_offsets_beyond": one(twice.replace("[0,1]", "[0,9]"), b"x"),
            "bad_offsets_wide": one(twice.replace("[0,1]", "[18446744073709551615,0]"), b"x"),
            "bad_overlap": safetensors(json.dumps(two), b"xx"),
            "bad_hole": one(twice.replace("[0,1]", "[1,2]"), b"xx"),
            "bad_longer": one(twice, b"xx"),
            "bad_truncated": safetensors(whole, weights[:-1]),
            "bad_zip": b"PK\x03\x04" + bytes(30),
            "bad_pickle": b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02",
        },
    )


# ---- CSV


def make_csv():
    flowers = b"length,kind,width\n5.1,setosa,3.5\n7.0,versicolor,3.2\n6.3,virginica,3.3\n"
    write(
        "csv",
        {
            "good_flowers": flowers,
            "good_returns": flowers.replace(b"\n", b"\r\n"),
            "good_old_mac": flowers.replace(b"\n", b"\r"),
            "good_no_last_line": flowers[:-1],
            "good_mark": b"\xef\xbb\xbf" + flowers,
            "good_quoted": b'"a ""name"" of\ntwo, lines",y\n"1","yes, it is"\n2,no\n',
            "good_numbers": b"x,y\n1,0\n-2e3,3\n +4.5 ,1\n1e-40,2\n",
            "good_blank_lines": b"\n\nx,y\n\n1,0\r\n\r\n2,1\n\n",
            "good_classes": b"x,y\n1,7\n2,2147483646\n",
            "good_long": b"x,y\n" + b"0.123456789012345678901234567890,1\n" * 20,
            "bad_empty": b"",
            "bad_mark_alone": b"\xef\xbb\xbf",
            "bad_header_alone": b"x,y\n",
            "bad_cells_fewer": b"x,y\n1,2\n3\n",
            "bad_cells_more": b"x,y\n1,2,3\n",
            "bad_cell_empty": b"x,y\n,2\n",
            "bad_no_number": b"x,y\none,2\n",
            "bad_nan": b"x,y\nnan,2\n",
            "bad_infinite": b"x,y\ninf,2\n",
            "bad_overflow": b"x,y\n1e999,2\n",
            "bad_float_overflow": b"x,y\n1e39,2\n",
            "bad_hex": b"x,y\n0x10,2\n",
            "bad_signs": b"x,y\n+-1,2\n",
            "bad_comma": b"x;y\n1,5;2\n",
            "bad_quote_open": b'x,y\n"1,2\n3,4\n',
            "bad_quote_within": b'x,y\n1"2,3\n',
            "bad_quote_behind": b'x,y\n"1"2,3\n',
            "bad_zero_byte": b"x,y\n1\0,2\n",
            "bad_zero_byte_quoted": b'x,y\n1,"a\0b"\n',
            "bad_label_negative": b"x,y\n1,-2\n",
            "bad_label_most": b"x,y\n1,2147483647\n",
            "bad_label_empty": b"x,y\n1,0\n2,\n",
            "bad_one_column": b"y\n1\n2\n",
        },
    )


# ---- Checkpoints, without their first line and their fingerprints


def words(*values):
    return struct.pack(f"<{len(values)}Q", *[value % (1 << 64) for value in values])


def string(text):
    return words(len(text)) + text


def run_head(
    order=1,
    identity=((b"seed", b"7"), (b"lr", b"0.1")),
    epochs=1,
    losses=1,
    best=1,
    blocks=((b"weights", 4),),
    position=(5, 0, 0, 0),
):
    epoch = words(1, 3) + struct.pack("<3d", 1.5, 0.1, 2.0) + words(losses)
    epoch += (string(b"hard") + struct.pack("<2d", 1.5, 1.0)) * min(losses, 2)
    epoch += words(1) + struct.pack("<2d", 0.5, float("nan"))
    return b"".join(
        [words(order, len(identity))]
        + [string(name) + string(value) for name, value in identity]
        + [words(11, 12, *position, epochs), epoch * min(epochs, 2), words(best, len(blocks))]
        + [string(name) + words(size) for name, size in blocks]
    )


def checkpoint(content, block=b"1234", size=None):
    return words(len(content) if size is None else size) + content + block


def make_checkpoint():
    most = (1 << 64) - 1
    write(
        "checkpoint",
        {
            "good_one": checkpoint(run_head()),
            "good_two_epochs": checkpoint(run_head(epochs=2, losses=2, best=0)),
            "good_nothing": checkpoint(run_head(identity=(), epochs=0, best=0, blocks=()), b""),
            "good_negative_position": checkpoint(run_head(position=(-1, -1, -1, most))),
            "good_empty_names": checkpoint(run_head(identity=((b"", b""),), blocks=((b"", 4),))),
            "bad_empty": b"",
            "bad_size_alone": words(9),
            "bad_size_beyond": checkpoint(run_head(), size=1000),
            "bad_size_most": checkpoint(run_head(), size=most),
            "bad_size_short": checkpoint(run_head(), size=40),
            "bad_order": checkpoint(run_head(order=0)),
            "bad_entries": checkpoint(words(1, most) + run_head()[16:]),
            "bad_name_beyond": checkpoint(words(1, 1, 1 << 40)),
            "bad_epochs": checkpoint(run_head(epochs=1 << 58)),
            "bad_losses": checkpoint(run_head(losses=1 << 60)),
            "bad_best": checkpoint(run_head(best=2)),
            "bad_blocks": checkpoint(run_head(blocks=())[:-8] + words(1 << 60), b""),
            "bad_block_short": checkpoint(run_head(), b"123"),
            "bad_block_long": checkpoint(run_head(), b"12345"),
            "bad_block_most": checkpoint(run_head(blocks=((b"weights", most),))),
            "bad_behind_head": checkpoint(run_head() + bytes(8)),
        },
    )


if __name__ == "__main__":
    make_idx()
    make_gzip()
    make_npy()
    make_npz()
    make_safetensors()
    make_csv()
    make_checkpoint()
