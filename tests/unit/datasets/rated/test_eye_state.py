"""The recording of open and closed eyes is cut inside segments, and its artefacts are left out."""

from __future__ import annotations

import gzip

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.rated import rated_loader
from neurodecode.datasets.rated.epoc import CHANNELS
from neurodecode.faults import ConfigFault, DataFault

read = rated_loader("uci-eye-state")
SEGMENTS = ((300, 0), (100, 1), (256, 0), (500, 1))


@pytest.fixture
def table():
    state = np.concatenate([np.full(n, value) for n, value in SEGMENTS])
    rng = np.random.default_rng(0)
    signals = rng.normal(4200, 10, (len(state), 14)).round(2)
    return pd.DataFrame(signals, columns=list(CHANNELS)).assign(eyeDetection=state)


def write(folder, table, name="EEG_Eye_State.csv"):
    table.to_csv(folder / name, index=False)
    return folder


def test_blocks_lie_inside_segments_and_carry_their_state(tmp_path, table):
    (recording,) = read(write(tmp_path, table), "1")
    assert recording.ratings == {"state": (0, 1)}
    assert recording.baselines is None
    assert not recording.notes
    names = ["segment-01"] * 2 + ["segment-03"] * 2 + ["segment-04"] * 3
    assert recording.table["clip"].tolist() == names
    assert recording.table["state"].tolist() == [0, 0, 0, 0, 1, 1, 1]
    assert recording.table["trial"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    starts = [0, 128, 400, 528, 656, 784, 912]
    for start, signals in zip(starts, recording.signals, strict=True):
        stored = table[list(CHANNELS)].to_numpy()[start : start + 128].T
        np.testing.assert_array_equal(signals, stored)


def test_blocks_may_have_another_length(tmp_path, table):
    (recording,) = read(write(tmp_path, table), "1", block_seconds=2.0)
    assert {array.shape for array in recording.signals} == {(14, 256)}
    assert recording.table["clip"].tolist() == ["segment-01", "segment-03", "segment-04"]
    with pytest.raises(ConfigFault, match="blocks of 0 s"):
        read(tmp_path, "1", block_seconds=0.0)
    with pytest.raises(DataFault, match="no block of 10 s without artefact"):
        read(tmp_path, "1", block_seconds=10.0)


def test_blocks_with_an_artefact_are_left_out_and_counted(tmp_path, table):
    table.loc[130, "O1"] = 567179.0
    table.loc[131, "F7"] = 4200 - 501
    (recording,) = read(write(tmp_path, table), "1")
    assert len(recording.table) == 6
    np.testing.assert_array_equal(recording.signals[1][0], table["AF3"][400:528])
    assert recording.notes == (
        "2 samples more than 500 uV from the median of their channel: 1 blocks left out",
    )
    (recording,) = read(tmp_path, "1", artefact_uv=1e6)
    assert len(recording.table) == 7


def test_a_packed_table_is_read_the_same_way(tmp_path, table):
    text = table.to_csv(index=False).encode()
    (tmp_path / "EEG_Eye_State.csv.gz").write_bytes(gzip.compress(text))
    assert len(read(tmp_path, "01")[0].table) == 7


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.rename(columns={"AF4": "AF44"}), "no column 'AF4'.*is 'AF44' meant"),
        (lambda t: t.rename(columns={"eyeDetection": "eyedetect"}), "is 'eyedetect' meant"),
        (lambda t: t.assign(eyeDetection=2), "eyeDetection 2.* is neither 0 nor 1"),
        (lambda t: t.assign(T7=t["T7"].where(t.index != 3)), r"row 3 .* T7 nan is not a number"),
    ],
)
def test_a_broken_table_is_one_line(tmp_path, table, change, words):
    with pytest.raises(DataFault, match=words):
        read(write(tmp_path, change(table)), "1")


def test_no_table_and_no_such_person_say_what_there_is(tmp_path, table):
    with pytest.raises(DataFault, match="no table EEG"):
        read(tmp_path, "1")
    with pytest.raises(DataFault, match=r"no subject '2' .*it has 1 only"):
        read(write(tmp_path, table), "2")


@pytest.mark.realdata
def test_the_real_recording_has_four_artefacts_in_twenty_four_segments(realdata):
    (recording,) = read(realdata / "uci_eye_state", "1")
    assert recording.notes == (
        "4 samples more than 500 uV from the median of their channel: 4 blocks left out",
    )
    assert len(recording.table) == 107 - 4
    assert recording.table["clip"].nunique() <= 24
    by_clip = recording.table.groupby("clip")["state"].nunique()
    assert (by_clip == 1).all()
    assert max(np.ptp(array) for array in recording.signals) < 1000
