"""Faults of recordings, as somebody with a BIDS folder of their own meets them.

The numbers are the rows of the list of faults: 1 NaN samples, 3 flat channels, 4 fewer samples
than channels, 5 infinite values and wrong units, 6 absent events, 7 windows that do not fit,
11 sampling rates, 12 channel names, 13 Nyquist, 28 memory.
"""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from neurodecode.faults import DataFault
from neurodecode.riemann.protocols import evaluate_unit, fit_unit
from neurodecode.signals import write_store


@pytest.fixture
def fault(read):
    """Return ``fault(config)``: the one line that the user sees."""

    def of(config, subject="01"):
        with pytest.raises(DataFault) as caught:
            read(config, subject)
        line = str(caught.value)
        assert "\n" not in line
        assert caught.value.fix
        return line

    return of


def spoilt(recording):
    raw = recording()
    raw._data[2, 1200:1210] = np.nan
    return {("01", "0"): raw}


@pytest.mark.fault(1, "acm")
def test_row_1_nan_samples_stop_the_run_with_subject_channel_and_time(
    study, recording, experiment, fault
):
    line = fault(experiment(study(spoilt(recording))))
    assert "bad channels: Cz: 10 samples are NaN from 12.00 s" in line
    assert "LocalBIDSDataset-study, subject 01, session 0, run 0" in line
    assert "set signals.bad_channels=drop or =interpolate" in line


@pytest.mark.parametrize(
    ("policy", "estimator", "n_channels"), [("drop", "scm", 5), ("interpolate", "oas", 6)]
)
def test_row_1_with_a_policy_the_run_comes_to_its_end(
    policy, estimator, n_channels, study, recording, experiment, read, tmp_path
):
    config = experiment(
        study(spoilt(recording)),
        signals={"bad_channels": policy},
        model={"order": 2, "estimator": estimator},
        evaluation={"n_splits": 2, "n_bootstrap": 100, "n_permutations": 100},
    )
    trials = read(config)
    assert trials.signals.shape[1] == n_channels
    assert np.isfinite(trials.signals).all()
    ((_, (line,)),) = trials.info["mended"].items()
    assert re.fullmatch(r"Cz: 10 samples are NaN from 12\.00 s, (dropped|interpolated)", line)
    store = write_store(tmp_path / "01", trials.signals, trials.table, trials.info).folder
    models, info, _ = fit_unit(config, [store], "01")
    assert ("Cz" in info["channels"]) == (policy == "interpolate")
    predictions = evaluate_unit(config, models, [store], "01").predictions
    assert set(predictions["model"]) == set(config.decoders)


def test_row_1_an_interpolated_channel_without_shrinkage_is_told_at_training(
    study, recording, experiment, read, tmp_path
):
    config = experiment(study(spoilt(recording)), signals={"bad_channels": "interpolate"})
    trials = read(config)
    write_store(tmp_path / "01", trials.signals, trials.table, trials.info)
    with pytest.raises(DataFault, match=r"6 channels of rank 5.*interpol.*model\.estimator=oas"):
        fit_unit(config, [tmp_path / "01"], "01")


@pytest.mark.fault(3, "acm")
def test_row_3_a_flat_channel_is_named(study, recording, experiment, fault):
    raw = recording()
    raw._data[1] = 0
    line = fault(experiment(study({("01", "0"): raw})))
    assert "C3: flat at 0 V" in line
    assert "subject 01, session 0" in line


@pytest.mark.fault(4, "acm")
def test_row_4_fewer_samples_than_channels_suggests_shrinkage_or_a_longer_window(
    study, recording, experiment, read, tmp_path
):
    config = experiment(
        study({("01", "0"): recording()}), signals={"tmax": 0.2}, model={"order": 3, "lag": 1}
    )
    trials = read(config)
    write_store(tmp_path / "01", trials.signals, trials.table, trials.info)
    words = r"18 rows .* from 18 samples .*longer window.*model\.estimator=oas"
    with pytest.raises(DataFault, match=words):
        fit_unit(config, [tmp_path / "01"], "01")


@pytest.mark.fault(5, "acm")
def test_row_5_infinite_values_are_named(study, recording, experiment, fault):
    folder = study({("01", "0"): recording()})
    (path,) = folder.rglob("*.eeg")  # the writer refuses them, a broken disk does not
    samples = np.fromfile(path, dtype="<f4").reshape(-1, 6)
    samples[1200:1210, 2] = np.inf
    samples.tofile(path)
    line = fault(experiment(folder))
    assert "Cz: 10 samples are infinite value from 12.00 s" in line


