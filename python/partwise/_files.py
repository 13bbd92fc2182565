"""Models in folders, which the program reads and writes too: numbers in NumPy's format, all else in JSON, and no code."""

import json
import numbers
import warnings

import numpy as np
from sklearn.utils.validation import check_is_fitted

from partwise import _core
from partwise._parameters import LOSSES

# Options of the engine that say what W and H may be, and have no parameter of their own.
_OF_FACTORS = ("simplex_w", "simplex_h", "min_w", "min_h", "max_w", "max_h", "free")
_OF_FACTORS += ("sparseness_w", "sparseness_h", "smoothing", "negatives", "floor")
# Of a fit, as run.json calls it, and the attribute that has it.
_PLAIN = {
    "kkt_residual_": "kkt_residual",
    "n_iter_": "iterations",
    "status_": "status",
    "reason_": "reason",
    "notes_": "notes",
}


def save(model, folder, W, overwrite):
    """Writes the folder of a fitted model."""
    check_is_fitted(model)
    H = model.components_
    record = json.loads(model._record) if getattr(model, "_record", None) else _record(model)
    record["python"] = {
        "class": type(model).__name__,
        "params": {name: value for name, value in model.get_params(deep=False).items() if _is_plain(value)},
        "attributes": {
            name: np.asarray(getattr(model, name)).tolist()
            for name in ("reconstruction_err_", "explained_variance_ratio_", "n_steps_")
            if hasattr(model, name)
        },
    }
    features = getattr(model, "feature_names_in_", None)
    names = {"rows": None, "cols": None if features is None else [str(name) for name in features]}
    if W is not None:
        index = getattr(W, "index", None)
        if index is not None and hasattr(W, "columns"):
            names["rows"] = [str(name) for name in index]
        W = np.asarray(W, dtype=H.dtype)
        if W.ndim != 2 or W.shape[1] != H.shape[0]:
            raise ValueError(f"W has shape {W.shape}, but the model has {H.shape[0]} components")
    _core.save(folder, json.dumps(record), json.dumps(names), H, W, overwrite=overwrite)


def load(folder):
    """The model in a folder that :meth:`NMF.save` or ``partwise fit`` has written: an :class:`NMF`, or whatever was saved.

    Parameters that are not plain values (arrays, callbacks, generators of random numbers) are not saved, and have their
    defaults. Nothing in the folder is run. W, where the folder has it, is ``numpy.load(folder / "W.npy")``.
    """
    import partwise

    found = _core.load(folder)
    record, names = json.loads(found["record"]), json.loads(found["names"])
    ours = record.get("python") or {}
    is_batched = ours.get("class") == "MiniBatchNMF"
    cls = partwise.MiniBatchNMF if is_batched else partwise.NMF
    known = cls._get_param_names()
    params = {name: value for name, value in ours.get("params", _params(record)).items() if name in known}
    model = cls(**params)
    model.components_ = found["h"]
    model._n_components = model.n_components_ = found["h"].shape[0]
    model.n_features_in_ = found["h"].shape[1]
    if names.get("cols") is not None:
        model.feature_names_in_ = np.array(names["cols"], dtype=object)
    model._model = {key: found[key] for key in ("loss", "row_rules", "component_scale", "least")}
    model._record = None if is_batched else found["record"]
    for name, key in _PLAIN.items():
        value = record[key]
        setattr(model, name, np.nan if value is None else value)
    history = [(entry["iteration"], entry["objective"]) for entry in record["history"]]
    model.loss_history_ = np.array(history, dtype=float).reshape(-1, 2)
    loss, error = record["loss_value"], record["relative_error"]
    if loss is not None:
        model.reconstruction_err_ = float(np.sqrt(2 * loss))
    if error is not None:
        model.explained_variance_ratio_ = (1 - error**2) * np.array(record["shares"])
    for name, value in ours.get("attributes", {}).items():
        if name in ("reconstruction_err_", "explained_variance_ratio_", "n_steps_"):
            setattr(model, name, np.array(value) if isinstance(value, list) else value)
    if record["transposed"]:
        warnings.warn(
            "The program fitted this model with --transpose: rows of X are here the columns of its file.",
            UserWarning,
            2,
        )
    return model


