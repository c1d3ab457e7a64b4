"""Plain files give back the session that was written, and run nothing."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.artefacts import read_json, write_json
from neurodecode.datasets.spiking.arrays import read_recordings, write_session
from neurodecode.faults import DataFault


def test_a_session_comes_back_as_it_was_written(session, tmp_path):
    write_session(tmp_path, session)
    (again,) = read_recordings(tmp_path, "sub-a")
    np.testing.assert_array_equal(again.times, session.times)
    np.testing.assert_array_equal(again.units, session.units)
    assert again.unit_table.equals(session.unit_table)
    assert again.trials.equals(session.trials)
    assert again.limits == session.limits
    np.testing.assert_array_equal(again.stimulus.frames, session.stimulus.frames)
    for name in ("speed", "choice"):
        np.testing.assert_array_equal(again.series(name).values, session.series(name).values)
        assert again.series(name).is_class == session.series(name).is_class


def test_own_arrays_need_only_times_and_labels(tmp_path):
    folder = tmp_path / "sub-me" / "ses-x"
    folder.mkdir(parents=True)
    np.savez(folder / "spikes.npz", times=[0.1, 0.2, 0.9], units=["n7", "n2", "n7"])
    (made,) = read_recordings(tmp_path, "me")
    assert made.unit_table["unit"].tolist() == ["n2", "n7"]
    assert made.units.tolist() == [1, 0, 1]
    assert made.limits == (0.1, 0.9)


def test_a_changed_file_is_refused(session, tmp_path):
    folder = write_session(tmp_path, session)
    np.savez(folder / "spikes.npz", times=session.times + 0.001, units=session.units)
    with pytest.raises(DataFault, match="changed since it was written"):
        read_recordings(tmp_path, "a")


def test_a_file_with_python_objects_is_refused_without_running_it(session, tmp_path):
    folder = write_session(tmp_path, session)
    stored = read_json(folder / "store.json")
    del stored["sha256"]
    write_json(folder / "store.json", stored)
    np.savez(folder / "spikes.npz", times=np.array([None], dtype=object), units=[0])
    with pytest.raises(DataFault, match="could run code"):
        read_recordings(tmp_path, "a")


def test_an_unknown_subject_gets_the_nearest(session, tmp_path):
    write_session(tmp_path, session)
    with pytest.raises(DataFault, match="valid: a"):
        read_recordings(tmp_path, "zz9")
    (tmp_path / "sub-b").mkdir()
    with pytest.raises(DataFault, match="no folder ses-LABEL"):
        read_recordings(tmp_path, "b")
