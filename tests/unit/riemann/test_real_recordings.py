"""Real recordings, imported from a folder as a user has them, read with the shipped settings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from neurodecode.config import read_yaml, validate
from neurodecode.datasets import find_card, import_dataset
from neurodecode.riemann import ACMConfig
from neurodecode.riemann.trials import read_subject

pytestmark = [
    pytest.mark.realdata,
    # MOABB sets template montages by their old names.
    pytest.mark.filterwarnings("ignore:Montage name 'standard:FutureWarning"),
]
CONFIGS = Path(__file__).parents[3] / "configs" / "acm"


def read(experiment, folder, root):
    config = validate(ACMConfig, read_yaml(CONFIGS / f"{experiment}.yaml"))
    card = find_card(config.data.dataset)
    import_dataset(card, folder, root)
    return read_subject(config, card, "1", root)


def test_physionet_subject_1_has_45_imagined_fists_on_64_channels(realdata, tmp_path):
    trials = read("physionet", realdata / "eegmmidb_S001", tmp_path)
    counts = trials.table["label"].value_counts().to_dict()
    assert counts == {"left_hand": 23, "right_hand": 22}
    assert trials.signals.shape == (45, 64, 481)  # 3 s at 160 Hz, end sample included
    assert trials.info["channels"][:3] == ["FC5", "FC3", "FC1"]
    assert set(trials.table["subject"]) == {"1"}
    assert trials.info["mended"] == {}
    assert 1 < np.median(trials.signals.std(axis=2)) < 100  # microvolts


def test_kalunga_subject_1_has_8_trials_of_each_frequency_and_rest_in_two_runs(realdata, tmp_path):
    folder = tmp_path / "copy"
    folder.mkdir()
    (folder / "subject01").symlink_to(realdata / "ssvep_exoskeleton" / "subject01")
    trials = read("kalunga2016_filter_bank", folder, tmp_path / "root")
    counts = trials.table.groupby(["run", "label"]).size()
    assert counts.eq(8).all()
    assert len(counts) == 8
    assert trials.signals.shape == (64, 24, 769)  # 8 channels in 3 bands, 3 s at 256 Hz
    assert trials.info["channels"][7:9] == ["PO4 12-14 Hz", "Oz 16-18 Hz"]
