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
