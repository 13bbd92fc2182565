"""Other people's programs, each as something that sweeps: `start(w, h)`, `sweep(n)` -> seconds, `factors()` -> (w, h).

Each runs the loop of its own package, without what surrounds it: checks of the data, copies of the start, evaluations of the
objective. So n calls of one sweep take what one call of n sweeps takes, and all of that is in the peer's favour.
"""

import os
import platform
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import scipy.sparse as sp
import threadpoolctl

BETA = {"frobenius": 2, "kl": 1, "is": 0}
# Rows of a dense matrix that are converted at a time.
ROWS = 256
Pair = tuple[np.ndarray, np.ndarray]


def status(field: str, process: int | str = "self") -> int:
    with open(f"/proc/{process}/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(field))


def read(path: str, kind: type) -> np.ndarray | sp.csr_array:
    """X in the precision of the peer, and nothing beside it."""
    if path.endswith(".npz"):
        return sp.csr_array(sp.load_npz(path), dtype=kind)
    with open(path, "rb") as file:
        np.lib.format.read_magic(file)
        shape, _, stored = np.lib.format.read_array_header_1_0(file)
        x = np.empty(shape, dtype=kind)
        for i in range(0, shape[0], ROWS):
            part = x[i : i + ROWS]
            part[...] = np.fromfile(file, dtype=stored, count=part.size).reshape(part.shape)
    return x


class Peer:
    """What all have: memory as Linux tells it."""

    def __init__(self, path: str, loss: str, precision: str):
        self.loss, self.kind = loss, np.dtype(precision.replace("f", "float")).type
        self.process: int | str = "self"
        self.prepare()
        self.own = status("VmRSS", self.process)
        self.read(path)

    def prepare(self) -> None:
        pass

    def read(self, path: str) -> None:
        pass

    def threads(self, number: int) -> None:
        """Of the libraries in this process."""
        threadpoolctl.threadpool_limits(number)

    def forget_peak(self) -> None:
        Path(f"/proc/{self.process}/clear_refs").write_text("5")

    def peak(self) -> int:
        return status("VmHWM", self.process)


class ScikitLearn(Peer):
    """`_fit_coordinate_descent` and `_fit_multiplicative_update`, which carry nothing but W and H from sweep to sweep."""

    def prepare(self) -> None:
        from sklearn.decomposition import _nmf

        self.solver = _nmf
        self.divergence = _nmf._beta_divergence

    def read(self, path: str) -> None:
        self.x = read(path, self.kind)

    def start(self, w: np.ndarray, h: np.ndarray) -> None:
        self.w = np.array(w, dtype=self.kind, order="C")
        # The coordinate descent wants H by columns, and takes it so without a copy.
        order = "F" if self.loss == "frobenius" else "C"
        self.h = np.array(h, dtype=self.kind, order=order)

    def sweep(self, sweeps: int) -> float:
        if self.loss == "frobenius":
            began = time.perf_counter()
            w, h, _ = self.solver._fit_coordinate_descent(self.x, self.w, self.h, 0.0, sweeps, 0, 0, 0, 0)
        else:
            # An evaluation at the start of each call is left out.
            self.solver._beta_divergence = lambda *_, **__: 0.0
            began = time.perf_counter()
            w, h, *_ = self.solver._fit_multiplicative_update(self.x, self.w, self.h, BETA[self.loss], sweeps, 0.0)
        seconds = time.perf_counter() - began
        self.solver._beta_divergence = self.divergence
        self.w, self.h = w, h
        return seconds

    def factors(self) -> Pair:
        return self.w, self.h

    def whole(self, rank: int, seed: int, tol: float, sweeps: int) -> Pair:
        """A fit as a user has it, from a start of its own."""
        solver = "cd" if self.loss == "frobenius" else "mu"
        w, h, _ = self.solver.non_negative_factorization(
            self.x, n_components=rank, init="random", random_state=seed, solver=solver, beta_loss=BETA[self.loss], tol=tol, max_iter=sweeps
        )
        return w, h


class Torchnmf(Peer):
    """The updates of `torchnmf.nmf.NMF.fit`. Its V is H Wᵀ: its H is our W."""

    def prepare(self) -> None:
        import torch
        from torchnmf import nmf

        self.torch, self.nmf = torch, nmf

    def threads(self, number: int) -> None:
        super().threads(number)
        self.torch.set_num_threads(number)

    def read(self, path: str) -> None:
        x = read(path, self.kind)
        if sp.issparse(x):
            if self.loss == "is":
                raise ValueError("no Itakura-Saito of sparse data")
            x = x.tocoo()
            at = np.stack([x.row, x.col]).astype(np.int64)
            self.x = self.torch.sparse_coo_tensor(at, x.data, x.shape).coalesce()
        else:
            self.x = self.torch.from_numpy(x)

    def start(self, w: np.ndarray, h: np.ndarray) -> None:
        turned = np.array(h.T, dtype=self.kind, order="C")
        tensor = self.torch.from_numpy
        self.model = self.nmf.NMF(W=tensor(turned), H=tensor(np.array(w, dtype=self.kind, order="C")))

    def sweep(self, sweeps: int) -> float:
        began = time.perf_counter()
        for _ in range(sweeps):
            self.update(of_w=True)
            self.update(of_w=False)
        return time.perf_counter() - began

    def update(self, of_w: bool) -> None:
        """Half of an iteration of `fit`, line by line, without penalties."""
        beta, gamma = BETA[self.loss], 0.5 if self.loss == "is" else 1
        w, h = self.model.W, self.model.H
        if of_w:
            moved, h, known = w, h.detach(), self.nmf._get_W_kl_positive
        else:
            moved, w, known = h, w.detach(), self.nmf._get_H_kl_positive
        known = known(h if of_w else w) if beta == 1 else None
        if self.x.is_sparse:
            pos, neg = self.model._sp_recon_beta_pos_neg(self.x, h, w, beta)
            self.nmf._sp_double_backward_update(pos, neg, moved, gamma, 0, 0, known)
        else:
            model = self.model.reconstruct(h, w)
            self.nmf._double_backward_update(self.x, model, moved, beta, gamma, 0, 0, known)

    def factors(self) -> Pair:
        return self.model.H.detach().numpy(), self.model.W.detach().numpy().T


class RcppML(Peer):
    """The loop of `MatrixFactorization::fit` of the R package, in `race_rcppml.cpp`, driven through `race_rcppml.R`."""

    def prepare(self) -> None:
        if self.loss != "frobenius":
            raise ValueError("Frobenius only")
        here = Path(__file__).parent
        self.room = tempfile.TemporaryDirectory()
        build = Path(os.environ.get("RACE_BUILD", self.room.name)) / "rcppml"
        build.mkdir(parents=True, exist_ok=True)
        command = [R or "Rscript", "--vanilla", str(here / "race_rcppml.R"), str(build)]
        self.r = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process = int(self.answer())

    def threads(self, number: int) -> None:
        self.ask("threads", number)

    def answer(self) -> str:
        # R may greet: answers have a mark.
        for line in self.r.stdout:
            if line.startswith("= "):
                return line[2:].strip()
        raise RuntimeError(f"R ended with {self.r.wait()}")

    def ask(self, *words: Any) -> str:
        print(*words, file=self.r.stdin, flush=True)
        return self.answer()

    def file(self, name: str, *arrays: np.ndarray) -> str:
        path = Path(self.room.name) / name
        with open(path, "wb") as file:
            for array in arrays:
                array.tofile(file)
        return str(path)

    def read(self, path: str) -> None:
        x = read(path, np.float64)
        if sp.issparse(x):
            x = x.tocsc()
            file = self.file("X", x.indptr.astype("<i4"), x.indices.astype("<i4"), x.data)
            self.ask("sparse", file, *x.shape, x.nnz)
        else:
            self.ask("dense", self.file("X", x.T), *x.shape)
        os.remove(Path(self.room.name) / "X")

    def start(self, w: np.ndarray, h: np.ndarray) -> None:
        self.shapes = w.shape, h.shape
        # By columns: Wᵀ is what the package keeps.
        self.ask("start", self.file("W", np.ascontiguousarray(w)), self.file("H", np.ascontiguousarray(h.T)), w.shape[1])

    def sweep(self, sweeps: int) -> float:
        return float(self.ask("sweep", sweeps))

    def factors(self) -> Pair:
        self.ask("factors", Path(self.room.name) / "W", Path(self.room.name) / "H")
        (m, k), (_, n) = self.shapes
        w, h = (np.fromfile(Path(self.room.name) / name) for name in "WH")
        return w.reshape(m, k), h.reshape(n, k).T


PEERS: dict[str, type[Peer]] = {"scikit-learn": ScikitLearn, "torchnmf": Torchnmf, "rcppml": RcppML, "none": Peer}
R = shutil.which("Rscript")


def versions() -> dict[str, Any]:
    """What is there, with its version; and what is not, with the reason."""
    libraries = [lib for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "blas"]
    found: dict[str, str] = {}
    absent: dict[str, str] = {}
    try:
        import sklearn

        found["scikit-learn"] = sklearn.__version__
    except ImportError as error:
        absent["scikit-learn"] = str(error)
    try:
        from importlib.metadata import version

        import torch
        import torchnmf  # noqa: F401

        found["torchnmf"] = f"{version('torchnmf')}, torch {torch.__version__}"
    except ImportError as error:
        absent["torchnmf"] = str(error)
    if R is None:
        absent["rcppml"] = "there is no Rscript on the path"
    else:
        said = subprocess.run([R, "--vanilla", "-e", "cat(as.character(packageVersion('RcppML')))"], capture_output=True, text=True)
        if said.returncode == 0 and shutil.which("g++"):
            found["rcppml"] = said.stdout
        else:
            absent["rcppml"] = "R has no package RcppML, or there is no C++ compiler"
    blas = " and ".join(sorted({f"{lib['internal_api']} {lib['version']}" for lib in libraries}))
    about = dict(python=platform.python_version(), numpy=f"{np.__version__} with {blas}", scipy=scipy.__version__)
    return dict(about=about, found=found, absent=absent)
