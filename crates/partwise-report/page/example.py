"""The data of a report, made from what `partwise fit` or `partwise demo` wrote: the reference of DATA.md.

python example.py FOLDER data.json [--x X.npy] [--picture HxW | --sbs96 | --words] [--groups NAME=FILE] [--title TEXT]
python example.py --fixture NAME data.json      (the names are those of the functions in fixtures.py)
"""

import argparse
import base64
import json
import math
import pathlib
import zlib

import numpy as np

# About as many bytes as the factors and the names may take in the file.
ROOM = 4_000_000
TOP = 30


def finite(value):
    """A number for JSON: what is not finite is null."""
    if value is None:
        return None
    value = float(value)
    return value if math.isfinite(value) else None


def base64_of(raw):
    return base64.b64encode(raw).decode("ascii")


def packed_names(names):
    """Many names are packed; few stand as they are."""
    if names is None or len(names) <= 2000:
        return names
    text = json.dumps(names, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    return {"packed": "deflate", "base64": base64_of(zlib.compress(text, 9))}


def packed_factor(values, scale_axis, kind):
    """A factor as base64; `scale_axis` is the axis that is summed away in finding the scale of a component."""
    values = np.asarray(values, dtype=np.float64)
    if kind == "f32":
        raw, scale = values.astype("<f4").tobytes(), None
    else:
        steps = {"u16": 65535, "u8": 255}[kind]
        with np.errstate(all="ignore"):
            top = np.nan_to_num(np.nanmax(values, axis=scale_axis), posinf=0.0)
        scale = np.where(top > 0, top / steps, 1.0)
        wide = np.expand_dims(scale, scale_axis)
        whole = np.clip(np.rint(np.nan_to_num(values / wide)), 0, steps)
        raw, scale = whole.astype("<u2" if kind == "u16" else "u1").tobytes(), [float(s) for s in scale]
    return {"type": kind, "scale": scale, "packed": "deflate", "base64": base64_of(zlib.compress(raw, 9))}


def fitting_factor(values, scale_axis, room):
    """The finest type whose base64 fits; numbers that are negative or missing stay as they are."""
    plain = np.isfinite(values).all() and not (values < 0).any()
    for kind in ("f32", "u16", "u8") if plain else ("f32",):
        made = packed_factor(values, scale_axis, kind)
        if len(made["base64"]) <= room:
            break
    return made


def hoyer(vector):
    """Hoyer's sparseness: 0 for even entries, 1 for a single one."""
    n = vector.size
    total, norm = np.abs(vector).sum(), math.sqrt(float((vector**2).sum()))
    if n < 2 or not norm > 0:
        return None
    return finite((math.sqrt(n) - total / norm) / (math.sqrt(n) - 1))


def top_rows(h, shares):
    """For each component [feature, weight, lift, specificity]: the strongest by each of the three."""
    k, n = h.shape
    with np.errstate(all="ignore"):
        weight = h / h.sum(axis=1, keepdims=True)
        # How large a feature is in the whole of WH.
        common = (weight * np.asarray(shares, dtype=float)[:, None]).sum(axis=0)
        lift = weight / common
        # Kim and Park's feature score.
        part = h / h.sum(axis=0, keepdims=True)
        entropy = np.where(part > 0, part * np.log2(np.where(part > 0, part, 1)), 0).sum(axis=0)
        score = 1 + entropy / math.log2(k) if k > 1 else np.full(n, np.nan)
        halfway = 0.5 * np.log(weight) + 0.5 * np.log(lift)
    tables = []
    for c in range(k):
        owned = np.where((h[c] >= h.max(axis=0)) & (weight[c] >= 1 / n), score, -np.inf)
        candidates = []
        for key in (
            weight[c],
            lift[c] if n <= TOP * 3 else np.where(weight[c] > 1e-5, lift[c], -np.inf),
            halfway[c],
            owned,
        ):
            key = np.where(np.isfinite(key), key, -np.inf)
            best = np.argsort(-key, kind="stable")[:TOP]
            candidates += [int(j) for j in best if key[j] > -np.inf and h[c, j] > 0]
        unique = sorted(set(candidates), key=lambda j: (-weight[c, j], j))
        tables.append([[j, finite(weight[c, j]), finite(lift[c, j]), finite(score[j])] for j in unique])
    return tables


def residuals(x, w, h, count=15):
    model = w @ h
    rest = x - model

    def relative(axis):
        with np.errstate(all="ignore"):
            return np.sqrt((rest**2).sum(axis=axis) / (x**2).sum(axis=axis))

    def worst(values):
        order = np.argsort(-np.where(np.isfinite(values), values, -1), kind="stable")[:count]
        return [[int(i), finite(values[i])] for i in order if np.isfinite(values[i])]

    rows = relative(1)
    counts, edges = np.histogram(rows[np.isfinite(rows)], bins=30)
    return {
        "rows": worst(rows),
        "columns": worst(relative(0)),
        "histogram": {"edges": [float(e) for e in edges], "counts": [int(c) for c in counts]},
    }


def clean_run(run):
    """run.json without the places of files: a report is sent to others."""
    run = json.loads(json.dumps(run))
    run["command"] = [pathlib.PurePath(word).name if "/" in word else word for word in run.get("command", [])]
    data = run.get("data")
    if data and data.get("input"):
        data["input"] = pathlib.PurePath(data["input"]).name
    return run


def card_of(run):
    data = run["data"]
    m, n = run["shape"]
    card = [
        ["Input", data["input"]],
        ["Samples", f"{m:,}".replace(",", "\u202f")],
        ["Features", f"{n:,}".replace(",", "\u202f")],
        ["Stored", ("sparse, " if run["sparse"] else "dense, ") + f"{run['stored']:,} entries".replace(",", "\u202f")],
        ["Missing", data["missing"]],
        ["Precision", run["precision"]],
    ]
    return card


def verdict_of(run):
    words = {"converged": "The fit converged", "iteration_limit": "The fit reached its iteration limit"}
    start = words.get(run["status"], "The fit ended: " + run["status"].replace("_", " "))
    error = run["relative_error"]
    tail = "" if error is None else f"; its relative error is {error:.3f}"
    return f"{start} after {run['iterations']} iterations with {run['rank']} components{tail}."


def traces_of(run):
    restarts = [dict(r) for r in run.get("restarts", [])]
    best = min(
        range(len(restarts)),
        key=lambda i: restarts[i]["objective"] if restarts[i]["objective"] is not None else math.inf,
    )
    for i, restart in enumerate(restarts):
        points = run["history"] if i == best else restart.get("trace", [])
        restart["trace"] = [[p["iteration"], p["objective"], p.get("kkt"), p["seconds"]] for p in points]
    return restarts


def build(w, h, *, title, run=None, names=None, geometry=None, groups=None, x=None, stability=None, **more):
    """The data of a report as a dictionary, from the factors and what else there is."""
    names = names or {}
    components = []
    if h is not None:
        w, h = np.asarray(w, dtype=np.float64), np.asarray(h, dtype=np.float64)
        k, n = h.shape
        m = w.shape[0]
        sums = h.sum(axis=1)
        shares = run["shares"] if run else list((w.sum(axis=0) * sums) / (w.sum(axis=0) * sums).sum())
        shares = [finite(s) for s in shares]
        tops = top_rows(h, [0.0 if s is None else s for s in shares])
        given = names.get("components") or [f"component {c + 1}" for c in range(k)]
        for c in range(k):
            components.append(
                {
                    "name": given[c],
                    "share": shares[c],
                    "h_sum": finite(sums[c]),
                    "sparseness_w": hoyer(w[:, c]),
                    "sparseness_h": hoyer(h[c]),
                    "stability": None if stability is None else finite(stability[c]),
                    "top": tops[c],
                }
            )
    data = {
        "schema": 1,
        "title": title,
        "verdict": None,
        "run": None,
        "warnings": [],
        "data_card": [],
        "command": None,
        "features": None,
        "samples": None,
        "components": components,
        "h": None,
        "w": None,
        "restarts": [],
        "worst": None,
        "rank": None,
    }
    if run:
        run = clean_run(run)
        data |= {
            "run": run,
            "verdict": verdict_of(run),
            "data_card": card_of(run),
            "restarts": traces_of(run),
            "command": " ".join(run["command"]),
        }
    if h is not None:
        data["features"] = {"count": n, "names": packed_names(names.get("cols")), "geometry": geometry}
        data["samples"] = {"count": m, "names": packed_names(names.get("rows")), "groups": groups}
        data["h"] = {"k": k, "n": n, "columns": None} | fitting_factor(h, 1, ROOM / 3)
        data["w"] = {"m": m, "k": k, "rows": None} | fitting_factor(w, 0, ROOM * 2 / 3)
        if x is not None:
            data["worst"] = residuals(np.asarray(x, dtype=np.float64), w, h)
    return data | more


def matrix(folder, name):
    if (folder / f"{name}.npy").exists():
        return np.load(folder / f"{name}.npy"), None
    text = (folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()
    if name == "W":
        return np.array([[float(v) for v in line.split(",")] for line in text[1:]]), None
    return np.array([[float(v) for v in line.split(",")[1:]] for line in text if line[0] == '"']), None


def sbs_order(names):
    """Places of the 96 channels A[C>A]A, A[C>A]C ... T[T>G]T among the features."""
    wanted = [f"{a}[{s}]{b}" for s in ("C>A", "C>G", "C>T", "T>A", "T>C", "T>G") for a in "ACGT" for b in "ACGT"]
    return [names.index(name) for name in wanted]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("out", nargs="?")
    parser.add_argument("--fixture", action="store_true")
    parser.add_argument("--x")
    parser.add_argument("--picture")
    parser.add_argument("--sbs96", action="store_true")
    parser.add_argument("--words", action="store_true")
    parser.add_argument("--names", help="file with a feature name a line")
    parser.add_argument("--samples", help="file with a sample name a line")
    parser.add_argument("--groups", action="append", default=[])
    parser.add_argument("--title")
    given = parser.parse_args()
    if given.fixture:
        import fixtures

        data = getattr(fixtures, given.folder)()
    else:
        folder = pathlib.Path(given.folder)
        run = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        names = (
            json.loads((folder / "names.json").read_text(encoding="utf-8")) if (folder / "names.json").exists() else {}
        )
        if given.names:
            names["cols"] = pathlib.Path(given.names).read_text(encoding="utf-8").split("\n")[: run["shape"][1]]
        if given.samples:
            names["rows"] = pathlib.Path(given.samples).read_text(encoding="utf-8").split("\n")[: run["shape"][0]]
        (w, _), (h, _) = matrix(folder, "W"), matrix(folder, "H")
        geometry = None
        if given.picture:
            height, width = map(int, given.picture.split("x"))
            geometry = {"kind": "picture", "height": height, "width": width}
        elif given.sbs96:
            geometry = {"kind": "sbs96", "order": sbs_order(names["cols"])}
        elif given.words:
            geometry = {"kind": "words"}
        groups = []
        for item in given.groups:
            name, path = item.split("=", 1)
            labels = pathlib.Path(path).read_text(encoding="utf-8").split("\n")[: w.shape[0]]
            levels = sorted(set(labels))
            groups.append({"name": name, "values": [levels.index(v) for v in labels], "levels": levels})
        x = np.load(given.x) if given.x else None
        data = build(
            w,
            h,
            title=given.title or run["data"]["input"],
            run=run,
            names=names,
            geometry=geometry,
            groups=groups or None,
            x=x,
        )
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    pathlib.Path(given.out).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
