"""Faults of a study of rated clips, as somebody with a folder of their own meets them.

Of the list of faults: 7 a clip shorter than what is asked for, 10 an error page saved as data,
12 channel names, 14 a level that is missing in a fold, 15 a single subject, 26 data that is not
here; besides, ratings outside their scale and wrong names.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from neurodecode.datasets.rated.epoc import CHANNELS
from neurodecode.signals.store import open_store

MINE = """
description: my own study
data: {dataset: local, path: PATH}
labels: [valence]
signals: {seconds: 2, baseline: false, scaling: none}
protocols: [leave_clips_out]
split: {n_folds: 3}
models: [DE+SVM]
evaluation: {n_crops: 0, n_resamples: 100, n_permutations: 0}
"""
OLD = {"T7": "T3", "T8": "T4", "P7": "T5", "P8": "T6"}
RATINGS = [1, 1, 1, 3, 3, 3, 5, 5, 5]


@pytest.fixture
def films(tmp_path, recording, study):
    """Return a writer of two people who rated nine clips of 3 s, and of an experiment."""

    def write(names=CHANNELS, ratings=RATINGS, people=("01", "02")):
        raws = {
            (label, None): recording(names, sfreq=128.0, seconds=40, labels=("film",), seed=seed)
            for seed, label in enumerate(people)
        }
        root = study(raws)
        for events in root.rglob("*_events.tsv"):
            table = pd.read_csv(events, sep="\t")
            clips = [f"film{k}" for k in range(len(table))]
            table.assign(clip=clips, valence=ratings).to_csv(events, sep="\t", index=False)
        (tmp_path / "mine.yaml").write_text(MINE.replace("PATH", str(root)))
        return root

    return write


@pytest.fixture
def line_of(tmp_path, typed):
    """Return a function that runs the experiment and returns the one line its user sees.

    ``code``: 1 where a job failed, 2 where nothing was begun.
    """

    def run(*settings, experiment="mine.yaml", code=1, **environment):
        overrides = [word for setting in settings for word in ("--set", setting)]
        folder = tmp_path / "run"
        name = tmp_path / experiment if experiment.endswith("yaml") else experiment
        result = typed("run", "emotion", name, "--out", folder, *overrides, **environment)
        said = result.stdout + result.stderr
        assert result.returncode == code, said
        assert "Traceback" not in said
        lines = [line for line in said.splitlines() if line.startswith("error:")]
        assert len(lines) == 1, said
        assert " -> " in lines[0] or "did you mean" in lines[0]
        assert not (folder / "evaluate").exists()
        assert code == 1 or not (folder / "raw").exists()
        return lines[0]

    return run


def test_a_rating_outside_its_scale_names_subject_trial_rating_and_scale(films, line_of):
    films(ratings=[*RATINGS[:4], 7, *RATINGS[5:]], people=("01",))
    line = line_of()
    assert "trial 5: valence 7 is outside the scale, the scale is 1 to 5" in line
    assert "subject 01" in line


@pytest.mark.fault(14, "emotion")
def test_row_14_a_level_that_a_fold_cannot_train_on_is_named_with_the_way_to_go_on(films, line_of):
    films(ratings=[*RATINGS[:8], 4], people=("01",))
    line = line_of()
    assert "level 3 is tested but not trained on (levels count from 0, the lowest rating)" in line
    assert "valence, leave_clips_out, subject 01, fold" in line
    assert "set missing=warn" in line


@pytest.mark.fault(12, "emotion")
def test_row_12_a_missing_electrode_is_named_with_the_nearest_one(films, line_of):
    films(["AF7" if name == "AF3" else OLD.get(name, name) for name in CHANNELS], people=("01",))
    line = line_of()
    assert "channels not in the recording: AF3 (nearest: F3)" in line
    assert "subject 01" in line
    assert "present: AF7, F7" in line


@pytest.mark.fault(7, "emotion")
def test_row_7_a_clip_shorter_than_a_minute_names_what_it_has_and_the_setting(films, line_of):
    films(people=("01",))
    line = line_of("signals.seconds=60")
    assert "the clip lasts 3.00 s, 60 s are wanted" in line
    assert "subject 01, session 0, trial 1" in line
    assert "set signals.seconds=3 or less" in line


def test_a_wrong_rating_is_answered_with_the_nearest(films, line_of):
    films(people=("01",))
    assert "unknown rating 'valenze', did you mean 'valence'?" in line_of("labels=[valenze]")


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("models=[HiSTM G0]", "unknown decoder 'HiSTM G0', did you mean 'HiSTN G0'?"),
        ("models=[HiSTN G0, 'EEGNet, onehot']", "unknown form of EEGNet 'onehot', did you mean"),
        ("protocols=[leave_clip_out]", "unknown protocol 'leave_clip_out', did you mean"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest_before_anything_runs(
    films, line_of, setting, words
):
    films(people=("01",))
    assert words in line_of(setting, code=2)


@pytest.mark.fault(15, "emotion")
@pytest.mark.parametrize(
    ("people", "words"),
    [(("01",), "there is 1"), (("01", "02"), "there are 2")],
)
def test_row_15_too_few_people_for_a_protocol_across_them_are_counted_before_anything_runs(
    films, line_of, people, words
):
    films(people=people)
    line = line_of("protocols=[leave_clips_out, calibrated]", code=2)
    assert f"protocol calibrated needs 3 subjects, 1 of them to validate; {words}" in line
    assert "protocols=[leave_clips_out]" in line


@pytest.mark.fault(26, "emotion")
def test_row_26_dreamer_that_is_not_here_is_asked_for_by_its_file(line_of, tmp_path):
    line = line_of(experiment="published", NEURODECODE_DATA=str(tmp_path / "data"))
    assert "DREAMER" in line
    assert "DREAMER.mat" in line


@pytest.mark.fault(10, "emotion")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<!DOCTYPE html><html><title>Access denied</title></html>", "error page"),
        (b"MATLAB 5.0 MAT-file, Platform: PCWIN64" + bytes(40), "not a whole MATLAB file"),
    ],
    ids=["error page", "truncated"],
)
def test_row_10_a_broken_dreamer_is_named(line_of, tmp_path, content, words):
    path = tmp_path / "data" / "DREAMER" / "DREAMER.mat"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    line = line_of("data.subjects=['1']", "protocols=[leave_clips_out]", experiment="published",
                   NEURODECODE_DATA=str(tmp_path / "data"))  # fmt: skip
    assert words in line
    assert "DREAMER.mat" in line


def test_the_experiment_that_is_spoilt_here_is_one_that_works_by_old_names_too(
    films, typed, tmp_path
):
    """Else every line above could be about something else."""
    films([OLD.get(name, name) for name in reversed(CHANNELS)])
    result = typed("run", "emotion", tmp_path / "mine.yaml", "--out", tmp_path / "run",
                     "--until", "prepare")  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    for subject in ("01", "02"):
        store = open_store(tmp_path / "run" / "stores" / subject)
        assert store.signals.shape == (9, 14, 256)
        assert store.info["channels"] == list(CHANNELS)


def spoil_signals(root, change):
    """Change the samples (n_samples, n_channels) of the first BrainVision file in place."""
    path = next(root.rglob("*.eeg"))
    samples = np.fromfile(path, dtype="<f4").reshape(-1, len(CHANNELS))
    change(samples)
    samples.tofile(path)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        pytest.param(np.nan, "NaN", marks=pytest.mark.fault(1, "emotion")),
        pytest.param(np.inf, "infinite", marks=pytest.mark.fault(5, "emotion")),
        pytest.param(0.0, "flat", marks=pytest.mark.fault(3, "emotion")),
    ],
)
def test_rows_1_3_and_5_a_channel_that_cannot_be_right_is_named_with_its_trial(
    films, line_of, value, words
):
    def change(samples):
        samples[:, 2] = value

    spoil_signals(films(people=("01",)), change)
    line = line_of()
    assert words in line
    assert CHANNELS[2] in line
    assert "trial" in line
    assert "bad_trials" in line


@pytest.mark.fault(6, "emotion")
def test_row_6_an_absent_event_is_answered_with_those_found_and_the_nearest(films, line_of):
    films(people=("01",))
    line = line_of("data.options={trial_type: flim}")
    assert "flim" in line
    assert "film" in line.replace("flim", "")


@pytest.mark.fault(16, "emotion")
def test_row_16_a_recording_without_a_channel_of_the_decoder_names_it(
    trained, typed, recording, tmp_path, seen
):
    folder = next((trained("emotion").out / "model").rglob("decoder.json")).parent
    path = tmp_path / "seen_raw.fif"
    names = ["AF7" if name == "AF3" else name for name in CHANNELS]
    recording(names, sfreq=128.0, labels=("film",)).save(path, verbose="error")
    line = seen(typed("predict", folder, path, "--out", tmp_path / "p.parquet").fault)
    assert "channels not in the recording: AF3" in line
    assert not (tmp_path / "p.parquet").exists()
