"""Annotated data by scanpy's conventions, and other packages that take an estimator of NMF."""

from types import SimpleNamespace

import numpy as np
import pytest
import scipy.sparse as sp

import partwise
from partwise import NMF

N_OBS, N_VARS, RANK = 60, 30, 3


@pytest.fixture
def counts(rng):
    return rng.poisson(rng.gamma(0.5, 1.0, (N_OBS, RANK)) @ rng.gamma(0.5, 2.0, (RANK, N_VARS))).astype(np.float32)


@pytest.fixture
def stand_in(counts):
    """What AnnData has, without AnnData."""
    return SimpleNamespace(X=counts, layers={}, var={}, obs={}, obsm={}, varm={}, uns={})


@pytest.fixture
def adata(counts):
    anndata = pytest.importorskip("anndata")
    return anndata.AnnData(sp.csr_matrix(counts))


@pytest.mark.parametrize("beta_loss", ["frobenius", "kullback-leibler"])
def test_results_are_where_scanpy_users_look(stand_in, counts, beta_loss):
    assert partwise.tl.nmf(stand_in, RANK, beta_loss=beta_loss, max_iter=2000) is None
    W, components = stand_in.obsm["X_nmf"], stand_in.varm["nmf_components"]
    assert W.shape == (N_OBS, RANK) and components.shape == (N_VARS, RANK) and not stand_in.obs
    model = NMF(RANK, solver="auto", beta_loss=beta_loss, max_iter=2000, random_state=0).fit(counts)
    assert (components.T == model.components_).all()
    found = stand_in.uns["nmf"]
    assert found["reconstruction_err"] == model.reconstruction_err_ and found["status"] == "converged"
    assert found["kkt_residual"] <= 1e-4 and found["reason"]
    assert found["loss_history"].shape[1] == 2
    assert found["explained_variance_ratio"].shape == (RANK,)
    assert list(found["names"]) == ["nmf0", "nmf1", "nmf2"]
    assert found["version"] == partwise.__version__
    assert found["params"]["n_components"] == RANK and found["params"]["beta_loss"] == beta_loss
    assert "mask_var" not in found["params"]


def test_another_name(stand_in):
    partwise.tl.nmf(stand_in, RANK, key_added="programmes", max_iter=2000)
    assert set(stand_in.obsm) == {"X_programmes"} and set(stand_in.uns) == {"programmes"}
    assert set(stand_in.varm) == {"programmes_components"}


def test_highly_variable_genes_are_used_where_they_are_marked(stand_in, counts):
    mask = np.arange(N_VARS) % 3 > 0
    stand_in.var["highly_variable"] = mask
    partwise.tl.nmf(stand_in, RANK, max_iter=2000)
    alone = NMF(RANK, solver="auto", max_iter=2000, random_state=0)
    W = alone.fit_transform(np.ascontiguousarray(counts[:, mask]))
    components = stand_in.varm["nmf_components"]
    assert (components[mask].T == alone.components_).all() and (components[~mask] == 0).all()
    assert (stand_in.obsm["X_nmf"] == W).all()
    assert stand_in.uns["nmf"]["params"]["mask_var"] == "highly_variable"
    partwise.tl.nmf(stand_in, RANK, mask_var=None, max_iter=2000, key_added="all")
    assert (stand_in.varm["all_components"][~mask] > 0).any()
    partwise.tl.nmf(stand_in, RANK, mask_var=mask, max_iter=2000, key_added="by_array")
    assert (stand_in.varm["by_array_components"] == components).all()


