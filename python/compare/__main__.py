"""Prints docs/python/comparison.md: partwise's Python package beside scikit-learn's NMF.

usage: PYTHON python/compare [--data DIR] [--part checks|wrongs|time] [--only DATA] [--seconds N]

Parts and data sets may be named more than once; without, all are taken. The time part needs --data.
"""

import argparse
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from table import say

PARTS = ("checks", "wrongs", "time")


def head(given):
    processors = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print("# The Python package beside scikit-learn\n")
    print("This document is printed by\n")
    words = ["--data DATA"] if given.data else []
    words += [f"--part {part}" for part in given.part or ()] + [f"--only {data}" for data in given.only or ()]
    words += [f"--seconds {given.seconds:g}"]
    print(f"```sh\nPYTHON python/compare {' '.join(words)}\n```\n")
    print(
        "with PYTHON a Python with partwise, scikit-learn, SciPy, pytest, pandas and polars, and DATA a folder of\n"
        "data sets. No number in it was written by hand. Losses are computed from the factors by\n"
        "`python/compare/judge.py`, from their definitions, in double precision.\n"
    )
    print(f"- Python {platform.python_version()}, threads by default: {processors}")
    for name in ("partwise", "scikit-learn", "numpy", "scipy"):
        print(f"- {name} {version(name)}")
    print()


def main():
    parser = argparse.ArgumentParser(prog="python/compare", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, help="folder of data sets, for the time part")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part; may be repeated")
    parser.add_argument("--only", action="append", help="only this data set in the time part; may be repeated")
    parser.add_argument("--seconds", type=float, default=300.0, help="a measurement is stopped after this (300)")
    given = parser.parse_args()
    parts = given.part or PARTS
    if "time" in parts and given.data is None:
        if given.part:
            parser.error("the time part needs --data")
        say("no --data: the time part is left out")
        parts = [part for part in parts if part != "time"]
    head(given)
    if "checks" in parts:
        import checks

        checks.print_part()
    if "wrongs" in parts:
        import wrongs

        wrongs.print_part()
    if "time" in parts:
        import times

        times.print_part(given.data, given.seconds, given.only)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
