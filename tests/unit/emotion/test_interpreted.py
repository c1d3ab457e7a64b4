"""Interpretations keep what they say, of every form of the network."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.emotion import collect_features, overall_trace, region_importance
from neurodecode.emotion.embedding import (
    FITTED,
    HELD_OUT,
    Embedding,
    embed_levels,
    penultimate_features,
)
from neurodecode.emotion.interpreted import Interpretation, interpret
from neurodecode.faults import DataFault

LEVELS = np.repeat(np.arange(5), 6)
TRIALS = np.repeat(np.arange(10), 3)
FORMS = [("HiSTN G0", {}), ("HiSTN G0", {"fusion": "sepconv"}), ("flat", {})]


def made(network, windows, name="HiSTN G0", **options):
    return interpret(network(name, **options), windows(30), LEVELS, groups=TRIALS)


def assert_same(one, other):
    for name in ("regions", "channels", "trace"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))
    pd.testing.assert_frame_equal(one.embedding.points, other.embedding.points)
    ours, theirs = one.embedding.path, other.embedding.path
    np.testing.assert_array_equal(ours.levels, theirs.levels)
    np.testing.assert_allclose(ours.centroids, theirs.centroids)
    np.testing.assert_equal((ours.order, ours.straightness), (theirs.order, theirs.straightness))
    assert ours.crossings == theirs.crossings
    assert one.embedding.method == other.embedding.method


@pytest.mark.parametrize(("name", "options"), FORMS)
def test_what_is_saved_reads_back_the_same(name, options, network, windows, tmp_path):
    found = made(network, windows, name, **options)
    found.save(tmp_path / "inside")
    assert_same(found, Interpretation.read(tmp_path / "inside"))


def test_tables_hold_the_numbers_of_the_features(network, windows):
    built = network()
    found = interpret(built, windows(30), LEVELS, groups=TRIALS)
    features = collect_features(built, windows(30))
    expected = region_importance(features, built.hierarchy)
    np.testing.assert_array_equal(found.regions["weight"], expected["weight"])
    np.testing.assert_array_equal(found.regions["weight_passed_spread"], expected["spread_passed"])
    np.testing.assert_allclose(found.channels["mean"], features.node.mean((0, 1)), rtol=1e-5)
    np.testing.assert_allclose(found.regions["mean"], features.region.mean((0, 1)), rtol=1e-5)
    np.testing.assert_array_equal(found.trace["mean"], overall_trace(features)["mean"])
    assert list(found.channels["region"][3:5]) == ["left frontal", "left posterior"]


def test_times_are_the_middles_of_what_a_sample_sees(network, windows):
    trace = made(network, windows).trace
    # five taps without padding, then the mean of two: the first sees samples 0 to 5
    assert trace["time"].iloc[0] == pytest.approx(2.5 / 128)
    assert trace["time"].iloc[-1] == pytest.approx((127 - 2.5) / 128)


def test_forms_without_weights_or_regions_say_so(network, windows):
    separable = made(network, windows, fusion="sepconv")
    assert separable.channels["weight"].isna().all()
    assert separable.regions["weight"].notna().all()
    flat = made(network, windows, "flat")
    assert len(flat.channels) == 14
    assert flat.regions.empty
    assert flat.trace.empty
    assert flat.channels["weight"].isna().all()


def test_no_trial_is_on_both_sides_and_every_level_is_held_out():
    rng = np.random.default_rng(0)
    found = embed_levels(rng.normal(size=(30, 4)), LEVELS, TRIALS)
    parts = found.points.assign(trial=TRIALS).groupby("trial")["part"].nunique()
    assert (parts == 1).all()
    held = found.points[found.points["part"] == HELD_OUT]
    assert sorted(held["level"].unique()) == [0, 1, 2, 3, 4]
    expected = held.groupby("level")[["x", "y"]].mean().to_numpy()
    np.testing.assert_allclose(found.path.centroids, expected)
    assert set(found.points["part"]) == {FITTED, HELD_OUT}


def test_discriminants_of_noise_order_only_what_they_were_fitted_to():
    rng = np.random.default_rng(1)
    noise, levels = rng.normal(size=(120, 40)), np.repeat(np.arange(5), 24)
    points = embed_levels(noise, levels).points

    def separation(part):
        mine = points[points["part"] == part]
        means = mine.groupby("level")[["x", "y"]].mean()
        return float(means.var().sum() / mine[["x", "y"]].var().sum())

    assert separation(FITTED) > 3 * separation(HELD_OUT)


def test_two_levels_are_embedded_by_principal_components():
    rng = np.random.default_rng(0)
    found = embed_levels(rng.normal(size=(8, 3)), [0, 0, 0, 0, 3, 3, 3, 3])
    assert found.method == "pca"
    assert np.isnan(found.path.order)


def test_penultimate_features_are_what_the_last_layer_reads(network, windows):
    built = network("EEGNet")
    statistics = built.separable_norm.running_mean.clone()
    read = penultimate_features(built, windows(5), batch_size=2)
    assert built.training
    assert torch.equal(built.separable_norm.running_mean, statistics)
    logits = built.head(torch.as_tensor(read, dtype=torch.float32))
    torch.testing.assert_close(logits, built.eval()(windows(5)))
    assert not built.head._forward_pre_hooks
    ours = network()
    expected = collect_features(ours, windows(5)).penultimate
    np.testing.assert_allclose(penultimate_features(ours, windows(5)), expected, atol=1e-6)


def test_faulty_requests_are_answered(network, windows, tmp_path):
    with pytest.raises(DataFault, match="30 windows, 29 levels"):
        interpret(network(), windows(30), LEVELS[:-1])
    with pytest.raises(DataFault, match="too few windows"):
        interpret(network(), windows(30), np.zeros(30, int))
    with pytest.raises(DataFault, match="no window"):
        penultimate_features(network(), windows(0))
    with pytest.raises(DataFault, match="no regions, channels, trace"):
        Interpretation.read(tmp_path)
    with pytest.raises(DataFault, match="file not found"):
        Embedding.read(tmp_path)
