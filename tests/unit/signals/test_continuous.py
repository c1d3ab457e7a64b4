"""Continuous recordings come on the common grid with their layout, or are refused in one line."""

from __future__ import annotations

import mne
import numpy as np
import pytest
from pydantic import ValidationError

from neurodecode.config import validate
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.signals.continuous import ContinuousSection, read_continuous

EEG = ("Fz", "Cz", "Pz", "T7")
MEG = ("MLC11-1609", "MRC11-1609", "MLF14-1609", "MRF14-1609")


def noise(names, sfreq, seconds, scale, kind):
    data = np.random.default_rng(0).standard_normal((len(names), int(sfreq * seconds))) * scale
    return mne.io.RawArray(data, mne.create_info(list(names), sfreq, kind), verbose="error")


def eeg(names=EEG, *, sfreq=250.0, seconds=10, scale=1e-5):
    """Return noise of 10 uV at electrodes."""
    raw = noise(names, sfreq, seconds, scale, "eeg")
    return raw.set_montage("easycap-M1", on_missing="ignore", verbose="error")


def meg(names=MEG, *, sfreq=250.0, seconds=10):
    """Return noise of 1 pT at CTF gradiometers."""
    raw = noise(names, sfreq, seconds, 1e-12, "mag")
    for k, channel in enumerate(raw.info["chs"]):
        channel["coil_type"] = mne.io.constants.FIFF.FIFFV_COIL_CTF_GRAD
        channel["loc"][:3] = [0.01 * k, 0.02, 0.1]
    return raw


def read(raw, **settings):
    return read_continuous(raw, ContinuousSection(**settings), where="subject 01, a")


def refusal(raw, **settings):
    """Return the one line that the user sees."""
    with pytest.raises(DataFault) as caught:
        read(raw, **settings)
    line = str(caught.value)
    assert "\n" not in line
    assert "subject 01, a" in line
    return line


def test_the_published_window_has_361_samples_61_of_them_baseline_and_a_lag_of_18():
    settings = ContinuousSection()
    assert (settings.n_samples, settings.n_baseline, settings.n_lag) == (361, 61, 18)
    assert ContinuousSection(baseline=0).n_baseline == 0


@pytest.mark.parametrize("sfreq", [100.0, 120.0, 128.0, 250.0, 1000.0, 1017.25])
def test_any_rate_becomes_120_hz_and_nothing_moves_in_time(sfreq):
    raw = eeg(sfreq=sfreq, seconds=20.3)  # a length that no power of two is near
    raw._data[:] = np.sin(2 * np.pi * 7 * raw.times) * 1e-5
    found = read(raw)
    assert found.signals.shape == (4, 2436)
    assert found.info["measured_sfreq"] == sfreq
    times = np.arange(2436) / 120
    middle = slice(120, -120)  # away from the edges
    # 0.03 of 10 uV is 0.07 ms at the steepest point of 7 Hz
    np.testing.assert_allclose(
        found.signals[0, middle], 10 * np.sin(2 * np.pi * 7 * times[middle]), atol=0.03
    )


def test_a_large_offset_makes_no_step_at_the_edges_of_a_resampled_recording():
    raw = eeg(sfreq=250.0)
    raw._data[:] += 0.02  # 20 mV, as DC amplifiers have
    assert np.ptp(read(raw).signals) < 200


def test_frequencies_that_the_new_rate_cannot_hold_are_taken_out():
    raw = eeg(sfreq=1000.0)
    raw._data[:] = np.sin(2 * np.pi * 90 * raw.times) * 1e-5
    raw._data[:, ::7] += 1e-9
    assert np.abs(read(raw).signals[:, 120:-120]).max() < 0.05


def test_a_rate_that_is_right_is_left_alone():
    raw = eeg(sfreq=120.0)
    before = raw.get_data()
    np.testing.assert_array_equal(read(raw).signals, (before * 1e6).astype(np.float32))


def test_eeg_is_in_microvolts_with_its_layout():
    found = read(eeg())
    assert (found.info["kind"], found.info["unit"], found.channels) == ("eeg", "uV", list(EEG))
    assert found.signals.dtype == np.float32
    assert 5 < found.signals.std() < 12
    assert found.positions.shape == (4, 2)
    assert np.isfinite(found.positions).all()


def test_meg_is_in_femtotesla_with_its_layout():
    found = read(meg())
    assert (found.info["kind"], found.info["unit"]) == ("meg", "fT")
    assert 500 < found.signals.std() < 1200
    assert found.positions[0, 0] < found.positions[1, 0]  # left of right


def test_meg_is_taken_where_there_is_any_and_other_channels_never():
    raw = meg()
    raw.add_channels([eeg(), noise(("EOG1",), 250.0, 10, 1e-5, "eog")], force_update_info=True)
    assert read(raw.copy()).channels == list(MEG)
    assert read(raw.copy(), kind="eeg").channels == list(EEG)


def test_a_kind_that_is_not_there_is_answered_with_those_that_are():
    line = refusal(noise(("EOG1",), 250.0, 10, 1e-5, "eog"))
    assert "no MEG or EEG channel, only eog" in line
    assert "no MEG channel, only eeg" in refusal(eeg(), kind="meg")


