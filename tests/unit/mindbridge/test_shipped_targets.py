"""Targets that come with a data set reach the models, and must be everybody's."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.config import validate
from neurodecode.datasets.catalog import find_card
from neurodecode.datasets.responses.film import PARCELS, TARGETS
from neurodecode.faults import DataFault
from neurodecode.mindbridge import study as module
from neurodecode.mindbridge.config import MindBridgeConfig
from neurodecode.mindbridge.evaluation import evaluate_unit
from neurodecode.mindbridge.study import (
    Study,
    fetch_trials,
    prepare_subject,
    read_subject,
    read_trials,
    shipped_embeddings,
)
from neurodecode.mindbridge.targets import read_targets
from neurodecode.mindbridge.training import train_unit
from neurodecode.mindbridge.units import unit_of

SUBJECTS = ["001", "002", "003"]


@pytest.fixture
def run(tmp_path):
    """Return config, card and root of twelve people who share a course, with little noise."""
    rng = np.random.default_rng(0)
    course = rng.standard_normal((60, 4))
    names = np.array([f"viewer{i:02d}" for i in range(12)])
    (tmp_path / "dev-movie").mkdir()
    for file, n in ((PARCELS, 30), (TARGETS, 6)):
        series = course @ rng.standard_normal((12, 4, n)) if file == PARCELS else np.repeat(
            (course @ rng.standard_normal((4, n)))[None], 12, axis=0)  # fmt: skip
        series = series + 0.05 * rng.standard_normal(series.shape)
        np.savez(tmp_path / "dev-movie" / file, timeseries=series.astype(np.float32),
                 participant=names)  # fmt: skip
    config = validate(MindBridgeConfig, {
        "description": "",
        "data": {"dataset": "dev-movie", "options": {"n_parcels": [12, 25], "segment": 4.0}},
        "split": {"protocol": "published"}, "target": {"image": "shipped", "centre": True},
        "bridge": {"pooled_size": 30, "aggregation": "linear"}, "models": ["ridge", "PCA"],
        "ridge": {"alphas": [0.001, 0.1]}, "evaluation": {"n_bootstrap": 100},
    })  # fmt: skip
    return config, find_card("dev-movie"), tmp_path


def study_of(config, card, root):
    trials = fetch_trials(config, card, SUBJECTS, root, root / "seen")
    for subject in SUBJECTS:
        found = read_subject(config, card, subject, root)
        prepare_subject(root / subject, found, trials[trials["participant"] == subject])
    folders = {subject: root / subject for subject in SUBJECTS}
    return Study(config, folders, *read_trials(root / "seen"), root / "cache",
                 shipped=shipped_embeddings(root / "seen"))  # fmt: skip


def test_the_loaders_embeddings_are_the_targets_less_the_training_mean(run):
    study = study_of(*run)
    targets = read_targets(study)
    own = read_subject(*run[:2], "002", run[2]).embeddings
    train = sorted(study.trials.loc[study.trials["part"] == "train", "stimulus"].unique())
    test = sorted(study.trials.loc[study.trials["part"] == "test", "stimulus"].unique())
    expected = own.rows("image", test) - own.rows("image", train).mean(axis=0)
    np.testing.assert_allclose(targets.image(test), expected, atol=1e-5)


def test_embeddings_that_differ_between_subjects_are_refused(run, monkeypatch):
    def other(config, card, subject, root):
        found = read_subject(config, card, subject, root)
        found.embeddings.arrays["image"][:] += float(subject)
        return found

    monkeypatch.setattr(module, "read_subject", other)
    with pytest.raises(DataFault, match="not those of the subjects before"):
        fetch_trials(*run[:2], SUBJECTS, run[2], run[2] / "seen")


def test_a_data_set_without_embeddings_says_so(run):
    study = study_of(*run)
    with pytest.raises(DataFault, match="comes without embeddings"):
        read_targets(Study(**{**vars(study), "shipped": None}))


def test_ridge_finds_nearly_every_segment_where_all_share_a_course(run):
    study = study_of(*run)
    for name in ("ridge", "pca"):
        unit = unit_of(f"{name}.seed-42", SUBJECTS)
        train_unit(study, unit, run[2] / name)
        rows = evaluate_unit(study, unit, run[2] / name).rows
        assert {row.model for row in rows} == {"ridge" if name == "ridge" else "PCA"}
        assert {row.chance for row in rows} == {1 / 15}
        if name == "ridge":
            assert np.mean([row.value for row in rows]) > 0.8
