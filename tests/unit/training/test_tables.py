"""Tables of a trained model are read only as they were written."""

from __future__ import annotations

import pandas as pd
import pytest

from neurodecode.artefacts import write_json
from neurodecode.faults import DataFault
from neurodecode.persistence import load_table, save_tables


def test_a_table_comes_back_and_one_without_a_known_sha256_is_refused(tmp_path):
    table = pd.DataFrame({"score": [0.25, 0.5]})
    save_tables(tmp_path, {"scores.parquet": table}, {"unit": "raw"})
    pd.testing.assert_frame_equal(load_table(tmp_path, "scores.parquet"), table)
    write_json(tmp_path / "model.json", {"unit": "raw"})
    with pytest.raises(DataFault, match="not the one that was written"):
        load_table(tmp_path, "scores.parquet")
