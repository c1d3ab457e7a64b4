"""Headband recordings of faces and houses: markers become trials, repeated files are found."""

from __future__ import annotations

import gzip
import shutil

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.viewing import VIEWING
from neurodecode.faults import DataFault
from neurodecode.signals import sensor_positions

read = VIEWING["muse-n170"]


def run(seed=0, seconds=4, marker="Marker0"):
    rng = np.random.default_rng(seed)
    n = 256 * seconds
    table = pd.DataFrame({"timestamps": 100 + np.arange(n) / 256})
    for name in ("TP9", "AF7", "AF8", "TP10", "Right AUX"):
        table[name] = rng.normal(0, 20, n).round(3)
    table[marker] = 0
    table.loc[[0, 256, 512], marker] = [1, 2, 1]
    return table


def write(root, name, table):
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    table.to_csv(path, index=False)
    return path


@pytest.fixture
def root(tmp_path):
    write(tmp_path, "subject1/session1/data_2018-01-01-10.00.00.csv", run(0))
    write(tmp_path, "subject1/session1/data_2018-01-01-10.03.00.csv.gz", run(1))
    write(tmp_path, "subject0011/session002/recording.csv", run(2, marker="stim"))
    return tmp_path


def test_markers_become_houses_and_faces_at_their_sample(root):
    first, second = read(root, "1")
    assert first.trials["category"].tolist() == ["house", "face", "house"]
    assert first.trials["image"].tolist() == first.trials["category"].tolist()
    assert first.trials["onset"].tolist() == [0.0, 1.0, 2.0]
    assert (first.session, first.run) == ("1", "data_2018-01-01-10.00.00")
    assert first.name != second.name
    assert first.pictures is None


def test_signals_are_in_volts_on_positions(root):
    raw = read(root, "1")[1].raw
    expected = run(1)[["TP9", "AF7", "AF8", "TP10"]].to_numpy().T * 1e-6
    np.testing.assert_allclose(raw.get_data(), expected)
    places = sensor_positions(raw.info, raw.ch_names)
    assert np.isfinite(places).all()


def test_names_of_later_versions_are_understood(root):
    (recording,) = read(root, "11")
    assert (recording.subject, recording.session) == ("11", "2")


def test_a_run_stored_twice_is_read_once_packed_or_not(root):
    source = root / "subject1/session1/data_2018-01-01-10.00.00.csv"
    (root / "subject1/session2").mkdir()
    target = root / "subject1/session2/copy.csv.gz"
    target.write_bytes(gzip.compress(source.read_bytes()))
    first, second = read(root, "1")
    assert first.notes == ("left out: session2/copy.csv.gz has the same bytes as this run",)
    assert second.notes == ()
    assert len(read(root, "1", duplicates=True)) == 3


def test_broken_files_are_answered_in_one_line(root):
    path = root / "subject11/session1/a.csv"
    cases = [
        (run().drop(columns="AF7"), r"no column 'AF7'"),
        (run().drop(columns="Marker0"), r"no column of markers"),
        (run().replace({"Marker0": {2: 5}}), r"markers that are no picture: 5"),
        (run().assign(timestamps=lambda t: t["timestamps"] * 2), r"sampled at 128\.0 Hz, not 256"),
        (run().drop(index=range(300, 400)), r"a gap of 0\.39 s after 1\.17 s"),
        (run()[:1], r"a single row"),
        (run().astype(object).replace({"TP9": {run()["TP9"][7]: "x"}}), r"row 7 .*is not a number"),
    ]
    for table, message in cases:
        write(root, "subject11/session1/a.csv", table)
        shutil.rmtree(root / "subject0011", ignore_errors=True)
        with pytest.raises(DataFault, match=message) as caught:
            read(root, "11")
        assert "a.csv" in str(caught.value)
        assert "\n" not in str(caught.value)
    path.write_text("<html>404</html>")
    with pytest.raises(DataFault, match="error page"):
        read(root, "11")
    whole = (root / "subject1/session1/data_2018-01-01-10.03.00.csv.gz").read_bytes()
    path.with_suffix(".csv.gz").write_bytes(whole[:900])
    path.unlink()
    with pytest.raises(DataFault, match=r"not a whole gzip file.*a\.csv\.gz"):
        read(root, "11")
    with pytest.raises(DataFault, match=r"no participant '7', found: 1, 11"):
        read(root, "7")


@pytest.mark.realdata
def test_the_real_runs_hold_their_2350_faces_and_houses(realdata):
    folder = realdata / "muse_erp" / "visual_N170"
    runs = {subject: read(folder, subject) for subject in ("1", "2", "3", "11")}
    assert {subject: len(found) for subject, found in runs.items()} == {
        "1": 6,
        "2": 2,
        "3": 3,
        "11": 1,
    }
    trials = pd.concat([r.trials for found in runs.values() for r in found])
    assert len(trials) == 2350
    assert trials["category"].value_counts().to_dict() == {"house": 1185, "face": 1165}


@pytest.mark.realdata
def test_faces_differ_from_houses_at_the_temporal_electrodes(realdata):
    """Six runs of one person: the face minus house difference repeats in odd and even runs."""
    halves = [[], []]
    for k, recording in enumerate(read(realdata / "muse_erp" / "visual_N170", "1")):
        raw = recording.raw.load_data().filter(1, 30, verbose="ERROR")
        signals = raw.get_data(picks=["TP9", "TP10"]) * 1e6
        begin = np.rint(recording.trials["onset"] * 256).astype(int).to_numpy()
        fits = begin + 205 < signals.shape[1]
        epochs = np.stack([signals[:, b : b + 205] for b in begin[fits]])
        quiet = np.ptp(epochs, axis=2).max(axis=1) < 100
        face = (recording.trials["category"] == "face").to_numpy()[fits]
        difference = epochs[face & quiet].mean(axis=0) - epochs[~face & quiet].mean(axis=0)
        halves[k % 2].append(difference)
    odd, even = (np.mean(half, axis=0).ravel() for half in halves)
    assert np.corrcoef(odd, even)[0, 1] > 0.5
