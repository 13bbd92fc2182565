"""Models in folders, which the program reads and writes too: numbers in NumPy's format, all else in JSON, and no code."""

import json
import warnings
from numbers import Integral
from pathlib import Path

import numpy as np
from sklearn.utils.validation import check_is_fitted

from partwise import _core
from partwise._arrays import refuse_mask
from partwise._parameters import LOSSES, plain

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
    _refuse_folder(Path(folder), overwrite)
    record, names = described(model, W.index if hasattr(W, "index") and hasattr(W, "columns") else None)
    record["python"] = {
        "class": type(model).__name__,
        "params": _params_to_save(model),
        "attributes": {
            name: np.asarray(getattr(model, name)).tolist()
            for name in ("reconstruction_err_", "explained_variance_ratio_", "n_steps_")
            if hasattr(model, name)
        },
        "feature_weight": model._feature_weight,
        "stream": getattr(model, "_stream", None),
    }
    W = None if W is None else usage(model, W)
    _core.save(folder, json.dumps(_finite(record)), json.dumps(names), model.components_, W, overwrite=overwrite)


def described(model, index=None):
    """The record of a fitted model, and the names of its features, and of samples where an index has them."""
    record = json.loads(model._record) if getattr(model, "_record", None) else _record(model)
    if hasattr(model, "notes_"):
        record["notes"] = list(model.notes_)
    # What `transform` goes by is what others read, whatever the engine has said in between.
    record["component_scale"] = list(model._model["component_scale"])
    features = getattr(model, "feature_names_in_", None)
    names = {"rows": None, "cols": None if features is None else _names(features, "the columns of X")}
    if index is not None:
        names["rows"] = _names(index, "the rows of W")
    return _finite(record), names


def usage(model, W):
    """W as an array that fits the model."""
    refuse_mask(W, "W")
    W = np.asarray(W, dtype=model.components_.dtype)
    if W.ndim != 2 or W.shape[1] != model.components_.shape[0]:
        raise ValueError(f"W has shape {W.shape}, but the model has {model.components_.shape[0]} components")
    return W


def _refuse_folder(folder, overwrite):
    """A folder that is not empty has to hold a model, which `overwrite` then replaces."""
    try:
        is_here = folder.resolve() == Path.cwd()
    except OSError:
        # This one has gone.
        is_here = False
    if is_here:
        # It appears as a whole, under its name, and whoever stands in the old one would stand nowhere.
        raise ValueError(f"'{folder}' is the folder in which this program runs: save to a folder within it")
    if overwrite and folder.is_dir() and any(folder.iterdir()):
        # H alone is what is left of a model that could not be replaced to the end.
        if not any((folder / name).is_file() for name in ("run.json", "H.npy", "H.csv", "H.tsv")):
            raise FileExistsError(
                f"'{folder}' is not empty and has no run.json, so it is no model, and overwrite=True replaces only "
                "those: save to another folder"
            )


def _names(of, whom):
    names = [str(name) for name in of]
    for name in names:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise ValueError(
                f"The name {name!r} among those of {whom} has a surrogate, half of a character, which no file can hold"
            ) from None
    return names


def _finite(value):
    """What JSON has no number for becomes null."""
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def _params_to_save(model):
    """Parameters that are plain values, by name."""
    kept = {}
    for name, value in model.get_params(deep=False).items():
        if name == "penalties" and isinstance(value, (list, tuple)):
            beside = [penalty for penalty in value if not isinstance(penalty, str)]
            value = [penalty for penalty in value if isinstance(penalty, str)] or None
            if beside:
                texts = ", ".join(repr(text) for text, _ in beside)
                warnings.warn(
                    f"penalties: the folder has no place for the matrices of {texts}: the model that is loaded has the "
                    "other penalties. What it makes of new rows is the same",
                    UserWarning,
                    4,
                )
        try:
            kept[name] = _plain(value)
        except ValueError:
            continue
    return kept


def _plain(value):
    """A plain value as JSON has it; anything else is a ValueError."""
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return plain(value, "a parameter")


def load(folder):
    """The model in a folder that :meth:`NMF.save` or ``partwise fit`` has written: an :class:`NMF`, or whatever was saved.

    Parameters that are not plain values (arrays, callbacks, generators of random numbers) are not saved, and have their
    defaults; of penalties, those that came with a matrix are left out. Nothing in the folder is run. W, where the
    folder has it, is ``numpy.load(folder / "W.npy")``.
    """
    import partwise

    found = _core.load(folder)
    record, names = json.loads(found["record"]), json.loads(found["names"])
    ours = record.get("python") or {}
    is_batched = ours.get("class") == "MiniBatchNMF"
    cls = partwise.MiniBatchNMF if is_batched else partwise.NMF
    known = cls._get_param_names()
    params = {name: value for name, value in ours.get("params", params_of(record)).items() if name in known}
    model = cls(**params)
    model.components_ = found["h"]
    model._n_components = model.n_components_ = found["h"].shape[0]
    model.n_features_in_ = found["h"].shape[1]
    if names.get("cols") is not None:
        model.feature_names_in_ = np.array(names["cols"], dtype=object)
    model._model = {key: found[key] for key in ("loss", "row_rules", "component_scale", "least")}
    model._record = None if is_batched else found["record"]
    model._feature_weight = ours.get("feature_weight")
    if is_batched:
        # How much the rows so far count, for batches to come.
        model._stream = ours.get("stream")
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
            value = np.array(value, dtype=float) if isinstance(value, list) else value
            setattr(model, name, np.nan if value is None else value)
    if record["transposed"]:
        warnings.warn(
            "The program fitted this model with --transpose: rows of X are here the columns of its file.",
            UserWarning,
            2,
        )
    return model


def params_of(record):
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
    weights = {"l1:w": "l1_w", "l2:w": "l2_w", "l1:h": "l1_h", "l2:h": "l2_h"}
    texts = [f"{name}:={options[key]!r}" for name, key in weights.items() if options[key]]
    texts += [text for text in options["penalties"] if not text.startswith(("graph:", "pull:"))]
    return texts or None


def _default(name):
    return next(json.loads(option["default"]) for option in _core.options() if option["name"] == name)


def _record(model):
    """The record of a model that no single fit has made, but batches have; how many rows they had is not known."""
    rank, n_features = model.components_.shape
    steps = int(getattr(model, "n_steps_", 0))
    options = {option["name"]: json.loads(option["default"]) for option in _core.options()}
    seed = int(model.random_state) if isinstance(model.random_state, Integral) else 0
    options |= {"rank": rank, "loss": model._model["loss"], "seed": seed, "tol": float(model.tol)}
    options["max_iter"] = int(model.max_iter)
    error = getattr(model, "reconstruction_err_", None)
    nothing = dict.fromkeys(("penalty", "objective", "relative_error", "kkt_residual", "held_out", "peak_memory_bytes"))
    no_data = dict.fromkeys(("hash", "mask", "weights", "uncertainty", "row_weights", "col_weights", "hold_out"))
    return nothing | {
        "schema_version": 1,
        "command": [repr(model)],
        "status": getattr(model, "status_", "iteration_limit"),
        "reason": getattr(model, "reason_", f"{steps} batches"),
        "loss": model._model["loss"],
        "loss_value": None if error is None else error * error / 2,
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
