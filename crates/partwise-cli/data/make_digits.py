"""Writes digits.npy.gz: the 1,797 handwritten digits of scikit-learn 1.9.1, 8 x 8 pixels of 0..16, one row each."""

import gzip
import io
import pathlib

import numpy as np
from sklearn.datasets import load_digits

pixels = np.ascontiguousarray(load_digits().data.astype(np.uint8))
buffer = io.BytesIO()
np.save(buffer, pixels)
with open(pathlib.Path(__file__).with_name("digits.npy.gz"), "wb") as file:
    with gzip.GzipFile(fileobj=file, mode="wb", compresslevel=9, mtime=0, filename="") as zipped:
        zipped.write(buffer.getvalue())
