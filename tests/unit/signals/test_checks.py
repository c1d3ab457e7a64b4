"""Recordings are checked before a filter can smear a fault, and faults name channel and time."""

from __future__ import annotations

import mne
import numpy as np
import pytest

from neurodecode.channels import find_bad_channels, resolve_channels
from neurodecode.faults import DataFault
from neurodecode.signals import SignalsSection, check_recordings
from neurodecode.signals.checks import check_unit


@pytest.mark.parametrize(
    ("value", "problem"),
    [(np.nan, "2 samples are NaN"), (np.inf, "2 samples are infinite"), (-np.inf, "infinite")],
)
def test_a_sample_that_is_not_finite_is_named_with_channel_and_time(value, problem):
    signals = np.random.default_rng(0).standard_normal((3, 1000)) * 1e-5
    signals[1, [250, 700]] = value
    (bad,) = find_bad_channels(signals, ["C3", "Cz", "C4"], 100.0)
    assert (bad.name, bad.time) == ("Cz", 2.5)
    assert problem in bad.problem


def test_a_flat_channel_is_named_whatever_its_offset():
    signals = np.random.default_rng(0).standard_normal((3, 1000)) * 1e-5
    signals[2] = 4e-4
    (bad,) = find_bad_channels(signals, ["C3", "Cz", "C4"], 100.0)
    assert (bad.name, bad.problem) == ("C4", "flat at 0.0004 V")


def test_good_channels_are_not_bad():
    signals = np.random.default_rng(0).standard_normal((3, 1000)) * 1e-7
    assert find_bad_channels(signals, ["C3", "Cz", "C4"], 100.0) == []


def spoilt(raw):
    recording = raw()
    recording._data[1, 500:510] = np.nan
    recording._data[3] = 0
    return {"run 1": recording}


def test_by_default_bad_channels_stop_the_run(raw, settings):
    words = r"Cz: 10 samples are NaN from 5\.00 s; Pz: flat at 0 V.*\[run 1\] -> .*=drop"
    with pytest.raises(DataFault, match=words):
        check_recordings(spoilt(raw), settings)


def test_bad_channels_can_be_dropped(raw):
    recordings = spoilt(raw)
    lines = check_recordings(recordings, SignalsSection(bad_channels="drop"))
    assert recordings["run 1"].ch_names == ["C3", "C4"]
    assert lines == {
        "run 1": [
            "Cz: 10 samples are NaN from 5.00 s, dropped",
            "Pz: flat at 0 V from 0.00 s, dropped",
        ]
    }


def test_a_channel_dropped_in_one_recording_leaves_the_others_too(raw):
    recordings = {**spoilt(raw), "run 2": raw(seed=1)}
    check_recordings(recordings, SignalsSection(bad_channels="drop"))
    assert recordings["run 2"].ch_names == ["C3", "C4"]


def test_bad_channels_can_be_interpolated_from_the_finite_samples(raw):
    names = ("C3", "Cz", "C4", "Pz", "Fz", "Oz")
    recording = raw(names)
    recording.set_montage("colin27_1020" if "colin27_1020" in mne.channels.get_builtin_montages()
                          else "standard_1020")  # fmt: skip
    recording._data[1, 500:510] = np.nan
    kept = recording.get_data(picks=["C3", "Pz"])
    lines = check_recordings({"run 1": recording}, SignalsSection(bad_channels="interpolate"))
    assert lines["run 1"] == ["Cz: 10 samples are NaN from 5.00 s, interpolated"]
    assert recording.ch_names == list(names)
    assert np.isfinite(recording.get_data()).all()
    assert np.ptp(recording.get_data(picks="Cz")) > 0
    np.testing.assert_array_equal(recording.get_data(picks=["C3", "Pz"]), kept)


def test_interpolation_needs_positions_and_says_so(raw):
    with pytest.raises(
        DataFault, match=r"cannot interpolate Cz, Pz: .*no channel positions.*=drop"
    ):
        check_recordings(spoilt(raw), SignalsSection(bad_channels="interpolate"))


@pytest.mark.parametrize("policy", ["stop", "drop", "interpolate"])
def test_no_policy_mends_a_recording_without_a_good_channel(raw, policy):
    recording = raw()
    recording._data[:] = 0
    with pytest.raises(DataFault, match="every channel is bad: C3: flat"):
        check_recordings({"run 1": recording}, SignalsSection(bad_channels=policy))


