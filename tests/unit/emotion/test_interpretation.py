"""What is said of a network's inside is what is planted there."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from neurodecode.emotion import (
    channel_importance,
    collect_features,
    fit_embedding,
    level_path,
    on_channels,
    overall_trace,
    region_importance,
    signal_map,
)
from neurodecode.faults import ConfigFault, DataFault


@pytest.fixture
def features(network, windows):
    return collect_features(network(), windows(10), batch_size=4)


def test_features_of_batches_are_those_of_all_windows(network, windows, features):
    built = network().eval()
    with torch.no_grad():
        whole = built.features(windows(10))
    for ours, theirs in zip(features[:4], whole[:4], strict=True):
        torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(features.fusion["overall"], whole.fusion["overall"])


def test_a_network_is_left_in_its_mode(network, windows):
    built = network()
    statistics = built.node_norm.running_mean.clone()
    collect_features(built, windows())
    assert built.training
    assert torch.equal(built.node_norm.running_mean, statistics)


def test_a_planted_preference_for_a_region_is_found(network, windows):
    built = network()
    with torch.no_grad():
        built.upper.to_overall.attention[0].bias[2] = 9.0
        built.upper.to_region.attention[0].bias[3] = 9.0
    found = collect_features(built, windows(6))
    regions = region_importance(found, built.hierarchy)
    assert regions.loc[regions["weight"].idxmax(), "region"] == "right posterior"
    assert regions["weight"].sum() == pytest.approx(1)
    assert regions["weight_passed"].max() < 0.9
    channels = channel_importance(found, built.hierarchy)
    assert channels.loc[channels["weight"].idxmax(), "channel"] == "FC5"
    np.testing.assert_allclose(channels.groupby("region")["weight"].sum(), 1, rtol=1e-5)


def test_maps_are_means_and_spreads_over_time():
    signals = np.zeros((2, 4, 3))
    signals[..., 1] = [[0, 2, 0, 2], [1, 3, 1, 3]]
    signals[..., 2] = 3
    found = signal_map(signals)
    assert found["mean"].tolist() == [0, 1.5, 3]
    assert found["spread"].tolist() == [0, 1, 0]
    assert found["mean_scaled"].tolist() == [0, 0.5, 1]
    assert signal_map(np.ones((1, 2, 3)))["mean_scaled"].tolist() == [0.5] * 3


def test_values_of_regions_are_given_to_their_electrodes(network):
    form = network().hierarchy
    assert on_channels([1, 2, 3, 4], form).tolist() == [1] * 4 + [2] * 3 + [3] * 3 + [4] * 4


def test_the_trace_holds_its_share_of_windows(features):
    found = overall_trace(features, coverage=0.6)
    values = features.overall[..., 0].numpy()
    inside = (values >= found["low"].to_numpy()) & (values <= found["high"].to_numpy())
    assert inside.mean() == pytest.approx(0.6, abs=0.05)
    with pytest.raises(ConfigFault, match="band"):
        overall_trace(features, coverage=1.5)


def test_an_ordered_path_scores_one_and_crosses_nothing():
    levels = np.repeat(np.arange(5), 3)
    points = np.column_stack([levels, 0.1 * (levels % 2)])
    path = level_path(points, levels)
    assert path.order == pytest.approx(1)
    assert path.crossings == ()
    assert path.straightness > 0.95


def test_a_disordered_path_crosses_itself():
    centroids = np.array([[0, 0], [2, 2], [2, 0], [0, 2]])
    path = level_path(centroids, [0, 1, 2, 4])
    assert path.crossings == ((0, 2),)
    assert path.levels.tolist() == [0, 1, 2, 4]
    assert path.order < 1
    assert path.straightness < 0.5


def test_two_levels_have_no_order_and_one_has_no_path():
    assert np.isnan(level_path([[0, 0], [1, 1]], [0, 3]).order)
    with pytest.raises(DataFault, match="two levels"):
        level_path([[0, 0], [1, 1]], [2, 2])


@pytest.mark.parametrize("method", ["pca", "lda"])
def test_planted_order_is_found_in_many_features(method):
    rng = np.random.default_rng(0)
    levels = np.repeat(np.arange(5), 40)
    features = rng.normal(size=(200, 19)) + 2 * np.outer(levels, rng.normal(size=19))
    embedded = fit_embedding(features, levels, method).transform(features)
    assert embedded.shape == (200, 2)
    assert level_path(embedded, levels).order == pytest.approx(1)


def test_what_cannot_be_embedded_is_refused():
    with pytest.raises(ConfigFault, match="unknown embedding 'lad', did you mean 'lda'"):
        fit_embedding(np.eye(4), [0, 1, 2, 3], "lad")
    with pytest.raises(DataFault, match="2 levels"):
        fit_embedding(np.eye(4), [0, 0, 1, 1], "lda")


def test_a_fusion_without_weights_and_no_window_are_refused(network, windows):
    built = network(fusion="sepconv")
    found = collect_features(built, windows())
    assert len(region_importance(found, built.hierarchy)) == 4
    with pytest.raises(DataFault, match="region"):
        channel_importance(found, built.hierarchy)
    with pytest.raises(DataFault, match="no window"):
        collect_features(built, windows(0))