@pytest.mark.fault(5, "acm")
@pytest.mark.parametrize(
    ("factor", "unit", "scale"), [(1e6, "microvolts", "1e-06"), (1e3, "millivolts", "0.001")]
)
def test_row_5_a_wrong_unit_is_told_and_mended_by_what_the_line_says(
    factor, unit, scale, study, recording, experiment, fault, read
):
    raw = recording()
    raw._data *= factor
    folder = study({("01", "0"): raw})
    line = fault(experiment(folder))
    assert f"is not EEG in volts, it looks like {unit}" in line
    assert f"signals.scale={scale}" in line
    mended = read(experiment(folder, signals={"scale": float(scale)})).signals
    right = read(experiment(study({("01", "0"): recording()}, "right"))).signals
    np.testing.assert_allclose(mended, right, rtol=1e-2, atol=0.5)


@pytest.mark.fault(6, "acm")
def test_row_6_an_absent_event_is_answered_with_those_found_and_the_nearest(
    study, recording, experiment, fault
):
    folder = study({("01", "0"): recording(labels=("left_hnd", "right_hand"))})
    line = fault(experiment(folder))
    assert "no event 'left_hand', found: left_hnd (6), right_hand (6)" in line
    assert "did you mean 'left_hnd'?" in line


@pytest.mark.fault(7, "acm")
def test_row_7_a_window_longer_than_the_recording_gives_both_durations(
    study, recording, experiment, fault
):
    folder = study({("01", "0"): recording()})
    line = fault(experiment(folder, data={"interval": (0, 60)}))
    assert "trials of 60 s are longer than the recording of 49.99 s" in line


def test_row_7_trials_beyond_the_end_are_counted_not_lost_in_silence(
    study, recording, experiment, read
):
    trials = read(experiment(study({("01", "0"): recording()}), data={"interval": (0, 8)}))
    assert len(trials.table) == 11
    (lines,) = trials.info["mended"].values()
    assert lines == ["1 of 12 trials left out: cut by the recording's end, or marked bad"]


@pytest.mark.fault(11, "acm")
def test_row_11_different_sampling_rates_are_a_table_and_the_offer_works(
    study, recording, experiment, fault, read
):
    rates = {("01", "0"): recording(sfreq=512.0), ("01", "1"): recording(sfreq=128.0)}
    folder = study(rates)
    line = fault(experiment(folder))
    assert re.search(r"session 0, run 0: 512 Hz, .*session 1, run 0: 128 Hz", line)
    assert "set signals.resample=128" in line
    trials = read(experiment(folder, signals={"resample": 128}))
    assert trials.signals.shape == (24, 6, 385)


@pytest.mark.fault(12, "acm")
def test_row_12_an_unknown_channel_is_answered_with_the_nearest(
    study, recording, experiment, fault
):
    folder = study({("01", "0"): recording()})
    line = fault(experiment(folder, signals={"channels": ("C3", "C5")}))
    assert "channels not in the recording: C5 (nearest: C" in line
    assert "present: Fz, C3, Cz, C4, Pz, Oz" in line


def test_row_12_old_and_new_names_of_a_site_are_one_channel(study, recording, experiment, read):
    old, new = ("C3", "T3", "T4", "Cz"), ("C3", "T7", "T8", "Cz")
    folder = study({("01", "0"): recording(old), ("01", "1"): recording(new)})
    assert read(experiment(folder)).info["channels"] == list(old)
    wanted = experiment(folder, signals={"channels": ("T7", "Cz")})
    assert read(wanted).info["channels"] == ["T7", "Cz"]


@pytest.mark.fault(12, "acm")
def test_row_12_the_same_site_twice_is_refused(study, recording, experiment, fault):
    folder = study({("01", "0"): recording(("C3", "T3", "T7", "Cz"))})
    assert "channels T3 and T7 are the same site twice" in fault(experiment(folder))


@pytest.mark.fault(13, "acm")
def test_row_13_a_band_above_nyquist_is_refused_with_both_numbers(
    study, recording, experiment, fault
):
    line = fault(experiment(study({("01", "0"): recording(sfreq=64.0)})))
    assert "band [8, 35] Hz reaches above the Nyquist frequency 32 Hz" in line
    assert "lower signals.bands" in line


@pytest.mark.fault(28, "acm")
def test_row_28_a_window_that_needs_too_much_memory_is_refused_with_the_sum(
    study, recording, experiment, fault
):
    folder = study({("01", "0"): recording()})
    line = fault(experiment(folder, signals={"memory_limit_gib": 1e-5}))
    assert "GiB (12 x 6 x 301 x 8 bytes), more than the limit of 1e-05 GiB" in line


def test_the_line_survives_in_json(study, recording, experiment, fault):
    line = fault(experiment(study(spoilt(recording))))
    assert json.loads(json.dumps(line)) == line
