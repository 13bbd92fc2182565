"""Reports: one HTML file of a model or a scan, which asks the network for nothing. The program writes the same."""

import json
import os
from collections.abc import Mapping
from numbers import Integral
from pathlib import Path

import numpy as np

from partwise import _core


def report(folder, out=None, *, scan=None, title=None, groups=None, words=False, image_shape=None, overwrite=False):
    """Writes the report of a folder: of a model that :meth:`NMF.save` or ``partwise fit`` has written, or of a scan.

    Parameters
    ----------
    folder : path
        The folder of a model or of a scan.
    out : path or None, default=None
        The HTML file; None is `report.html` in the folder, which is replaced if it is there.
    scan : path or None, default=None
        The folder of a scan of the same data, which goes into the report of the model.
    title : str or None, default=None
        Its heading; None takes the name of the data.
    groups : array of shape (n_samples,), mapping or data frame, or None
        What is known of samples: labels, or several by name.
    words : bool, default=False
        Whether features are words.
    image_shape : (height, width) or None
        Whether features are pixels of pictures.
    overwrite : bool, default=False
        Whether `out` may be replaced.

    Returns
    -------
    pathlib.Path
        The file, to be opened in a browser.

    Examples
    --------
    >>> import numpy as np, partwise
    >>> X = np.outer([1.0, 2.0, 3.0], [1.0, 0.5])
    >>> model = partwise.NMF(1)
    >>> W = model.fit_transform(X)
    >>> model.save("simple", W)
    >>> partwise.report("simple").name
    'report.html'
    """
    folder = Path(folder)
    path = folder / "report.html" if out is None else writable(out, overwrite)
    return written(path, _core.folder_report(folder, look(title, groups, words, image_shape), scan))


def writable(path, overwrite):
    """Refuses a file that is there, before any work is done."""
    if not overwrite and os.path.lexists(path):
        raise FileExistsError(f"'{path}' exists; overwrite=True replaces it")
    return Path(path)


def written(path, html):
    _core.put(path, html)
    return path


def look(title, groups, words, image_shape, samples=None):
    """What a report is told beside the model, for the engine."""
    if title is not None and not isinstance(title, str):
        raise ValueError(f"title is {title!r}, and has to be a text")
    if image_shape is not None:
        shape = tuple(image_shape) if np.iterable(image_shape) else ()
        if len(shape) != 2 or not all(isinstance(size, Integral) and 0 < size < 2**31 for size in shape):
            raise ValueError(f"image_shape is {image_shape!r}, and has to be a height and a width")
        image_shape = [int(size) for size in shape]
    title = None if title is None else _whole(title)
    return json.dumps({"title": title, "image": image_shape, "words": bool(words), "groups": _groups(groups, samples)})


def _whole(text):
    """A text that a file can hold: halves of characters become question marks."""
    return str(text).encode("utf-8", "replace").decode()


def _groups(groups, samples):
    """Names, and a text for every sample; empty where nothing is known of it."""
    if groups is None:
        return []
    if hasattr(groups, "columns"):
        named = {str(name): groups[name] for name in groups.columns}
    elif isinstance(groups, Mapping):
        named = groups
    else:
        name = getattr(groups, "name", None)
        named = {"groups" if name is None else str(name): groups}
    found = []
    for name, labels in named.items():
        labels = np.asarray(labels, dtype=object)
        if labels.ndim != 1 or samples not in (None, len(labels)):
            wanted = "a label for each sample" if samples is None else f"{samples} labels, one for each sample"
            raise ValueError(f"groups: {str(name)!r} has shape {labels.shape}, and needs {wanted}")
        found.append([_whole(name), ["" if _is_unknown(label) else _whole(label) for label in labels]])
    return found


def _is_unknown(label):
    # NaN, NaT and NA are not even themselves.
    try:
        return label is None or not bool(label == label)
    except TypeError:
        return True


class Shown:
    """What models show of themselves."""

    def top_features(self, n=10, by="weight"):
        """The first features of each component; see :func:`partwise.top_features`.

        Parameters
        ----------
        n : int or None, default=10
            How many of each; None takes all.
        by : {'weight', 'lift', 'specificity'}, default='weight'
            What comes first.

        Returns
        -------
        list of lists of Feature
            By name where `feature_names_in_` has names.
        """
        from sklearn.utils.validation import check_is_fitted

        from partwise._selection import top_features

        check_is_fitted(self)
        return top_features(self, n=n, by=by)

    def _shares(self):
        """The share of each component in the model, as the fit has it; none of a model that batches have made."""
        return json.loads(self._record)["shares"] if getattr(self, "_record", None) else []

    def report(
        self,
        path,
        X=None,
        W=None,
        *,
        weights=None,
        groups=None,
        words=False,
        image_shape=None,
        title=None,
        overwrite=False,
    ):
        """Writes a report of the model, one HTML file: its parts, its samples, how the run went, where it fits worst.

        Parameters
        ----------
        path : path
            The file.
        X : array or sparse matrix of shape (n_samples, n_features), or None
            The data: rows and columns are judged by them. Without W, they are transformed, too.
        W : array of shape (n_samples, n_components) or None
            What `fit_transform` has returned. X or W is needed.
        weights : array or sparse matrix of shape (n_samples, n_features), or None
            How much each entry of X counts.
        groups : array of shape (n_samples,), mapping or data frame, or None
            What is known of samples: labels, or several by name.
        words : bool, default=False
            Whether features are words.
        image_shape : (height, width) or None
            Whether features are pixels of pictures.
        title : str or None, default=None
            Its heading.
        overwrite : bool, default=False
            Whether a file that is there may be replaced.

        Returns
        -------
        pathlib.Path
            The file, to be opened in a browser.
        """
        from sklearn.utils.validation import check_is_fitted

        from partwise import _files
        from partwise._arrays import for_engine
        from partwise._checks import refuse_negative, weights_of_entries

        check_is_fitted(self)
        path = writable(path, overwrite)
        if X is None and W is None:
            raise ValueError("a report shows how much samples have of each part: give X, or W")
        index = getattr(X if W is None else W, "index", None)
        H, residuals = self.components_, None
        if X is not None:
            data, missing = self._checked(X, reset=False)
            refuse_negative(data, "NMF.report (input X)", self._model)
            if W is None:
                W = self._rows(data, missing, weights)
        W = _files.usage(self, W)
        if X is not None:
            if len(W) != data.shape[0]:
                raise ValueError(f"W has {len(W)} rows, and X has {data.shape[0]}")
            residuals = _core.residuals(
                for_engine(data),
                np.ascontiguousarray(W, dtype=data.dtype),
                np.ascontiguousarray(H, dtype=data.dtype),
                self._model,
                threads=self._threads(),
                entry_weights=weights_of_entries(weights, data),
                weights=self._weights(data, missing, feature_weight=self._feature_weight),
            )
        record, names = _files.described(self, index if hasattr(index, "tolist") else None)
        told = look(title, groups, words, image_shape, len(W))
        double = lambda factor: np.ascontiguousarray(factor, dtype=np.float64)
        return written(
            path, _core.fit_report(json.dumps(record), json.dumps(names), told, double(W), double(H), residuals)
        )
