#!/usr/bin/env python3
"""Makes the data of docs/benchmarks.md, and starting factors; prints one JSON object.

usage: race_data.py data NAME DATA CACHE        makes CACHE/NAME.npy or .npz if it is not there, and says what it holds
       race_data.py start X RANK SEED W H       writes a start as scikit-learn's init="random" with this seed makes it

DATA is the folder of data sets; what is generated needs none. Generated data come from NumPy's default generator.
"""

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from evaluation import divergence

Data = np.ndarray | sp.csr_array
# Entries of a generated matrix that are made at a time.
BLOCK = 1 << 22


def dense(file: str) -> Callable[[Path], Data]:
    return lambda data: np.ascontiguousarray(np.load(data / file), dtype=np.float64)


def images(data: Path) -> np.ndarray:
    """Training images, then test images: pixels in rows."""

    def read(name: str) -> np.ndarray:
        with gzip.open(data / "fashion_mnist" / f"{name}-images-idx3-ubyte.gz") as file:
            bytes_ = file.read()
        return np.frombuffer(bytes_, dtype=np.uint8, offset=16).reshape(-1, 784)

    return np.ascontiguousarray(np.concatenate([read("train"), read("t10k")]).T, dtype=np.float64)


def counts(file: str) -> Callable[[Path], sp.csr_array]:
    return lambda data: tidy(sp.load_npz(data / file))


def tidy(x: Any) -> sp.csr_array:
    x = sp.csr_array(x, dtype=np.float64)
    x.sum_duplicates()
    x.eliminate_zeros()
    x.sort_indices()
    return x


def log_normalised(data: Path) -> sp.csr_array:
    """Counts of a cell for every 10,000 of it, and log(1 + x) of that."""
    x = counts("sc_pbmc3k/counts_2700.npz")(data).tocsc()
    x.data *= np.repeat(1e4 / np.asarray(x.sum(axis=0)).ravel(), np.diff(x.indptr))
    np.log1p(x.data, out=x.data)
    return tidy(x)


def tf_idf(data: Path) -> sp.csr_array:
    """As scikit-learn's TfidfTransformer has it by default, with documents in columns."""
    x = counts("text_20news/train.npz")(data)
    documents = np.diff(x.indptr)
    x.data *= np.repeat(np.log((1 + x.shape[1]) / (1 + documents)) + 1, documents)
    x = x.tocsc()
    lengths = np.sqrt(np.asarray(x.multiply(x).sum(axis=0)).ravel())
    x.data /= np.repeat(lengths, np.diff(x.indptr))
    return tidy(x)


