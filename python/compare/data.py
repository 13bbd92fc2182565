"""The data sets of the time part, as their users have them: samples in rows, sparse X by rows."""

import gzip
from pathlib import Path

import numpy as np
import scipy.sparse as sp


def dense(file):
    """Features are in rows of the files."""
    return lambda folder: np.ascontiguousarray(np.load(folder / file).T, dtype=np.float64)


def sparse(file):
    return lambda folder: sp.csr_array(sp.load_npz(folder / file).T, dtype=np.float64)


def fashion(folder):
    images = []
    for name in ("train", "t10k"):
        with gzip.open(folder / "fashion_mnist" / f"{name}-images-idx3-ubyte.gz") as file:
            images.append(np.frombuffer(file.read(), dtype=np.uint8, offset=16).reshape(-1, 784))
    return np.concatenate(images) / 255.0


def digits(folder):
    return np.loadtxt(folder / "digits_sklearn" / "digits.csv.gz", delimiter=",")[:, :-1]


READ = {
    "digits": digits,
    "swimmer_generated": dense("swimmer_generated/X.npy"),
    "sbs_560breast": dense("sbs_560breast/X.npy"),
    "faces_cbcl": dense("faces_cbcl/X.npy"),
    "hsi_samson": dense("hsi_samson/X.npy"),
    "sc_pbmc3k": sparse("sc_pbmc3k/counts_2700.npz"),
    "text_20news": sparse("text_20news/train.npz"),
    "fashion_mnist": fashion,
}

# Data set, loss, rank.
CELLS = [
    ("digits", "frobenius", 16),
    ("digits", "kl", 16),
    ("swimmer_generated", "frobenius", 17),
    ("swimmer_generated", "kl", 17),
    ("sbs_560breast", "frobenius", 10),
    ("sbs_560breast", "kl", 10),
    ("hsi_samson", "frobenius", 3),
    ("hsi_samson", "kl", 3),
    ("faces_cbcl", "frobenius", 49),
    ("faces_cbcl", "kl", 49),
    ("sc_pbmc3k", "frobenius", 10),
    ("sc_pbmc3k", "kl", 10),
    ("text_20news", "frobenius", 20),
    ("text_20news", "kl", 20),
    ("fashion_mnist", "frobenius", 20),
]


def read(name, folder):
    return READ[name](Path(folder))
