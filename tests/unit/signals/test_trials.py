"""Trials are those of MOABB 1.7's own paradigms, or one fault says why there are none."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.faults import DataFault
from neurodecode.signals import SignalsSection, read_trials

# The fake data set sets a template montage by its old name.
pytestmark = pytest.mark.filterwarnings("ignore:.*standard_1005.*:FutureWarning")


def moabb_trials(dataset, **options):
    from moabb.paradigms import LeftRightImagery

    return LeftRightImagery(**{"fmin": 8, "fmax": 35, **options}).get_data(dataset, [1])


@pytest.mark.parametrize("cues", ["stim", "annotations"])
def test_trials_equal_those_of_moabb(fake, cues):
    dataset = fake(stim=cues == "stim", annotations=cues == "annotations", n_runs=2)
    expected, labels, metadata = moabb_trials(dataset)
    trials = read_trials(dataset, 1, SignalsSection())
    np.testing.assert_allclose(trials.signals, expected, rtol=1e-12, atol=1e-12)
    assert trials.table["label"].tolist() == list(labels)
    assert trials.table["session"].tolist() == metadata["session"].tolist()
    assert trials.table["run"].tolist() == metadata["run"].tolist()
    assert trials.table["trial"].tolist() == list(range(24))
    assert trials.info["channels"] == ["C3", "Cz", "C4"]


def test_a_window_and_a_new_rate_equal_those_of_moabb(fake):
    expected, _, _ = moabb_trials(fake(), tmin=0.5, tmax=2, resample=100)
    trials = read_trials(fake(), 1, SignalsSection(tmin=0.5, tmax=2, resample=100))
    np.testing.assert_allclose(trials.signals, expected, rtol=1e-12, atol=1e-12)
    assert trials.info["sfreq"] == 100
    assert trials.info["window"] == [0.5, 2.0]


def test_several_bands_are_stacked_as_channels(fake):
    trials = read_trials(fake(), 1, SignalsSection(bands=((8, 12), (16, 30))))
    low, _, _ = moabb_trials(fake(), fmin=8, fmax=12)
    high, _, _ = moabb_trials(fake(), fmin=16, fmax=30)
    np.testing.assert_allclose(trials.signals, np.concatenate([low, high], axis=1), rtol=1e-12)
    assert trials.info["channels"][2:4] == ["C4 8-12 Hz", "C3 16-30 Hz"]


def test_reading_twice_gives_the_same_and_leaves_the_data_set_as_it_was(fake):
    dataset = fake()
    settings = SignalsSection(scale=2.0)
    first = read_trials(dataset, 1, settings).signals
    np.testing.assert_array_equal(read_trials(dataset, 1, settings).signals, first)
    np.testing.assert_allclose(2 * moabb_trials(dataset)[0], first, rtol=1e-9)


def test_only_the_wanted_classes_are_cut(fake):
    trials = read_trials(fake(), 1, SignalsSection(), events=["right_hand"])
    assert set(trials.table["label"]) == {"right_hand"}
    assert trials.info["classes"] == ["right_hand"]


def test_an_unknown_event_is_answered_with_the_nearest(fake):
    with pytest.raises(
        DataFault, match=r"unknown event of .* 'left_hnd', did you mean 'left_hand'"
    ):
        read_trials(fake(), 1, SignalsSection(), events=["left_hnd"])


def test_an_event_that_is_never_there_is_answered_with_those_found(fake):
    dataset = fake()
    whole = dataset._get_single_subject_data(1)
    dataset._get_single_subject_data = lambda _: whole
    dataset.event_id = {"left_hand": 1, "feet": 7}
    with pytest.raises(DataFault, match=r"no event feet, found: 2 \(6\), left_hand \(6\)"):
        read_trials(dataset, 1, SignalsSection())


def test_a_window_longer_than_the_recording_is_refused_with_both_durations(fake):
    with pytest.raises(
        DataFault, match=r"trials of 40 s are longer than .* of 29\.99.* s \[.*run 0"
    ):
        read_trials(fake(), 1, SignalsSection(tmax=40))


def test_trials_cut_by_the_end_of_a_recording_are_counted(fake):
    trials = read_trials(fake(), 1, SignalsSection(tmax=5))
    assert len(trials.table) == 10
    line = "1 of 6 trials left out: cut by the recording's end, or marked bad"
    assert list(trials.info["mended"].values()) == [[line], [line]]


def test_no_trial_at_all_is_one_fault(fake):
    dataset = with_late_cues(fake(stim=False, annotations=True, n_sessions=1))
    with pytest.raises(DataFault, match="none of 6 trials of 0 to 3 s fits into the recordings"):
        read_trials(dataset, 1, SignalsSection())


def test_runs_without_a_wanted_event_are_left_out(fake):
    dataset = fake(stim=False, annotations=True, n_runs=2, n_events=[6, 6])
    whole = dataset._get_single_subject_data

    def with_a_rest_run(subject):
        data = whole(subject)
        data["0"]["1"].annotations.rename({"left_hand": "rest", "right_hand": "rest"})
        return data

    dataset._get_single_subject_data = with_a_rest_run
    table = read_trials(dataset, 1, SignalsSection()).table
    assert table.groupby(["session", "run"]).size().to_dict() == {
        ("0", "0"): 6, ("1", "0"): 6, ("1", "1"): 6,
    }  # fmt: skip


def test_too_many_trials_for_the_memory_are_refused_before_they_are_cut(fake):
    words = r"would take .* GiB \(6 x 3 x 385 x 8 bytes\).*signals\.memory_limit_gib"
    with pytest.raises(DataFault, match=words):
        read_trials(fake(), 1, SignalsSection(memory_limit_gib=1e-6))


def with_late_cues(dataset):
    whole = dataset._get_single_subject_data(1)
    whole["0"]["0"].annotations.onset[:] = 29.5
    dataset._get_single_subject_data = lambda _: whole
    return dataset


def test_a_run_whose_trials_all_fall_off_its_end_is_told_and_the_others_are_read(fake):
    dataset = with_late_cues(fake(stim=False, annotations=True))
    trials = read_trials(dataset, 1, SignalsSection())
    assert set(trials.table["session"]) == {"1"}
    assert len(trials.table) == 6
    (lines,) = trials.info["mended"].values()
    assert lines[0].startswith("6 of 6 trials left out")


def test_such_a_run_is_one_fault_where_mne_cannot_resample_it(fake):
    dataset = with_late_cues(fake(stim=False, annotations=True))
    with pytest.raises(DataFault, match="no trial of one of the recordings fits into it"):
        read_trials(dataset, 1, SignalsSection(resample=100))
