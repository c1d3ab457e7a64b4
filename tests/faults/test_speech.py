"""Faults of a listening study, as somebody with a BIDS folder of their own meets them.

The numbers are the rows of the list of faults: 1 NaN samples, 12 channel names, 16 channels that
differ, 17 a loss that becomes NaN; besides, what only speech has: word events and sound files.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile

from neurodecode.artefacts import read_json
from neurodecode.config import validate
from neurodecode.contrastive.speech.config import SpeechConfig
from neurodecode.contrastive.speech.preparation import prepare_listener
from neurodecode.contrastive.speech.recordings import fetch_story, read_listener, read_story
from neurodecode.contrastive.speech.training import train_unit
from neurodecode.contrastive.speech.units import Heard, unit_of
from neurodecode.datasets.catalog import card_of
from neurodecode.datasets.simulate.listening import simulate_listening
from neurodecode.faults import DataFault

REPOSITORY = Path(__file__).parents[2]
SUBJECTS = ["01", "02"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a BIDS folder of two listeners; do not change it."""
    root = tmp_path_factory.mktemp("bids") / "study"
    simulate_listening(root, n_participants=2, n_sentences=30, n_channels=8, pops_per_minute=0)
    return root


@pytest.fixture
def study(written, tmp_path):
    """Return a copy that a test may spoil."""
    return Path(shutil.copytree(written, tmp_path / "study"))


class Run:
    """The steps of the pipeline up to the one that fails."""

    def __init__(self, root, folder, **sections):
        tree = {
            "description": "", "data": {"dataset": "local", "path": root},
            "signals": {"sfreq": 40}, "stimulus": {"n_mels": 6},
            "brain": {"n_virtual_channels": 6, "n_frequencies": 3, "hidden": 8, "n_blocks": 1},
            "training": {"batch_size": 16, "group_size": 16},
            "trainer": {"max_epochs": 2, "accelerator": "cpu"},
        }  # fmt: skip
        tree = {key: {**value, **sections.pop(key, {})} if isinstance(value, dict) else value
                for key, value in tree.items()}  # fmt: skip
        self.config = validate(SpeechConfig, {**tree, **sections})
        self.card, self.folder = card_of(self.config.data), folder

    def fetch(self):
        fetch_story(self.config, self.card, SUBJECTS, self.folder, self.folder / "story")

    def prepare(self):
        self.fetch()
        story, _ = read_story(self.folder / "story")
        for subject in SUBJECTS:
            recordings = read_listener(self.config, self.card, subject, self.folder)
            prepare_listener(self.folder / subject, recordings, story, self.config.signals, seed=1)

    def train(self):
        self.prepare()
        story, audio = read_story(self.folder / "story")
        folders = {subject: self.folder / subject for subject in SUBJECTS}
        heard = Heard(self.config, folders, story, audio, self.folder / "embeddings")
        train_unit(
            heard, unit_of(self.config, "contrastive.seed-1", SUBJECTS), self.folder / "model"
        )


def line_of(step):
    """Return the one line that the user sees."""
    with pytest.raises(DataFault) as caught:
        step()
    line = str(caught.value)
    assert "\n" not in line
    return line


def spoil_events(root, change, subject="01"):
    (path,) = root.glob(f"sub-{subject}/**/*_events.tsv")
    table = change(pd.read_csv(path, sep="\t", keep_default_na=False))
    table.to_csv(path, sep="\t", index=False)


def spoil_signals(root, change, subject="01"):
    """Change the samples (n_samples, n_channels) of a BrainVision file in place."""
    (path,) = root.glob(f"sub-{subject}/**/*.eeg")
    n_channels = len(pd.read_csv(next(root.glob(f"sub-{subject}/**/*_channels.tsv")), sep="\t"))
    samples = np.fromfile(path, dtype="<f4").reshape(-1, n_channels)
    change(samples)
    samples.tofile(path)


@pytest.mark.fault(6, "speech")
def test_without_word_events_the_recording_is_named(study, tmp_path):
    spoil_events(study, lambda table: table[table["trial_type"] != "word"])
    line = line_of(Run(study, tmp_path / "run").fetch)
    assert "word" in line
    assert "sub-01" in line


