"""What the evaluate jobs leave is what a plain search through the same sets finds."""

from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from neurodecode.faults import DataFault
from neurodecode.mindbridge.evaluation import (
    BACKWARD,
    FORWARD,
    decode_unit,
    evaluate_unit,
    read_unit,
)
from neurodecode.mindbridge.targets import read_targets
from neurodecode.mindbridge.training import train_unit
from neurodecode.mindbridge.units import unit_of

N, SIZE, N_SETS = 15, 8, 6
SUBJECTS = ("01", "02", "03")


@pytest.fixture
def evaluated(simulated, tmp_path):
    """Return ``evaluated(name)``: study, unit, folder and result of a trained unit."""

    def of(name, **sections):
        study = simulated(**sections)
        unit, folder = unit_of(name, study.subjects), tmp_path / name
        train_unit(study, unit, folder)
        return study, unit, folder, evaluate_unit(study, unit, folder)

    return of


def by_hand(estimates, targets, seed):
    """Return each stimulus's mean hit over the sets it was in: (images, signals) that are found."""
    rng = np.random.default_rng(seed)
    hits = {FORWARD: [[] for _ in range(N)], BACKWARD: [[] for _ in range(N)]}
    for _ in range(N_SETS):
        members = rng.choice(N, SIZE, replace=False)
        for i in members:
            for metric, query, pool in ((FORWARD, estimates[i], targets),
                                        (BACKWARD, targets[i], estimates)):  # fmt: skip
                likeness = [query @ pool[j] / np.linalg.norm(query) / np.linalg.norm(pool[j])
                            for j in members]  # fmt: skip
                hits[metric][i].append(members[int(np.argmax(likeness))] == i)
    return {metric: [np.mean(h) if h else np.nan for h in rows] for metric, rows in hits.items()}


@pytest.mark.parametrize("name", ["ridge.seed-42", "bridge.seed-42"])
def test_hits_are_those_of_a_search_through_every_set(evaluated, name):
    study, unit, folder, result = evaluated(name)
    targets = read_targets(study)
    for decoded in decode_unit(study, unit, targets, folder):
        if decoded.labels["kind"] != "model":
            continue
        estimates, true = (
            values.reshape(N, -1).astype(float)
            for values in (decoded.image, targets.image(decoded.stimuli))
        )
        for metric, expected in by_hand(estimates, true, study.config.seed).items():
            rows = result.predictions.query(
                "kind == 'model' and subject == @decoded.labels['subject'] and metric == @metric"
            )
            found = rows.set_index("stimulus")["hit"].reindex(decoded.stimuli)
            np.testing.assert_allclose(found, expected)
            (row,) = (r for r in result.rows
                      if (r.subject, r.metric) == (decoded.labels["subject"], metric))  # fmt: skip
            assert row.value == pytest.approx(np.nanmean(expected))
            assert row.chance == 1 / SIZE
            assert row.n == len(rows)


def test_a_bridge_synthesises_for_every_ordered_pair_and_scores_it_apart(evaluated):
    *_, result = evaluated("bridge.seed-42")
    made = result.predictions.query("kind == 'synthesis'")
    pairs = set(map(tuple, made[["source", "subject"]].to_numpy()))
    assert pairs == set(permutations(SUBJECTS, 2))
    assert {(row.subject, row.metric) for row in result.rows} == set(
        product(SUBJECTS, (FORWARD, BACKWARD))
    )


@pytest.mark.parametrize("name", ["single.seed-42.only-02", "no-cycle.seed-42"])
def test_nothing_is_synthesised_by_other_models(evaluated, name):
    _, unit, _, result = evaluated(name)
    assert set(result.predictions["kind"]) == {"model"}
    assert set(result.predictions["subject"]) == set(unit.subjects)


def test_what_is_saved_is_what_was_found(evaluated, tmp_path):
    *_, result = evaluated("ridge.seed-42")
    result.save(tmp_path / "out")
    predictions, rows = read_unit(tmp_path / "out")
    assert predictions["hit"].tolist() == result.predictions["hit"].tolist()
    assert [row["value"] for row in rows] == [row.value for row in result.rows]
    assert set(predictions["fold"]) == {0}


def test_an_encoder_of_pictures_needs_them_and_says_what_does_not(simulated, tmp_path):
    study = simulated(target={"image": "hog"})
    with pytest.raises(DataFault, match=r"'hog' needs picture files.*target\.image=category"):
        train_unit(study, unit_of("ridge.seed-42", study.subjects), tmp_path)


def test_a_part_that_a_subject_lacks_is_named(simulated):
    study = simulated()
    with pytest.raises(DataFault, match=r"no holiday stimulus \[subject 01\]"):
        study.data("01", "holiday", study.config.bridge, read_targets(study))
