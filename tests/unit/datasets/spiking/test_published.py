"""Published spike data come in the stated form; each of their quirks is met."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.io import savemat

from neurodecode.datasets.spiking import spiking_loader
from neurodecode.datasets.spiking.binned import spikes_of_bins
from neurodecode.datasets.spiking.nelpy import along_track, frozen
from neurodecode.faults import ConfigFault, DataFault

cockroach = spiking_loader("cockroach-antennal-lobe")
nelpy = spiking_loader("hippocampus-nelpy")
songbird = spiking_loader("songbird-hvc")
visnav = spiking_loader("visnav")
v1al = spiking_loader("V1AL")


def test_counts_become_spikes_in_the_middle_of_their_bins():
    counts = np.array([[0, 2, 0], [1.0, 0, 1]])
    times, units = spikes_of_bins(counts, 0.01, start=5.0, where="file")
    np.testing.assert_allclose(times, [5.005, 5.015, 5.015, 5.025])
    assert units.tolist() == [1, 0, 0, 1]


def test_a_rate_is_no_count():
    with pytest.raises(DataFault, match=r"unit 1, bin 2: 0.5 is no count"):
        spikes_of_bins(np.array([[0, 1, 0], [0, 0, 0.5]]), 0.01, where="file")


def puffs(folder, **changed):
    rows = [
        {"set": name, "neuron": f"neuron {n}", "trial": trial, "time_s": 1.0 + n + trial / 10}
        for name in ("e060817terpi", "e060817citron", "e060817mix", "e060817spont")
        for n in (1, 2, 3)
        for trial in ((1,) if name.endswith("spont") else (1, 2))
    ]
    table = pd.DataFrame(rows)
    for column, value in changed.items():
        table.loc[4, column] = value
    table.to_csv(folder / "spikes.csv.gz", index=False)


def test_trials_of_one_animal_lie_one_after_another(tmp_path):
    puffs(tmp_path)
    (made,) = cockroach(tmp_path, "e060817")
    assert (
        made.trials["odour"].tolist() == ["terpineol"] * 2 + ["citronellal"] * 2 + ["mixture"] * 2
    )
    assert made.trials["start"].tolist() == [0, 16, 32, 48, 64, 80]
    np.testing.assert_allclose(made.trials["valve_opens"].iloc[2], 32 + 5.99)
    first_of_second = made.times[made.times >= 16][0]
    assert first_of_second == pytest.approx(16 + 2.2)
    (longer,) = cockroach(tmp_path, "e060817", spontaneous=True)
    assert longer.trials["odour"].iloc[-1] == "none"
    assert np.isnan(longer.trials["valve_opens"].iloc[-1])


def test_a_spike_after_the_end_of_its_trial_is_told(tmp_path):
    puffs(tmp_path, time_s=15.5)
    with pytest.raises(DataFault, match="lies after the end of its trial"):
        cockroach(tmp_path, "e060817")
    with pytest.raises(ConfigFault, match="did you mean 'e060817'"):
        cockroach(tmp_path, "e060818")


def track(folder):
    """Two minutes on a diagonal track, then two minutes of one pixel."""
    when = np.arange(0, 240, 0.05)
    phase = np.where(when < 120, np.abs((when / 10) % 2 - 1), 0.0)
    x, y = (100 + np.round(300 * phase)).astype(np.uint16), (50 + np.round(400 * phase)).astype(int)
    x[when >= 120], y[when >= 120] = 522, 8
    when[100] = when[99]
    rng = np.random.default_rng(1)
    times = np.concatenate([np.sort(rng.uniform(0, 239, 200)) for _ in range(2)])
    np.savez(
        folder / "linear-track.npz", spike_time=times, spike_unit=np.repeat([0, 1], 200),
        pos_time=when, pos_x=x, pos_y=y.astype(np.uint16),
    )  # fmt: skip


def test_a_pixel_that_stays_is_no_position(tmp_path):
    track(tmp_path)
    (made,) = nelpy(tmp_path, "linear-track")
    assert made.limits[1] == pytest.approx(119.95)
    position = made.series("position").values
    assert position.min() == 0
    assert position.max() == pytest.approx(500, abs=2)  # 3-4-5 triangle
    speed = made.series("speed").values
    assert np.median(speed) == pytest.approx(50, rel=0.05)
    assert any("have the time of another one" in note for note in made.notes)
    (longer,) = nelpy(tmp_path, "linear-track", only_run=False)
    assert longer.trials["epoch"].tolist() == ["run", "rest"]
    assert len(longer.times) == 400


def test_only_long_repeats_count_as_frozen():
    when = np.arange(0, 200, 1.0)
    place = np.zeros((200, 2))
    place[:50, 0] = np.arange(50)
    place[50:80] = 7.0
    place[80:, 0] = 9.0
    np.testing.assert_array_equal(frozen(when, place), when >= 80)


def test_the_axis_of_a_track_points_to_larger_x():
    place = np.column_stack([np.linspace(10, 4, 50), np.linspace(0, 8, 50)])
    along = along_track(place, np.ones(50, dtype=bool))
    assert along[0] == pytest.approx(10)
    assert along[-1] == pytest.approx(0, abs=1e-9)


def test_calcium_events_follow_the_stated_rule(tmp_path):
    activity = np.zeros((3, 60))
    activity[0, [5, 6, 20]] = [0.5, 0.2, 0.05]
    activity[1, 30] = 0.9
    savemat(tmp_path / "MackeviciusData.mat", {
        "NEURAL": activity, "SONG": np.random.default_rng(0).random((4, 400)),
        "VIDEOfs": 30, "SONGfs": 200,
    })  # fmt: skip
    (made,) = songbird(tmp_path, "1")
    np.testing.assert_allclose(made.times, (np.array([5, 6, 20, 30]) + 0.5) / 30)
    assert made.n_units == 2
    assert "cell-03" in made.notes[-1]
    assert "events are no spikes" in made.notes[0]
    (strong,) = songbird(tmp_path, "1", threshold=0.1, onsets_only=True)
    np.testing.assert_allclose(strong.times, np.array([5.5, 30.5]) / 30)


def authors_folder(folder, n_bins=1000):
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    np.save(folder / "spikerates_dt_0.01.npy", rng.poisson(0.1, (5, n_bins)).astype(float))
    np.save(folder / "behavior_speed_dt_0.05.npy", rng.standard_normal(200))
    np.save(folder / "stimulus.npy", rng.random((200, 1, 6, 8)))


def test_the_authors_layout_is_read_with_its_clocks(tmp_path):
    authors_folder(tmp_path / "LateralVRDataset" / "NF_1.5")
    (made,) = visnav(tmp_path, "lateral", units=[0, 2, 4])
    assert made.unit_table["unit"].tolist() == ["cell-0001", "cell-0003", "cell-0005"]
    assert made.stimulus.frames.shape == (200, 6, 8)
    assert made.stimulus.frame_times[-1] == pytest.approx(9.95)
    assert made.series("speed").times[0] == pytest.approx(0.025)
    assert made.duration == 10
    with pytest.raises(DataFault, match="no spikerates"):
        visnav(tmp_path, "medial")
    with pytest.raises(DataFault, match="did you mean 'lateral'"):
        visnav(tmp_path, "latteral")


def test_arrays_of_two_recordings_do_not_mix(tmp_path):
    authors_folder(tmp_path / "lateral", n_bins=3000)
    with pytest.raises(DataFault, match=r"200 samples of 0.05 s last 10.0 s, the spikes 30.0 s"):
        visnav(tmp_path, "lateral")


def test_a_pickled_recording_is_read_as_data(tmp_path):
    rng = np.random.default_rng(0)
    trials = {k: rng.poisson(0.2, (4, 100)) for k in (1, 20, 21, 41)}
    (tmp_path / "Combo3_V1AL.pkl").write_bytes(pickle.dumps(trials, protocol=4))
    np.save(tmp_path / "Combo3_V1AL_stimulus.npy", rng.random((3, 1, 20, 5, 6)))
    (made,) = v1al(tmp_path, "V1AL")
    assert made.trials["stimulus"].tolist() == ["gratings", "gratings", "movie-1", "movie-2"]
    assert len(made.times) == sum(matrix.sum() for matrix in trials.values())
    assert made.stimulus.frames.shape == (80, 5, 6)
    np.testing.assert_array_equal(made.stimulus.frames[:20], made.stimulus.frames[20:40])


def test_a_hostile_pickle_is_refused(tmp_path):
    (tmp_path / "Combo3_V1AL.pkl").write_bytes(pickle.dumps({1: print}))
    with pytest.raises(DataFault, match=r"wants to use builtins.print, refused"):
        v1al(tmp_path, "V1AL")


@pytest.mark.realdata
def test_the_real_recordings_have_their_published_numbers(realdata):
    (birds,) = songbird(realdata / "songbird_hvc_calcium", "1")
    assert (birds.n_units, len(birds.times)) == (74, 3336)
    (odours,) = cockroach(realdata / "cockroach_antennal_lobe", "e060817")
    assert (odours.n_units, len(odours.trials), len(odours.times)) == (3, 60, 42944)
    (run,) = nelpy(realdata / "hippocampus_nelpy", "linear-track", only_run=False)
    assert (run.n_units, len(run.times)) == (31, 28829)
    assert run.trials["epoch"].tolist() == ["run", "rest"]
