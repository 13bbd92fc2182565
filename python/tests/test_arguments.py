"""What cannot be taken is refused before anything is computed, in words that say what can be."""

import numpy as np
import pytest
import scipy.sparse as sp

from partwise import NMF, MiniBatchNMF, non_negative_factorization


def _out_of_range(A):
    A.indices[3] = 10**6
    return A


def _negative(A):
    A.indices[3] = -1
    return A


def _goes_back(A):
    A.indptr[4], A.indptr[5] = A.indptr[5], A.indptr[4]
    return A


def _goes_beyond(A):
    A.indptr[-1] += 1000
    return A


def _too_short(A):
    A.indptr = A.indptr[:-1]
    return A


DAMAGE = [_out_of_range, _negative, _goes_back, _goes_beyond, _too_short]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_matrix])
def test_sparse_matrices_that_contradict_themselves(low_rank, damage, kind):
    X = low_rank[:25]
    graph = damage(kind(np.ones((25, 25))))
    model = NMF(3, max_iter=2000).fit(X)
    for use in (
        lambda: NMF(2, penalties=[("graph:h:0.1", graph)]).fit(X),
        lambda: NMF(2).fit(X, weights=graph),
        lambda: NMF(2).fit(graph),
        lambda: model.transform(graph),
        lambda: model.score(graph),
        lambda: non_negative_factorization(graph, n_components=2),
    ):
        with pytest.raises(ValueError, match="is no sound sparse matrix"):
            use()


def test_entries_that_point_nowhere():
    """SciPy would write where they point when it makes rows of them."""
    X = sp.coo_array(np.ones((30, 10)))
    X.coords[0][3] = 10**7
    with pytest.raises(ValueError, match="X is no sound sparse matrix: its indices are out of range"):
        NMF(2).fit(X)


@pytest.mark.parametrize(
    ("penalty", "words"),
    [
        (("graph:h:0.1", [[1, 2]]), r"graph of 25 has shape \(25, 25\), and not \(1, 2\)"),
        (("graph:h:0.1", None), "matrix of 'graph:h:0.1' is None"),
        (("graph:h:0.1", "neighbours"), "matrix of 'graph:h:0.1': could not convert"),
        (("graph:h:0.1", np.full((25, 25), np.nan)), "matrix of 'graph:h:0.1': .*NaN"),
        (("pull:h:0.1", None), "matrix of 'pull:h:0.1' is None"),
        (("pull:h:0.1", sp.csr_array(np.ones((2, 25)))), "matrix of 'pull:h:0.1': Sparse"),
        ("graph:h:0.1", "comes with its matrix"),
    ],
)
def test_matrices_of_penalties(low_rank, penalty, words):
    with pytest.raises(ValueError, match=words):
        NMF(3, penalties=[penalty]).fit(low_rank)


@pytest.mark.parametrize(("kind", "side", "shape"), [("graph", "h", (25, 25)), ("pull", "w", (40, 3))])
def test_one_matrix_for_each_penalty_and_side(low_rank, kind, side, shape):
    twice = [(f"{kind}:{side}:0.1", np.ones(shape)), (f"{kind}:{side}:0.2", 2 * np.ones(shape))]
    with pytest.raises(ValueError, match=f"{kind} of {side} is there twice"):
        NMF(3, penalties=twice).fit(low_rank)
    both = [("graph:h:0.1", np.ones((25, 25))), ("graph:w:0.1", np.ones((40, 40)))]
    assert NMF(3, penalties=both, max_iter=2000).fit(low_rank).status_ == "converged"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"options": {"max_w": np.nan}}, "options: max_w is nan"),
        ({"options": {"max_w": np.inf}}, "options: max_w is inf"),
        ({"options": {"inner": 2**64}}, "options: inner is 18446744073709551616: .*less than 2"),
        ({"options": {"max_w": [object()]}}, "options: max_w is <object"),
        ({"max_iter": 2**64}, "max_iter is 18446744073709551616"),
        ({"n_init": 2**70}, "n_init is"),
        ({"memory_limit": 2**64}, "memory_limit is"),
        ({"beta_loss": np.nan, "solver": "mu"}, "beta_loss is nan"),
    ],
)
def test_numbers_that_the_engine_does_not_have(low_rank, params, words):
    with pytest.raises(ValueError, match=words):
        NMF(3, **params).fit(low_rank)


