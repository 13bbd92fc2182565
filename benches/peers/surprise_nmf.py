#!/usr/bin/env python3
"""scikit-surprise's side of the ratings in docs/applications.md; prints one JSON object.

usage: surprise_nmf.py version
       surprise_nmf.py split TRAIN TEST      RMSE on TEST of what was fitted to TRAIN
       surprise_nmf.py folds DATA FOLDS      RMSE of each fold; FOLDS has the number of a fold for each line of DATA

The files have lines of user, item, rating and timestamp, as MovieLens 100k has them. NMF and BaselineOnly have the
parameters that they have by default, as in examples/benchmark.py of Surprise.
"""

import contextlib
import json
import os
import sys
from collections.abc import Callable
from typing import Any

Ratings = list[tuple[str, str, float, None]]


def read(path: str) -> Ratings:
    with open(path) as lines:
        words = [line.split() for line in lines]
    return [(user, item, float(stars), None) for user, item, stars, _ in words]


def rmse(make: Callable[[], Any], train: Ratings, test: Ratings) -> float:
    """Ratings of unknown users or items are predicted by the mean of `train`, which is what Surprise does by itself."""
    data = Dataset(Reader(rating_scale=(1, 5)))
    predictions = make().fit(data.construct_trainset(train)).test(data.construct_testset(test))
    return float(accuracy.rmse(predictions, verbose=False))


def both(train: Ratings, test: Ratings) -> dict[str, float]:
    # BaselineOnly says on standard output that it estimates biases.
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere):
        return dict(
            nmf=rmse(lambda: NMF(random_state=0), train, test),
            baseline=rmse(BaselineOnly, train, test),
        )


def folds(data: Ratings, of: list[int]) -> list[dict[str, float]]:
    def part(fold: int, inside: bool) -> Ratings:
        return [rating for rating, at in zip(data, of, strict=True) if (at == fold) == inside]

    return [both(part(fold, False), part(fold, True)) for fold in range(max(of) + 1)]


def main(arguments: list[str]) -> Any:
    match arguments:
        case ["version"]:
            return surprise.__version__
        case ["split", train, test]:
            return both(read(train), read(test))
        case ["folds", data, numbers]:
            with open(numbers) as lines:
                return folds(read(data), [int(line) for line in lines])
    sys.exit(__doc__)


if __name__ == "__main__":
    try:
        import surprise
        from surprise import NMF, BaselineOnly, Dataset, Reader, accuracy
    except ImportError as error:
        sys.exit(f"scikit-surprise cannot be imported: {error}")
    json.dump(main(sys.argv[1:]), sys.stdout, allow_nan=False)
