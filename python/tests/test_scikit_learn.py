"""scikit-learn's own tests: those of its NMF, unchanged and of our names, and its checks of every estimator."""

import importlib.util
import os
import subprocess
import sys

import pytest
import sklearn.decomposition._nmf
import sklearn.decomposition.tests.test_nmf as theirs
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import estimator_checks as checks
from sklearn.utils._testing import ignore_warnings
from sklearn.utils.estimator_checks import parametrize_with_checks

import partwise
from partwise import NMF, MiniBatchNMF

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


# Every solver with every loss that it goes with. A few exponents stand for all that have no name.
SOLVERS = {
    "frobenius": ("cd", "mu", "auto", "hals", "bpp", "gcd", "nesterov", "admm"),
    "kullback-leibler": ("mu", "auto", "newton", "scd", "ccd"),
    "itakura-saito": ("mu", "auto", "newton"),
    1.5: ("mu", "auto"),
    0.5: ("mu", "auto"),
}
# These have steps for rows that share a Gram matrix, or for dense blocks, and refuse weights.
NO_WEIGHTS = {"nesterov", "admm", "newton"}

BATCH = [NMF(solver=solver, beta_loss=loss) for loss, solvers in SOLVERS.items() for solver in solvers]
# Batches smaller than X, with the parameters of scikit-learn's own suite, and an X that is one batch.
ONLINE = [
    MiniBatchNMF(beta_loss=loss, **params)
    for loss in ("frobenius", "kullback-leibler")
    for params in ({}, {"batch_size": 10, "max_iter": 20, "fresh_restarts": True})
]
ESTIMATORS = BATCH + ONLINE
WEIGHTED = [estimator for estimator in BATCH if estimator.solver not in NO_WEIGHTS]

# Checks that `check_estimator` leaves out and scikit-learn's suite runs.
OF_THEIR_SUITE = [
    checks.check_param_validation,
    checks.check_transformer_get_feature_names_out,
    checks.check_transformer_get_feature_names_out_pandas,
    checks.check_get_feature_names_out_error,
    checks.check_set_output_transform,
    checks.check_set_output_transform_pandas,
    checks.check_set_output_transform_polars,
    checks.check_global_output_transform_pandas,
    checks.check_global_set_output_transform_polars,
    checks.check_dataframe_column_names_consistency,
    checks.check_inplace_ensure_writeable,
]
# `fit` takes `sample_weight` as one of its further arguments, which is why scikit-learn does not find these by itself.
OF_WEIGHTS = [
    checks.check_sample_weights_pandas_series,
    checks.check_sample_weights_not_an_array,
    checks.check_sample_weights_list,
    checks.check_sample_weights_shape,
    checks.check_sample_weights_not_overwritten,
]
# Newer than the oldest scikit-learn that the package works with.
OF_WEIGHTS += [getattr(checks, name) for name in ("check_all_zero_sample_weights_error",) if hasattr(checks, name)]
OF_EQUIVALENCE = [
    checks.check_sample_weight_equivalence_on_dense_data,
    checks.check_sample_weight_equivalence_on_sparse_data,
]


def _id(value):
    if not isinstance(value, (NMF, MiniBatchNMF)):
        return getattr(value, "__name__", str(value))
    batches = f"-batch_size={value.batch_size}" if isinstance(value, MiniBatchNMF) else ""
    return f"{type(value).__name__}-{value.solver}-{value.beta_loss}{batches}"


@pytest.fixture(autouse=True)
def no_zeros_where_the_loss_is_infinite(request, monkeypatch):
    """Checks subtract their minimum from data for non-negative estimators. Itakura-Saito gets 1 more."""
    estimator = getattr(request.node, "callspec", None) and request.node.callspec.params.get("estimator")
    if getattr(estimator, "beta_loss", None) == "itakura-saito":
        before = checks._enforce_estimator_tags_X
        monkeypatch.setattr(checks, "_enforce_estimator_tags_X", lambda *args, **named: before(*args, **named) + 1)


# The limit of iterations is the default one; what a check asks for does not need the end of a run.
@parametrize_with_checks(ESTIMATORS)
def test_estimator_checks(estimator, check):
    with ignore_warnings(category=ConvergenceWarning):
        check(estimator)


# The checks of names give frames to what was fitted on arrays, on purpose.
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.parametrize("check", OF_THEIR_SUITE, ids=_id)
@pytest.mark.parametrize("estimator", ESTIMATORS, ids=_id)
def test_checks_of_their_suite(estimator, check):
    with ignore_warnings(category=ConvergenceWarning):
        check(type(estimator).__name__, clone(estimator))


@pytest.mark.parametrize("estimator", ONLINE, ids=_id)
def test_partial_fit_checks_the_number_of_features(estimator):
    checks.check_estimators_partial_fit_n_features("MiniBatchNMF", clone(estimator))


@pytest.mark.parametrize("check", OF_WEIGHTS, ids=_id)
@pytest.mark.parametrize("estimator", WEIGHTED, ids=_id)
def test_checks_of_weights(estimator, check):
    with ignore_warnings(category=ConvergenceWarning):
        check("NMF", clone(estimator))


# A weight of 2 is a row given twice, and 0 a row left out, to seven digits of the result. That takes a solution that
# does not depend on the start, as of rank 1 with its scale settled, and a run that goes on to the end.
@pytest.mark.parametrize("check", OF_EQUIVALENCE, ids=_id)
@pytest.mark.parametrize("estimator", WEIGHTED, ids=_id)
def test_weights_are_repetitions(estimator, check):
    settled = clone(estimator).set_params(n_components=1, normalize="l2", tol=1e-12, max_iter=5000)
    check("NMF", settled)


def test_estimators_that_refuse_weights_say_what_takes_them():
    for estimator in BATCH:
        if estimator.solver in NO_WEIGHTS:
            with pytest.raises(ValueError, match=r"weights with loss .* is not possible: .*; use rule .*mu"):
                clone(estimator).fit([[1.0, 2.0], [3.0, 4.0]], sample_weight=[1.0, 2.0])


def test_checks_with_arrays_of_other_packages_allowed(tmp_path):
    """The check that scikit-learn skips unless SciPy was imported with this set."""
    script = (
        "import inspect\n"
        "from sklearn.utils import estimator_checks as checks\n"
        "from partwise import NMF, MiniBatchNMF\n"
        "check = checks.check_array_api_input\n"
        "how = {'array_namespace': 'numpy', 'expect_only_array_outputs': False}\n"
        "how = {name: value for name, value in how.items() if name in inspect.signature(check).parameters}\n"
        "for estimator in (NMF(), NMF(solver='mu', beta_loss='kullback-leibler'), MiniBatchNMF()):\n"
        "    check(type(estimator).__name__, estimator, **how)\n"
        "print('checked')\n"
    )
    environment = os.environ | {"SCIPY_ARRAY_API": "1"}
    run = subprocess.run([sys.executable, "-c", script], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert run.stdout.strip() == "checked", run.stderr
