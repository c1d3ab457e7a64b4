"""Plain arrays come back as they were written, and what is missing is named."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.artefacts import write_json
from neurodecode.datasets.rated import rated_loader
from neurodecode.datasets.rated.arrays import DESCRIPTION, write_description, write_subject
from neurodecode.datasets.rated.epoc import CHANNELS
from neurodecode.faults import DataFault

read = rated_loader("simulated-rated")


@pytest.fixture
def written(tmp_path, parts):
    made = parts()
    write_description(tmp_path, CHANNELS, 128.0, made["ratings"])
    write_subject(tmp_path, "01", made["table"], made["signals"], made["baselines"])
    return tmp_path, made


def test_a_session_comes_back_as_it_was_written(written):
    folder, made = written
    (recording,) = read(folder, "sub-01")
    assert (recording.subject, recording.session) == ("01", "0")
    assert recording.channel_names == list(CHANNELS)
    assert recording.ratings == made["ratings"]
    np.testing.assert_allclose(recording.signals, made["signals"], rtol=1e-6)
    np.testing.assert_allclose(recording.baselines, made["baselines"], rtol=1e-6)
    assert recording.table.equals(made["table"])


def test_sessions_and_no_baselines(written):
    folder, made = written
    table = made["table"].assign(session=["b", "a", "b", "a"])
    write_subject(folder, "02", table, made["signals"])
    first, second = read(folder, "02")
    assert (first.session, second.session) == ("b", "a")
    assert first.table["trial"].tolist() == [1, 3]
    np.testing.assert_allclose(second.signals[1], made["signals"][3], rtol=1e-6)
    assert first.baselines is None


def test_what_is_missing_is_named(written):
    folder, made = written
    with pytest.raises(DataFault, match="unknown subject '011', did you mean '01'"):
        read(folder, "011")
    write_subject(folder, "03", made["table"], made["signals"][:3])
    with pytest.raises(DataFault, match="no array 'clip-3'"):
        read(folder, "03")
    (folder / "sub-01_signals.npz").unlink()
    with pytest.raises(DataFault, match="file not found"):
        read(folder, "01")
    write_json(folder / DESCRIPTION, {"channel_names": []})
    with pytest.raises(DataFault, match="no field 'sampling_rate'"):
        read(folder, "01")


def test_arrays_that_would_run_code_are_not_loaded(written):
    folder, _ = written
    signals = {f"clip-{k}": np.array([{}], dtype=object) for k in range(4)}
    np.savez(folder / "sub-01_signals.npz", **signals)
    with pytest.raises(DataFault, match=r"array 'clip-0' cannot be read: .*allow_pickle=False"):
        read(folder, "01")
