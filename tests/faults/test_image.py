"""Faults of a viewing study, as somebody with a BIDS folder of their own meets them.

The numbers are the rows of the list of faults: 1 NaN samples, 10 an error page saved as data,
12 channel names, 15 somebody without data, 17 a loss that becomes NaN, 28 memory; besides, what
only pictures have: missing and damaged files, trials without a picture, leaks between pictures.
"""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from neurodecode.artefacts import read_json
from neurodecode.config import validate
from neurodecode.contrastive.image import recordings as module
from neurodecode.contrastive.image import ridge
from neurodecode.contrastive.image.config import ImageConfig
from neurodecode.contrastive.image.preparation import prepare_viewer
from neurodecode.contrastive.image.recordings import fetch_seen, read_seen, read_viewer
from neurodecode.contrastive.image.training import train_unit
from neurodecode.contrastive.image.units import Seen, unit_of
from neurodecode.datasets.catalog import card_of
from neurodecode.datasets.simulate.viewing import simulate_viewing
from neurodecode.faults import ConfigFault, DataFault, LeakFault

REPOSITORY = Path(__file__).parents[2]
SUBJECTS = ["01", "02"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Return a BIDS folder of two viewers; do not change it."""
    root = tmp_path_factory.mktemp("bids") / "study"
    simulate_viewing(
        root, n_participants=2, n_categories=10, images_per_category=3, n_test_categories=3,
        test_repetitions=2, n_channels=8, pictures="drawn", early=("colour_histogram",),
        late="hog", encoder_options={"hog": {"size": 32}}, pops_per_minute=0,
    )  # fmt: skip
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
            "signals": {"sfreq": 30},
            "embedding": {"target": "hog", "options": {"hog": {"size": 32}}},
            "brain": {"n_virtual_channels": 6, "n_frequencies": 3, "hidden": 8, "n_blocks": 1},
            "head": {"width": 16}, "training": {"batch_size": 16},
            "trainer": {"max_epochs": 1, "accelerator": "cpu"},
        }  # fmt: skip
        tree = {key: {**value, **sections.pop(key, {})} if isinstance(value, dict) else value
                for key, value in tree.items()}  # fmt: skip
        self.config = validate(ImageConfig, {**tree, **sections})
        self.card, self.folder = card_of(self.config.data), folder

    def fetch(self):
        return fetch_seen(self.config, self.card, SUBJECTS, self.folder, self.folder / "seen")

    def prepare(self):
        trials = self.fetch()
        for subject in SUBJECTS:
            recordings = read_viewer(self.config, self.card, subject, self.folder)
            mine = trials[trials["participant"] == subject]
            prepare_viewer(self.folder / subject, recordings, mine, self.config.signals, seed=1)

    def train(self, name="contrastive.seed-1"):
        self.prepare()
        folders = {subject: self.folder / subject for subject in SUBJECTS}
        seen = Seen(self.config, folders, *read_seen(self.folder / "seen"), self.folder / "cache")
        return train_unit(seen, unit_of(self.config, name), self.folder / "model")


def line_of(step, fault=DataFault):
    """Return the one line that the user sees."""
    with pytest.raises(fault) as caught:
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


def a_picture(root):
    """Return a picture file that was shown."""
    return sorted((root / "stimuli").rglob("*.png"))[4]


def test_a_missing_picture_is_named_with_the_nearest_file(study, tmp_path):
    path = a_picture(study)
    path.rename(path.with_name(f"{path.stem}.PNG"))
    line = line_of(Run(study, tmp_path / "run").fetch)
    assert f"picture files not found: {path.parent.name}/{path.name}" in line
    assert f"the nearest name there is {path.parent.name}/{path.stem}.PNG" in line


@pytest.mark.fault(10, "image")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:200]), "truncated or damaged picture"),
        (lambda path: path.write_text("<!DOCTYPE html><html>404</html>"), "error page, not a pict"),
        (lambda path: path.write_bytes(b""), "empty file, not a picture"),
        (lambda path: path.write_bytes(b"\x00" * 500), "not a picture"),
    ],
)
def test_row_10_a_file_that_is_no_picture_is_named_before_anything_is_trained(
    study, tmp_path, change, words
):
    path = a_picture(study)
    change(path)
    line = line_of(Run(study, tmp_path / "run").fetch)
    assert words in line
    assert path.name in line
    assert not (tmp_path / "run" / "seen").exists()


@pytest.mark.fault(6, "image")
def test_a_trial_without_picture_is_named_with_its_line(study, tmp_path):
    def change(table):
        table.loc[3, "image"] = "n/a"
        return table

    spoil_events(study, change)
    line = line_of(Run(study, tmp_path / "run").fetch)
    assert "line 5" in line
    assert "sub-01" in line
    assert "skip_without_image" in line
    trials = Run(study, tmp_path / "skip", data={"options": {"skip_without_image": True}}).fetch()
    counts = trials["participant"].value_counts()
    assert counts["02"] == counts["01"] + 1
    notes = read_json(tmp_path / "skip" / "seen" / "seen.json")["notes"]
    assert any("1 events without a picture, left out" in note for note in notes)


def test_a_category_that_the_publisher_trains_and_tests_is_tested_only(written, tmp_path):
    trials = Run(written, tmp_path / "run").fetch()
    published = trials.query("published == 'test'")
    both = set(published["category"]) & set(trials.query("published == 'train'")["category"])
    assert both
    assert not both & set(trials.query("part in ['train', 'valid']")["category"])


@pytest.mark.parametrize("column", ["image", "category"])
def test_what_is_in_training_and_test_stops_the_run(written, tmp_path, monkeypatch, column):
    original = module.split_pictures

    def leaky(*args, **options):
        trials = original(*args, **options)
        test = trials.index[trials["part"] == "test"]
        if column == "image":  # one presentation of a picture on the wrong side
            name = trials.loc[test, "image"].value_counts().index[0]
            test = trials.index[trials["image"] == name]
        trials.loc[test[0], ["part", "test_set"]] = ["train", ""]
        return trials

    monkeypatch.setattr(module, "split_pictures", leaky)
    line = line_of(Run(written, tmp_path / "run").fetch, LeakFault)
    assert column in line
    assert not (tmp_path / "run" / "seen").exists()


@pytest.fixture
def twin(study):
    """Show the file of a test picture under a second name, as a training picture."""
    (events,) = study.glob("sub-01/**/*_events.tsv")
    table = pd.read_csv(events, sep="\t", keep_default_na=False)
    tested = table.loc[table["part"] == "test", "image"].iloc[0]
    categories = set(table.loc[table["part"] == "test", "category"])
    row = table.index[~table["category"].isin(categories)][0]
    shutil.copyfile(study / "stimuli" / tested, study / "stimuli" / "twin.png")

    def change(events):
        events.loc[row, "image"] = "twin.png"
        return events

    spoil_events(study, change)
    return study


def test_the_file_of_a_test_picture_under_another_name_is_not_trained_on(twin, tmp_path):
    trials = Run(twin, tmp_path / "run").fetch()
    assert trials.loc[trials["image"] == "twin.png", "part"].tolist() == [""]


def test_the_file_of_a_test_picture_in_training_stops_the_run(twin, tmp_path, monkeypatch):
    original = module.split_pictures
    monkeypatch.setattr(
        module, "split_pictures",
        lambda *args, contents, **options: original(*args, contents=None, **options),
    )  # fmt: skip
    line = line_of(Run(twin, tmp_path / "run").fetch, LeakFault)
    assert "picture content" in line
    assert "twin.png" in line or "test" in line


def test_without_picture_files_an_encoder_is_answered_with_what_works(study, tmp_path):
    shutil.rmtree(study / "stimuli")
    options = {"options": {"without_pictures": True}}
    line = line_of(Run(study, tmp_path / "run", data=options).train)
    assert "target 'hog' needs picture files" in line
    assert "embedding.target=identity or category" in line
    run = Run(study, tmp_path / "category", data=options, embedding={"target": "category"})
    assert "validation loss" in run.train()


@pytest.mark.fault(1, "image")
def test_row_1_nan_samples_are_named_with_subject_channel_and_time(study, tmp_path):
    def change(samples):
        samples[1200:1210, 2] = np.nan  # at 120 Hz

    spoil_signals(study, change)
    line = line_of(Run(study, tmp_path / "run").prepare)
    assert "10 samples are NaN from 10.00 s" in line
    assert "subject 01" in line
    assert "set signals.bad_channels=drop" in line
    Run(study, tmp_path / "mended", signals={"bad_channels": "drop"}).prepare()
    (notes,) = read_json(tmp_path / "mended" / "01" / "store.json")["mended"].values()
    assert notes[0].endswith("dropped")


@pytest.mark.fault(12, "image")
def test_row_12_an_unknown_channel_is_answered_with_the_nearest(study, tmp_path):
    line = line_of(Run(study, tmp_path / "run", signals={"channels": ["Fpz9"]}).prepare)
    assert "channels not in the recording: Fpz9 (nearest: " in line


@pytest.mark.fault(15, "image")
@pytest.mark.parametrize(
    ("name", "fix"),
    [("contrastive.seed-1", "brain.participants=none"), ("ridge.seed-1", "ridge.pooling=pooled")],
)
def test_row_15_somebody_without_training_trials_is_named(study, tmp_path, name, fix):
    spoil_events(study, lambda table: table[table["part"] == "test"], "02")
    line = line_of(lambda: Run(study, tmp_path / "run").train(name))
    assert "no training window of participant 02" in line
    assert "data.subjects" in line
    assert fix in line


@pytest.mark.fault(17, "image")
def test_row_17_a_loss_that_becomes_nan_stops_the_training_with_epoch_and_batch(written, tmp_path):
    run = Run(written, tmp_path / "run", training={"learning_rate": 1e30},
              trainer={"max_epochs": 3})  # fmt: skip
    line = line_of(run.train)
    assert "loss became" in line
    assert "lower training.learning_rate" in line
    assert not (tmp_path / "run" / "model" / "model.json").exists()


@pytest.mark.fault(28, "image")
def test_row_28_a_recording_too_large_for_memory_is_estimated_first(written, tmp_path):
    run = Run(written, tmp_path / "run", signals={"memory_limit_gib": 1e-5})
    line = line_of(run.prepare)
    assert "GiB" in line
    assert "memory_limit_gib" in line


def test_row_28_windows_too_many_for_the_ridge_are_estimated_first(written, tmp_path, monkeypatch):
    monkeypatch.setattr(ridge, "LIMIT_GIB", 1e-6)
    line = line_of(lambda: Run(written, tmp_path / "run").train("ridge.seed-1"))
    assert "windows of the ridge baseline" in line
    assert "set ridge.average higher" in line


@pytest.mark.parametrize(
    ("sections", "words"),
    [
        ({"embedding": {"target": "hogs"}}, "unknown target 'hogs', did you mean 'hog'?"),
        ({"decoders": ["ridge, efficientnet_lite1"]}, "did you mean 'efficientnet_lite0'?"),
        ({"generation": {"generator": "difusion"}}, "did you mean 'diffusion'?"),
        ({"split": {"protocol": "unseen_image"}}, "did you mean 'unseen_images'?"),
    ],
)
def test_a_wrong_name_is_answered_with_the_nearest(written, tmp_path, sections, words):
    assert words in line_of(lambda: Run(written, tmp_path / "run", **sections), ConfigFault)


def test_a_wrong_option_of_an_encoder_is_answered_with_the_nearest(written, tmp_path):
    run = Run(written, tmp_path / "run", embedding={"options": {"hog": {"sise": 32}}})
    assert "did you mean 'size'?" in line_of(run.train, ConfigFault)


def test_latents_of_real_pictures_are_unknown_to_the_drawn_generator(study, tmp_path):
    (study / "stimuli" / "latents.parquet").unlink()
    run = Run(study, tmp_path / "run", generation={"generator": "drawn"})
    line = line_of(lambda: run.train("generation.full"))
    assert "latents that the pictures were made from are unknown" in line
    assert "another generator" in line


def test_a_fault_ends_the_run_with_one_line(study, tmp_path):
    path = REPOSITORY / "tests" / "pipelines" / "conftest.py"
    spec = importlib.util.spec_from_file_location("pipelines_conftest", path)
    pipelines = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pipelines)
    picture = a_picture(study)
    picture.write_text("<html>gone</html>")
    result = pipelines.call(
        "run", "image", "smoke", "--out", tmp_path / "run", "--set", "data.dataset=local",
        "--set", f"data.path={study}",
    )  # fmt: skip
    assert result.returncode == 1
    said = [line for line in result.stdout.splitlines() if line.startswith("error:")]
    assert len(said) == 1
    assert picture.name in said[0]
    assert "error page, not data" in said[0]
    assert "Traceback" not in result.stdout + result.stderr
