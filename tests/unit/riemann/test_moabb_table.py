"""Our results go into MOABB's own statistics."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.riemann.moabb_table import COLUMNS, moabb_table
from neurodecode.signals.store import write_store


@pytest.fixture
def table(tmp_path):
    stores = {}
    for subject in ("1", "2", "3"):
        trials = pd.DataFrame({"session": ["0"] * 6 + ["1"] * 4})
        stores[subject] = tmp_path / subject
        write_store(stores[subject], np.ones((10, 3, 5)), trials, {})
    rows = pd.DataFrame(
        [
            {"level": level, "model": model, "subject": subject, "session": session,
             "value": 0.7 + 0.1 * (model == "a") + 0.01 * int(subject)}
            for model in ("a", "b") for subject in stores
            for level, session in (("session", "0"), ("session", "1"), ("subject", None))
        ]
    )  # fmt: skip
    return moabb_table(rows, stores, dataset="X", paradigm="within_session")


def test_there_is_one_row_per_decoder_subject_and_session(table):
    assert list(table.columns) == list(COLUMNS)
    assert len(table) == 2 * 3 * 2
    assert table[["samples", "channels", "n_sessions"]].drop_duplicates().to_numpy().tolist() == [
        [10, 3, 2]
    ]


def test_moabb_s_own_meta_analysis_reads_it(table):
    from moabb.analysis.meta_analysis import compute_dataset_statistics

    found = compute_dataset_statistics(table)
    assert set(found["dataset"]) == {"X"}
    assert {"a", "b"} <= set(found["pipe1"]) | set(found["pipe2"])