@pytest.mark.parametrize(
    ("make", "value", "words"),
    [
        (eeg, np.nan, "Cz: 5 samples are NaN from 4.00 s"),
        (eeg, np.inf, "Cz: 5 samples are infinite value from 4.00 s"),
        (meg, np.nan, "MRC11-1609: 5 samples are NaN from 4.00 s"),
    ],
)
def test_samples_that_are_not_finite_are_named_with_channel_and_time(make, value, words):
    raw = make()
    raw._data[1, 1000:1005] = value
    line = refusal(raw.copy())
    assert words in line
    assert "set signals.bad_channels=drop" in line
    found = read(raw, bad_channels="drop")
    assert len(found.channels) == len(found.positions) == len(found.signals) == 3
    assert np.isfinite(found.signals).all()
    assert found.info["mended"] == [f"{words}, dropped"]


@pytest.mark.parametrize(("make", "words"), [(eeg, "Cz: flat at 0 V"), (meg, "flat at 0 T")])
def test_a_flat_channel_is_named_with_its_unit(make, words):
    raw = make()
    raw._data[1] = 0
    assert words in refusal(raw)


def test_a_recording_of_bad_channels_only_cannot_be_mended():
    raw = eeg()
    raw._data[:] = 0
    line = refusal(raw, bad_channels="drop")
    assert "every channel is bad: Fz: flat" in line
    assert "leave this file out" in line


def test_a_wrong_unit_is_told_and_mended_by_what_the_line_says():
    right = read(eeg()).signals
    line = refusal(eeg(scale=10.0))
    assert "is not EEG in volts, it looks like microvolts" in line
    assert "set signals.scale=1e-06" in line
    np.testing.assert_allclose(
        read(eeg(scale=10.0), scale=1e-6).signals, right, rtol=1e-3, atol=1e-3
    )


def test_electrodes_without_a_montage_are_refused_with_what_to_give():
    line = refusal(eeg(("X1", "X2", "X3")))
    assert "none of 3 channels (X1, X2, X3, ...) has a position" in line
    assert "electrodes.tsv" in line
    assert "montage" in line


def test_a_channel_unknown_to_the_layout_is_kept_and_told():
    found = read(eeg((*EEG, "X9")))
    assert found.channels == [*EEG, "X9"]
    assert np.isnan(found.positions[4]).all()
    assert found.info["without_position"] == ["X9"]


def test_channels_can_be_chosen_by_either_name_of_a_site():
    assert read(eeg(), channels=("T3", "Cz")).channels == ["T7", "Cz"]
    line = refusal(eeg(), channels=("C3",))
    assert "channels not in the recording: C3 (nearest: C" in line


def test_the_same_site_twice_is_refused():
    assert "T3 and T7 are the same site twice" in refusal(eeg(("T3", "T7", "Cz")))


@pytest.mark.parametrize("name", ["highpass", "lowpass", "notch"])
def test_a_filter_edge_above_the_recordings_nyquist_is_refused_before_it_is_read(name, monkeypatch):
    raw = eeg(sfreq=90.0)
    monkeypatch.setattr(raw, "load_data", lambda **_: pytest.fail("was read"))
    line = refusal(raw, **{name: 50.0})
    assert f"{name} of 50 Hz reaches above the Nyquist frequency 45 Hz" in line
    assert f"lower signals.{name}" in line


def test_filters_do_what_their_names_say():
    def power(hz, **settings):
        raw = eeg(sfreq=250.0, seconds=20)
        raw._data[:] += np.sin(2 * np.pi * 50 * raw.times) * 1e-5
        signal = read(raw, **settings).signals[0] * np.hanning(2400)
        spectrum = np.abs(np.fft.rfft(signal)) ** 2
        return spectrum[np.abs(np.fft.rfftfreq(2400, 1 / 120) - hz) < 0.4].mean()

    assert power(50, notch=50.0) < 0.01 * power(50)
    assert power(1, highpass=4.0) < 0.01 * power(1)
    assert power(40, lowpass=20.0) < 0.01 * power(40)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"tmin": 1.0, "tmax": 1.0}, "tmin < tmax"),
        ({"baseline": 4.0}, "baseline of 4 s is longer than the window"),
        ({"lag": 3.0}, "lag of 3 s leaves nothing"),
        ({"lowpass": 60.0}, "lowpass of 60 Hz lies above half of sfreq=120"),
        ({"sfreq": 0}, "greater than 0"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, words):
    with pytest.raises(ValidationError):
        ContinuousSection(**settings)
    with pytest.raises(ConfigFault, match=words):
        validate(ContinuousSection, settings)


def test_more_memory_than_the_limit_is_refused_with_the_sum_before_it_is_read(monkeypatch):
    raw = eeg()
    monkeypatch.setattr(raw, "load_data", lambda **_: pytest.fail("was read"))
    line = refusal(raw, memory_limit_gib=1e-5)
    assert "GiB (4 x 2,500 x 8 bytes), more than the limit of 1e-05 GiB" in line
