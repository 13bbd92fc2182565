"""Makes the files of this folder, and the seeds of the fuzz targets, with the real NumPy and SciPy.

Run it from here: python make.py. The files are committed; run it again only to add some.
"""
import gzip
import io
import os
import pathlib
import struct
import zipfile

import numpy as np
import scipy.io
import scipy.sparse as sp

HERE = pathlib.Path(__file__).parent
SEEDS = HERE.parent.parent / "fuzz" / "seeds"
X = np.array([[0.0, 2.0, 0.0, 1.5], [0.1, 0.0, 5.0, 0.0], [0.0, 0.0, 0.0, 3.0]])


class Canary:
    """Creates a file named CANARY when it is unpickled."""

    def __reduce__(self):
        return (os.system, ("touch CANARY",))


def npy(array, **options):
    out = io.BytesIO()
    np.save(out, array, **options)
    return out.getvalue()


def raw_npy(header, data=b"", version=1):
    text = header.encode("latin1") + b"\n"
    length = struct.pack("<H" if version == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + data


def sparse(matrix, **options):
    out = io.BytesIO()
    sp.save_npz(out, matrix, **options)
    return out.getvalue()


def npz(compressed=True, **arrays):
    out = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(out, **arrays)
    return out.getvalue()


def mtx(matrix, **options):
    out = io.BytesIO()
    scipy.io.mmwrite(out, matrix, **options)
    return out.getvalue()


def csr_parts(**changes):
    a = sp.csr_matrix(X)
    parts = dict(indices=a.indices, indptr=a.indptr, format=b"csr", shape=np.array(a.shape), data=a.data)
    parts.update(changes)
    return npz(**parts)


def bomb():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        with archive.open("X.npy", "w") as member:
            member.write(raw_npy("{'descr': '|u1', 'fortran_order': False, 'shape': (8192, 8192)}"))
            for _ in range(64):
                member.write(bytes(1 << 20))
    return out.getvalue()


def traversal():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("../../evil.npy", npy(X))
    return out.getvalue()


GOOD = {
    # dense, every order and byte order
    "good_c.npy": npy(X),
    "good_fortran.npy": npy(np.asfortranarray(X)),
    "good_big_endian.npy": npy(X.astype(">f8")),
    "good_f2.npy": npy((X * 2).round().astype("<f2") / 2),
    "good_bool.npy": npy(X > 0),
    "good_u1.npy": npy(X.astype("u1")),
    "good_i8.npy": npy(X.astype("i8")),
    "good_v2.npy": raw_npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }", X.tobytes(), 2),
    "good_v3.npy": raw_npy("{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }", X.tobytes(), 3),
    "good_dense.npz": npz(X=X),
    "good_csr.npz": sparse(sp.csr_matrix(X)),
    "good_csr_array.npz": sparse(sp.csr_array(X), compressed=False),
    "good_csc.npz": sparse(sp.csc_matrix(X.astype("f4"))),
    "good_coo.npz": sparse(sp.coo_matrix(X), compressed=False),
    "good_int64_indices.npz": csr_parts(
        indices=sp.csr_matrix(X).indices.astype("i8"), indptr=sp.csr_matrix(X).indptr.astype("i8")
    ),
    "good_coordinate.mtx": mtx(sp.coo_matrix(X)),
    "good_array.mtx": mtx(X),
    "good_symmetric.mtx": mtx(sp.coo_matrix(np.array([[1.0, 2.0], [2.0, 0.0]])), symmetry="symmetric"),
    "good_integer.mtx.gz": gzip.compress(mtx(sp.coo_matrix(X.astype("i4"))), mtime=0),
}
ATTACKS = {
    "d01_nul.mtx": b"%%MatrixMarket matrix coordinate real general\n2 2 1\n1 1 1\x00\n",
    "d02_count.mtx": b"%%MatrixMarket matrix coordinate real general\n5 5 999999999999\n1 1 1\n",
    "d03_size.mtx": b"%%MatrixMarket matrix coordinate real general\n4611686018427387904 4611686018427387904 1\n1 1 1\n",
    "d10_comma.mtx": b"%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 1,5\n",
    "d14_fortran.mtx": b"%%MatrixMarket matrix coordinate real general\n1 1 1\n1 1 1.5D+02\n",
    "d21_both_triangles.mtx": b"%%MatrixMarket matrix coordinate real symmetric\n2 2 2\n1 2 5\n2 1 5\n",
    "d25_truncated.mtx.gz": gzip.compress(mtx(sp.coo_matrix(X)), mtime=0)[:-12],
    "d25_bomb.mtx.gz": gzip.compress(
        b"%%MatrixMarket matrix coordinate real general\n1 1 1000000\n" + b"1 1 1\n" * 1000000, mtime=0
    ),
    "d27_header.npy": b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr': '<f8', ",
    "d28_overflow.npy": raw_npy(f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**62}, 4)}}"),
    "d28_code.npy": raw_npy("{'descr': __import__('os').system('touch CANARY'), 'fortran_order': False, 'shape': (1, 1)}"),
    "d28_nested.npy": raw_npy("{'descr': '<f8', 'fortran_order': False, 'shape': " + "(" * 3000 + ")" * 3000 + "}"),
    "d29_short.npy": npy(X)[:-9],
    "d30_pickle.npy": npy(np.array([[Canary()]], dtype=object), allow_pickle=True),
    "d30_pickle.npz": npz(X=np.array([[Canary()]], dtype=object)),
    "d31_structured.npy": npy(np.zeros((2, 2), dtype=[("a", "f8"), ("b", "i4")])),
    "d31_complex.npy": npy(X + 1j),
    "d31_text.npy": npy(np.array([["a", "b"]])),
    "d31_datetime.npy": npy(np.zeros((1, 1), "M8[ns]")),
    "d31_longdouble.npy": npy(X.astype(np.longdouble)),
    "d33_vector.npy": npy(X.ravel()),
    "d33_cube.npy": npy(X.reshape(3, 2, 2)),
    "d35_bomb.npz": bomb(),
    "d36_traversal.npz": traversal(),
    "d37_several.npz": npz(a=X, b=X),
    "d38_cut.npz": sparse(sp.csr_matrix(X))[:-30],
    "d39_index.npz": csr_parts(indices=np.array([1, 3, 0, 2, 1000000], "i4")),
    "d39_negative.npz": csr_parts(indices=np.array([1, 3, 0, 2, -1], "i4")),
    "d40_decreasing.npz": csr_parts(indptr=np.array([0, 4, 2, 5], "i4")),
    "d40_start.npz": csr_parts(indptr=np.array([1, 2, 4, 5], "i4")),
    "d41_lengths.npz": csr_parts(data=np.ones(4)),
    "d43_shape.npz": csr_parts(shape=np.array([3, 10**15])),
    "bsr.npz": sparse(sp.bsr_matrix(X)),
    "dia.npz": sparse(sp.dia_matrix(X)),
}

