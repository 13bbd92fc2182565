#!/usr/bin/env python3
"""A peer in docs/benchmarks.md: reads X once, then answers a JSON object with one, line by line.

usage: race_worker.py PEER PRECISION X LOSS      answers requests until the end of standard input
       race_worker.py versions                   says which peers there are

PEER is scikit-learn, torchnmf, rcppml, or none, which only evaluates; PRECISION is f64 or f32; LOSS is frobenius, kl or is.

{"op": "read"}                                              {}, with X read and the peer there
{"op": "run", "w": .., "h": .., "target": T, "limit": S, "wall": A}
        sweeps from this start until the objective is at most T, or S seconds are used on the clock or A with evaluations:
        {"trace": [[sweeps, seconds, objective], ..]}
{"op": "evaluate", "w": .., "h": ..}                        {"objective": ..}
{"op": "memory", "w": .., "h": .., "sweeps": N}             the most that N sweeps take: {"bytes": ..}, first request only
{"op": "restarts", "rank": .., "number": .., "tol": .., "sweeps": .., "limit": S}
        as many of the number as begin within S seconds: {"seconds": .., "objectives": [..]}

Only sweeps are on the clock: not the reading of X, not what a call checks and prepares, not the evaluation between calls.
"""

import json
import os
import sys
import time
import warnings
from typing import Any

import numpy as np
import race_peers
from evaluation import objective
from race_data import load

# Seconds of two sweeps from which on more threads are taken to be faster.
SLOW = 1.0


def finite(x: float) -> float | None:
    return x if np.isfinite(x) else None


class Worker:
    def __init__(self, peer: str, precision: str, path: str, loss: str):
        self.peer, self.precision, self.path, self.loss = peer, precision, path, loss
        self.x, self.solver = None, None
        # How many threads are fastest, once that is known; none where a sweep takes long.
        self.chosen: int | None = None

    def ready(self, evaluator: bool) -> None:
        """Reads X and starts the peer, at the first request: one for memory takes no X for the evaluator."""
        if self.solver is None:
            self.solver = race_peers.PEERS[self.peer](self.path, self.loss, self.precision)
        if evaluator and self.x is None:
            self.x = load(self.path)

    def read(self) -> dict[str, Any]:
        self.ready(True)
        return {}

    def value(self, w: np.ndarray, h: np.ndarray) -> float | None:
        return finite(objective(self.x, w, h, self.loss))

    def warm_up(self, w: np.ndarray, h: np.ndarray) -> None:
        """Pools of threads, buffers and compiled loops are there when the clock begins; and where X is small, or the machine
        has other work, threads that wait for each other are slower than one: the faster number of them is used."""
        if self.chosen is not None:
            # From a later start, what was found from the first one is taken.
            return
        most = int(os.environ.get("OMP_NUM_THREADS", "1"))
        best = (np.inf, most)
        for threads in range(most, 0, -1):
            self.solver.threads(threads)
            self.solver.start(w, h)
            if self.solver.sweep(1) > SLOW:
                # Not tried further where a sweep takes long.
                break
            best = min(best, (self.solver.sweep(4), threads))
        self.chosen = best[1]
        self.solver.threads(self.chosen)

    def run(self, w: str, h: str, target: float, limit: float, wall: float) -> dict[str, Any]:
        self.ready(True)
        w, h = np.load(w), np.load(h)
        self.warm_up(w, h)
        self.solver.start(w, h)
        began = time.perf_counter()
        trace: list[tuple[int, float, float | None]] = [(0, 0.0, self.value(w, h))]
        used, done, length = 0.0, 0, 1.0
        while used < limit:
            left = wall - (time.perf_counter() - began)
            if done and left < used / done:
                break
            sweeps = int(length)
            if done:
                # Not far beyond the limit.
                sweeps = max(1, min(sweeps, int(min(limit - used, left) / (used / done)) + 1))
            used += self.solver.sweep(sweeps)
            done += sweeps
            now = self.value(*self.solver.factors())
            trace.append((done, used, now))
            if now is not None and now <= target:
                break
            length *= 1.3
        return dict(trace=trace)

    def evaluate(self, w: str, h: str) -> dict[str, Any]:
        self.ready(True)
        return dict(objective=self.value(np.load(w), np.load(h)))

    def memory(self, w: str, h: str, sweeps: int) -> dict[str, Any]:
        """The peak while it sweeps, less what the program had before it read the data; what reading took for a moment is
        left out."""
        self.solver = race_peers.PEERS[self.peer](self.path, self.loss, self.precision)
        self.solver.start(np.load(w), np.load(h))
        self.solver.forget_peak()
        self.solver.sweep(sweeps)
        return dict(bytes=max(0, self.solver.peak() - self.solver.own))

    def restarts(self, rank: int, number: int, tol: float, sweeps: int, limit: float) -> dict[str, Any]:
        self.ready(True)
        began, fits = time.perf_counter(), []
        for seed in range(number):
            fits.append(self.solver.whole(rank, seed, tol, sweeps))
            if time.perf_counter() - began > limit:
                break
        seconds = time.perf_counter() - began
        found = [self.value(w, h) for w, h in fits]
        return dict(seconds=seconds, objectives=found)


def main(arguments: list[str]) -> None:
    # What libraries print must not end up among the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if arguments == ["versions"]:
        json.dump(race_peers.versions(), answers)
        answers.flush()
        return
    if len(arguments) != 4:
        sys.exit(__doc__)
    warnings.simplefilter("ignore")
    worker = Worker(*arguments)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("op"))(**request)
        except Exception as error:
            answer = dict(error=f"{type(error).__name__}: {error}".splitlines()[0][:300])
        answers.write(json.dumps(answer, allow_nan=False) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
