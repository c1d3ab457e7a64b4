"""A BIDS folder of EEG for acm: what is taken, what is asked, what is told."""

from __future__ import annotations

import shutil

import pytest

from neurodecode.config import validate
from neurodecode.datasets.catalog import card_of
from neurodecode.faults import ConfigFault, DataFault
from neurodecode.riemann.config import ACMConfig
from neurodecode.riemann.trials import read_subject


def possible(survey):
    return {row.name: row.possible for row in survey.splits}


def test_the_two_classes_that_fit_are_taken_and_the_pause_is_left_out(look, imagery):
    survey = look("acm", imagery)
    assert survey.settings["data"]["events"] == ["left", "right"]
    assert survey.settings["data"]["interval"] == [0.0, 1.5]
    assert any("left out: rest (48)" in note for note in survey.notes)


def test_a_pause_of_any_name_is_known_by_its_alternating_with_all_others(look, record, tmp_path):
    record(tmp_path, cues=("T1", "T0", "T2", "T0") * 6)
    assert look("acm", tmp_path).settings["data"]["events"] == ["T1", "T2"]


def test_a_single_session_leaves_splits_by_trial_run_and_subject(look, imagery):
    survey = look("acm", imagery)
    assert possible(survey) == {
        "within_session": True, "cross_run": True, "cross_session": False, "cross_subject": True,
    }  # fmt: skip
    (row,) = (row for row in survey.splits if row.name == "cross_session")
    assert "needs two sessions" in row.why
    assert survey.settings["evaluation"]["protocols"] == ["within_session", "cross_run"]


def test_a_split_that_is_not_possible_is_refused_with_those_that_are(look, imagery):
    survey = look("acm", imagery, "evaluation.protocols=[cross_session]")
    assert not survey.settings
    with pytest.raises(ConfigFault, match="within_session, cross_run, cross_subject"):
        survey.require_runnable()


def test_the_sum_of_memory_is_that_of_the_trials_that_prepare_cuts(look, imagery, tmp_path):
    survey = look("acm", imagery, "signals.resample=80")
    config = validate(ACMConfig, survey.settings)
    trials = read_subject(config, card_of(config.data), "01", tmp_path)
    (size,) = (size for size in survey.sizes if size.what == "trials of a subject")
    assert size.shape == trials.signals.shape
    assert size.n_bytes == trials.signals.nbytes


def test_trials_above_the_memory_limit_are_refused_with_the_sum(look, imagery):
    survey = look("acm", imagery, "signals.memory_limit_gib=0.00001")
    with pytest.raises(DataFault, match=r"24 x 3 x 151 x 8 bytes"):
        survey.require_runnable()


@pytest.fixture(scope="module")
def two_tasks(record, tmp_path_factory):
    root = tmp_path_factory.mktemp("tasks")
    record(root, run="1")
    record(root, run="1", task="eyes", cues=("open", "closed") * 6)
    return root


def test_of_several_tasks_one_must_be_chosen(look, two_tasks):
    with pytest.raises(ConfigFault, match=r"2 tasks: eyes .*, imagery .*--set data\.task="):
        look("acm", two_tasks)
    with pytest.raises(ConfigFault, match="did you mean 'imagery'"):
        look("acm", two_tasks, "data.task=imagry")


def test_only_the_chosen_task_is_read(look, two_tasks, tmp_path):
    config = validate(ACMConfig, look("acm", two_tasks, "data.task=eyes").settings)
    trials = read_subject(config, card_of(config.data), "01", tmp_path)
    assert set(trials.table["label"]) == {"open", "closed"}


def test_more_than_two_classes_are_asked_for_with_their_counts(look, record, tmp_path):
    record(tmp_path, cues=("left", "right", "feet", "tongue") * 4)
    with pytest.raises(ConfigFault, match=r"feet \(4\).*data\.events="):
        look("acm", tmp_path)
    survey = look("acm", tmp_path, "data.events=[feet, tongue]", "evaluation.n_splits=2")
    assert survey.settings["data"]["events"] == ["feet", "tongue"]


def test_an_unknown_event_is_answered_with_the_nearest(look, imagery):
    with pytest.raises(DataFault, match="did you mean 'left'"):
        look("acm", imagery, "data.events=[lefft, right]")


def test_events_without_duration_ask_for_the_interval(look, record, tmp_path):
    record(tmp_path, duration=0.0)
    with pytest.raises(ConfigFault, match=r"data\.interval=\[0, 2\]"):
        look("acm", tmp_path)


def test_a_recording_without_events_is_named(look, imagery, tmp_path):
    root = shutil.copytree(imagery, tmp_path / "study")
    next(root.rglob("sub-02_task-imagery_run-2_events.tsv")).unlink()
    survey = look("acm", root)
    with pytest.raises(DataFault, match=r"no events.tsv beside 1 of 4 recordings .*sub-02.*run-2"):
        survey.require_runnable()


def test_differing_rates_are_listed_by_file_and_mended_by_resampling(look, record, tmp_path):
    record(tmp_path, run="1")
    record(tmp_path, run="2", sfreq=125.0)
    survey = look("acm", tmp_path)
    (listing,) = survey.listings
    assert {row[1] for row in listing.rows} == {"100 Hz", "125 Hz"}
    with pytest.raises(DataFault, match=r"signals.resample=100"):
        survey.require_runnable()
    look("acm", tmp_path, "signals.resample=100").require_runnable()


def test_differing_channels_are_listed_with_what_each_file_lacks(look, record, tmp_path):
    record(tmp_path, run="1")
    record(tmp_path, run="2", channels=("C3", "C4"))
    survey = look("acm", tmp_path)
    assert [row[2] for row in survey.listings[0].rows] == ["-", "Cz"]
    with pytest.raises(DataFault, match=r"signals.channels=\[C3, C4\]"):
        survey.require_runnable()


def test_a_folder_that_is_no_study_is_told_with_the_one_that_may_be_meant(look, imagery, tmp_path):
    with pytest.raises(DataFault, match="folder not found"):
        look("acm", tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataFault, match="the folder is empty"):
        look("acm", tmp_path / "empty")
    with pytest.raises(DataFault, match=f"is {imagery} meant"):
        look("acm", imagery.parent)
    with pytest.raises(DataFault, match=f"is {imagery} meant"):
        look("acm", imagery / "sub-01" / "eeg")
    with pytest.raises(DataFault, match="did you mean '02'"):
        look("acm", imagery, "data.subjects=[2]")
