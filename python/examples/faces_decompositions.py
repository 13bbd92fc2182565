# %% [markdown]
# # What faces are made of
#
# Four ways to write a face as a sum of twelve pictures. Principal components need pictures to be subtracted, and look
# like ghosts; k-means has one whole face for each; non-negative matrix factorization may only add, and finds noses
# and mouths.
#
# Without an argument this runs on schematic faces that are drawn here, so that the parts they were drawn from are
# known. With the Olivetti faces (AT&T Laboratories Cambridge; scikit-learn downloads them), or with any faces in
# rows of a file:
#
#     python faces_decompositions.py olivetti --parts 36 --out faces.png
#     python faces_decompositions.py faces.npy --shape 19x19 --parts 36 --out faces.png

# %%
import argparse
import warnings

import numpy as np
from sklearn.cluster import KMeans
from sklearn.datasets import fetch_olivetti_faces
from sklearn.decomposition import PCA
from sklearn.exceptions import ConvergenceWarning

from partwise import NMF

parser = argparse.ArgumentParser(description="Parts of faces by four decompositions.")
parser.add_argument("faces", nargs="?", help="olivetti, or .npy with a face in each row; without it, they are drawn")
parser.add_argument("--shape", help="height x width of a face, such as 64x64; without it, it is square")
parser.add_argument("--parts", type=int, default=12)
parser.add_argument("--out", help="write a picture to this file")
# In a notebook the arguments are the notebook's.
arguments, _ = parser.parse_known_args()

# %% [markdown]
# ## Faces from twelve parts
#
# Each face has one of two pairs of eyes, of two mouths, and so on, each in a strength of its own, and noise.


# %%
def ellipse(centre, radii, hollow=False):
    """A picture of 24 x 24 with an ellipse: 1 inside, or on its rim."""
    y, x = np.mgrid[:24, :24]
    distance = np.hypot((y - centre[0]) / radii[0], (x - centre[1]) / radii[1])
    return ((distance <= 1) & ~(hollow & (distance <= 0.7))).astype(float).ravel()


def both_sides(centre, radii, hollow=False):
    """The same on the left and on the right."""
    mirrored = (centre[0], 23 - centre[1])
    return np.maximum(ellipse(centre, radii, hollow), ellipse(mirrored, radii, hollow))


def drawn_faces(n_faces, rng):
    """Faces, a row each, and the parts that they are made of."""
    choices = [
        [both_sides((8.5, 7), (1.6, 1.6)), both_sides((8.5, 7), (2.6, 2.6), hollow=True)],  # eyes
        [both_sides((4.5, 7), (0.6, 3)), both_sides((5.5, 5.5), (0.6, 1.2))],  # brows
        [ellipse((13, 11.5), (2.8, 1.1)), ellipse((14, 11.5), (1.1, 2.4))],  # nose
        [ellipse((18, 11.5), (0.6, 4.5)), ellipse((18.5, 11.5), (2.2, 2.2), hollow=True)],  # mouth
        [both_sides((11, 1), (3.2, 0.9)), both_sides((13, 3), (1, 1.6))],  # ears, cheeks
        [ellipse((22.5, 11.5), (1.1, 3)), ellipse((1, 11.5), (1.2, 9))],  # chin, hair
    ]
    strengths = np.zeros((n_faces, 12))
    for kind in range(6):
        which = 2 * kind + rng.integers(0, 2, n_faces)
        strengths[np.arange(n_faces), which] = rng.gamma(5.0, 0.2, n_faces)
    parts = np.array([part for pair in choices for part in pair])
    return strengths @ parts + np.abs(rng.normal(0, 0.05, (n_faces, 576))), parts


if arguments.faces == "olivetti":
    X, truth = fetch_olivetti_faces().data.astype(float), None
elif arguments.faces:
    X, truth = np.load(arguments.faces), None
else:
    X, truth = drawn_faces(500, np.random.default_rng(0))
side = int(np.sqrt(X.shape[1]))
shape = tuple(int(length) for length in arguments.shape.split("x")) if arguments.shape else (side, side)
print(f"{X.shape[0]} faces of {shape[0]} x {shape[1]} pixels")

# %% [markdown]
# ## Four decompositions
#
# The last one has a penalty on the sum of the entries of the parts, which clears away what is not needed, and one on
# the squares of the amounts, so that small parts cannot be made up for by large amounts.

# %%
methods = {
    "principal components": PCA(arguments.parts, random_state=0),
    "k-means": KMeans(arguments.parts, n_init=3, random_state=0),
    "NMF": NMF(arguments.parts, random_state=0, max_iter=1000),
    "sparse NMF": NMF(arguments.parts, random_state=0, max_iter=1000, penalties=["l1:h:0.01", "l2:w:0.01"]),
}


def model_of(method, X):
    """What is left of X, written with the pictures of the method; and the pictures."""
    if isinstance(method, KMeans):
        nearest = method.fit_predict(X)
        return method.cluster_centers_[nearest], method.cluster_centers_
    return method.inverse_transform(method.fit_transform(X)), method.components_


pictures = {}
for name, method in methods.items():
    with warnings.catch_warnings():
        # What the limit of iterations leaves is not to be seen in a picture.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model, found = model_of(method, X)
    pictures[name] = found
    error = np.linalg.norm(X - model) / np.linalg.norm(X)
    below, dark = np.mean(found < 0), np.mean(np.abs(found) < 0.01 * np.abs(found).max())
    print(f"{name:>20}: relative error {error:.3f}, {below:4.0%} of pixels negative, {dark:4.0%} about zero", end="")
    if truth is not None:
        lengths = np.outer(np.linalg.norm(truth, axis=1), np.linalg.norm(found, axis=1))
        # Principal components may be upside down.
        cosines = np.abs(truth @ found.T) / np.where(lengths > 0, lengths, 1)
        print(f", {np.sum(cosines.max(axis=1) > 0.9)} of {len(truth)} parts found", end="")
    print()

# %% [markdown]
# ## The pictures

# %%
if arguments.out:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shown = min(12, arguments.parts)
    figure, axes = plt.subplots(len(pictures) + 1, shown, figsize=(shown, 1.1 * len(pictures) + 1.3), squeeze=False)
    for row, (name, found) in enumerate({"faces": X, **pictures}.items()):
        axes[row, 0].set_title(name, loc="left", fontsize=9)
        for axis, picture in zip(axes[row], found, strict=False):
            # Red is negative, which only principal components have.
            limit = np.abs(picture).max()
            signed = {"cmap": "RdGy", "vmin": -limit, "vmax": limit}
            plain = {"cmap": "gray_r" if truth is not None else "gray", "vmin": 0, "vmax": limit}
            axis.imshow(picture.reshape(shape), **(signed if found.min() < 0 else plain))
            axis.set_xticks([])
            axis.set_yticks([])
    figure.tight_layout(pad=0.3)
    figure.savefig(arguments.out, dpi=120)
    print("picture in", arguments.out)