CSV = [
    b"\x00gene,c1,c2\na,1,0\nb,2.5,1e3\n",
    b"\x00\"g\",\"a,\r\nb\",\"c\"\"d\"\r\n\"x\ny\",1,\"2\"\r\nz, 3 ,NA\r\n",
    b"\x001;2,5\n3,5;4\n",
    b"\x01#OTU ID\ts1\ts2\nx\t1\t2\ny\t3\t4\n",
    b"\x02 1  2\t3\n4 5 6\n",
    b"\x02# a b\n1e0 2e0\n3e0 4e0\n",
    b"\x00,0,1\n0,5,6\n1,7,8\n",
    b"\x00a,b,\n1,2,\n3,4,\n,,\n",
    b"\x00g,\"'=cmd()\",'x\n\"'@a\",1,2\n",
    b"\x00id,a,b\n17,5,6\n99,7,8\n",
    b"\x03\xef\xbb\xbf1,2\r3,4\r\n\n5,-0.5\n",
    b"\x00a|b\n1|2\n",
    b"\x00" + b"1.2345678901234567,2e-308\n" * 4,
]

TRIPLETS = [
    b"\x00user,item,rating\nann,x,2.5\nbob,y,0\n",
    b"\x03196\t242\t3\t881250949\n186\t302\t3\t891717742\n",
    b"\x07a\tb\t0\nc\ta\t4\na\tb\t1\n",
    b"\x0da\ta\t1\n\"b \"\"q\"\"\"\tb\tNA\n\n# x\n",
    b"\x02# made\na b 1e3\nc d -2 e f\n",
]


def as_members(archive):
    """A zip archive as the fuzz target npz takes it: 1, then number, length and content of every member."""
    names = ["format", "shape", "data", "indices", "indptr", "row", "col", "coords"]
    out = b"\x01"
    with zipfile.ZipFile(io.BytesIO(archive)) as zipped:
        for name in zipped.namelist():
            stem = name.removesuffix(".npy")
            if stem in names:
                content = zipped.read(name)
                out += bytes([names.index(stem)]) + struct.pack("<H", len(content)) + content
    return out


def main():
    for name, content in {**GOOD, **ATTACKS}.items():
        (HERE / name).write_bytes(content)
    seeds = {"npy": [], "npz": [], "mtx": [], "csv": CSV, "triplets": TRIPLETS, "read_any": []}
    for name, content in {**GOOD, **ATTACKS}.items():
        if len(content) > 4096:
            continue
        kind = name.removesuffix(".gz").rsplit(".", 1)[1]
        plain = gzip.decompress(content) if name.endswith(".gz") and "truncated" not in name else content
        if kind == "npz":
            seeds["npz"].append(b"\x00" + content)
            if "cut" not in name:
                seeds["npz"].append(as_members(content))
        elif not name.endswith(".gz") or plain is not content:
            seeds[kind].append(plain)
        if name.startswith("good"):
            seeds["read_any"] += [b"\x00" + content, b"\x08" + plain]
    seeds["read_any"] += [b"\x00" + text[1:] for text in CSV[:6]]
    for target, contents in seeds.items():
        folder = SEEDS / target
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        for i, content in enumerate(contents):
            (folder / f"{i:03}").write_bytes(content)


main()