@pytest.mark.parametrize("volts", [8e-6, 3e-5, 2e-4])
@pytest.mark.parametrize(
    ("stored_per_volt", "unit", "factor"),
    [
        (1e6, "microvolts", "1e-06"),
        (1e3, "millivolts", "0.001"),
        (1e-6, "scaled by 1e-6", r"1e\+06"),
    ],
)
def test_a_wrong_unit_is_recognised_and_its_factor_is_told(volts, stored_per_volt, unit, factor):
    signals = np.random.default_rng(0).standard_normal((4, 1000)) * volts * stored_per_volt
    with pytest.raises(DataFault, match=rf"{unit} \[a\.edf\].*signals\.scale={factor}"):
        check_unit(signals, where="a.edf")


def test_the_scale_that_was_told_mends_the_unit(raw):
    recording = raw(scale=20.0)  # microvolts
    check_recordings({"a": recording}, SignalsSection(scale=1e-6))
    assert 1e-5 < recording.get_data().std() < 3e-5


def test_different_sampling_rates_are_shown_as_a_table_with_an_offer(raw, settings):
    recordings = {"run 1": raw(sfreq=100.0), "run 2": raw(sfreq=128.0)}
    words = r"run 1: 100 Hz, run 2: 128 Hz\] -> set signals\.resample=100"
    with pytest.raises(DataFault, match=words):
        check_recordings(recordings, settings)


def test_different_sampling_rates_become_one_when_asked_for(raw):
    recordings = {"run 1": raw(sfreq=128.0), "run 2": raw(sfreq=512.0)}
    check_recordings(recordings, SignalsSection(resample=128))
    assert {r.info["sfreq"] for r in recordings.values()} == {128.0}


def test_a_band_above_nyquist_is_refused_before_the_data_is_read(raw, monkeypatch):
    recording = raw(sfreq=60.0)
    monkeypatch.setattr(recording, "load_data", lambda **_: pytest.fail("data was read"))
    with pytest.raises(DataFault, match=r"\[8, 35\] Hz reaches above the Nyquist frequency 30 Hz"):
        check_recordings({"run 1": recording}, SignalsSection())


def test_old_and_new_names_of_a_site_are_the_same():
    assert resolve_channels(["T7", "P8", "cz"], ["T3", "T6", "CZ."], where="") == [
        "T3",
        "T6",
        "CZ.",
    ]
    assert resolve_channels(["T3"], ["T7"], where="") == ["T7"]


def test_wanted_channels_are_kept_in_the_wanted_order_under_the_wanted_names(raw):
    recordings = {"a": raw(("T3", "C3", "Cz")), "b": raw(("Cz", "T7", "Oz"))}
    data = {name: r.get_data(picks="Cz") for name, r in recordings.items()}
    check_recordings(recordings, SignalsSection(channels=("Cz", "T7")))
    for name, recording in recordings.items():
        assert recording.ch_names == ["Cz", "T7"]
        np.testing.assert_array_equal(recording.get_data(picks="Cz"), data[name])


def test_an_unknown_channel_is_answered_with_the_nearest(raw):
    with pytest.raises(DataFault, match=r"not in the recording: CPZ \(nearest: Pz\).*present: C3"):
        check_recordings({"a": raw()}, SignalsSection(channels=("C3", "CPZ")))


@pytest.mark.parametrize("names", [("C3", "T3", "T7"), ("C3-0", "C3-1", "Cz"), ("C3", "c3.", "C4")])
def test_the_same_site_twice_is_refused(raw, settings, names):
    with pytest.raises(DataFault, match="are the same site twice"):
        check_recordings({"a": raw(names)}, settings)


def test_numbered_sensors_are_not_the_same_site(raw, settings):
    check_recordings({"a": raw(("EEG 001", "EEG 002", "A1-A2"))}, settings)


def test_recordings_with_other_channels_are_reduced_to_the_common_ones_in_one_order(raw, settings):
    recordings = {"a": raw(("C3", "Cz", "T3", "C4")), "b": raw(("T7", "C4", "C3", "Oz"), seed=1)}
    c4 = recordings["b"].get_data(picks="C4")
    check_recordings(recordings, settings)
    assert [r.ch_names for r in recordings.values()] == [["C3", "T3", "C4"]] * 2
    np.testing.assert_array_equal(recordings["b"].get_data(picks="C4"), c4)


def test_recordings_that_share_no_channel_are_shown(raw, settings):
    with pytest.raises(DataFault, match=r"share no channel \[a: C3, Cz; b: Oz, Pz\]"):
        check_recordings({"a": raw(("C3", "Cz")), "b": raw(("Oz", "Pz"))}, settings)


def test_a_recording_without_eeg_is_told(settings):
    info = mne.create_info(["x"], 100.0, "misc")
    recording = mne.io.RawArray(np.zeros((1, 100)), info, verbose=0)
    with pytest.raises(DataFault, match="no EEG channel, only misc"):
        check_recordings({"a": recording}, settings)
