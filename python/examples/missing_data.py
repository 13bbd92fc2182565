# %% [markdown]
# # Ratings that nobody gave
#
# Of all films a user has rated a few. What is not rated is not a zero: it is missing, and it is what we want to know.
# `missing="absent"` leaves out of the fit what a sparse matrix does not store. A tenth of the ratings is kept from
# the fit, to see how well they are foretold.
#
# Without an argument the ratings are made up here. With those of MovieLens 100k (GroupLens,
# https://grouplens.org/datasets/movielens/100k/; the file `u.data` of the archive):
#
#     python missing_data.py ml-100k/u.data --out ratings.png

# %%
import argparse
import warnings

import numpy as np
import scipy.sparse as sp
from sklearn.exceptions import ConvergenceWarning

from partwise import NMF

parser = argparse.ArgumentParser(description="Foretell ratings by what is known of others.")
parser.add_argument("ratings", nargs="?", help="user, film and rating in each line, by tabs")
parser.add_argument("--out", help="write a picture to this file")
# In a notebook the arguments are the notebook's.
arguments, _ = parser.parse_known_args()


# %%
def made_up_ratings(rng, n_users=400, n_films=250, share=0.15):
    """Users, films and ratings from 1 to 5: three tastes, and a fondness for rating high or low."""
    tastes, kinds = rng.gamma(0.7, 1.0, (n_users, 3)), rng.gamma(0.7, 1.0, (3, n_films))
    liking = tastes @ kinds
    spread = np.argsort(np.argsort(liking, axis=None)).reshape(liking.shape) / liking.size
    ratings = 1 + 4 * spread + rng.normal(0, 0.4, liking.shape)
    users, films = np.nonzero(rng.random(liking.shape) < share)
    return users, films, np.clip(np.round(ratings[users, films]), 1, 5)


rng = np.random.default_rng(0)
if arguments.ratings:
    table = np.loadtxt(arguments.ratings, usecols=(0, 1, 2))
    # Numbers of users and films in the order of their names.
    (_, users), (_, films) = (np.unique(table[:, column], return_inverse=True) for column in (0, 1))
    ratings = table[:, 2]
else:
    users, films, ratings = made_up_ratings(rng)
shape = users.max() + 1, films.max() + 1
hidden = rng.random(len(ratings)) < 0.1
known = sp.csr_array((ratings[~hidden], (users[~hidden], films[~hidden])), shape=shape)
print(f"{shape[0]} users, {shape[1]} films, {len(ratings)} ratings: {len(ratings) / np.prod(shape):.1%} of all")


def off_by(model):
    """Root of the mean square by which hidden ratings are missed."""
    return float(np.sqrt(np.mean((np.clip(model[users[hidden], films[hidden]], 1, 5) - ratings[hidden]) ** 2)))


# %% [markdown]
# ## Without factors
#
# The mean of the film, and how far the user is from it elsewhere; both drawn towards none where there are few
# ratings.

# %%
mean = ratings[~hidden].mean()


def drawn_mean(which, values, length):
    """The mean of the values of each, as if each had five more of zero."""
    return np.bincount(which, values, length) / (np.bincount(which, minlength=length) + 5)


of_film = drawn_mean(films[~hidden], ratings[~hidden] - mean, shape[1])
of_user = drawn_mean(users[~hidden], ratings[~hidden] - mean - of_film[films[~hidden]], shape[0])
baseline = off_by(mean + of_user[:, None] + of_film[None, :])
print(f"mean of all: off by {off_by(np.full(shape, mean)):.3f}; of user and film: {baseline:.3f}")

# %% [markdown]
# ## With factors
#
# What is missing tells nothing of small ratings, so parts that few ratings speak for would grow at will: a penalty on
# the squares of both factors keeps them small. The wrong way, for comparison, takes what is missing as zero.

# %%
warnings.simplefilter("ignore", ConvergenceWarning)
taken_for_zero = NMF(3, random_state=0, max_iter=300).fit(known)
print(f"missing taken for zero: off by {off_by(taken_for_zero.transform(known) @ taken_for_zero.components_):.3f}")

ranks, penalties = (1, 2, 3, 5, 8), (0.0, 0.01, 0.03)
errors = np.zeros((len(penalties), len(ranks)))
for row, penalty in enumerate(penalties):
    for column, rank in enumerate(ranks):
        model = NMF(
            rank,
            missing="absent",
            penalties=[f"l2:wh:{penalty}"] if penalty else None,
            random_state=0,
            max_iter=300,
        )
        W = model.fit_transform(known)
        errors[row, column] = off_by(W @ model.components_)
    print(f"missing left out, penalty {penalty}: {', '.join(f'{e:.3f}' for e in errors[row])} with {ranks} parts")

best = np.unravel_index(errors.argmin(), errors.shape)
print(f"best: {ranks[best[1]]} parts and a penalty of {penalties[best[0]]}, off by {errors.min():.3f}")

# %% [markdown]
# ## The picture

# %%
if arguments.out:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(6, 3.5))
    for penalty, curve in zip(penalties, errors, strict=True):
        axis.plot(ranks, curve, marker="o", label=f"penalty {penalty}")
    axis.axhline(baseline, color="grey", linestyle="--", label="means of user and film")
    axis.set_xlabel("number of parts")
    axis.set_ylabel("hidden ratings are off by")
    axis.legend(fontsize=8)
    figure.tight_layout(pad=0.5)
    figure.savefig(arguments.out, dpi=120)
    print("picture in", arguments.out)
