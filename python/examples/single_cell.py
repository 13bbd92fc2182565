# %% [markdown]
# # Programmes of cells
#
# A cell's counts of molecules are a sum of programmes: what makes it the kind of cell that it is, and what it is busy
# with. The Kullback-Leibler loss is the likelihood of such counts, so they are taken as they are, without logarithms.
#
# Without an argument the cells are made up here, so that their programmes are known. With 2,700 blood cells (10x
# Genomics, PBMC 3k; scanpy downloads them):
#
#     python -c "import scanpy; scanpy.datasets.pbmc3k().write_h5ad('pbmc3k.h5ad')"
#     python single_cell.py pbmc3k.h5ad --programmes 8 --out cells.png
#
# In a workflow with scanpy, `partwise.tl.nmf(adata, 8, beta_loss="kl")` does the fit and puts W and H into the
# object.

# %%
import argparse
import pathlib
import warnings

import numpy as np
import scipy.io
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from partwise import NMF

parser = argparse.ArgumentParser(description="Programmes of single cells, from their counts.")
parser.add_argument("cells", nargs="?", help=".h5ad; folder with matrix.mtx; or .npz with a row for each cell")
parser.add_argument("--labels", help="the kind of each cell, one a line")
parser.add_argument("--genes", type=int, default=2000, help="how many of the most variable genes to take")
parser.add_argument("--programmes", type=int, default=5)
parser.add_argument("--out", help="write a picture to this file")
# In a notebook the arguments are the notebook's.
arguments, _ = parser.parse_known_args()


# %%
def made_up_cells(rng, n_cells=600, n_genes=400):
    """Counts, kinds and programmes: one for each of four kinds of cells, and one of cells that divide, of any kind."""
    programmes = rng.gamma(0.3, 1.0, (5, n_genes))
    programmes /= programmes.sum(axis=1, keepdims=True)
    kinds = rng.integers(0, 4, n_cells)
    usage = np.zeros((n_cells, 5))
    usage[np.arange(n_cells), kinds] = 1.0
    usage[:, 4] = np.where(rng.random(n_cells) < 0.2, rng.uniform(0.3, 0.8, n_cells), 0.0)
    molecules = rng.lognormal(np.log(800), 0.4, n_cells)
    usage *= (molecules / usage.sum(axis=1))[:, None]
    return sp.csr_array(rng.poisson(usage @ programmes)), np.array([f"kind {kind}" for kind in kinds]), programmes


def read(path):
    """Counts with a row for each cell, and names of genes."""
    if path.endswith(".h5ad"):
        import anndata

        cells = anndata.read_h5ad(path)
        return sp.csr_array(cells.X), np.array(cells.var_names)
    if path.endswith(".npz"):
        counts = sp.csr_array(sp.load_npz(path))
        return counts, np.array([f"gene {column}" for column in range(counts.shape[1])])
    folder = pathlib.Path(path)
    # These files have a row for each gene.
    counts = sp.csr_array(scipy.io.mmread(next(folder.glob("matrix.mtx*"))).T)
    names = [*folder.glob("genes.tsv"), *folder.glob("features.tsv*")][0]
    return counts, np.loadtxt(names, dtype=str, delimiter="\t")[:, 1]


truth = None
labels = np.array(pathlib.Path(arguments.labels).read_text().splitlines()) if arguments.labels else None
if arguments.cells:
    counts, genes = read(arguments.cells)
else:
    counts, labels, truth = made_up_cells(np.random.default_rng(0))
    genes = np.array([f"gene {column}" for column in range(counts.shape[1])])
above_zero = counts.nnz / np.prod(counts.shape)
print(f"{counts.shape[0]} cells, {counts.shape[1]} genes, {above_zero:.1%} of the counts above zero")

# %% [markdown]
# ## Genes that vary
#
# A gene that all cells have alike has counts whose variance is about their mean. Those with the most beyond that are
# taken, if they are in ten cells.

# %%
counts = sp.csr_array(counts).astype(np.float32)
mean = np.asarray(counts.mean(axis=0)).ravel()
variance = np.asarray(counts.power(2).mean(axis=0)).ravel() - mean**2
in_cells = np.bincount(counts.indices, minlength=counts.shape[1])
excess = np.where(in_cells >= 10, variance / np.maximum(mean, 1e-12), 0)
kept = np.sort(np.argsort(-excess)[: min(arguments.genes, int(np.sum(in_cells >= 10)))])
counts, genes = counts[:, kept], genes[kept]
truth = None if truth is None else truth[:, kept]

# %% [markdown]
# ## The fit
#
# The genes need no scaling: the loss knows that large counts vary more. With `normalize="l1"` a row of H is what a
# molecule of the programme is like, and W has the numbers of molecules.

# %%
model = NMF(
    arguments.programmes,
    solver="auto",
    beta_loss="kl",
    init="random",
    random_state=0,
    n_init=5,
    max_iter=500,
    normalize="l1",
)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", ConvergenceWarning)
    W = model.fit_transform(counts)
H = model.components_
shares = W / np.maximum(W.sum(axis=1, keepdims=True), 1e-12)
print(f"{model.status_}, best of {model.n_init} starts")
for programme, weights in enumerate(H):
    # Genes that this programme has more of than the cells have on the whole.
    telling = weights * np.log(np.maximum(weights, 1e-12) / (mean[kept] / mean[kept].sum()))
    top = ", ".join(genes[np.argsort(-telling)[:6]])
    print(f"programme {programme}, {shares[:, programme].mean():.0%} of a cell: {top}")

# %% [markdown]
# ## Are they the right ones?

# %%
if truth is not None:
    cosines = (truth @ H.T) / np.outer(np.linalg.norm(truth, axis=1), np.linalg.norm(H, axis=1))
    print("cosine of each true programme with the nearest one found:", np.round(cosines.max(axis=1), 3))
if labels is not None:
    for label in np.unique(labels):
        usage = shares[labels == label].mean(axis=0)
        print(f"{label}: {usage.max():.0%} programme {usage.argmax()}, of {np.sum(labels == label)} cells")

# %% [markdown]
# ## The picture
#
# Cells side by side, each a column of its shares, sorted by kind and by the largest programme.

# %%
if arguments.out:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    groups = labels if labels is not None else np.full(len(shares), "")
    order = np.lexsort((-shares.max(axis=1), shares.argmax(axis=1), groups))
    figure, axis = plt.subplots(figsize=(9, 2.8))
    axis.stackplot(np.arange(len(order)), shares[order].T, colors=plt.get_cmap("tab20").colors, step="mid", linewidth=0)
    axis.set_xlim(0, len(order) - 1)
    axis.set_ylim(0, 1)
    axis.set_ylabel("share of programmes")
    names, starts = np.unique(groups[order], return_index=True)
    for line in starts[1:]:
        axis.axvline(line, color="black", linewidth=0.8)
    axis.set_xticks((starts + np.append(starts[1:], len(order))) / 2, names, fontsize=7, rotation=20)
    figure.tight_layout(pad=0.5)
    figure.savefig(arguments.out, dpi=120)
    print("picture in", arguments.out)