def test_masks_are_for_x(low_rank):
    masked = np.ma.array(low_rank, mask=low_rank > np.median(low_rank))
    fitted = NMF(3, max_iter=2000).fit(low_rank)
    start = {"W": np.ones((40, 3)), "H": np.ones((3, 25))}
    for name, use in {
        "weights": lambda: NMF(3).fit(low_rank, weights=masked),
        "sample_weight": lambda: NMF(3).fit(low_rank, sample_weight=masked[:, 0]),
        "feature_weight": lambda: NMF(3).fit(low_rank, feature_weight=masked[0]),
        "fixed_components": lambda: NMF(3, fixed_components=masked[:2]).fit(low_rank),
        "fixed_W": lambda: NMF(3).fit(low_rank, fixed_W=masked[:, :2]),
        "W": lambda: NMF(3, init="custom").fit(low_rank, **(start | {"W": masked[:, :3]})),
        "H": lambda: NMF(3, init="custom").fit(low_rank, **(start | {"H": list(masked[:3])})),
        "penalties": lambda: NMF(3, penalties=[("pull:h:0.1", masked[:2])]).fit(low_rank),
        "X": lambda: fitted.inverse_transform(masked[:, :3]),
    }.items():
        with pytest.raises(ValueError, match=f"{name}.* has masked entries, which only X may have"):
            use()
    # A mask under which nothing is masks nothing.
    nothing = np.ma.array(np.ones(40), mask=np.zeros(40, dtype=bool))
    assert NMF(3, max_iter=2000).fit(low_rank, sample_weight=nothing).status_ == "converged"


def test_rows_in_a_list_may_have_masks(low_rank, rng):
    masked = np.ma.array(low_rank, mask=rng.random(low_rank.shape) < 0.2)
    rows = [masked[i] for i in range(40)]
    whole, listed = (NMF(3, random_state=0, max_iter=2000).fit(x) for x in (masked, rows))
    assert (whole.components_ == listed.components_).all()
    assert (whole.transform(rows) == whole.transform(masked)).all()
    W, _, _ = non_negative_factorization(rows, n_components=3, random_state=0, max_iter=2000)
    assert (W == NMF(3, random_state=0, max_iter=2000).fit_transform(masked)).all()


def test_factors_that_are_not_there(low_rank):
    for fit in (
        lambda: NMF(3, init="custom").fit(low_rank),
        lambda: NMF(3, init="custom").fit(low_rank, W=np.ones((40, 3))),
        lambda: non_negative_factorization(low_rank, init="custom", n_components=3),
    ):
        with pytest.raises(ValueError, match="give W and H"):
            fit()
    with pytest.raises(ValueError, match="give H"):
        MiniBatchNMF(3, init="custom").partial_fit(low_rank)
    with pytest.raises(ValueError, match="give H"):
        non_negative_factorization(low_rank, n_components=3, update_H=False)


def test_known_parts_need_a_rank(low_rank):
    with pytest.raises(ValueError, match="fixed_components has 2 of the components.*set n_components to 2 and as many"):
        NMF(fixed_components=low_rank[:2]).fit(low_rank)
    with pytest.raises(ValueError, match="fixed_W has 2 of the components"):
        NMF().fit(low_rank, fixed_W=low_rank[:, :2])
    # As it is documented: None is the number of features.
    assert NMF(None, fixed_components=low_rank[:2], max_iter=5).fit(low_rank, W=None).n_components_ == 25


def test_known_parts_are_not_normalized(low_rank):
    model = NMF(4, fixed_components=low_rank[:2], normalize="l1", random_state=0, max_iter=2000).fit(low_rank)
    assert np.allclose(model.components_[:2], low_rank[:2], rtol=1e-12)
    assert np.allclose(model.components_[2:].sum(axis=1), 1)


def test_messages_say_what_can_be_had(low_rank):
    with pytest.raises(ValueError, match="does not handle beta_loss = 'kl'; use solver='auto'"):
        NMF(3, beta_loss="kl").fit(low_rank)
    with pytest.raises(
        ValueError, match=r"among \{'cd', 'auto', 'mu', 'hals', 'bpp', 'gcd', 'nesterov', 'admm', 'scd', "
    ):
        NMF(3, solver="quick").fit(low_rank)
    with pytest.raises(ValueError, match=r"among \{'frobenius', 'kullback-leibler', 'itakura-saito', 'kl', 'is', "):
        NMF(3, beta_loss="loud").fit(low_rank)
