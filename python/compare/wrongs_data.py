"""Questions about what becomes of the data that are given; as in wrongs_fits.py."""

import subprocess
import sys

import numpy as np
import scipy.sparse as sp
from judge import loss
from table import error
from wrongs_fits import counts


def _start(seed=0):
    rng = np.random.default_rng(seed)
    return rng.random((60, 4)), rng.random((4, 40))


def keeps(name, **given):
    def question(p):
        W, H = _start()
        w, h = W.copy(), H.copy()
        getattr(p, name)(4, init="custom", max_iter=50, **given).fit_transform(counts(), W=w, H=h)
        changed = [factor for factor, now, then in (("W", w, W), ("H", h, H)) if (now != then).any()]
        return (f"{' and '.join(changed)} overwritten" if changed else "kept"), not changed

    return question


def shares(p):
    W, H = _start()
    model = p.NMF(4, init="custom", solver="mu", max_iter=50)
    model.fit(counts(), W=W, H=H)
    shared = np.shares_memory(model.components_, H)
    return ("the caller's H" if shared else "an array of its own"), not shared


def read_only(p):
    W, H = _start()
    W.flags.writeable = H.flags.writeable = False
    model = p.NMF(4, init="custom", max_iter=50).fit(counts(), W=W, H=H)
    return f"fits, in {model.n_iter_} iterations", True


def two_models(p):
    X, (W, H) = counts(), _start()
    models = [p.MiniBatchNMF(4, init="custom", random_state=0) for _ in range(2)]
    for model in models:
        model.partial_fit(X, W=W.copy(), H=H)
    shared = np.shares_memory(models[0].components_, models[1].components_)
    return ("one H for two models" if shared else "one H each"), not shared


def refuses(call):
    """A ValueError that tells of negative values is what is asked for."""

    def question(p):
        X = counts()
        X[3, 5] = -1
        try:
            W = call(p, X, *_start())
        except ValueError as raised:
            return error(raised, 60), "egative" in str(raised)
        return f"accepted; least of W {np.asarray(W).min():.2g}", False

    return question


def _negative_batch(p, X, W, H):
    model = p.MiniBatchNMF(4, random_state=0).fit(np.abs(X))
    X[3] = -X[3]
    return model.transform(X)


def indices(p):
    X = sp.csr_matrix(counts())
    for row in range(60):
        part = slice(X.indptr[row], X.indptr[row + 1])
        X.indices[part], X.data[part] = X.indices[part][::-1].copy(), X.data[part][::-1].copy()
    X.has_sorted_indices = False
    before = X.indices.copy()
    p.NMF(4, max_iter=500, random_state=0).fit(X)
    same = (X.indices == before).all()
    return ("kept" if same else "sorted in place"), bool(same)


def masked(p):
    rng = np.random.default_rng(0)
    X = rng.gamma(1.0, 1.0, (60, 4)) @ rng.gamma(1.0, 1.0, (4, 40))
    mask = rng.random(X.shape) < 0.1
    spoiled = np.ma.masked_array(np.where(mask, 1000.0, X), mask=mask)
    try:
        model = p.NMF(4, max_iter=2000, random_state=0)
        W = model.fit_transform(spoiled)
    except (TypeError, ValueError) as raised:
        return error(raised, 60), True
    off = np.sqrt(2 * loss(np.where(mask, 0, X), np.where(mask, 0, W @ model.components_), np.eye(40), 2))
    off /= np.linalg.norm(np.where(mask, 0, X))
    return f"relative error of the others {off:.2g}", bool(off < 0.02)


_BROKEN = """
import sys
import numpy as np, scipy.sparse as sp
if sys.argv[1] == "partwise":
    from partwise import NMF
else:
    from sklearn.decomposition import NMF
X = sp.random(50, 30, density=0.3, format="csr", random_state=0)
{how}
try:
    NMF(3, random_state=0, max_iter=500).fit(X)
except Exception as raised:
    print(f"{{type(raised).__name__}}: {{raised}}")
else:
    print("accepted")
"""


def broken(how):
    """In processes of their own, as they may end by what is read or written outside an array; four of them."""

    def question(p):
        package = "partwise" if p.NMF.__module__.startswith("partwise") else "scikit-learn"
        ends = {}
        for _ in range(4):
            command = [sys.executable, "-W", "ignore", "-c", _BROKEN.format(how=how), package]
            done = subprocess.run(command, capture_output=True, text=True)
            lines = done.stdout.strip().splitlines()
            end = lines[-1] if done.returncode == 0 and lines else f"the process dies (signal {-done.returncode})"
            ends[end] = ends.get(end, 0) + 1
        text = "; ".join(f"{count} of 4: {end[:70]}" for end, count in ends.items())
        return text, all(": " in end and "dies" not in end for end in ends)

    return question


ITEMS = [
    (
        "6",
        "W and H that are given stay as they are",
        [
            ("`init='custom'`, `cd`", keeps("NMF")),
            ("`init='custom'`, `mu`", keeps("NMF", solver="mu")),
            ("`init='custom'`, MiniBatchNMF", keeps("MiniBatchNMF")),
            ("`components_` after `init='custom'`, `mu`", shares),
            ("two MiniBatchNMF from one H", two_models),
            ("read-only W and H", read_only),
        ],
    ),
    (
        "7",
        "Negative X is refused",
        [
            (
                "`init='custom'`, `cd`",
                refuses(lambda p, X, W, H: p.NMF(4, init="custom").fit_transform(X, W=W, H=H)),
            ),
            (
                "`init='custom'`, `mu`",
                refuses(lambda p, X, W, H: p.NMF(4, init="custom", solver="mu").fit_transform(X, W=W, H=H)),
            ),
            (
                "`non_negative_factorization(update_H=False)`",
                refuses(lambda p, X, W, H: p.function(X, H=H, n_components=4, update_H=False)[0]),
            ),
            ("`MiniBatchNMF.transform`", refuses(_negative_batch)),
        ],
    ),
    ("11", "Unsorted indices of a CSR matrix stay as they are", [("the default", indices)]),
    (
        "13",
        "Masked entries of a `numpy.ma` array, of exact rank 4, do not count, or are refused",
        [("a tenth of them masked, 1000 beneath", masked)],
    ),
    (
        "14",
        "A broken CSR matrix is refused",
        [
            ("an index of 1,000,000 in 30 columns", broken("X.indices[10] = 1_000_000")),
            ("an index of -5", broken("X.indices[10] = -5")),
            ("row pointers that fall", broken("X.indptr[10] = X.indptr[20]")),
        ],
    ),
]
