"""Reports of made-up data for the tests: each function gives the data of one report."""

import copy
import math
import zlib

import numpy as np

import example
from example import base64_of, build, packed_factor

SBS = [f"{a}[{s}]{b}" for s in ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G") for a in "ACGT" for b in "ACGT"]
WORDS = (
    "orbit shuttle launch lunar rocket engine fuel brake dealer highway tyre goal puck season playoff league "
    "encryption key escrow chip cipher privacy windows driver file printer font desktop patient doctor disease "
    "vaccine dose church faith scripture grace prayer gun law court police weapon israel peace border treaty "
    "disk scsi controller drive bios memory cache monitor card screen pixel vector colour render image"
).split()


def run_of(m, n, k, shares, seed=0, restarts=8, loss="kl"):
    """A run.json as the program writes it, with a history that falls."""
    random = np.random.default_rng(seed)
    starts, history = [], []
    for i in range(restarts):
        starts.append(
            {
                "objective": 5e4 + 400 * float(random.exponential()) * (i > 0),
                "status": "converged",
                "iterations": int(random.integers(60, 160)),
            }
        )
    for it in range(0, starts[0]["iterations"] + 1):
        point = {
            "iteration": it,
            "seconds": 0.002 * it,
            "objective": 5e4 + 6e5 * math.exp(-it / 6) + 3e3 * math.exp(-it / 30),
        }
        if it % 15 == 0:
            point["kkt"] = 0.4 * math.exp(-it / 12)
        history.append(point)
    return {
        "schema_version": 1,
        "command": [
            "partwise",
            "fit",
            "/somewhere/counts.csv",
            "--rank",
            str(k),
            "--loss",
            loss,
            "--restarts",
            str(restarts),
            "--report",
        ],
        "status": "converged",
        "reason": "optimality residual 7.6e-5 <= 1.0e-4",
        "loss": loss,
        "loss_value": 50000.125,
        "penalty": 0.0,
        "objective": 50000.125,
        "relative_error": 0.28734512,
        "kkt_residual": 7.6e-5,
        "held_out": {"entries": 1000, "loss": 1.0, "mean_loss": 0.001, "rmse": 0.4, "relative_rmse": 0.3125},
        "iterations": starts[0]["iterations"],
        "seconds": {"load": 0.01, "init": 0.02, "solve": 1.234, "write": 0.003},
        "rank": k,
        "seed": 7,
        "threads": 2,
        "shape": [m, n],
        "stored": m * n,
        "sparse": False,
        "precision": "f64",
        "transposed": False,
        "data": {
            "input": "/somewhere/counts.csv",
            "format": "csv",
            "stored_as": "float64",
            "hash": "xxh3:0123456789abcdef",
            "missing": "none",
            "mask": None,
            "weights": None,
            "uncertainty": None,
            "row_weights": None,
            "col_weights": None,
            "hold_out": {"share": 0.05, "seed": 0},
            "observed": m * n,
            "given": {},
            "notes": [],
        },
        "options": {
            "rank": k,
            "loss": loss,
            "rule": "newton",
            "init": "nndsvda",
            "l1_w": 0.0,
            "l2_w": 0.0,
            "l1_h": 0.0,
            "l2_h": 0.0,
            "seed": 7,
            "restarts": restarts,
            "max_iter": 2000,
            "tol": 1e-4,
            "normalize": "l1",
            "penalties": [],
            "max_w": None,
        },
        "shares": [float(s) for s in shares],
        "restarts": starts,
        "history": history,
        "notes": [
            "rule newton: Newton steps on whole rows, the fastest for the kl loss of dense X",
            "rows of H have l1 norm 1; W carries the weight",
        ],
        "peak_memory_bytes": 34567890,
        "versions": {"partwise": "0.1.0", "target": "x86_64-linux", "simd": "avx512"},
        "files": {"w": "W.npy", "h": "H.npy"},
    }


def traced(data, seed=0):
    """Traces of all starts, as the program gives them."""
    random = np.random.default_rng(seed)
    for restart in data["restarts"]:
        if restart["trace"] or restart["objective"] is None:
            continue
        speed, end = float(random.uniform(4, 9)), restart["objective"]
        restart["trace"] = [
            [
                it,
                end + 6e5 * math.exp(-it / speed),
                0.4 * math.exp(-it / speed / 2) if it % 15 == 0 else None,
                0.002 * it,
            ]
            for it in range(restart["iterations"] + 1)
        ]
    return data


def factors(m, n, k, seed=0, width=0.3):
    """Planted factors: each sample has mostly one component, each component a block of the features."""
    random = np.random.default_rng(seed)
    w = random.dirichlet(np.full(k, width), m) * random.lognormal(5, 0.5, (m, 1))
    h = random.gamma(0.15, 1, (k, n)) + 1e-9
    for c in range(k):
        h[c, c * n // k : (c + 1) * n // k] += random.gamma(1.0, 3.0, (c + 1) * n // k - c * n // k)
    return w, h / h.sum(axis=1, keepdims=True)


def shares_of(w, h):
    parts = w.sum(axis=0) * h.sum(axis=1)
    return parts / parts.sum()


def in_order(w, h):
    order = np.argsort(-shares_of(w, h), kind="stable")
    return w[:, order], h[order]


def rank_scan(samples=120, seed=0):
    """A scan of ranks 2 to 12 with its consensus map."""
    random = np.random.default_rng(seed)
    ranks = []
    for r in range(2, 13):
        held = 0.42 * math.exp(-(r - 2) / 1.3) + 0.3 + 0.006 * max(0, r - 6) ** 1.5
        ranks.append(
            {
                "rank": r,
                "relative_error": 0.5 * math.exp(-(r - 2) / 4) + 0.12,
                "shuffled": {"mean": 0.72 - 0.012 * r, "low": 0.70 - 0.012 * r, "high": 0.74 - 0.012 * r},
                "held_out": {"mean": held, "error": 0.008 + 0.001 * r, "folds": [held - 0.01, held, held + 0.01]},
                "stability": max(0.3, 0.995 - 0.004 * r - 0.09 * max(0, r - 6)),
                "cophenetic": min(1, 0.999 - 0.02 * max(0, r - 5)),
                "dispersion": 0.98 - 0.03 * max(0, r - 5),
                "ambiguous": 0.02 + 0.04 * max(0, r - 6),
                "silhouette": 0.95 - 0.05 * max(0, r - 5),
                "explained": 1 - (0.5 * math.exp(-(r - 2) / 4) + 0.12) ** 2,
                "residual": 8e5 * math.exp(-r / 5) + float(random.uniform(0, 100)),
                "sparseness_w": 0.4 + 0.02 * r,
                "sparseness_h": 0.5 + 0.015 * r,
                "objective": 9e4 * math.exp(-r / 6) + 1e4,
            }
        )
    clusters = np.sort(random.integers(0, 6, samples))
    same = clusters[:, None] == clusters[None, :]
    noise = random.uniform(0, 0.25, (samples, samples))
    noise = (noise + noise.T) / 2
    consensus = np.where(same, 1 - noise, noise**2)
    np.fill_diagonal(consensus, 1)
    return {
        "ranks": ranks,
        "advice": {
            "rank": 6,
            "confidence": "high",
            "reasons": [
                "hidden entries are predicted best with 6 components, and no smaller rank is within one standard error",
                "components are the same in all starts up to rank 6 (stability 0.97), and no longer at 7 (0.88)",
            ],
            "predictive": 6,
            "stable": 6,
            "beyond": False,
        },
        "map": {
            "rank": 6,
            "samples": list(range(samples)),
            "clusters": [int(c) for c in clusters],
            "base64": base64_of(np.rint(consensus * 255).astype("u1").tobytes()),
        },
    }


def words():
    """Topics with a scan of ranks, labels, residuals and several starts: everything there is."""
    m, k, n = 600, 6, len(WORDS)
    w, h = in_order(*factors(m, n, k, 3))
    x = np.random.default_rng(1).poisson(w @ h)
    levels = ["space", "cars", "hockey", "crypto", "medicine", "politics"]
    largest = (w * h.sum(axis=1)).argmax(axis=1)
    second = np.random.default_rng(2).integers(0, 2, m)
    data = build(
        w,
        h,
        title="Six topics in 600 short texts",
        run=run_of(m, n, k, shares_of(w, h)),
        names={"cols": WORDS, "rows": [f"text {i + 1:04d}" for i in range(m)]},
        geometry={"kind": "words"},
        groups=[
            {"name": "newsgroup", "values": [int(v) for v in largest], "levels": levels},
            {"name": "set", "values": [int(v) for v in second], "levels": ["train", "test"]},
        ],
        x=x,
        stability=np.linspace(0.99, 0.8, k),
        rank=rank_scan(),
        warnings=["12 texts have fewer than 5 words", "2 words occur in every text"],
    )
    return traced(data)


def sbs96():
    m, k = 120, 4
    w, h = in_order(*factors(m, 96, k, 5))
    random = np.random.default_rng(9)
    mixed = list(random.permutation(96))
    names = [SBS[i] for i in mixed]
    return traced(
        build(
            w,
            h[:, mixed],
            title="Mutational signatures",
            run=run_of(m, 96, k, shares_of(w, h), restarts=3),
            names={"cols": names},
            geometry={"kind": "sbs96", "order": example.sbs_order(names)},
            x=random.poisson(w @ h)[:, mixed],
            stability=[0.99, 0.98, 0.97, None],
        )
    )


def picture(order="rows"):
    m, k, side = 300, 9, 12
    random = np.random.default_rng(4)
    yy, xx = np.mgrid[:side, :side]
    h = np.stack(
        [np.exp(-((yy - random.uniform(1, 10)) ** 2 + (xx - random.uniform(1, 10)) ** 2) / 5).ravel() for _ in range(k)]
    )
    h[h < 0.02] = 0
    w = random.gamma(0.4, 1, (m, k))
    w, h = in_order(w, h)
    if order == "columns":
        h = h.reshape(k, side, side).transpose(0, 2, 1).reshape(k, -1)
    return build(
        w,
        h,
        title="Parts of pictures",
        run=run_of(m, side * side, k, shares_of(w, h), restarts=1, loss="frobenius"),
        geometry={"kind": "picture", "height": side, "width": side, "order": order},
        x=w @ h + random.uniform(0, 0.05, (m, side * side)),
    )


def picture_by_columns():
    """The pictures of `picture`, with their pixels column by column."""
    return picture("columns")


def axis():
    m, k, n = 90, 3, 240
    random = np.random.default_rng(6)
    at = np.linspace(400, 1000, n)
    h = np.stack(
        [
            np.exp(-((at - c) ** 2) / 2 / s**2) + 0.4 * np.exp(-((at - c - 130) ** 2) / 800)
            for c, s in ((480, 20), (610, 35), (720, 15))
        ]
    )
    w = random.gamma(1, 1, (m, k))
    w, h = in_order(w, h)
    return build(
        w,
        h,
        title="Spectra of mixtures",
        run=run_of(m, n, k, shares_of(w, h), restarts=1, loss="frobenius"),
        names={"cols": [f"{v:.0f} nm" for v in at]},
        geometry={"kind": "axis", "values": [float(v) for v in at], "unit": "wavelength / nm"},
    )


def agreed(data, runs=20, seed=0, whole=False):
    """The same as a consensus: how many runs have each component, and how far entries vary among them."""
    random = np.random.default_rng(seed)
    k, n = len(data["components"]), data["features"]["count"]
    data["consensus"] = {"rank": k, "runs": runs, "left_out": 7}
    for c, part in enumerate(data["components"]):
        spread = random.uniform(0.0, 0.6 / n, n)
        spread[0] = 0.0
        part["runs"], part["stability"] = runs - c, 0.99 - 0.02 * c
        part["spread"] = [float(v) for v in spread] if whole else None
        part["top"] = [[*row, float(spread[row[0]])] for row in part["top"]]
    return data


def consensus():
    """What runs agree on, with whiskers on the bars."""
    m, n, k = 60, 40, 3
    w, h = in_order(*factors(m, n, k, 21))
    return agreed(build(w, h, title="A consensus", run=run_of(m, n, k, shares_of(w, h), restarts=1)))


def signatures():
    """Signatures that runs agree on, with the known ones that they are like."""
    data = agreed(sbs96(), whole=True)
    for c, part in enumerate(data["components"][:3]):
        part["known"] = [[f"SBS{1 + c}", 0.987 - c / 10], ["SBS40a", 0.7], ["SBS5", 0.5]]
    data["components"][3]["known"] = None
    return data


def earlier():
    """Several starts of which only the best has its way, as earlier versions wrote it; labels beyond count."""
    m, n, k = 4000, 12, 3
    w, h = in_order(*factors(m, n, k, 22))
    levels = [f"label {i:02d}" for i in range(40)] + ["other (160)"]
    values = np.random.default_rng(3).integers(0, 41, m).astype("u1")
    values[7] = 255
    groups = [
        {
            "name": "kind",
            "values": {"packed": "deflate", "base64": base64_of(zlib.compress(values.tobytes()))},
            "levels": levels,
            "others": 160,
        }
    ]
    names = {"rows": [f"s{i:04d}" for i in range(m)]}
    run = run_of(m, n, k, shares_of(w, h), restarts=5)
    return build(w, h, title="As it was", run=run, groups=groups, names=names)


def one():
    """A single component: there is nothing to compare it with."""
    w, h = factors(40, 12, 1, 1)
    return build(w, h, title="One component", run=run_of(40, 12, 1, [1.0], restarts=1))


def many():
    """200 components."""
    w, h = in_order(*factors(2000, 1000, 200, 2, 0.05))
    return build(w, h, title="Two hundred components", run=run_of(2000, 1000, 200, shares_of(w, h), restarts=2))


def large():
    """100,000 samples with names such as cells have."""
    m, n, k = 100_000, 2000, 12
    random = np.random.default_rng(8)
    w, h = in_order(*factors(m, n, k, 8, 0.15))
    # Rows of H of different sums: what a component has of a sample is more than its weight in W.
    size = random.uniform(0.2, 5, (k, 1))
    w, h = w / size.T, h * size
    letters = np.array(list("ACGT"))[random.integers(0, 4, (m, 14))]
    names = {"rows": ["".join(row) + "-1" for row in letters], "cols": [f"GENE{j + 1}" for j in range(n)]}
    types = (w * h.sum(axis=1)).argmax(axis=1) // 2
    groups = [
        {"name": "cell type", "values": [int(v) for v in types], "levels": [f"type {chr(65 + i)}" for i in range(6)]}
    ]
    return build(
        w,
        h,
        title="One hundred thousand cells",
        run=run_of(m, n, k, shares_of(w, h), restarts=4),
        names=names,
        groups=groups,
    )


def empty_numbers(value):
    """The same structure with every number that may be missing gone."""
    if isinstance(value, dict):
        return {key: empty_numbers(v) for key, v in value.items()}
    if isinstance(value, list):
        return [empty_numbers(v) for v in value]
    return None if isinstance(value, float) else value


def nothing():
    """Every number that may be null is null, and the factors are NaN."""
    data = copy.deepcopy(words())
    kept = {key: data[key] for key in ("features", "samples")}
    data = empty_numbers(data) | kept
    k, n, m = 6, len(WORDS), 600
    w, h = np.full((m, k), np.nan), np.full((k, n), np.nan)
    w[0], h[0, 0] = 1.0, 1.0
    data["h"] = {"k": k, "n": n, "columns": None} | packed_factor(h, 1, "f32")
    data["w"] = {"m": m, "k": k, "rows": None} | packed_factor(w, 0, "f32")
    data["rank"]["map"] = None
    data["rank"]["advice"] = {
        "rank": None,
        "confidence": None,
        "reasons": [],
        "predictive": None,
        "stable": None,
        "beyond": None,
    }
    data["worst"] = {"rows": [[0, None]], "columns": [], "histogram": None}
    return data


HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "<!--<script>",
    "\"'><svg onload=alert(2)>",
    "{{7*7}}${7*7}",
    "\u2028line\u2029par",
    '=HYPERLINK("x")',
    "__proto__",
    "constructor",
    "<b>bold</b>",
    "\u202eright to left",
    "𝒳 é 漢字 🧬",
    "a" * 500,
    "",
    "javascript:alert(3)",
    "&lt;&amp;",
    "]]>",
    "__CSP__",
    "<!--DATA-->",
]


def hostile():
    """Names that try to leave the text."""
    m, k, n = 30, 4, len(HOSTILE)
    w, h = factors(m, n, k, 11)
    data = build(
        w,
        h,
        title="</title><script>alert(0)</script> __CSP__ <!--SCRIPT-->",
        run=run_of(m, n, k, shares_of(w, h)),
        names={"cols": HOSTILE, "rows": [HOSTILE[i % n] for i in range(m)], "components": HOSTILE[:k]},
        groups=[{"name": HOSTILE[0], "values": [i % 3 for i in range(m)], "levels": HOSTILE[:3]}],
        x=w @ h,
        warnings=HOSTILE[:3],
        verdict=HOSTILE[0],
        command="partwise fit " + HOSTILE[0],
        data_card=[[HOSTILE[2], HOSTILE[0]]],
        rank=rank_scan(20),
    )
    data["run"]["notes"] = HOSTILE[:4]
    data["run"]["options"][HOSTILE[0]] = HOSTILE[1]
    data["run"]["reason"] = HOSTILE[0]
    data["rank"]["advice"]["reasons"] = HOSTILE[:3]
    return traced(data)


def part_of():
    """Only some samples and features are held."""
    m, n, k = 5000, 3000, 5
    w, h = in_order(*factors(m, n, k, 12))
    data = build(
        w,
        h,
        title="Only a part is held",
        run=run_of(m, n, k, shares_of(w, h), restarts=1),
        names={"rows": [f"s{i}" for i in range(m)], "cols": [f"f{j}" for j in range(n)]},
    )
    rows, columns = list(range(0, m, 10)), sorted({int(j) for c in range(k) for j in np.argsort(-h[c])[:100]})
    data["w"] = {"m": m, "k": k, "rows": rows} | packed_factor(w[rows], 0, "u16")
    data["h"] = {"k": k, "n": n, "columns": columns} | packed_factor(h[:, columns], 1, "u16")
    return data


def scan_alone():
    """A scan of ranks without a fit that was kept."""
    data = build(
        None,
        None,
        title="Which rank?",
        rank=rank_scan(60),
        verdict="Six components: hidden entries are predicted best, and all starts agree.",
        command="partwise rank counts.csv --ranks 2-12 --report",
    )
    data["samples"] = {"count": 60, "names": None, "groups": None}
    return data
