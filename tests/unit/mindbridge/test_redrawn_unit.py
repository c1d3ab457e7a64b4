"""Redrawing test pictures of a trained model: who chose the candidate is kept and shown."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from neurodecode.config import validate
from neurodecode.datasets.catalog import find_card
from neurodecode.datasets.fetch import fetch_study
from neurodecode.mindbridge import redraw
from neurodecode.mindbridge.config import MindBridgeConfig
from neurodecode.mindbridge.redraw import HONEST, LEAKING, redraw_unit
from neurodecode.mindbridge.sections_redrawn import redrawn_section
from neurodecode.mindbridge.study import (
    Study,
    fetch_trials,
    prepare_subject,
    read_subject,
    read_trials,
)
from neurodecode.mindbridge.training import train_unit
from neurodecode.mindbridge.units import unit_of
from neurodecode.stimuli.generation.drawn import DrawnPictures
from neurodecode.stimuli.pictures.encoder import make_picture_encoder
from neurodecode.stimuli.pictures.files import read_picture

UNIT, SEED, HOG = "bridge.seed-42", 42, {"size": 32}
SMALL = {
    "description": "",
    "data": {"dataset": "simulated-responses", "simulation": {
        "n_subjects": 2, "n_voxels": [40], "n_train": 10, "n_shared_test": 6, "n_repetitions": 2,
        "pictures": "drawn", "embedding": "hog", "n_latent": 4}},
    "target": {"image": "hog", "text": "latent", "options": {"hog": HOG}},
    "bridge": {"pooled_size": 24, "width": 8, "n_blocks": 1, "adapter_size": 4},
    "trainer": {"max_epochs": 1}, "evaluation": {"n_bootstrap": 100},
    "redraw": {"generator": "drawn", "identification": ["hog", "pixels"]},
}  # fmt: skip


class Restless(DrawnPictures):
    """Drawn pictures whose latents another seed changes, so that candidates differ."""

    def generate(self, latents, *, random_state=0):
        rng = np.random.default_rng(random_state)
        shaken = latents["latent"] + rng.standard_normal(latents["latent"].shape)
        return super().generate({"latent": shaken.astype(np.float32)})


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Return the folder of two simulated subjects with pictures, and of a trained bridge."""
    folder, config = tmp_path_factory.mktemp("seen"), validate(MindBridgeConfig, SMALL)
    card, subjects = find_card("simulated-responses"), config.simulated_subjects()
    fetch_study(config, card, subjects, folder)
    trials = fetch_trials(config, card, subjects, folder, folder / "seen")
    for subject in subjects:
        found = read_subject(config, card, subject, folder)
        prepare_subject(folder / subject, found, trials[trials["participant"] == subject])
    study = study_of(folder)
    train_unit(study, unit_of(UNIT, study.subjects), folder / "model")
    return folder


def study_of(folder, *, seed=SEED, **changed):
    tree = {**SMALL, "seed": seed, "redraw": {**SMALL["redraw"], **changed}}
    config = validate(MindBridgeConfig, tree)
    folders = {subject: folder / subject for subject in config.simulated_subjects()}
    return Study(config, folders, *read_trials(folder / "seen"), folder / "cache")


@pytest.fixture
def redrawn(seen, monkeypatch):
    """Return ``redrawn(choice=..., candidates=...)``: the study and what was redrawn."""
    monkeypatch.setattr(redraw, "make_generator", lambda *_, **__: Restless())

    def of(**changed):
        study = study_of(seen, **changed)
        return study, redraw_unit(study, unit_of(UNIT, study.subjects), seen / "model")

    return of


def likenesses(study, found, seeds):
    """Return how near each candidate's picture is to the true one, (n_seeds, n_pictures)."""
    encoder = make_picture_encoder("hog", **HOG)
    names, labels = found.table["image"].tolist(), found.table["label"].tolist()
    true = encoder.encode([read_picture(study.pictures / name) for name in names], labels)
    rows = []
    for pictures in seeds:
        made = encoder.encode(list(pictures), labels)
        norms = np.linalg.norm(made, axis=1) * np.linalg.norm(true, axis=1)
        rows.append((made * true).sum(axis=1) / norms)
    return np.array(rows)


def each_candidate(redrawn, number):
    """Return the pictures of each candidate alone: their seeds follow one another."""
    return [redrawn(seed=SEED + i, candidates=1)[1].pictures for i in range(number)]


def test_the_choice_by_the_truth_keeps_the_candidate_nearest_to_the_true_picture(redrawn):
    study, found = redrawn(candidates=3, choice="truth")
    near = likenesses(study, found, each_candidate(redrawn, 3))
    assert found.table["candidate"].tolist() == near.argmax(axis=0).tolist()
    assert len(set(found.table["candidate"])) > 1
    (kept,) = likenesses(study, found, [found.pictures])
    np.testing.assert_allclose(kept, near.max(axis=0), rtol=1e-5)


def test_the_choice_by_the_prediction_does_not_look_at_the_true_picture(redrawn, monkeypatch):
    study, found = redrawn(candidates=3)
    calls = []
    original = redraw._true
    monkeypatch.setattr(redraw, "_true", lambda *args: calls.append(1) or original(*args))
    redrawn(candidates=3)
    assert len(calls) == len(study.subjects)  # to score, once for each subject
    monkeypatch.setattr(redraw, "_true", lambda *args: original(*args)[::-1])
    _, blind = redrawn(candidates=3)
    assert blind.table["candidate"].tolist() == found.table["candidate"].tolist()


@pytest.mark.parametrize(
    ("changed", "split"),
    [
        ({"candidates": 3, "choice": "truth"}, LEAKING),
        ({"candidates": 1, "choice": "truth"}, HONEST),
        ({"candidates": 3, "choice": "prediction"}, HONEST),
    ],
)
def test_a_choice_that_leaks_is_marked_in_scores_and_report(
    redrawn, seen, tmp_path, changed, split
):
    study, found = redrawn(**changed)
    assert {row["split"] for row in found.rows} == {split}
    found.save(tmp_path / "evaluate" / UNIT)
    job = SimpleNamespace(folder=tmp_path, plan=SimpleNamespace(units={UNIT: []}))
    (section,) = redrawn_section(job, study.config, study.pictures)
    warned = [b for b in section.blocks if isinstance(b, str) and b.startswith("leaks:")]
    assert len(warned) == (split == LEAKING)
    assert {row["level"] for row in found.rows} == {"group", "subject"}
    assert all(row["chance"] is not None for row in found.rows)


def test_only_the_first_job_redraws_and_none_without_a_generator(seen):
    study = study_of(seen)
    other = unit_of("ridge.seed-42", study.subjects)
    assert redraw_unit(study, other, seen / "model") is None
    off = study_of(seen, generator=None)
    assert redraw_unit(off, unit_of(UNIT, off.subjects), seen / "model") is None
    assert redrawn_section(None, off.config, off.pictures) == []
