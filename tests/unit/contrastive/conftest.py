"""A small brain module and a batch for it; a small study of people who listened to two sounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

SMALL = {"n_virtual_channels": 12, "n_frequencies": 4, "hidden": 16, "n_blocks": 5}


@pytest.fixture
def small():
    """Return a maker of narrow models of full depth: ``small(**options)``."""
    from neurodecode.contrastive import BrainModule

    def make(n_outputs=7, n_participants=3, *, seed=0, **options):
        torch.manual_seed(seed)
        return BrainModule(n_outputs, n_participants, **{**SMALL, **options})

    return make


@pytest.fixture
def batch():
    """Return signals (4, 10, 50), positions (10, 2) and participants of four trials."""
    generator = torch.Generator().manual_seed(1)
    signals = torch.randn(4, 10, 50, generator=generator)
    positions = torch.rand(10, 2, generator=generator)
    return signals, positions, torch.tensor([0, 2, 1, 0])


CHANNELS = {
    "01": ("Fz", "Cz", "Pz", "T7"),
    "02": ("Cz", "T8", "Pz"),
    "03": ("Fz", "Cz", "Pz", "T7"),
}
"""Participants 01 and 03 share a layout; 02 lacks two channels and has one of its own."""
EXPERIMENT = {
    "description": "",
    "data": {"dataset": "simulated-listening"},
    "signals": {"sfreq": 40, "tmin": -0.25, "tmax": 0.75, "baseline": 0.25, "lag": 0.1},
    "split": {"min_duration": 0},
    "stimulus": {"n_mels": 6, "deep_mel_width": 8, "deep_mel_outputs": 4},
    "brain": {"n_virtual_channels": 6, "n_frequencies": 3, "hidden": 8, "n_blocks": 1},
    "training": {"batch_size": 16, "group_size": 16},
    "trainer": {"max_epochs": 1, "accelerator": "cpu"},
    "evaluation": {"n_bootstrap": 100},
    "decoders": ["contrastive"],
}
"""Windows of 41 samples (11 baseline, a lag of 4) on sentences of 1.5 s."""


def write_sound(path, seconds, seed):
    """Write noise whose level changes four times a second."""
    import soundfile

    rng = np.random.default_rng(seed)
    level = np.repeat(rng.uniform(0.02, 0.3, int(4 * seconds)), 2000)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, level * rng.uniform(-1, 1, len(level)), 8000)


def words_of_sound(sound, first, n_sentences):
    """Return words every half a second, three to a sentence."""
    rows = [
        (sound, 0.5 * (3 * i + k), 0.4, f"{word}{i % 7}", f"told {first + i} so", i)
        for i in range(n_sentences)
        for k, word in enumerate(("ab", "cd", "ef"))
    ]
    columns = ["sound", "sound_time", "duration", "word", "sentence", "sentence_index"]
    return pd.DataFrame(rows, columns=columns)


def listener(audio, subject, *, channels=None, seconds=65, seed=0):
    """Return a recording of noise during which both sounds were heard."""
    import mne

    from neurodecode.datasets.listening.recording import Listening

    names = channels or CHANNELS[subject]
    rng = np.random.default_rng([seed, int(subject)])
    data = 1e-5 * rng.standard_normal((len(names), 50 * seconds))
    raw = mne.io.RawArray(data, mne.create_info(list(names), 50.0, "eeg"), verbose="error")
    raw.set_montage("easycap-M1", on_missing="ignore", verbose="error")
    starts = {"one.wav": 0.8 + 0.13 * int(subject), "two.wav": 32.5}
    tables = [words_of_sound("one.wav", 0, 20), words_of_sound("two.wav", 20, 20)]
    words = pd.concat(
        [table.assign(onset=table["sound_time"] + starts[table["sound"].iloc[0]])
         for table in tables], ignore_index=True,
    )  # fmt: skip
    return Listening(subject, "", "0", raw, words, audio, ("one.wav", "two.wav"))


@dataclass(frozen=True)
class Study:
    """A prepared study: what the decoders read, and where it was made from."""

    heard: object
    config: object
    story: pd.DataFrame
    audio: Path
    folder: Path

    def with_config(self, **sections):
        """Return what decoders read under other settings."""
        from neurodecode.config import validate
        from neurodecode.contrastive.speech.config import SpeechConfig

        tree = {**EXPERIMENT, **sections}
        return replace(self.heard, config=validate(SpeechConfig, tree))


def make_study(folder, participants=("01", "02", "03"), **sections):
    """Prepare a study below a folder."""
    from neurodecode.config import validate
    from neurodecode.contrastive.speech.config import SpeechConfig
    from neurodecode.contrastive.speech.preparation import prepare_listener, write_story
    from neurodecode.contrastive.speech.units import Heard

    config = validate(SpeechConfig, {**EXPERIMENT, **sections})
    audio = folder / "stimuli"
    for seed, name in enumerate(("one.wav", "two.wav")):
        write_sound(audio / name, 30, seed)
    people = [listener(audio, subject) for subject in participants]
    story = write_story(folder / "story.parquet", people, config.split)
    folders = {}
    for person in people:
        folders[person.subject] = folder / "stores" / person.subject
        prepare_listener(folders[person.subject], [person], story, config.signals, seed=1)
    heard = Heard(config, folders, story, audio, folder / "embeddings", "key")
    return Study(heard, config, story, audio, folder)


@pytest.fixture(scope="session")
def study(tmp_path_factory):
    """Return a prepared study of three participants; do not change it."""
    return make_study(tmp_path_factory.mktemp("study"))


@pytest.fixture
def new_study():
    """Return the maker of studies: ``new_study(folder, participants, **sections)``."""
    return make_study


@pytest.fixture
def new_listener():
    """Return the maker of recordings: ``new_listener(audio, subject)``."""
    return listener


@pytest.fixture
def new_sound():
    """Return the writer of sounds: ``new_sound(path, seconds, seed)``."""
    return write_sound


VIEWING = {
    "description": "",
    "data": {"dataset": "local"},
    "signals": {"sfreq": 30},
    "embedding": {"target": "hog", "options": {"hog": {"size": 32}}},
    "brain": {"n_virtual_channels": 6, "n_frequencies": 3, "hidden": 8, "n_blocks": 1},
    "head": {"width": 16},
    "training": {"batch_size": 16, "learning_rate": 3e-3},
    "trainer": {"max_epochs": 2, "accelerator": "cpu"},
    "ridge": {"folds": 3},
    "generation": {"generator": "drawn", "clip_weights": [0.0, 0.5], "identification": ["pixels"]},
    "evaluation": {"n_bootstrap": 100, "n_permutations": 100},
}
"""Windows of 46 samples (16 baseline); joint, contrastive and linear decoders of drawn pictures."""


def simulated_viewers(root):
    """Write two viewers of 12 categories; the first pictures of four of them are repeated."""
    from neurodecode.datasets.simulate.viewing import simulate_viewing

    simulate_viewing(
        root, n_participants=2, n_categories=12, images_per_category=4, n_test_categories=4,
        test_repetitions=3, n_channels=8, snr=2.0, pictures="drawn", pops_per_minute=0,
        early=("colour_histogram",), late="hog", encoder_options={"hog": {"size": 32}},
    )  # fmt: skip
    return root


def image_config(root, **sections):
    """Return the settings of a small experiment on a folder."""
    from neurodecode.config import validate
    from neurodecode.contrastive.image.config import ImageConfig

    tree = {**VIEWING, **sections}
    return validate(ImageConfig, {**tree, "data": {**tree["data"], "path": root}})


def make_viewing(root, folder, **sections):
    """Fetch and prepare what viewers saw; return what decoders read."""
    from neurodecode.contrastive.image.preparation import prepare_viewer
    from neurodecode.contrastive.image.recordings import fetch_seen, read_seen, read_viewer
    from neurodecode.contrastive.image.units import Seen
    from neurodecode.datasets.catalog import card_of

    config = image_config(root, **sections)
    card, folders = card_of(config.data), {}
    subjects = sorted(path.name.removeprefix("sub-") for path in root.glob("sub-*"))
    trials = fetch_seen(config, card, subjects, folder, folder / "seen")
    for subject in subjects:
        mine = trials[trials["participant"] == subject]
        folders[subject] = folder / "stores" / subject
        recordings = read_viewer(config, card, subject, folder)
        prepare_viewer(folders[subject], recordings, mine, config.signals, seed=1)
    return Seen(config, folders, *read_seen(folder / "seen"), folder / "embeddings", "key")


@pytest.fixture(scope="session")
def viewers(tmp_path_factory):
    """Return the BIDS folder of two simulated viewers; do not change it."""
    return simulated_viewers(tmp_path_factory.mktemp("viewers") / "study")


@pytest.fixture(scope="session")
def seen(viewers, tmp_path_factory):
    """Return what decoders of the two viewers read; do not change its files."""
    return make_viewing(viewers, tmp_path_factory.mktemp("seen"))


@pytest.fixture
def new_viewing():
    """Return the maker of what decoders read: ``new_viewing(root, folder, **sections)``."""
    return make_viewing


@pytest.fixture
def resettle(viewers):
    """Return the same data under other settings: ``resettle(seen, **sections)``."""

    def of(seen, **sections):
        return replace(seen, config=image_config(viewers, **sections))

    return of
