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


_CHAOS = "as many components as features: runs in single and double precision end in different solutions"
# Tests of scikit-learn's that do not hold here, with the reason. All else of theirs has to pass, and these have to fail.
NOT_SO = {
    "test_minibatch_nmf_partial_fit": "its batches are other rows than those of fit; theirs agree as both write into the H given",
    "test_nmf_float32_float64_consistency[NMF-solver0]": _CHAOS,
    "test_nmf_float32_float64_consistency[NMF-solver1]": _CHAOS,
    "test_nmf_float32_float64_consistency[MiniBatchNMF-solver2]": _CHAOS,
}


def pytest_collection_modifyitems(items):
    for item in items:
        if item.name in NOT_SO:
            item.add_marker(pytest.mark.xfail(reason=NOT_SO[item.name], strict=True))