def low_rank(_: Path) -> np.ndarray:
    """20,000 x 2,000: half of the entries of 50 planted parts are zero, later parts are weaker, and noise of a tenth of the mean."""
    rng = np.random.default_rng(1)
    w = rng.exponential(size=(20_000, 50)) * (rng.random((20_000, 50)) < 0.5) / (1 + np.arange(50) / 10)
    h = rng.exponential(size=(50, 2_000)) * (rng.random((50, 2_000)) < 0.5)
    x = w @ h
    noise = 0.1 * x.mean()
    for part in np.array_split(x, x.size // BLOCK + 1):
        part += noise * rng.standard_normal(part.shape)
    return np.maximum(x, 0, out=x)


def planted_counts(_: Path) -> sp.csr_array:
    """100,000 x 30,000 with 9 million stored counts of 40 planted parts; totals of rows and columns are log-normal."""
    rng = np.random.default_rng(2)
    shape, stored, parts = (100_000, 30_000), 9_000_000, 40
    heights, widths = rng.lognormal(sigma=1.5, size=shape[0]), rng.lognormal(sigma=1.0, size=shape[1])
    chances = []
    for totals in (heights, widths):
        of = totals[:, None] * rng.gamma(0.02, size=(len(totals), parts))
        chances.append(np.cumsum(of / of.sum(axis=0), axis=0))
    weights = rng.dirichlet(np.full(parts, 2.0))
    x = sp.csr_array(shape, dtype=np.float64)
    while x.nnz < stored:
        places: list[list[np.ndarray]] = [[], []]
        for part, events in enumerate(rng.multinomial(3_000_000, weights)):
            for places_of, chance in zip(places, chances, strict=True):
                at = np.searchsorted(chance[:, part], rng.random(events))
                places_of.append(np.minimum(at, len(chance) - 1))
        rows, columns = (np.concatenate(p) for p in places)
        x = tidy(x + sp.csr_array((np.ones(len(rows)), (rows, columns)), shape=shape))
    left_out = rng.choice(x.nnz, x.nnz - stored, replace=False)
    x.data[left_out] = 0
    return tidy(x)


# The folder under DATA that is needed, what to make, and what it is, for the document.
MAKERS: dict[str, tuple[str | None, Callable[[Path], Data], str]] = {
    "faces": ("faces_cbcl", dense("faces_cbcl/X.npy"), "CBCL faces, pixels in rows"),
    "fashion": ("fashion_mnist", images, "Fashion-MNIST, training and test images, pixels in rows"),
    "fashion-sparse": ("fashion_mnist", lambda data: tidy(images(data)), "Fashion-MNIST, training and test images, pixels in rows"),
    "samson": ("hsi_samson", dense("hsi_samson/X.npy"), "Samson, bands in rows"),
    "planted": (None, low_rank, "generated: 50 planted parts and noise"),
    "pbmc-log": ("sc_pbmc3k", log_normalised, "PBMC 3k, log(1 + counts per 10,000), genes in rows"),
    "pbmc": ("sc_pbmc3k", counts("sc_pbmc3k/counts_2700.npz"), "PBMC 3k, counts"),
    "news-tfidf": ("text_20news", tf_idf, "20 Newsgroups, TF-IDF, words in rows"),
    "news": ("text_20news", counts("text_20news/train.npz"), "20 Newsgroups, counts"),
    "planted-counts": (None, planted_counts, "generated: counts of 40 planted parts, skewed totals"),
    "sbs": ("sbs_560breast", dense("sbs_560breast/X.npy"), "560 breast cancers, 96 classes of mutations in rows"),
}


def load(path: str | Path) -> Data:
    if str(path).endswith(".npy"):
        return np.load(path)
    return sp.csr_array(sp.load_npz(path))


def independence(x: Data, loss: str) -> float | None:
    """The loss of row sum x column sum / total, for KL the best model of rank 1; `None` where it is infinite."""
    rows, columns = (np.asarray(x.sum(axis=axis)).ravel() for axis in (1, 0))
    total = float(rows.sum())
    if sp.issparse(x):
        if loss == "is":
            return None
        model = np.repeat(rows / total, np.diff(x.indptr)) * columns[x.indices]
        return float(x.data @ np.log(x.data / model))
    if loss == "is" and x.min() == 0:
        return None
    block = max(1, BLOCK // x.shape[1])
    parts = (slice(i, i + block) for i in range(0, x.shape[0], block))
    with np.errstate(divide="ignore", invalid="ignore"):
        return sum(divergence(x[part], np.outer(rows[part] / total, columns), loss) for part in parts)


def describe(x: Data) -> dict[str, Any]:
    values = x.data if sp.issparse(x) else x.ravel()
    return dict(
        rows=x.shape[0],
        cols=x.shape[1],
        sparse=sp.issparse(x),
        stored=int(x.nnz) if sp.issparse(x) else x.size,
        # Where the gap is 1.
        frobenius=0.5 * float(values @ values),
        kl=independence(x, "kl"),
        itakura_saito=independence(x, "is"),
    )


def data(name: str, folder: Path, cache: Path) -> dict[str, Any]:
    needs, make, words = MAKERS[name]
    said = cache / f"{name}.json"
    if said.exists():
        return json.loads(said.read_text())
    if needs is not None and not (folder / needs).is_dir():
        return dict(missing=needs)
    cache.mkdir(parents=True, exist_ok=True)
    x = make(folder)
    path = cache / f"{name}.{'npz' if sp.issparse(x) else 'npy'}"
    if sp.issparse(x):
        sp.save_npz(path, x, compressed=False)
    else:
        np.save(path, x)
    answer = dict(file=path.name, words=words, folder=needs, **describe(x))
    # Last, so that half a file is never taken for a whole one.
    said.write_text(json.dumps(answer))
    return answer


def start(x: Data, rank: int, seed: int, w: str, h: str) -> dict[str, Any]:
    """In the order in which scikit-learn draws: H first."""
    rng, scale = np.random.RandomState(seed), np.sqrt(x.mean() / rank)
    np.save(h, np.abs(scale * rng.standard_normal((rank, x.shape[1]))))
    np.save(w, np.abs(scale * rng.standard_normal((x.shape[0], rank))))
    return {}


def main(arguments: list[str]) -> dict[str, Any]:
    match arguments:
        case ["data", name, folder, cache]:
            return data(name, Path(folder), Path(cache))
        case ["start", x, rank, seed, w, h]:
            return start(load(x), int(rank), int(seed), w, h)
    sys.exit(__doc__)


if __name__ == "__main__":
    json.dump(main(sys.argv[1:]), sys.stdout, allow_nan=False)
