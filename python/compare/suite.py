"""Runs scikit-learn's test_nmf.py in a process of its own: `suite.py scikit-learn|partwise OUT.json`.

scikit-learn's own run takes the file of the installed package as it is. Ours takes it through
python/tests/test_scikit_learn.py, which puts our names in the place of theirs and changes nothing else.
"""

import inspect
import json
import re
import sys
from pathlib import Path

import pytest

# A case whose source names none of these tests helpers of scikit-learn that are private, whosever names are put in.
PUBLIC = re.compile(r"\b(NMF|MiniBatchNMF|non_negative_factorization)\b")


class Outcomes:
    """Keeps how every case ended."""

    def __init__(self):
        self.cases = {}

    def pytest_collection_modifyitems(self, items):
        # Beside these cases, our file has checks of estimators.
        items[:] = [item for item in items if Path(inspect.getsourcefile(item.function)).name == "test_nmf.py"]
        for item in items:
            self.cases[item.name] = {"public": bool(PUBLIC.search(inspect.getsource(item.function)))}

    def pytest_runtest_logreport(self, report):
        case = self.cases[report.nodeid.split("::")[-1]]
        if report.when != "call" and report.outcome == "passed":
            return
        outcome, reason = report.outcome, ""
        if report.outcome == "failed":
            message = getattr(getattr(report.longrepr, "reprcrash", None), "message", str(report.longrepr))
            if message.startswith("[XPASS(strict)]"):
                outcome = "passed"
            else:
                reason = message.strip().splitlines()[0]
        elif report.outcome == "skipped":
            # A case that is known to fail has failed.
            outcome = "failed" if hasattr(report, "wasxfail") else "skipped"
            reason = getattr(report, "wasxfail", None) or str(report.longrepr[2])
        case.update(outcome=outcome, reason=reason)


def main(package, out):
    outcomes = Outcomes()
    if package == "partwise":
        tests = Path(__file__).resolve().parents[1] / "tests"
        what = [str(tests / "test_scikit_learn.py")]
    else:
        what = ["--pyargs", "sklearn.decomposition.tests.test_nmf", "-c", "/dev/null"]
    with open(out + ".log", "w") as sys.stdout:
        pytest.main([*what, "-q", "-p", "no:cacheprovider"], plugins=[outcomes])
    Path(out).write_text(json.dumps(outcomes.cases))


if __name__ == "__main__":
    main(*sys.argv[1:])
