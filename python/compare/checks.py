"""Part one: scikit-learn's own checks of estimators, and its own tests of NMF, of both packages."""

import json
import os
import re
import subprocess
import sys
import tempfile
import warnings
from collections import defaultdict
from functools import partial
from pathlib import Path
from unittest import SkipTest

from sklearn import decomposition
from sklearn.utils import estimator_checks as suite
from sklearn.utils.validation import has_fit_parameter
from table import error, point, say, table

import partwise

ABOUT = """\
`check_estimator` of the installed scikit-learn, with its legacy checks, and the checks that only its own suite runs
beside it:
{extra};
with `partial_fit` also `check_estimators_partial_fit_n_features`, and with `sample_weight` also
`check_all_zero_sample_weights_error`. An estimator that can do more is checked for more.

Counts are of checks that pass, of those that ran. None is left out or expected to fail. Estimators are made in three
ways: by their defaults; as scikit-learn's suite makes them, NMF with `max_iter=500`, and MiniBatchNMF with
`batch_size=10`, `max_iter=20` and `fresh_restarts=True`; and at rank 2, NMF with `max_iter=500`. Itakura-Saito is
infinite where X is zero. Both refuse such X, and scikit-learn's tests want it so, but the checks do not know. Its
rows are there a second time with a tenth added to the data that a check prepares by the tags of an estimator; some
checks have data of their own, with zeros.
"""

# What scikit-learn's tests run beside check_estimator.
EXTRA = [
    "check_param_validation",
    "check_transformer_get_feature_names_out",
    "check_transformer_get_feature_names_out_pandas",
    "check_get_feature_names_out_error",
    "check_set_output_transform",
    "check_set_output_transform_pandas",
    "check_set_output_transform_polars",
    "check_global_output_transform_pandas",
    "check_global_set_output_transform_polars",
    "check_dataframe_column_names_consistency",
]

LOSSES = {"frobenius": "frobenius", "kl": "kullback-leibler", "is": "itakura-saito", "1.5": 1.5}
BOTH = [("NMF", "cd", "frobenius"), *(("NMF", "mu", loss) for loss in LOSSES)]
BATCHES = [("MiniBatchNMF", None, loss) for loss in LOSSES]
OURS = [
    ("NMF", solver, loss)
    for solver, losses in {
        "auto": LOSSES,
        "hals": ["frobenius"],
        "bpp": ["frobenius"],
        "gcd": ["frobenius"],
        "nesterov": ["frobenius"],
        "admm": ["frobenius"],
        "scd": ["kl"],
        "ccd": ["kl"],
        "newton": ["kl", "is"],
    }.items()
    for loss in losses
]
# How estimators are made: by their defaults, as scikit-learn's own suite makes them, and at a small rank.
WAYS = {
    "NMF": {
        "defaults": {},
        "as its suite": {"max_iter": 500},
        "rank 2": {"n_components": 2, "max_iter": 500},
    },
    "MiniBatchNMF": {
        "defaults": {},
        "as its suite": {"batch_size": 10, "max_iter": 20, "fresh_restarts": True},
        "rank 2": {"n_components": 2},
    },
}


def _extra(make):
    names = list(EXTRA)
    if hasattr(make(), "partial_fit"):
        names.append("check_estimators_partial_fit_n_features")
    if has_fit_parameter(make(), "sample_weight"):
        names.append("check_all_zero_sample_weights_error")
    for name in names:
        estimator = make()
        try:
            getattr(suite, name)(type(estimator).__name__, estimator)
        except SkipTest as skipped:
            yield name, "skipped", skipped
        except Exception as raised:  # A check fails by whatever it raises.
            yield name, "failed", raised
        else:
            yield name, "passed", None