def test_audio_shorter_than_its_alignment_is_told_before_anything_is_trained(study, tmp_path):
    path = sorted((study / "stimuli").glob("*.wav"))[0]
    samples, rate = soundfile.read(path)
    soundfile.write(path, samples[: len(samples) // 2], rate)
    line = line_of(Run(study, tmp_path / "run").fetch)
    assert "its alignment ends at" in line
    assert path.name in line
    assert "cut short, or belongs to another transcript" in line


def test_a_missing_sound_is_named_with_the_folder(study, tmp_path):
    path = sorted((study / "stimuli").glob("*.wav"))[0]
    path.unlink()
    line = line_of(Run(study, tmp_path / "run").fetch)
    assert "sound files not found" in line
    assert path.name in line


@pytest.mark.fault(1, "speech")
def test_row_1_nan_samples_are_named_with_subject_channel_and_time(study, tmp_path):
    def change(samples):
        samples[1280:1290, 2] = np.nan  # at 128 Hz

    spoil_signals(study, change)
    run = Run(study, tmp_path / "run")
    line = line_of(run.prepare)
    assert "10 samples are NaN from 10.00 s" in line
    assert "subject 01" in line
    assert "set signals.bad_channels=drop" in line
    mended = Run(study, tmp_path / "mended", signals={"bad_channels": "drop"})
    mended.prepare()
    (notes,) = read_json(tmp_path / "mended" / "01" / "store.json")["mended"].values()
    assert notes[0].endswith("dropped")


@pytest.mark.fault(12, "speech")
def test_row_12_a_channel_unknown_to_the_layout_is_answered_with_the_nearest(study, tmp_path):
    run = Run(study, tmp_path / "run", signals={"channels": ["Fpz9"]})
    line = line_of(run.prepare)
    assert "channels not in the recording: Fpz9 (nearest: " in line
    assert "present: " in line


def test_row_12_electrodes_without_positions_are_told_what_to_give(study, tmp_path):
    for path in study.glob("sub-*/**/*"):
        if path.name.endswith(("_electrodes.tsv", "_coordsystem.json")):
            path.unlink()
    line = line_of(Run(study, tmp_path / "run").prepare)
    assert "has a position" in line
    assert "montage" in line
    Run(
        study, tmp_path / "again",
        data={"options": {"montage": "standard_1005"}},
    ).prepare()  # fmt: skip


@pytest.mark.fault(16, "speech")
def test_row_16_recordings_with_different_channels_are_trained_together(study, tmp_path):
    def change(samples):
        samples[:, 1] = 0.0

    spoil_signals(study, change, "02")
    run = Run(study, tmp_path / "run", signals={"bad_channels": "drop"})
    run.train()
    names = [set(read_json(tmp_path / "run" / s / "store.json")["channels"]) for s in SUBJECTS]
    assert names[0] != names[1]
    info = read_json(tmp_path / "run" / "model" / "model.json")
    assert set(info["channels"]) == names[0] | names[1]


@pytest.mark.fault(17, "speech")
def test_row_17_a_loss_that_becomes_nan_stops_the_training_with_epoch_and_batch(written, tmp_path):
    run = Run(written, tmp_path / "run", training={"learning_rate": 1e30})
    line = line_of(run.train)
    assert "loss became" in line
    assert "epoch 0" in line
    assert "lower training.learning_rate" in line
    assert not (tmp_path / "run" / "model" / "model.json").exists()


def test_a_fault_ends_the_run_with_one_line(study, tmp_path):
    path = REPOSITORY / "tests" / "pipelines" / "conftest.py"
    spec = importlib.util.spec_from_file_location("pipelines_conftest", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    spoil_events(study, lambda table: table[table["trial_type"] != "word"])
    result = module.call(
        "run", "speech", "smoke", "--out", tmp_path / "run", "--set", "data.dataset=local",
        "--set", f"data.path={study}",
    )  # fmt: skip
    assert result.returncode == 1
    said = [line for line in result.stdout.splitlines() if line.startswith("error:")]
    assert len(said) == 1
    assert "sub-01" in said[0]
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.fault(3, "speech")
def test_row_3_a_flat_channel_is_named(study, tmp_path):
    def change(samples):
        samples[:, 1] = 0.0

    spoil_signals(study, change)
    line = line_of(Run(study, tmp_path / "run").prepare)
    assert "flat at 0 V" in line
    assert "subject 01" in line


@pytest.mark.fault(5, "speech")
def test_row_5_another_unit_is_told_with_the_factor(study, tmp_path):
    def change(samples):
        samples *= 1e6

    spoil_signals(study, change)
    line = line_of(Run(study, tmp_path / "run").prepare)
    assert "is not EEG in volts, it looks like microvolts" in line
    assert "signals.scale=1e-06" in line


@pytest.mark.fault(7, "speech")
def test_row_7_a_window_longer_than_the_recording_gives_both_durations(study, tmp_path):
    line = line_of(Run(study, tmp_path / "run", signals={"tmax": 2000.0}).prepare)
    assert "windows of 2000.5 s are longer than the recording of " in line
    assert "shorten signals.tmax" in line


@pytest.mark.fault(28, "speech")
def test_row_28_a_recording_too_large_for_memory_is_estimated_first(study, tmp_path):
    line = line_of(Run(study, tmp_path / "run", signals={"memory_limit_gib": 1e-5}).prepare)
    assert "bytes), more than the limit of 1e-05 GiB" in line
    assert "raise signals.memory_limit_gib" in line
