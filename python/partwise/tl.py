"""Non-negative matrix factorization of annotated data, by scanpy's conventions.

An object has what AnnData has: `X`, `layers`, `var`, `obsm`, `varm` and `uns`. Nothing else is asked of it, and neither
AnnData nor scanpy is imported.
"""

from numbers import Integral, Real

import numpy as np

import partwise
from partwise._arrays import smallest, sound, unmasked


class _IfThere:
    def __repr__(self):
        return "'highly_variable' if var has it, else None"


_IF_THERE = _IfThere()
_HIGHLY_VARIABLE = "highly_variable"


def nmf(
    adata,
    n_components,
    *,
    layer=None,
    obsm=None,
    mask_var=_IF_THERE,
    key_added="nmf",
    copy=False,
    random_state=0,
    **parameters,
):
    """Factorizes the cells by genes matrix of `adata`, and writes what it finds into `adata`.

    Parameters
    ----------
    adata : AnnData, or what has its attributes
        Counts, or what grows with them, such as their logarithms. Centred or scaled data have negative entries and are
        refused.
    n_components : int
        The rank: number of programmes.
    layer : str or None, default=None
        Take `adata.layers[layer]` in the place of `adata.X`.
    obsm : str or None, default=None
        Take `adata.obsm[obsm]`, whose columns are not the genes, in the place of `adata.X`.
    mask_var : str, array of bool or None
        Column of `adata.var`, or array, that says which genes take part; None is all. If not given it is
        `'highly_variable'` where `var` has it, and None where not.
    key_added : str, default='nmf'
        What results are called: a name without a slash, which files of AnnData take for a path.
    copy : bool, default=False
        Leave `adata` as it is, and return a copy with the results.
    random_state : int, RandomState instance or None, default=0
        What random starts come from.
    **parameters
        Any other of :class:`partwise.NMF`. `solver` is 'auto' here if not given, which goes with every `beta_loss`.

    Returns
    -------
    None, or the copy. With `key_added='nmf'` it has got

    `obsm['X_nmf']` : (n_obs, n_components)
        W: how much of each programme a cell has.
    `varm['nmf_components']` : (n_vars, n_components)
        H, transposed: how much of each gene a programme has. Genes that the mask leaves out have zeros.
    `uns['nmf']` : dict
        `params`, `loss_history`, `status`, `reason`, `notes`, `reconstruction_err`, `explained_variance_ratio`,
        `kkt_residual`, `names`, `version`. With `obsm`, also `components`, as they fit into no `varm`.

    Examples
    --------
    Ten programmes of counts that were kept as a layer, and a neighbourhood graph of cells by what they have of each::

        partwise.tl.nmf(adata, 10, layer="counts", beta_loss="kullback-leibler")
        scanpy.pp.neighbors(adata, use_rep="X_nmf")
    """
    # What is wrong should be known before anything is copied or computed.
    _refuse_key(key_added)
    X, where = _matrix(adata, layer, obsm)
    if mask_var is _IF_THERE:
        mask_var = _HIGHLY_VARIABLE if obsm is None and _HIGHLY_VARIABLE in adata.var else None
    if obsm is not None and mask_var is not None:
        raise ValueError("mask_var chooses among genes, and columns of obsm are none: leave it out")
    mask = None if mask_var is None else _mask(adata, mask_var, X.shape[1])
    if mask is not None:
        X = X[:, np.flatnonzero(mask)]
    _refuse_negative(X, where, parameters.get("options") or {})
    parameters.setdefault("solver", "auto")
    model = partwise.NMF(n_components, random_state=random_state, **parameters)
    # Whatever the output of transformers is configured to be.
    W = np.asarray(model.fit_transform(X))
    components = np.ascontiguousarray(model.components_.T)

    if copy:
        adata = adata.copy()
    adata.obsm[f"X_{key_added}"] = W
    found = {
        "params": _params(model, layer=layer, obsm=obsm, mask_var=mask_var),
        "loss_history": model.loss_history_,
        "status": model.status_,
        "reason": model.reason_,
        "notes": np.array(model.notes_, dtype=str),
        "reconstruction_err": model.reconstruction_err_,
        "explained_variance_ratio": np.asarray(model.explained_variance_ratio_),
        "kkt_residual": model.kkt_residual_,
        "names": np.array(model.get_feature_names_out(), dtype=str),
        "version": partwise.__version__,
    }
    if obsm is not None:
        found["components"] = components
    elif mask is None:
        adata.varm[f"{key_added}_components"] = components
    else:
        # Rows of `varm` are those of `var`, so what was left out has a row too.
        full = np.zeros((mask.size, components.shape[1]), dtype=components.dtype)
        full[mask] = components
        adata.varm[f"{key_added}_components"] = full
    adata.uns[key_added] = found
    return adata if copy else None