def run(make):
    """Every check of an estimator: name, outcome, exception."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = suite.check_estimator(make(), on_fail=None, on_skip=None)
        found = [(check["check_name"], check["status"], check["exception"]) for check in made]
        return found + list(_extra(make))


def positive(make):
    """The same with data in which nothing is zero, as Itakura-Saito needs them."""
    before = suite._enforce_estimator_tags_X

    def lifted(estimator, X, *args, **kwargs):
        return before(estimator, X, *args, **kwargs) + 0.1

    suite._enforce_estimator_tags_X = lifted
    try:
        return run(make)
    finally:
        suite._enforce_estimator_tags_X = before


def count(found):
    good = sum(outcome == "passed" for _, outcome, _ in found)
    done = sum(outcome != "skipped" for _, outcome, _ in found)
    return f"{good} of {done}" if good == done else f"**{good} of {done}**"


def estimators():
    """The table of counts, and what failed or was left out."""
    rows, failed, skipped = [], defaultdict(list), defaultdict(set)
    for which, solver, loss in [*BOTH, *OURS, *BATCHES]:
        for lift in (False, True) if loss == "is" else (False,):
            shown = f"{loss}, nothing zero" if lift else loss
            row = [which, f"`{solver}`" if solver else "-", shown]
            for name, module in {"scikit-learn": decomposition, "partwise": partwise}.items():
                for way, given in WAYS[which].items():
                    if name == "scikit-learn" and (which, solver, loss) in OURS:
                        row.append("-")
                        continue
                    say("checks:", name, which, solver, shown, way)
                    given = {**given, "beta_loss": LOSSES[loss]} | ({"solver": solver} if solver else {})
                    found = (positive if lift else run)(partial(getattr(module, which), **given))
                    row.append(count(found))
                    for check, outcome, raised in found:
                        if outcome == "failed":
                            failed[name, which, solver, shown, check, error(raised, 150)].append(way)
                        elif outcome == "skipped":
                            skipped[str(raised)].add(check)
            rows.append(row)
    return rows, failed, skipped


def tests():
    """How every case of test_nmf.py ended, for both."""
    ended = {}
    with tempfile.TemporaryDirectory() as folder:
        for package in ("scikit-learn", "partwise"):
            say("checks: test_nmf.py of", package)
            out = str(Path(folder) / f"{package}.json")
            script = str(Path(__file__).with_name("suite.py"))
            environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
            subprocess.run([sys.executable, script, package, out], check=True, cwd=folder, env=environment)
            ended[package] = json.loads(Path(out).read_text())
    return ended


def print_failures(package, failed):
    """One point for checks that fail in the same settings, with the same words."""
    settings = defaultdict(lambda: defaultdict(set))
    for (which, solver, shown, check, reason), ways in failed.items():
        # The words without the estimator in them.
        reason = re.sub(r" (in|of) (MiniBatch)?NMF(\(.*)?", "", reason)
        if shown.startswith("is") and "zero" in reason:
            check, reason = "", "X with zeros is refused"
        name = f"{which} {f'`{solver}` ' if solver else ''}{shown}"
        settings[check, reason][name].update(ways)
    grouped = defaultdict(list)
    for (check, reason), where in settings.items():
        words = "; ".join(
            name if len(ways) == len(WAYS["NMF"]) else f"{name} ({', '.join(sorted(ways))})"
            for name, ways in sorted(where.items())
        )
        grouped[reason, words].append(f"`{check}`" if check else "all that use zeros")
    for (reason, words), checks in sorted(grouped.items()):
        point(f"{package}, {' and '.join(sorted(checks))}: {reason.rstrip('.')}. With {words}")


def print_part():
    rows, failed, skipped = estimators()
    print("## scikit-learn's own checks of estimators\n")
    print(ABOUT.format(extra=",\n".join(f"`{name}`" for name in EXTRA)))
    ways = list(WAYS["NMF"])
    header = ["class", "solver", "loss"]
    header += [f"{package}, {way}" for package in ("scikit-learn", "partwise") for way in ways]
    print(table(header, rows, right=header[3:]), end="\n\n")
    for reason, names in sorted(skipped.items()):
        print(f"Skipped: {', '.join(f'`{name}`' for name in sorted(names))}: {reason}.\n")
    print("### What fails\n")
    for package in ("partwise", "scikit-learn"):
        print_failures(package, {key[1:]: ways for key, ways in failed.items() if key[0] == package})
    print()
    ended = tests()
    theirs = ended["scikit-learn"]
    print("## scikit-learn's own tests of NMF\n")
    private = sum(not case["public"] for case in theirs.values())
    print(
        "The cases of `sklearn/decomposition/tests/test_nmf.py` of the installed package: of scikit-learn as they\n"
        "are, of partwise with its `NMF`, `MiniBatchNMF` and `non_negative_factorization` in the place of\n"
        "scikit-learn's and nothing else changed (`python/tests/test_scikit_learn.py`).\n"
        f"{private} of the cases are about private helpers of scikit-learn and nothing else; they run as they are for\n"
        "both, and are counted apart. A case that is known to fail has failed.\n"
    )
    rows = []
    for package, cases in ended.items():
        row = [package]
        for public in (True, False):
            some = [case for case in cases.values() if case["public"] == public]
            row.append(f"{sum(case['outcome'] == 'passed' for case in some)} of {len(some)}")
        rows.append([*row, sum(case["outcome"] == "skipped" for case in cases.values())])
    header = ["package", "cases of NMF passed", "cases of private helpers passed", "skipped"]
    print(table(header, rows, right=header[1:]), end="\n\n")
    for package, cases in ended.items():
        missing = sorted(set(theirs) - set(cases))
        if missing:
            point(f"{package}: not collected: {', '.join(missing)}")
        for name, case in cases.items():
            if case["outcome"] != "passed":
                point(f"{package}, `{name}`, {case['outcome']}: {case['reason']}")
    print()
