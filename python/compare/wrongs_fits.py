"""Questions about what a fit comes to: (number, title, [(asked, function of a package -> (what came out, right?))])."""

import numpy as np
import scipy.sparse as sp
from judge import loss, penalised_rows, rows_with_l1
from sklearn.datasets import load_digits
from table import number

KL, IS = "kullback-leibler", "itakura-saito"


def counts(seed=0, shape=(60, 40), rank=4):
    """Counts of a low rank, many of them 0."""
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.gamma(0.5, 1.0, (shape[0], rank)) @ rng.gamma(0.5, 1.0, (rank, shape[1]))).astype(float)


# Sparse X by columns.


def by_columns(name, kind, beta, **given):
    def question(p):
        X, found = counts(), []
        for x in (X, kind(X)):
            model = getattr(p, name)(4, beta_loss=beta, max_iter=500, random_state=0, **given)
            W = model.fit_transform(x)
            beta_number = 1 if beta == KL else beta
            said = getattr(model, "reconstruction_err_", np.nan) ** 2 / 2
            found.append((loss(X, W, model.components_, beta_number), said))
        (dense, _), (sparse, said) = found
        right = sparse <= 1.01 * dense and abs(said - sparse) <= 1e-6 * sparse
        return f"loss {number(sparse)}, said to be {number(said)}; dense {number(dense)}", right

    return question


def rows_by_columns(p):
    X = counts()
    model = p.NMF(4, solver="mu", beta_loss=KL, max_iter=500, random_state=0).fit(X)
    dense, sparse = (loss(X, model.transform(x), model.components_, 1) for x in (X, sp.csc_matrix(X)))
    return f"loss {number(sparse)}; dense {number(dense)}", sparse <= 1.01 * dense


def stored_zeros(name, beta, **given):
    def question(p):
        X = sp.csr_matrix(counts())
        zeros = X.copy()
        zeros.data[::7] = 0
        without = zeros.copy()
        without.eliminate_zeros()
        found = []
        for x in (zeros, without):
            model = getattr(p, name)(4, beta_loss=beta, max_iter=500, random_state=0, **given)
            W = model.fit_transform(x)
            found.append(loss(without.toarray(), W, model.components_, 1 if beta == KL else beta))
        return f"loss {number(found[0])}; without them {number(found[1])}", found[0] <= 1.01 * found[1]

    return question


# An L1 penalty on W when H stays.

_STEPS = (10, 50, 200, 1000, 5000)


def _penalised(rows_of):
    X = counts()
    alpha, H = 0.05, np.random.default_rng(1).gamma(1.0, 1.0, (4, 40))
    l1 = alpha * X.shape[1]
    best = penalised_rows(X, rows_with_l1(X, H, l1), H, 1, l1)
    made = [rows_of(X, H, alpha, steps) for steps in _STEPS]
    over = [penalised_rows(X, W, H, 1, l1) / best - 1 for W in made]
    sums = ", ".join(number(W.sum()) for W in made)
    above = " to ".join(f"{100 * max(over[i], 0):.2g}%" for i in (0, -1))
    text = f"sum of W {sums}; objective {above} above the least"
    return text, over[-1] < 1e-3


def l1_function(p):
    def rows_of(X, H, alpha, steps):
        return p.function(
            X, H=H, n_components=4, update_H=False, solver="mu", beta_loss=KL,
            alpha_W=alpha, alpha_H=0.0, l1_ratio=1.0, tol=0, max_iter=steps,
        )[0]  # fmt: skip

    return _penalised(rows_of)


def l1_transform(p):
    def rows_of(X, H, alpha, steps):
        model = p.NMF(4, solver="mu", beta_loss=KL, alpha_W=alpha, alpha_H=0.0, l1_ratio=1.0, tol=0, max_iter=steps)
        # A model whose H is this one: fitted for its other attributes alone.
        model.fit(X)
        model.components_ = H
        return model.transform(X)

    return _penalised(rows_of)


# What a fit says of its error.


def exact_fits(kind, dtype, **given):
    def question(p):
        said, off = [], 0.0
        for seed in range(20):
            rng = np.random.default_rng(seed)
            X = (rng.random((30, 3)) @ rng.random((3, 20))).astype(dtype)
            model = p.NMF(3, init="nndsvda", tol=1e-12, max_iter=2000, random_state=0, **given)
            W = model.fit_transform(kind(X))
            true = np.sqrt(2 * loss(X, W, model.components_, 2))
            said.append(model.reconstruction_err_)
            if np.isfinite(said[-1]):
                off = max(off, abs(said[-1] - true) / np.linalg.norm(X))
        nan = int(np.isnan(said).sum())
        return f"NaN in {nan} of 20; others off by {off:.1g} of the norm of X at most", nan == 0

    return question


