"""Wiring is scored against the truth, and a perfect estimate is scored as perfect."""

from __future__ import annotations

import numpy as np
import pytest

from neurodecode.spikes.wiring import Wiring, load_wiring, save_wiring, score_wiring


@pytest.fixture
def truth():
    """Return a circuit of nine units in which three drive others, one way."""
    rng = np.random.default_rng(1)
    driven = np.zeros((9, 9), dtype=bool)
    driven[3:, :3] = rng.random((6, 3)) < 0.5
    driven[3, :3] = True
    return driven


def test_a_perfect_estimate_is_perfect_and_a_symmetric_one_has_no_direction(truth):
    noise = 0.1 * np.random.default_rng(0).random((9, 9))
    perfect, symmetric = truth + noise, (truth | truth.T) + (noise + noise.T) / 2
    wiring = Wiring("01", "a", {"attention": perfect, "Pearson": symmetric}, truth)
    table = score_wiring([wiring], 0).set_index(["estimate", "metric"])
    assert table.loc[("attention", "auc"), "value"] == 1
    assert table.loc[("attention", "direction"), "value"] == 1
    assert table.loc[("Pearson", "direction"), "value"] == 0.5
    assert table.loc[("Pearson", "auc"), "value"] < 1
    assert table.loc[("Pearson", "direction"), "lead"] == 0.5
    assert table.loc[("attention", "auc"), "lead"] == 0
    assert (table["n"] == 3).all()


def test_the_wrong_way_round_is_worse_than_chance(truth):
    table = score_wiring([Wiring("01", "a", {"attention": truth.T.astype(float)}, truth)], 0)
    assert table.set_index("metric").loc["direction", "value"] == 0


def test_an_unknown_wiring_is_not_scored(truth):
    assert score_wiring([Wiring("01", "a", {"attention": truth * 1.0}, None)], 0).empty


def test_wirings_survive_their_files(truth, tmp_path):
    known = Wiring("01", "a", {"attention": truth * 0.5, "partial correlation": truth * 2.0}, truth)
    unknown = Wiring("02", "b_2", {"attention": truth * 1.0}, None)
    save_wiring(tmp_path, [known, unknown], score_wiring([known], 0))
    (first, second), scores = load_wiring(tmp_path)
    assert (first.subject, first.session, second.session) == ("01", "a", "b_2")
    assert list(first.estimates) == ["attention", "partial correlation"]
    np.testing.assert_array_equal(first.truth, truth)
    assert second.truth is None
    assert len(scores) == 4


def test_a_unit_without_wiring_has_no_files(tmp_path):
    found, scores = load_wiring(tmp_path)
    assert found == []
    assert scores.empty
