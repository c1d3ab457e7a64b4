"""NWB files, written by pynwb, give sessions; what is not in them is named."""

from __future__ import annotations

import datetime
import sys

import numpy as np
import pytest

from neurodecode.datasets.spiking import spiking_loader
from neurodecode.faults import ConfigFault, DataFault

read = spiking_loader("nwb")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    pynwb = pytest.importorskip("pynwb", reason="pynwb is not installed (extra spikes)")
    root = tmp_path_factory.mktemp("nwb")
    (root / "sub-a").mkdir()
    rng = np.random.default_rng(0)
    start = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    file = pynwb.NWBFile(session_description="toy", identifier="1", session_start_time=start)
    file.add_unit_column("quality", "of the sorting")
    for quality in ("good", "mua", "good"):
        file.add_unit(
            spike_times=np.sort(rng.uniform(0, 30, 50)), quality=quality,
            obs_intervals=[[0.0, 10.0], [11.0, 30.0]],
        )  # fmt: skip
    file.add_trial_column("odour", "what was smelt")
    for number in range(3):
        file.add_trial(start_time=10.0 * number, stop_time=10.0 * number + 8, odour="abc"[number])
    module = file.create_processing_module("behavior", "behaviour")
    speed = np.arange(300.0)
    speed[3] = np.nan
    module.add(pynwb.TimeSeries(name="speed", data=speed, unit="m", rate=10.0, conversion=2.0))
    module.add(
        pynwb.TimeSeries(name="hand", data=np.ones((300, 2)), unit="m", timestamps=speed_times())
    )
    place = pynwb.behavior.SpatialSeries(
        name="track", data=np.arange(300.0), reference_frame="its start", unit="m", rate=10.0
    )
    module.add(pynwb.behavior.Position(spatial_series=place))
    frames = rng.integers(0, 255, (60, 4, 5, 3), dtype=np.uint8)
    file.add_stimulus(
        pynwb.image.ImageSeries(name="movie", data=frames, unit="n.a.", format="raw", rate=2.0)
    )
    with pynwb.NWBHDF5IO(str(root / "sub-a" / "sub-a_ses-7_ecephys.nwb"), "w") as handle:
        handle.write(file)
    return root


def speed_times():
    return np.arange(300) / 10


def test_units_trials_and_series_come_in_their_units(folder):
    options = {"behaviour": {"v": "speed", "x": "hand:0"}, "units_where": {"quality": "good"}}
    (made,) = read(folder, "a", **options)
    assert made.session == "7"
    assert made.unit_table["unit"].tolist() == ["0", "2"]
    assert len(made.times) == 100
    assert made.trials["odour"].tolist() == ["a", "b", "c"]
    assert made.series("v").values[:4].tolist() == [0, 2, 4, 8]
    assert made.limits[0] == 0


def test_frames_are_grey_and_ragged_columns_no_labels(folder):
    (made,) = read(folder, "a", stimulus="movie", behaviour={"x": "track"})
    assert made.stimulus.frames.shape == (60, 4, 5)
    assert made.stimulus.frame_times[:3].tolist() == [0, 0.5, 1]
    assert made.unit_table.columns.tolist() == ["unit", "quality"]
    assert made.series("x").values[-1] == 299


def test_names_that_are_not_in_the_file_get_the_nearest(folder):
    with pytest.raises(ConfigFault, match="did you mean 'speed'"):
        read(folder, "a", behaviour={"v": "sped"})
    with pytest.raises(ConfigFault, match="name a column, as hand:0"):
        read(folder, "a", behaviour={"v": "hand"})
    with pytest.raises(ConfigFault, match="did you mean 'quality'"):
        read(folder, "a", units_where={"qualty": "good"})
    with pytest.raises(DataFault, match="unknown subject 'b'"):
        read(folder, "b")


def test_without_pynwb_the_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynwb", None)
    (tmp_path / "sub-a.nwb").write_bytes(b"\x89HDF\r\n\x1a\n")
    with pytest.raises(ConfigFault, match=r"needs pynwb -> pip install 'neurodecode\[spikes\]'"):
        read(tmp_path, "a")


def test_a_file_that_is_none_is_told(tmp_path):
    pytest.importorskip("pynwb", reason="pynwb is not installed (extra spikes)")
    (tmp_path / "sub-a.nwb").write_bytes(b"\x89HDF\r\n\x1a\nand nothing more")
    with pytest.raises(DataFault, match="not a whole NWB file"):
        read(tmp_path, "a")