# The unit of the data.


def _scales(fit, scales, shown, slack):
    values = [fit(scale) for scale in scales]
    text = ", ".join(f"×{scale:g}: {shown(value)}" for scale, value in zip(scales, values, strict=True))
    sizes = np.array([value[0] if isinstance(value, tuple) else value for value in values])
    # What is not a number compares as false, and so is wrong.
    return text, bool((sizes <= slack * sizes[0]).all())


def kl_scales(p):
    def fit(scale):
        found = []
        for seed in range(3):
            X = counts()
            model = p.NMF(4, init="random", solver="mu", beta_loss=KL, max_iter=500, random_state=seed)
            W = model.fit_transform(scale * X)
            found.append(loss(X, W / scale, model.components_, 1))
        return max(found)

    return _scales(fit, (1, 1e-3, 1e-5, 1e-6, 1e-7, 1e-8), number, 1.05)


def digits_scales(p):
    def fit(scale):
        X = scale * load_digits().data / 16
        model = p.NMF(16, max_iter=1000, random_state=0)
        W = model.fit_transform(X)
        return np.sqrt(2 * loss(X, W, model.components_, 2)) / np.linalg.norm(X), model.n_iter_

    return _scales(fit, (1, 16, 255, 65535), lambda v: f"{v[0]:.4f} ({v[1]} it.)", 1.005)


def far_scales(beta, solver):
    def question(p):
        def fit(scale):
            X = counts()
            model = p.NMF(4, solver=solver, beta_loss=beta, max_iter=1000, random_state=0)
            W = model.fit_transform(scale * X)
            # Scaled one after the other: their product may not be a number of double precision.
            root = np.sqrt(scale)
            top, H = np.abs(W).max() or 1.0, model.components_
            return np.linalg.norm(X - (W / top) @ (H / root * (top / root))) / np.linalg.norm(X)

        return _scales(fit, (1, 1e-160, 1e160), lambda v: f"{v:.4f}", 1.05)

    return question


# Where a run ends.


def noiseless(beta):
    def question(p):
        rng = np.random.default_rng(0)
        X = rng.gamma(1.0, 1.0, (60, 5)) @ rng.gamma(1.0, 1.0, (5, 40))
        name, order = ("frobenius", 2) if beta == 2 else (KL, 1)
        W, H = rng.random((60, 5)), rng.random((5, 40))
        found = []
        for tol in (1e-4, 0):
            model = p.NMF(5, init="custom", solver="mu", beta_loss=name, tol=tol, max_iter=5000)
            w = model.fit_transform(X, W=W.copy(), H=H.copy())
            found.append((loss(X, w, model.components_, order), model.n_iter_))
        (ended, steps), (later, _) = found
        rank_one = loss(X, X.sum(axis=1)[:, None], X.sum(axis=0)[None] / X.sum(), order)
        share = f"{100 * ended / rank_one:.2g}% of rank 1"
        text = f"{number(ended)} after {steps} it. ({share}); {number(later)} after 5000"
        # Within a thousandth of what rank 1 leaves: X is of rank 5.
        return text, ended <= 1e-3 * rank_one

    return question


def warm_start(tol):
    def question(p):
        rng = np.random.default_rng(0)
        X = rng.gamma(1.0, 1.0, (60, 5)) @ rng.gamma(1.0, 1.0, (5, 40)) + 0.1 * rng.random((60, 40))
        first = p.NMF(5, tol=tol, max_iter=5000, random_state=0)
        W = first.fit_transform(X)
        again = p.NMF(5, init="custom", tol=tol, max_iter=5000)
        w = again.fit_transform(X, W=W.copy(), H=first.components_.copy())
        before, after = loss(X, W, first.components_, 2), loss(X, w, again.components_, 2)
        text = f"{first.n_iter_} it., then {again.n_iter_} from there, for {(before - after) / before:.1g} of the loss"
        return text, again.n_iter_ <= 0.2 * first.n_iter_

    return question


def one_row(solver, beta):
    def question(p):
        X = counts() + (0.1 if beta == IS else 0)
        model = p.NMF(4, solver=solver, beta_loss=beta, max_iter=1000, random_state=0).fit(X)
        together = model.transform(X)
        alone = np.vstack([model.transform(X[i : i + 1]) for i in range(len(X))])
        differs = np.abs(alone - together).max() / together.max()
        return f"differs by {differs:.1g}", differs <= 1e-12

    return question


# Chunks of a stream.


