"""Part two: what scikit-learn is known to get wrong, asked of both packages with the same lines."""

import warnings
from types import SimpleNamespace

import wrongs_data
import wrongs_fits
from sklearn import decomposition
from table import error, say, table

import partwise

PACKAGES = {
    name: SimpleNamespace(
        NMF=module.NMF,
        MiniBatchNMF=module.MiniBatchNMF,
        function=module.non_negative_factorization,
    )
    for name, module in {"scikit-learn": decomposition, "partwise": partwise}.items()
}


def answer(question, package):
    """What came out, and whether that is right; what raises without being asked to is wrong."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return question(package)
        except Exception as raised:  # Whatever comes out is the answer.
            return error(raised), False


def print_part():
    print("## What is asked of both\n")
    print(
        "The same lines with both packages, on small data that are made here (`python/compare/wrongs_fits.py` and\n"
        "`wrongs_data.py`). Every answer is judged by a loss that is computed from the factors, or by what was asked\n"
        "for; what is wrong is bold. Losses are `1/2 ||X - WH||²` for frobenius and `sum x log(x/y) - x + y` for kl.\n"
    )
    rows, wrong, asked = [], dict.fromkeys(PACKAGES, 0), 0
    items = sorted([*wrongs_fits.ITEMS, *wrongs_data.ITEMS], key=lambda item: int(item[0]))
    for number, title, questions in items:
        rows.append([number, f"**{title}**", "", ""])
        for text, question in questions:
            asked += 1
            row = ["", text]
            for name, package in PACKAGES.items():
                say("wrongs:", number, text, name)
                said, right = answer(question, package)
                wrong[name] += not right
                row.append(said if right else f"**{said}**")
            rows.append(row)
    print(table(["", "asked", *PACKAGES], rows, right=[""]), end="\n\n")
    print(f"Of {asked} questions, wrong: {', '.join(f'{name} in {count}' for name, count in wrong.items())}.\n")