def test_a_layer_and_obsm(stand_in, counts):
    stand_in.layers["counts"], stand_in.X = counts, -counts
    partwise.tl.nmf(stand_in, RANK, layer="counts", max_iter=2000)
    assert stand_in.uns["nmf"]["params"]["layer"] == "counts"
    stand_in.obsm["protein"] = counts[:, :8]
    partwise.tl.nmf(stand_in, 2, obsm="protein", key_added="protein_nmf", max_iter=2000)
    assert stand_in.obsm["X_protein_nmf"].shape == (N_OBS, 2)
    assert stand_in.uns["protein_nmf"]["components"].shape == (8, 2)
    assert "protein_nmf_components" not in stand_in.varm


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"layer": "cuonts"}, "adata.layers has no 'cuonts'; it has: 'counts', 'scaled'"),
        ({"obsm": "protein"}, "adata.obsm has no 'protein'; it has: none"),
        ({"layer": "counts", "obsm": "protein"}, "give one of them"),
        ({"mask_var": "variable"}, "adata.var has no column 'variable'"),
        ({"mask_var": "none_of_them"}, "leaves out every gene"),
        ({"mask_var": "dispersion"}, "has to be an array of bool without missing values, and is of float64"),
        ({"mask_var": np.ones(4, dtype=bool)}, r"mask_var has shape \(4,\), and there are 30 genes"),
        ({"layer": "scaled"}, r"layers\['scaled'\] of adata has negative entries, the smallest is -1.5.*layer='coun"),
        ({"n_components": 0}, "n_components"),
        ({"nonsense": 1}, "nonsense"),
        ({"key_added": "a/b"}, "key_added is 'a/b'.*slash"),
        ({"key_added": ""}, "need a name"),
        ({"key_added": 3}, "key_added is 3, and has to be a text"),
        ({"key_added": None}, "key_added is None"),
    ],
)
def test_what_is_wrong_is_said(stand_in, counts, arguments, says):
    scaled = counts.copy()
    scaled[2, 3] = -1.5
    stand_in.layers |= {"counts": counts, "scaled": scaled}
    stand_in.var |= {"none_of_them": np.zeros(N_VARS, dtype=bool), "dispersion": np.ones(N_VARS)}
    with pytest.raises((ValueError, TypeError), match=says):
        partwise.tl.nmf(stand_in, **{"n_components": RANK, **arguments})
    assert not stand_in.obsm and not stand_in.varm and not stand_in.uns


def test_masked_entries_are_missing(stand_in, counts, rng):
    holes = rng.random(counts.shape) < 0.1
    stand_in.X = np.ma.array(np.where(holes, np.float32(-1), counts), mask=holes)
    stand_in.var["some"] = np.arange(N_VARS) < 20
    partwise.tl.nmf(stand_in, RANK, max_iter=2000)
    partwise.tl.nmf(stand_in, RANK, max_iter=2000, mask_var="some", key_added="some")
    known = NMF(RANK, solver="auto", missing="nan", max_iter=2000, random_state=0)
    W = known.fit_transform(np.where(holes, np.nan, counts).astype(np.float32))
    assert np.allclose(stand_in.obsm["X_nmf"], W, rtol=1e-4, atol=1e-6)
    W = known.fit_transform(np.where(holes, np.nan, counts).astype(np.float32)[:, :20])
    assert np.allclose(stand_in.obsm["X_some"], W, rtol=1e-4, atol=1e-6)


def test_a_sparse_x_is_looked_at_before_genes_are_chosen(stand_in, counts):
    stand_in.X = sp.csr_array(counts)
    stand_in.X.indices[3] = 10**6
    with pytest.raises(ValueError, match="X is no sound sparse matrix"):
        partwise.tl.nmf(stand_in, RANK, mask_var=np.arange(N_VARS) < 20)


def test_x_may_be_empty_where_a_layer_is_not(stand_in, counts):
    stand_in.X = None
    with pytest.raises(ValueError, match="give a layer"):
        partwise.tl.nmf(stand_in, RANK)


def test_the_seed_is_fixed_unless_given(stand_in):
    for key, more in {"a": {}, "b": {}, "c": {"random_state": 1}}.items():
        partwise.tl.nmf(stand_in, RANK, init="random", max_iter=2000, key_added=key, **more)
    assert (stand_in.obsm["X_a"] == stand_in.obsm["X_b"]).all()
    assert not (stand_in.obsm["X_a"] == stand_in.obsm["X_c"]).all()


def test_a_copy_leaves_the_original_alone(adata):
    other = partwise.tl.nmf(adata, RANK, max_iter=2000, copy=True)
    assert not adata.obsm and not adata.varm and not adata.uns
    assert other.obsm["X_nmf"].shape == (N_OBS, RANK)