def _is_plain(value):
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(item) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    if isinstance(value, numbers.Real) and not isinstance(value, (bool, int)):
        return type(value) is float and np.isfinite(value)
    return value is None or isinstance(value, (bool, int, str))


def _params(record):
    """Parameters for a model of the program, as far as they have a counterpart here."""
    options = record["options"]
    loss = str(options["loss"])
    missing = record["data"].get("missing")
    return {
        "n_components": options["rank"],
        "solver": options["rule"] if options["rule"] != "given" else "auto",
        "beta_loss": LOSSES[loss] if loss in LOSSES else float(loss.removeprefix("beta:")),
        "tol": options["tol"],
        "max_iter": options["max_iter"],
        "random_state": options["seed"] if options["seed"] < 2**32 else None,
        "n_init": options["restarts"],
        "missing": None if missing in (None, "none") else missing,
        "normalize": None if options["normalize"] == "none" else options["normalize"],
        "penalties": _penalties(options),
        "options": {name: options[name] for name in _OF_FACTORS if options[name] != _default(name)} or None,
    }


def _penalties(options):
    """As they were asked for, but for those that came with a matrix, which the folder does not have."""
    plain = {"l1:w": "l1_w", "l2:w": "l2_w", "l1:h": "l1_h", "l2:h": "l2_h"}
    texts = [f"{name}:={options[key]!r}" for name, key in plain.items() if options[key]]
    texts += [text for text in options["penalties"] if not text.startswith(("graph:", "pull:"))]
    return texts or None


def _default(name):
    return next(json.loads(option["default"]) for option in _core.options() if option["name"] == name)


def _record(model):
    """The record of a model that no single fit has made, but batches have; how many rows they had is not known."""
    rank, n_features = model.components_.shape
    steps = int(getattr(model, "n_steps_", 0))
    options = {option["name"]: json.loads(option["default"]) for option in _core.options()}
    seed = model.random_state if isinstance(model.random_state, int) else 0
    options |= {"rank": rank, "loss": model._model["loss"], "seed": seed, "tol": model.tol, "max_iter": model.max_iter}
    error = getattr(model, "reconstruction_err_", None)
    nothing = dict.fromkeys(("penalty", "objective", "relative_error", "kkt_residual", "held_out", "peak_memory_bytes"))
    no_data = dict.fromkeys(("hash", "mask", "weights", "uncertainty", "row_weights", "col_weights", "hold_out"))
    return nothing | {
        "schema_version": 1,
        "command": [repr(model)],
        "status": "iteration_limit",
        "reason": f"{steps} batches",
        "loss": model._model["loss"],
        "loss_value": None if error is None else error**2 / 2,
        "iterations": int(getattr(model, "n_iter_", steps)),
        "seconds": {"load": 0.0, "init": 0.0, "solve": 0.0, "write": 0.0},
        "rank": rank,
        "seed": seed,
        "threads": model._threads(),
        "shape": [0, n_features],
        "stored": 0,
        "sparse": False,
        "precision": {"float32": "f32", "float64": "f64"}[model.components_.dtype.name],
        "transposed": False,
        "data": no_data
        | {"input": "batches", "format": "array", "stored_as": "batches", "missing": model.missing or "none"}
        | {"observed": 0, "given": {}, "notes": []},
        "options": options,
        "inner_sweeps": [1, 1],
        "least": model._model["least"],
        "row_rules": json.loads(model._model["row_rules"]),
        "shares": [],
        "component_scale": list(model._model["component_scale"]),
        "restarts": [],
        "notes": ["H comes from batches, of which each got a step"],
        "history": [],
    }