def _stream(p, first, **given):
    """Two kinds of rows, one after the other, 40 chunks of 100 of each: relative error of the first kind in the end."""
    rng = np.random.default_rng(0)
    parts = rng.gamma(0.5, 1.0, (4, 30)), rng.gamma(0.5, 1.0, (4, 30))
    rows = [rng.gamma(0.5, 1.0, (4000, 4)) @ part for part in parts]
    model = p.MiniBatchNMF(8, random_state=0, **given)
    cuts = [0, first, *range(first + 100, 4001, 100)]
    for kind, edges in ((rows[0], cuts), (rows[1], range(0, 4001, 100))):
        for low, high in zip(edges[:-1], edges[1:], strict=True):
            if high > low:
                model.partial_fit(kind[low:high])
    some = rows[0][:200]
    return np.linalg.norm(some - model.transform(some) @ model.components_) / np.linalg.norm(some)


def forgets(p):
    found = [_stream(p, 100, forget_factor=factor) for factor in (0.7, 1.0)]
    return f"relative error {found[0]:.3f}; with `forget_factor=1`, {found[1]:.3f}", found[0] <= 1.2 * found[1]


def first_chunk(p):
    found = [_stream(p, first) for first in (100, 3000)]
    text = f"relative error {found[0]:.3f}; first chunk of 3000 rows, {found[1]:.3f}"
    return text, abs(found[0] - found[1]) <= 0.1 * found[0]


ITEMS = [
    (
        "1",
        "Sparse X by columns, as good as dense X",
        [
            ("`mu`, kl, csc_matrix", by_columns("NMF", sp.csc_matrix, KL, solver="mu")),
            ("`mu`, kl, csc_array", by_columns("NMF", sp.csc_array, KL, solver="mu")),
            ("`mu`, 1.5, csc_matrix", by_columns("NMF", sp.csc_matrix, 1.5, solver="mu")),
            ("MiniBatchNMF, kl, csc_matrix", by_columns("MiniBatchNMF", sp.csc_matrix, KL)),
            ("`transform`, kl, csc_matrix", rows_by_columns),
        ],
    ),
    (
        "2",
        "Zeros that are stored, as good as zeros that are not",
        [
            ("`mu`, kl", stored_zeros("NMF", KL, solver="mu")),
            ("`mu`, 1.5", stored_zeros("NMF", 1.5, solver="mu")),
            ("MiniBatchNMF, kl", stored_zeros("MiniBatchNMF", KL)),
        ],
    ),
    (
        "3",
        "W for a given H under kl and an L1 penalty, after 10, 50, 200, 1000 and 5000 iterations",
        [("`non_negative_factorization(update_H=False)`", l1_function), ("`transform`", l1_transform)],
    ),
    (
        "4",
        "`reconstruction_err_` of X of rank 3, 20 of them",
        [
            ("CSR, double precision", exact_fits(sp.csr_matrix, np.float64)),
            ("CSR, single precision", exact_fits(sp.csr_matrix, np.float32)),
            ("CSR, double precision, `mu`", exact_fits(sp.csr_matrix, np.float64, solver="mu")),
            ("dense, double precision", exact_fits(np.asarray, np.float64)),
        ],
    ),
    (
        "5",
        "The same loss in any unit of the data",
        [
            ("`mu`, kl: loss over unit, worst of 3 seeds", kl_scales),
            ("the default, handwritten digits at rank 16: relative error", digits_scales),
            ("`cd`, frobenius, far units: relative error", far_scales("frobenius", "cd")),
            ("`mu`, kl, far units: relative error", far_scales(KL, "mu")),
        ],
    ),
    (
        "8",
        "X of rank 5 without noise, `mu` with its default `tol`: near zero where it stops",
        [("frobenius", noiseless(2)), ("kl", noiseless(1))],
    ),
    (
        "9",
        "A run that starts from where one ended, ends there",
        [("`cd`, `tol=1e-4`", warm_start(1e-4)), ("`cd`, `tol=1e-6`", warm_start(1e-6))],
    ),
    (
        "10",
        "`transform` of a row by itself, and among others",
        [
            ("`mu`, kl", one_row("mu", KL)),
            ("`mu`, is", one_row("mu", IS)),
            ("`mu`, frobenius", one_row("mu", "frobenius")),
            ("`cd`, frobenius", one_row("cd", "frobenius")),
        ],
    ),
    (
        "12",
        "`partial_fit` of 4000 rows of one kind, then of another, by 100: error of the first kind in the end",
        [
            ("by default, within a fifth of that with `forget_factor=1`", forgets),
            ("the same, however large the first chunk", first_chunk),
        ],
    ),
]