def test_h5ad_holds_all_of_it(adata, tmp_path):
    anndata = pytest.importorskip("anndata")
    adata.var["highly_variable"] = np.arange(N_VARS) < 20
    adata.layers["counts"] = adata.X.copy()
    partwise.tl.nmf(adata, RANK, layer="counts", max_iter=2000, callback=lambda state: False, options={"max_h": 100.0})
    # One without a mask, and with an array as a mask, beside it.
    partwise.tl.nmf(adata, RANK, mask_var=None, max_iter=2000, key_added="all", random_state=np.random.RandomState(3))
    partwise.tl.nmf(adata, RANK, mask_var=np.arange(N_VARS) < 9, max_iter=2000, key_added="nine")
    known = np.ones((1, N_VARS), dtype=np.float32)
    chain = sp.diags_array([1.0, 1.0], offsets=[-1, 1], shape=(N_VARS, N_VARS))
    extra = {"penalties": ["l1:w:0.01", ("graph:h:0.1", chain)], "fixed_components": known.tolist(), "normalize": "l2"}
    partwise.tl.nmf(adata, RANK, mask_var=None, max_iter=2000, key_added="extra", **extra)
    adata.write_h5ad(tmp_path / "cells.h5ad")
    back = anndata.read_h5ad(tmp_path / "cells.h5ad")
    assert (back.obsm["X_nmf"] == adata.obsm["X_nmf"]).all()
    assert (back.varm["nmf_components"] == adata.varm["nmf_components"]).all()
    assert (back.varm["nmf_components"][20:] == 0).all()
    assert set(back.uns["nmf"]) == set(adata.uns["nmf"])
    assert back.uns["nmf"]["status"] == "converged"
    assert back.uns["nmf"]["params"]["layer"] == "counts"
    assert back.uns["nmf"]["params"]["options"] == {"max_h": 100.0}
    assert (back.uns["nmf"]["loss_history"] == adata.uns["nmf"]["loss_history"]).all()
    assert list(back.uns["nmf"]["names"]) == ["nmf0", "nmf1", "nmf2"]
    assert list(back.uns["extra"]["params"]["penalties"]) == ["l1:w:0.01", "graph:h:0.1"]
    assert (back.uns["extra"]["params"]["fixed_components"] == known).all()
    assert (back.uns["nine"]["params"]["mask_var"] == (np.arange(N_VARS) < 9)).all()


def test_a_file_that_is_read_on_demand(adata, tmp_path):
    anndata = pytest.importorskip("anndata")
    adata.write_h5ad(tmp_path / "cells.h5ad")
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    partwise.tl.nmf(backed, RANK, max_iter=2000)
    partwise.tl.nmf(adata, RANK, max_iter=2000)
    assert (backed.obsm["X_nmf"] == adata.obsm["X_nmf"]).all()


@pytest.mark.filterwarnings("ignore:Setting element `.obsm:Warning")
def test_a_view_becomes_an_object_of_its_own(adata):
    part = adata[:40]
    partwise.tl.nmf(part, RANK, max_iter=2000)
    assert part.obsm["X_nmf"].shape == (40, RANK) and "X_nmf" not in adata.obsm


def test_librosa_decomposes_a_spectrogram_with_it():
    """librosa calls `fit_transform` on the transpose, and reads `components_`."""
    decompose = pytest.importorskip("librosa").decompose.decompose
    rng = np.random.default_rng(0)
    spectra, activations = rng.gamma(0.5, 1.0, (40, 3)), rng.gamma(0.5, 1.0, (3, 90))
    S = spectra @ activations
    model = NMF(3, solver="auto", beta_loss="kullback-leibler", max_iter=5000, tol=1e-6, random_state=0)
    components, found = decompose(S, transformer=model, sort=True)
    assert components.shape == (40, 3) and found.shape == (3, 90)
    assert np.linalg.norm(S - components @ found) < 1e-2 * np.linalg.norm(S)
    _, again = decompose(S, transformer=model, fit=False)
    assert np.linalg.norm(S - model.components_.T @ again) < 1e-2 * np.linalg.norm(S)
