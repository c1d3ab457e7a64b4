"""A saved model loads as it was written, or not at all."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import skops.io
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from neurodecode.artefacts import read_json, sha256_file, write_json
from neurodecode.faults import DataFault
from neurodecode.persistence import load_estimators, save_estimators


@pytest.fixture
def saved(tmp_path):
    scaler = StandardScaler().fit(np.arange(6.0).reshape(3, 2))
    save_estimators(tmp_path, {"fold 0": {"scaler": scaler}}, {"n_folds": 1})
    return tmp_path


def rewrite(folder, content):
    """Replace the models and their hash, as somebody hostile would."""
    (folder / "models.skops").write_bytes(content)
    write_json(folder / "model.json", {"sha256": sha256_file(folder / "models.skops")})


def test_estimators_come_back_the_same_with_what_was_said_of_them(saved):
    scaler = load_estimators(saved, trusted=())["fold 0"]["scaler"]
    assert scaler.mean_.tolist() == [2.0, 3.0]
    assert read_json(saved / "model.json")["n_folds"] == 1


@pytest.mark.parametrize("place", [0, 0.5, 1])
def test_a_flipped_bit_is_refused(saved, place):
    path = saved / "models.skops"
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataFault, match=r"not the one that was written.*models\.skops.*--force"):
        load_estimators(saved, trusted=())


def test_a_truncated_or_absent_model_is_refused(saved):
    path = saved / "models.skops"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataFault, match="not the one that was written"):
        load_estimators(saved, trusted=())
    path.unlink()
    with pytest.raises(DataFault, match=r"file not found.*models\.skops"):
        load_estimators(saved, trusted=())


def test_a_type_outside_the_trusted_list_is_refused_even_with_a_right_hash(saved):
    rewrite(saved, skops.io.dumps(FunctionTransformer(np.linalg.inv)))
    with pytest.raises(DataFault, match=r"refused to load.*numpy\.linalg.*models\.skops"):
        load_estimators(saved, trusted=())


def test_a_pickle_is_not_run(saved):
    ran = saved / "ran"

    class Evil:
        def __reduce__(self):
            return type(ran).touch, (ran,)

    rewrite(saved, pickle.dumps(Evil()))
    with pytest.raises(DataFault, match="not a skops file"):
        load_estimators(saved, trusted=())
    assert not ran.exists()
