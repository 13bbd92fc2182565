"""scikit-learn's own tests, from the installed package and unchanged, of our names."""

import importlib.util
import sys

import pytest
import sklearn.decomposition._nmf
import sklearn.decomposition.tests.test_nmf as theirs
from sklearn.utils.estimator_checks import parametrize_with_checks

import partwise

# Private helpers of scikit-learn are tested as they are; what tests are about is taken from here.
OURS = {name: getattr(partwise, name) for name in ("NMF", "MiniBatchNMF", "non_negative_factorization")}


def _copy():
    """The module, run again with our names in the place of theirs."""
    spec = importlib.util.spec_from_file_location("their_test_nmf", theirs.__file__)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    package = sys.modules["sklearn.decomposition"]
    helpers = sklearn.decomposition._nmf
    before = {name: (getattr(package, name), getattr(helpers, name)) for name in OURS}
    try:
        for name, ours in OURS.items():
            setattr(package, name, ours)
            setattr(helpers, name, ours)
        spec.loader.exec_module(module)
        # `nmf.non_negative_factorization` is looked up when a test runs.
        module.nmf = type(helpers)("helpers")
        module.nmf.__dict__.update(helpers.__dict__)
    finally:
        for name, (in_package, in_helpers) in before.items():
            setattr(package, name, in_package)
            setattr(helpers, name, in_helpers)
    return module


for _name, _test in vars(_copy()).items():
    if _name.startswith("test_"):
        globals()[_name] = _test


@parametrize_with_checks(
    [
        partwise.NMF(),
        partwise.NMF(solver="mu"),
        partwise.NMF(solver="mu", beta_loss="kullback-leibler"),
        partwise.NMF(solver="mu", beta_loss=1.5),
        partwise.NMF(solver="bpp", max_iter=500),
        partwise.MiniBatchNMF(),
    ]
)
def test_estimator_checks(estimator, check):
    check(estimator)