def _matrix(adata, layer, obsm):
    """The matrix to factorize, and what to call it."""
    if layer is not None and obsm is not None:
        raise ValueError("layer and obsm both say what to factorize: give one of them")
    if layer is not None:
        X, where = _entry(adata.layers, layer, "layers"), f"layers[{layer!r}]"
    elif obsm is not None:
        X, where = _entry(adata.obsm, obsm, "obsm"), f"obsm[{obsm!r}]"
    else:
        X, where = adata.X, "X"
    if X is None:
        raise ValueError("X of adata is empty (None): give a layer")
    # From a file that is read on demand, and from a data frame.
    for into_memory in ("to_memory", "to_numpy"):
        if hasattr(X, into_memory):
            X = getattr(X, into_memory)()
    if hasattr(X, "format"):
        # Before columns are chosen.
        sound(X, where)
    elif unmasked(X)[1] is None:
        X = np.asarray(X)
    return X, where


def _refuse_key(key):
    if not isinstance(key, str):
        raise TypeError(f"key_added is {key!r}, and has to be a text")
    if not key or "/" in key:
        raise ValueError(
            f"key_added is {key!r}: results need a name, and files of AnnData take what has a slash for a path"
        )


def _entry(of, key, name):
    if key not in of:
        there = ", ".join(repr(str(each)) for each in of) or "none"
        raise ValueError(f"adata.{name} has no {key!r}; it has: {there}")
    return of[key]


def _mask(adata, mask_var, n_vars):
    """Which genes take part, as an array of bool."""
    if isinstance(mask_var, str):
        if mask_var not in adata.var:
            raise ValueError(
                f"adata.var has no column {mask_var!r}, which mask_var asks for; mask_var=None takes all genes"
            )
        mask, name = np.asarray(adata.var[mask_var]), f"adata.var[{mask_var!r}]"
    else:
        mask, name = np.asarray(mask_var), "mask_var"
    if mask.dtype == object and all(isinstance(entry, (bool, np.bool_)) for entry in mask):
        mask = mask.astype(bool)
    if mask.dtype != bool:
        raise ValueError(f"{name} has to be an array of bool without missing values, and is of {mask.dtype}")
    if mask.shape != (n_vars,):
        raise ValueError(f"{name} has shape {mask.shape}, and there are {n_vars} genes")
    if not mask.any():
        raise ValueError(f"{name} leaves out every gene")
    return mask


def _refuse_negative(X, where, options):
    # Those who ask for another treatment of them get it.
    if options.get("negatives", "refuse") != "refuse" or options.get("free") == "h":
        return
    # What is masked is missing, whatever is below the mask.
    least = smallest(unmasked(X)[0])
    if least < 0:
        raise ValueError(
            f"{where} of adata has negative entries, the smallest is {least:.6g}. Centred and scaled data have them; "
            "a non-negative factorization takes what comes before: counts or their logarithms, for example from a "
            "layer (layer='counts')"
        )


def _params(model, **ours):
    """Parameters that are not None, as files can hold them."""
    kept = {}
    for name, value in {**model.get_params(deep=False), **ours}.items():
        value = _plain(value)
        if value is not None:
            kept[name] = value
    return kept


def _plain(value):
    """What a file can hold of a parameter; None if that is nothing."""
    if value is None or callable(value):
        return None
    if isinstance(value, (str, bool, np.bool_)):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    if isinstance(value, dict):
        plain = {str(key): _plain(entry) for key, entry in value.items()}
        return {key: entry for key, entry in plain.items() if entry is not None}
    if isinstance(value, (list, tuple)):
        # Penalties: their text. A matrix that comes with one is not kept.
        texts = [entry[0] if isinstance(entry, tuple) else entry for entry in value]
        if all(isinstance(text, str) for text in texts):
            return np.array(texts, dtype=str)
    array = np.asarray(value)
    return array if array.dtype.kind in "biuf" else None
