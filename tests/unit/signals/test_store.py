"""A store holds what was written, memory-mapped, or is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.faults import DataFault
from neurodecode.signals import open_store, write_store
from neurodecode.signals.memory import require_memory

SIGNALS = np.random.default_rng(0).standard_normal((6, 3, 50))
TRIALS = pd.DataFrame({"subject": "1", "session": "0", "trial": range(6), "label": list("ababab")})


@pytest.fixture
def folder(tmp_path):
    write_store(tmp_path / "store", SIGNALS, TRIALS, {"channels": ["C3", "Cz", "C4"], "sfreq": 100})
    return tmp_path / "store"


def test_signals_trials_and_description_come_back(folder):
    store = open_store(folder)
    np.testing.assert_array_equal(store.signals, SIGNALS.astype(np.float32))
    pd.testing.assert_frame_equal(store.trials, TRIALS)
    assert store.info["channels"] == ["C3", "Cz", "C4"]
    assert store.info["shape"] == [6, 3, 50]


def test_signals_are_mapped_not_read_and_cannot_be_changed(folder):
    signals = open_store(folder).signals
    assert isinstance(signals, np.memmap)
    with pytest.raises(ValueError, match="read-only"):
        signals[0, 0, 0] = 1


def test_nothing_but_the_three_files_is_left(folder):
    assert sorted(path.name for path in folder.iterdir()) == [
        "signals.npy", "store.json", "trials.parquet",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_not_stored(tmp_path, value):
    signals = SIGNALS.copy()
    signals[2, 1, 7] = value
    with pytest.raises(DataFault, match="NaN or infinite values reached the store"):
        write_store(tmp_path / "store", signals, TRIALS, {})
    assert not (tmp_path / "store").exists()


def test_rows_and_trials_must_be_as_many(tmp_path, folder):
    with pytest.raises(DataFault, match="6 trials of signal but 5 rows"):
        write_store(tmp_path / "new", SIGNALS, TRIALS[:5], {})
    TRIALS[:5].to_parquet(folder / "trials.parquet")
    with pytest.raises(DataFault, match="6 trials of signal but 5 rows"):
        open_store(folder)


@pytest.mark.parametrize("name", ["signals.npy", "trials.parquet"])
@pytest.mark.parametrize("keep", [0, 0.5, 0.99, None])
def test_a_truncated_or_absent_file_is_refused_with_its_folder(folder, name, keep):
    path = folder / name
    content = path.read_bytes()
    path.unlink()
    if keep is not None:
        path.write_bytes(content[: int(keep * len(content))])
    with pytest.raises(DataFault, match=r"cannot be read.*\[.*store\] -> delete it and run again"):
        open_store(folder)


def test_signals_of_another_run_are_refused(folder):
    np.save(folder / "signals.npy", SIGNALS[:, :2].astype(np.float32))
    with pytest.raises(DataFault, match=r"shape \[6, 2, 50\], store.json says \[6, 3, 50\]"):
        open_store(folder)


def test_an_object_array_is_not_unpickled(folder):
    np.save(folder / "signals.npy", np.array([{}] * 6, dtype=object), allow_pickle=True)
    with pytest.raises(DataFault, match="cannot be read"):
        open_store(folder)


def test_a_continuous_recording_has_any_number_of_windows(tmp_path):
    written = write_store(tmp_path / "one", SIGNALS[0], TRIALS, {"sfreq": 100}, continuous=True)
    store = open_store(tmp_path / "one")
    np.testing.assert_array_equal(store.signals, SIGNALS[0].astype(np.float32))
    assert (store.info["shape"], len(store.trials)) == ([3, 50], 6)
    assert store.info == written.info
    np.save(tmp_path / "one" / "signals.npy", SIGNALS[0, :, :-1].astype(np.float32))
    with pytest.raises(DataFault, match=r"shape \[3, 49\], store.json says \[3, 50\]"):
        open_store(tmp_path / "one")


def test_too_large_an_array_is_refused_with_the_sum():
    words = r"trials would take 11\.9 GiB \(1,000 x 64 x 50,000 x 4 bytes\), .* 8 GiB -> shorten"
    with pytest.raises(DataFault, match=words):
        require_memory((1000, 64, 50_000), limit_gib=8, what="trials", fix="shorten tmax")


def test_the_size_in_gib_is_returned():
    assert require_memory((2**10, 2**10, 2**8), limit_gib=1, what="", fix="") == 1.0


def test_a_size_beyond_64_bits_is_refused_not_wrapped_around():
    with pytest.raises(DataFault, match="more than the limit"):
        require_memory((2**40, 2**40), limit_gib=8, what="trials", fix="")
