"""Windows: published length, one baseline for all parts of an epoch, pictures in random order."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from neurodecode.config import validate
from neurodecode.contrastive.image.config import ViewingSignals
from neurodecode.contrastive.image.data import SeenWindows, samples_of, training_sets
from neurodecode.faults import DataFault
from neurodecode.signals.robust import RobustScaler
from neurodecode.signals.store import open_store


def signals(**settings):
    return validate(ViewingSignals, settings)


def test_the_published_window_has_181_samples_of_which_61_are_baseline():
    settings = signals()
    assert samples_of(None, settings) == slice(0, 181)
    assert settings.n_baseline == 61


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ((-0.5, 1.0), slice(0, 180)),
        ((-0.5, -0.4), slice(0, 12)),
        ((0.0, 0.1), slice(60, 72)),
        ((0.025, 0.125), slice(63, 75)),
        ((0.9, 1.0), slice(168, 180)),
        ((0.2, 0.201), slice(84, 85)),  # never empty
    ],
)
def test_a_part_of_the_window_begins_at_its_start_and_ends_before_its_end(span, expected):
    assert samples_of(span, signals()) == expected


def test_neighbouring_parts_share_no_sample_and_leave_none_out():
    settings, edges = signals(), np.arange(-0.5, 1.0001, 0.05)
    parts = [samples_of(pair, settings) for pair in itertools.pairwise(edges)]
    joined = [i for part in parts for i in range(part.start, part.stop)]
    assert joined == list(range(180))


def test_every_part_is_cut_from_the_epoch_that_was_baseline_corrected_as_a_whole(seen):
    recordings, settings = seen.recordings(), seen.config.signals
    windows = recordings.windows("test")
    whole = SeenWindows(recordings, None, windows, settings)
    late = SeenWindows(recordings, None, windows, settings, (0.5, 0.7))
    rows = list(range(len(windows)))
    expected = whole.__getitems__(rows)["signals"][..., samples_of((0.5, 0.7), settings)]
    assert torch.equal(late.__getitems__(rows)["signals"], expected)
    assert expected.shape[-1] == 6


def test_a_window_is_its_recording_less_the_baseline_scaled_and_clamped(seen):
    recordings, settings = seen.recordings(), seen.config.signals
    windows = recordings.windows("valid")
    found = SeenWindows(recordings, None, windows, settings).__getitems__([0])["signals"][0]
    store = open_store(seen.folders["01"] / windows["recording_name"].iloc[0])
    start = int(windows["start"].iloc[0])
    cut = np.array(store.signals[:, start : start + 46], dtype=np.float64)
    cut -= cut[:, :16].mean(axis=1, keepdims=True)
    scaler = RobustScaler.from_dict(store.info["scaler"])
    expected = (cut - np.asarray(scaler.median)[:, None]) / np.asarray(scaler.iqr)[:, None]
    columns = [recordings.channels.index(name) for name in store.info["channels"]]
    np.testing.assert_allclose(found[columns], np.clip(expected, -20, 20), rtol=1e-3, atol=1e-3)


def test_every_window_has_the_picture_that_was_seen(seen):
    bank, recordings = seen.bank("hog"), seen.recordings()
    windows = recordings.windows("train")
    sight = SeenWindows(recordings, bank, windows, seen.config.signals)
    rows = [5, 0, 17]
    batch = sight.__getitems__(rows)
    images = windows.iloc[rows]["image"].tolist()
    assert [bank.images[i] for i in batch["segments"]] == images
    assert torch.equal(batch["targets"], bank.gather(bank.index(images)))
    assert batch["signals"].shape == (3, len(recordings.channels), 46)
    assert torch.equal(sight[5]["targets"][0], batch["targets"][0])


def test_the_control_permutes_pictures_and_leaves_signals(seen):
    bank, recordings = seen.bank("identity"), seen.recordings()
    args = (recordings, bank, seen.config.signals)
    true, control = (training_sets(*args, shuffled=s, seed=3) for s in (False, True))
    again, other = (training_sets(*args, shuffled=True, seed=s) for s in (3, 4))
    for part in ("train", "valid"):
        rows = list(range(len(true[part])))
        a, b = (sets[part].__getitems__(rows) for sets in (true, control))
        assert torch.equal(a["signals"], b["signals"])
        assert sorted(a["segments"].tolist()) == sorted(b["segments"].tolist())
        assert (a["segments"] != b["segments"]).float().mean() > 0.5
        assert control[part].index.tolist() == again[part].index.tolist()
        assert control[part].index.tolist() != other[part].index.tolist()


def test_training_never_sees_a_test_picture(seen):
    bank, recordings = seen.bank("identity"), seen.recordings()
    sets = training_sets(recordings, bank, seen.config.signals)
    used = {part: {bank.images[i] for i in sets[part].index} for part in sets}
    tested = set(recordings.windows("test")["image"])
    assert not used["train"] & tested
    assert not used["valid"] & tested
    assert not used["train"] & used["valid"]


def test_a_set_without_windows_is_named(seen, monkeypatch):
    recordings = seen.recordings()
    known = recordings.windows
    monkeypatch.setattr(recordings, "windows", lambda part: known(part).head(1))
    with pytest.raises(DataFault, match="1 training windows -> more data"):
        training_sets(recordings, seen.bank("hog"), seen.config.signals)
