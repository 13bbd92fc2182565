import numpy as np
import pytest


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def low_rank(rng):
    """40 x 25 of rank 3, with noise of a hundredth."""
    W, H = rng.gamma(1.0, 1.0, (40, 3)), rng.gamma(1.0, 1.0, (3, 25))
    return W @ H * (1 + 0.01 * rng.standard_normal((40, 25)))


_ZERO = "with alpha 1, W = H = 0 is the optimum: it is found, and refused as a given H"
_CHAOS = "as many components as features: extrapolated runs end in different solutions"
_TIE = "beta 2 and 1.99999 are different updates of a penalised W"
# Tests of scikit-learn's that do not hold here, with the reason. All else of theirs has to pass, and these have to fail.
NOT_SO = {
    "test_nmf_true_reconstruction": "zeros of a product are below 1e-17 here and have to be 0 there",
    "test_minibatch_nmf_partial_fit": "its batches are other rows than those of fit; theirs agree as both write into the H given",
    "test_nmf_multiplicative_update_sparse[csr_matrix]": _TIE,
    "test_nmf_multiplicative_update_sparse[csr_array]": _TIE,
    "test_nmf_float32_float64_consistency[NMF-solver0]": _CHAOS,
    "test_nmf_float32_float64_consistency[NMF-solver1]": _CHAOS,
    "test_nmf_float32_float64_consistency[MiniBatchNMF-solver2]": _CHAOS,
}
NOT_SO |= {
    f"test_non_negative_factorization_consistency[{alpha_H}-1.0-cd-{init}]": _ZERO
    for alpha_H in ("1.0", "same")
    for init in ("random", "nndsvd")
}


def pytest_collection_modifyitems(items):
    for item in items:
        if item.name in NOT_SO:
            item.add_marker(pytest.mark.xfail(reason=NOT_SO[item.name], strict=True))
